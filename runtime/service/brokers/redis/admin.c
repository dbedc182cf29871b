/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/scripts.h>

#include <filch/message.h>

#include <stdio.h>

fl_broker_rc fl_redis_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    enum { NUMBERS = 5 };
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    fl_redis_begin(r, &command, FL_REDIS_COUNT);
    fl_redis_text(&command, r->queues[queue].key);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_COUNT, NUMBERS, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    uint64_t counts[NUMBERS];
    for (unsigned i = 0; i < NUMBERS; i++)
        counts[i] = (uint64_t)reply->element[i]->integer;
    *out = (fl_broker_count){counts[0], counts[1], counts[2], counts[3],
                             counts[4] * FILCH_MILLISECOND};
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                           unsigned *count)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    *count = 0;
    fl_redis_begin(r, &command, FL_REDIS_PEEK);
    fl_redis_text(&command, r->queues[queue].key);
    fl_redis_number(&command, most);
    fl_redis_number(&command, (int64_t)r->config.body_most);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_PEEK, -1, &reply);
    fl_redis_clear(&command);
    return rc ? rc : fl_redis_read_all(r, reply, reply, queue, 0, out, most, count);
}

fl_broker_rc fl_redis_look_some(fl_redis *r, fl_redis_script script, const char *key,
                                const char *id, const char *place, char *from, size_t room,
                                bool *found)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis_begin(r, &command, script);
    fl_redis_text(&command, key);
    fl_redis_text(&command, id);
    fl_redis_text(&command, place);
    fl_redis_text(&command, from);
    fl_broker_rc rc = fl_redis_call_list(r, &command, script, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return fl_redis_odd(r, reply);
    *found = reply->element[0]->integer;
    snprintf(from, room, "%s", reply->element[1]->str);
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_cancel(fl_broker *broker, const char *id, bool *found)
{
    fl_redis *r = fl_redis_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    unsigned places = FILCH_MESSAGE_PRIORITIES + 1; /* and the delayed ones */
    *found = false;
    for (unsigned i = 0; i < r->queue_count * places && !rc && !*found; i++) {
        char place[16] = "delayed", from[64];
        bool is_stream = i % places < FILCH_MESSAGE_PRIORITIES;
        if (is_stream)
            snprintf(place, sizeof place, "%u", i % places);
        snprintf(from, sizeof from, "%s", is_stream ? "-" : "0");
        while (*from && !rc && !*found)
            rc = fl_redis_look_some(r, FL_REDIS_CANCEL, r->queues[i / places].key, id, place, from,
                                    sizeof from, found);
    }
    return rc;
}

fl_broker_rc fl_redis_pause(fl_broker *broker, unsigned queue, const char *type, bool paused)
{
    fl_redis *r = fl_redis_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (bool again = true; again && !rc;) {
        redisReply *reply;
        fl_redis_command command;
        fl_redis_begin(r, &command, FL_REDIS_PAUSE);
        fl_redis_text(&command, r->queues[queue].key);
        fl_redis_text(&command, type);
        fl_redis_number(&command, paused);
        rc = fl_redis_call(r, &command, FL_REDIS_PAUSE, &reply);
        fl_redis_clear(&command);
        if (rc)
            break;
        again = reply->integer > 0;
        freeReplyObject(reply);
    }
    return rc;
}
