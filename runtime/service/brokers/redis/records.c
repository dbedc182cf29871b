/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of jobs: a hash `filch-record:ID` each, which expires. The script that settles writes them,
 * also those of jobs that run. */
#include <filch/service.h>
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/redis.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/job_record.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 5 };
static const int64_t LONGEST = INT64_C(100) * 366 * 86400 * FILCH_SECOND;

void fl_redis_append_note(fl_redis_command *command, const fl_note *note)
{
    const struct {
        const char *name;
        const void *bytes;
        size_t size;
    } fields[] = {{"progress", note->progress, note->progress_size},
                  {"result", note->result, note->result_size},
                  {"reason", note->reason, note->reason ? strlen(note->reason) : 0}};
    unsigned count = 0;
    int64_t ttl = note->ttl < LONGEST ? note->ttl : LONGEST;
    fl_redis_text(command, "note");
    fl_redis_text(command, note->id);
    fl_redis_number(command, note->creates);
    fl_redis_number(command, ttl / FILCH_MILLISECOND + 1);
    fl_redis_number(command, note->state);
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
        count += fields[i].bytes != NULL;
    fl_redis_number(command, 2 * count);
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].bytes) {
            fl_redis_text(command, fields[i].name);
            fl_redis_bytes(command, fields[i].bytes, fields[i].size);
        }
}

fl_broker_rc fl_redis_note(fl_broker *broker, const fl_note *batch, unsigned count)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    fl_redis_begin(r, &command, FL_REDIS_SETTLE);
    for (unsigned i = 0; i < count; i++) {
        fl_redis_append_note(&command, &batch[i]);
        fl_redis_append_kept(r, &command, batch[i].delivery);
    }
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_SETTLE, count, &reply);
    fl_redis_clear(&command);
    if (!rc)
        freeReplyObject(reply);
    return rc;
}

/* ---- Reading ---- */

static const void *bytes_of(const redisReply *field)
{
    return field->type == REDIS_REPLY_STRING ? field->str : NULL;
}

static size_t size_of(const redisReply *field)
{
    return field->type == REDIS_REPLY_STRING ? field->len : 0;
}

static int64_t number_of(const redisReply *field)
{
    return field->type == REDIS_REPLY_STRING ? strtoll(field->str, NULL, 10) : 0;
}

fl_broker_rc fl_redis_record(fl_broker *broker, const char *id, filch_service_record **out)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    *out = NULL;
    fl_redis_begin(r, &command, FL_REDIS_RECORD);
    fl_redis_text(&command, id);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_RECORD, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    redisReply **field = reply->element;
    if (reply->elements != FIELDS)
        return fl_redis_odd(r, reply);
    if (bytes_of(field[0])) {
        *out = fl_job_record_copy(
            &(filch_service_record){.state = (filch_record_state)number_of(field[0]),
                                    .updated = number_of(field[1]) * FILCH_MICROSECOND,
                                    .progress = bytes_of(field[2]),
                                    .progress_size = size_of(field[2]),
                                    .result = bytes_of(field[3]),
                                    .result_size = size_of(field[3]),
                                    .reason = bytes_of(field[4])});
        if (!*out)
            rc = broker->host->explain(broker->host, FL_BROKER_BUSY,
                                       "no memory for a record; free some");
    }
    freeReplyObject(reply);
    return rc;
}

/* ---- Stops ---- */

/* Cancel of leased messages: the hashes QUEUE:stops. */

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
