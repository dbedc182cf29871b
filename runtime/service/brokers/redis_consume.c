/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis_command.h>
#include <runtime/service/brokers/redis_scripts.h>

#include <filch/wait.h>

#include <errno.h>
#include <sys/random.h>

enum {
    BATCH = 1000,         /* items of one script */
    TOKEN_BITS = 53 - 10, /* a counter in Lua, 2^53 at most, holds deliveries as well */
};
static const int64_t LOOK_ALWAYS = FILCH_SECOND;

static uint64_t new_token(void)
{
    uint64_t token = 0;
    while (getrandom(&token, sizeof token, 0) < 0 && errno == EINTR)
        ;
    return token >> (64 - TOKEN_BITS);
}

/* ---- Receiving ---- */

fl_broker_rc fl_redis_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                              unsigned *count)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    fl_redis_queue *of = &r->queues[queue];
    uint64_t token = new_token();
    int64_t now = fl_redis_now(r);
    *count = 0;
    of->news = false; /* before: a message that comes now makes news again */
    fl_redis_begin(r, &command, FL_REDIS_RECEIVE);
    fl_redis_text(&command, of->key);
    fl_redis_text(&command, r->worker);
    fl_redis_number(&command, most < BATCH ? most : BATCH);
    fl_redis_number(&command, (int64_t)token);
    fl_redis_number(&command, r->config.lease / FILCH_MILLISECOND);
    fl_redis_number(&command, (int64_t)r->config.body_most);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_RECEIVE, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_INTEGER)
        return fl_redis_odd(r, reply);
    int64_t next = reply->element[0]->integer;
    of->next_at = next < 0 ? FILCH_FOREVER : fl_redis_now(r) + next * FILCH_MICROSECOND;
    r->look_at = now + LOOK_ALWAYS;
    rc = fl_redis_read_all(r, reply, reply->element[1], queue, token, out, most, count);
    for (unsigned i = 0; i < *count; i++)
        out[i]->lease_until = now + r->config.lease;
    return rc;
}

/* ---- Settling ---- */

static void append_settlement(fl_redis *r, fl_redis_command *command, const fl_settlement *one)
{
    static const char *const verbs[] = {[FL_SETTLE_ACK] = "ack",
                                        [FL_SETTLE_RETURN] = "return",
                                        [FL_SETTLE_RETRY] = "retry",
                                        [FL_SETTLE_DEAD] = "dead"};
    const filch_message *message = &one->delivery->message;
    bool stays = one->verb == FL_SETTLE_RETRY || one->verb == FL_SETTLE_DEAD;
    fl_redis_text(command, verbs[one->verb]);
    fl_redis_text(command, r->queues[one->delivery->queue].key);
    fl_redis_append_entry(command, one->delivery);
    fl_redis_text(command, message->dedup);
    fl_redis_duration(command, one->verb == FL_SETTLE_RETRY ? one->delay : 0);
    if (stays)
        fl_redis_append_about(command, message,
                              one->verb == FL_SETTLE_RETRY ? one->attempt : message->attempt);
    else
        fl_redis_text(command, "");
    if (one->verb == FL_SETTLE_DEAD)
        fl_redis_append_headers(command, one->headers, one->header_count, message);
    else
        fl_redis_text(command, "");
}

static fl_broker_rc settle_some(fl_redis *r, fl_settlement *batch, unsigned count)
{
    static const int statuses[] = {0, -ESTALE, -EAGAIN};
    redisReply *reply;
    fl_redis_command command;
    fl_redis_begin(r, &command, FL_REDIS_SETTLE);
    for (unsigned i = 0; i < count; i++)
        append_settlement(r, &command, &batch[i]);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_SETTLE, count, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    for (unsigned i = 0; i < count; i++) {
        long long status = reply->element[i]->integer;
        batch[i].status = status >= 0 && status < 3 ? statuses[status] : -EAGAIN;
    }
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += BATCH)
        rc = settle_some(fl_redis_of(broker), batch + from,
                         count - from < BATCH ? count - from : BATCH);
    return rc;
}

/* ---- Leases ---- */

static fl_broker_rc extend_some(fl_redis *r, fl_delivery *const *batch, unsigned count,
                                int64_t lease)
{
    redisReply *reply;
    fl_redis_command command;
    int64_t now = fl_redis_now(r);
    fl_redis_begin(r, &command, FL_REDIS_EXTEND);
    fl_redis_text(&command, r->worker);
    fl_redis_number(&command, lease / FILCH_MILLISECOND);
    for (unsigned i = 0; i < count; i++) {
        fl_redis_text(&command, r->queues[batch[i]->queue].key);
        fl_redis_append_entry(&command, batch[i]);
    }
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_EXTEND, count, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    for (unsigned i = 0; i < count; i++)
        batch[i]->lease_until = reply->element[i]->integer ? now + lease : 0;
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                             int64_t lease)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned from = 0; from < count && !rc; from += BATCH)
        rc = extend_some(fl_redis_of(broker), batch + from,
                         count - from < BATCH ? count - from : BATCH, lease);
    return rc;
}
