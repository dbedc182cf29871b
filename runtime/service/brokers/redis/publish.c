/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/scripts.h>

#include <errno.h>
#include <stdio.h>

enum {
    BATCH = 1000,           /* messages of one script */
    BATCH_BYTES = 32 << 20, /* after which it begins another: the server limits its input */
    BODY_MOST = 512 << 20,  /* Redis' own limit of a text, proto-max-bulk-len */
};

static void append_message(fl_redis *r, fl_redis_command *command, const filch_message *message)
{
    char *key = NULL;
    const fl_broker_host *host = r->base.host;
    int size = asprintf(&key, "filch:%s", message->queue);
    if (message->dedup && message->dedup_for > 0) {
        fl_redis_text(command, "remember");
        fl_redis_duration(command, message->dedup_for);
    }
    fl_redis_own(command, size < 0 ? NULL : key, size < 0 ? 0 : (size_t)size);
    fl_redis_number(command, message->priority);
    fl_redis_duration(command, message->delay);
    if (message->expires)
        fl_redis_duration(command, message->expires - host->unix_time(host));
    else
        fl_redis_text(command, "");
    fl_redis_text(command, message->dedup);
    fl_redis_text(command, message->type);
    fl_redis_append_about(command, message, message->attempt);
    fl_redis_append_headers(command, NULL, 0, message);
    fl_redis_bytes(command, message->body, message->body_size);
}

/* Appends messages until the command is full; returns how many of the batch it has looked at. The
 * others get their status. */
static unsigned fill(fl_redis *r, fl_redis_command *command, fl_publication *batch, unsigned count,
                     unsigned *appended)
{
    unsigned i = 0;
    *appended = 0;
    for (; i < count && *appended < BATCH && command->bytes < BATCH_BYTES; i++) {
        bool fits = batch[i].message->body_size <= BODY_MOST;
        batch[i].status = fits ? -EAGAIN : -EMSGSIZE;
        if (fits)
            append_message(r, command, batch[i].message);
        *appended += fits;
    }
    return i;
}

static fl_broker_rc publish_some(fl_redis *r, fl_publication *batch, unsigned count, unsigned *done)
{
    static const int statuses[] = {0, -EEXIST, -ENOSPC};
    unsigned appended;
    redisReply *reply;
    fl_redis_command command;
    fl_redis_begin(r, &command, FL_REDIS_PUBLISH);
    *done = fill(r, &command, batch, count, &appended);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_PUBLISH, appended, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    for (unsigned i = 0, at = 0; i < *done; i++) {
        long long status = batch[i].status == -EAGAIN ? reply->element[at++]->integer : -1;
        if (status >= 0 && status < 3)
            batch[i].status = statuses[status];
    }
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0, done; from < count && !rc; from += done)
        rc = publish_some(fl_redis_of(broker), batch + from, count - from, &done);
    return rc;
}
