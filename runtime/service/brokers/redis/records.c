/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of jobs: a hash `filch-record:ID` each, which expires. The script that settles writes them,
 * also those of jobs that run. */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/job.h>

#include <filch/timer.h>
#include <filch/wait.h>

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
