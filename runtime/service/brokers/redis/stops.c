/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cancel of leased messages: the hashes QUEUE:stops. */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/scripts.h>

#include <filch/message.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

fl_broker_rc fl_redis_stop(fl_broker *broker, const char *id, bool *found)
{
    fl_redis *r = fl_redis_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    *found = false;
    for (unsigned i = 0; i < r->queue_count * FILCH_MESSAGE_PRIORITIES && !rc && !*found; i++) {
        char place[16], from[64] = "-";
        const char *key = r->queues[i / FILCH_MESSAGE_PRIORITIES].key;
        snprintf(place, sizeof place, "%u", i % FILCH_MESSAGE_PRIORITIES);
        while (*from && !rc && !*found)
            rc = fl_redis_look_some(r, FL_REDIS_STOP, key, id, place, from, sizeof from, found);
    }
    return rc;
}

/* Is it the message of the mark FIRST_SEEN:ID? */
static bool is_marked(const filch_message *message, const char *mark)
{
    char *end;
    int64_t first_seen = strtoll(mark, &end, 10);
    return first_seen == message->first_seen && *end == ':' && strcmp(end + 1, message->id) == 0;
}

/* The marks of one queue. false: it is no list of them. */
static bool note(const redisReply *marks, unsigned queue, fl_delivery *const *batch, unsigned count,
                 bool *out)
{
    if (marks->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t m = 0; m < marks->elements; m++) {
        if (marks->element[m]->type != REDIS_REPLY_STRING)
            return false;
        for (unsigned i = 0; i < count; i++)
            out[i] |=
                batch[i]->queue == queue && is_marked(&batch[i]->message, marks->element[m]->str);
    }
    return true;
}

fl_broker_rc fl_redis_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              bool *out)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    for (unsigned i = 0; i < count; i++)
        out[i] = false;
    fl_redis_begin(r, &command, FL_REDIS_STOPPED);
    for (unsigned i = 0; i < r->queue_count; i++)
        fl_redis_text(&command, r->queues[i].key);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_STOPPED, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    r->has_stops = false;
    for (unsigned i = 0; i < reply->elements && i < r->queue_count; i++) {
        if (!note(reply->element[i], i, batch, count, out))
            return fl_redis_odd(r, reply);
        r->has_stops |= reply->element[i]->elements > 0;
    }
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_drop_stops(fl_redis *r, const fl_settlement *batch, unsigned count)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis_begin(r, &command, FL_REDIS_DROP_STOPS);
    for (unsigned i = 0; i < count; i++) {
        char *mark = NULL;
        const filch_message *message = &batch[i].delivery->message;
        bool is_gone = batch[i].verb == FL_SETTLE_ACK || batch[i].verb == FL_SETTLE_DEAD;
        if (batch[i].status || !is_gone)
            continue;
        int size = asprintf(&mark, "%" PRId64 ":%s", message->first_seen, message->id);
        fl_redis_text(&command, r->queues[batch[i].delivery->queue].key);
        fl_redis_own(&command, size < 0 ? NULL : mark, size < 0 ? 0 : (size_t)size);
    }
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_DROP_STOPS, -1, &reply);
    fl_redis_clear(&command);
    if (!rc)
        freeReplyObject(reply);
    return rc;
}
