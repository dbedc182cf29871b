/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/fast_path.h>
#include <runtime/service/brokers/redis/scripts.h>

#include <filch/wait.h>

#include <errno.h>

enum {
    BATCH = 1000, /* items of one script */
};
static const int64_t LOOK_ALWAYS = FILCH_SECOND;

/* ---- Receiving ---- */

static fl_broker_rc receive_by_script(fl_redis *r, unsigned queue, fl_delivery **out, unsigned most,
                                      unsigned *count)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis_queue *of = &r->queues[queue];
    int64_t now = fl_redis_now(r);
    of->news = false; /* before: a message that comes now makes news again */
    fl_broker_rc rc = fl_redis_plain_watch(r, queue);
    if (rc)
        return rc;
    fl_redis_begin(r, &command, FL_REDIS_RECEIVE);
    fl_redis_text(&command, of->key);
    fl_redis_append_worker(&command, r->config.lease, r->config.client);
    fl_redis_number(&command, most < BATCH ? most : BATCH);
    fl_redis_number(&command, r->config.lease / FILCH_MILLISECOND);
    fl_redis_number(&command, (int64_t)r->config.body_most);
    rc = fl_redis_call_list(r, &command, FL_REDIS_RECEIVE, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    bool has_form = reply->elements == 4;
    for (unsigned i = 0; i < 3 && has_form; i++)
        has_form = reply->element[i]->type == REDIS_REPLY_INTEGER;
    if (!has_form)
        return fl_redis_odd(r, reply);
    int64_t next = reply->element[0]->integer;
    uint64_t losses = (uint64_t)reply->element[1]->integer;
    of->next_at = next < 0 ? FILCH_FOREVER : fl_redis_now(r) + next * FILCH_MICROSECOND;
    r->look_at = now + LOOK_ALWAYS;
    fl_redis_plain_begin(r, queue, reply->element[2]->integer, losses, now);
    rc = fl_redis_read_all(r, reply, reply->element[3], queue, losses, out, most, count);
    for (unsigned i = 0; i < *count; i++)
        out[i]->lease_until = now + r->config.lease;
    return rc;
}

fl_broker_rc fl_redis_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                              unsigned *count)
{
    fl_redis *r = fl_redis_of(broker);
    unsigned more = 0;
    *count = 0;
    fl_broker_rc rc = fl_redis_plain_receive(r, queue, out, most, count);
    if (rc || *count == most)
        return rc;
    rc = receive_by_script(r, queue, out + *count, most - *count, &more);
    *count += more;
    return rc;
}

/* ---- Settling ---- */

/* Appends what only a message that stays in the broker needs. */
static void append_rest(fl_redis_command *command, const fl_settlement *one)
{
    const filch_message *message = &one->delivery->message;
    bool is_retry = one->verb == FL_SETTLE_RETRY, is_dead = one->verb == FL_SETTLE_DEAD;
    fl_redis_duration(command, is_retry ? one->delay : 0);
    if (is_retry || is_dead)
        fl_redis_append_about(command, message, is_retry ? one->attempt : message->attempt);
    else
        fl_redis_text(command, "");
    if (is_dead)
        fl_redis_append_headers(command, one->headers, one->header_count, message);
    else
        fl_redis_text(command, "");
}

static void append_verb(const fl_redis *r, fl_redis_command *command, const char *verb,
                        const fl_delivery *delivery)
{
    fl_redis_text(command, verb);
    fl_redis_text(command, r->queues[delivery->queue].key);
    fl_redis_number(command, delivery->message.priority);
    fl_redis_append_entry(command, delivery);
    fl_redis_number(command, fl_redis_counter(delivery));
    fl_redis_text(command, delivery->message.dedup);
}

void fl_redis_append_kept(const fl_redis *r, fl_redis_command *command, const fl_delivery *delivery)
{
    append_verb(r, command, "keep", delivery);
    for (unsigned i = 0; i < 3; i++) /* delay, about, headers */
        fl_redis_text(command, "");
}

static void append_settlement(fl_redis *r, fl_redis_command *command, const fl_settlement *one)
{
    static const char *const verbs[] = {[FL_SETTLE_ACK] = "ack",
                                        [FL_SETTLE_RETURN] = "return",
                                        [FL_SETTLE_RETRY] = "retry",
                                        [FL_SETTLE_DEAD] = "dead"};
    if (one->note)
        fl_redis_append_note(command, one->note);
    append_verb(r, command, verbs[one->verb], one->delivery);
    append_rest(command, one);
}

static bool is_plain_ack(const fl_settlement *one)
{
    return one->verb == FL_SETTLE_ACK && !one->delivery->message.dedup && !one->note;
}

/* Appends acknowledgements that differ in their entry alone; returns how many. */
static unsigned append_acks(fl_redis *r, fl_redis_command *command, const fl_settlement *batch,
                            unsigned count)
{
    unsigned same = 0;
    const fl_delivery *first = batch->delivery;
    while (same < count && is_plain_ack(&batch[same]) &&
           batch[same].delivery->queue == first->queue &&
           batch[same].delivery->message.priority == first->message.priority &&
           fl_redis_counter(batch[same].delivery) == fl_redis_counter(first) &&
           fl_redis_losses(batch[same].delivery) == fl_redis_losses(first))
        same++;
    if (!same)
        return 0;
    fl_redis_text(command, "acks");
    fl_redis_text(command, r->queues[first->queue].key);
    fl_redis_number(command, first->message.priority);
    fl_redis_number(command, fl_redis_counter(first));
    fl_redis_number(command, fl_redis_losses(first));
    fl_redis_number(command, same);
    for (unsigned i = 0; i < same; i++)
        fl_redis_append_entry(command, batch[i].delivery);
    return same;
}

static fl_broker_rc settle_some(fl_redis *r, fl_settlement *batch, unsigned count)
{
    const char *refused = NULL;
    redisReply *reply;
    fl_redis_command command;
    fl_redis_begin(r, &command, FL_REDIS_SETTLE);
    for (unsigned i = 0, acks; i < count; i += acks ? acks : 1) {
        acks = append_acks(r, &command, &batch[i], count - i);
        if (!acks)
            append_settlement(r, &command, &batch[i]);
    }
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_SETTLE, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    if (reply->elements != count)
        return fl_redis_odd(r, reply);
    for (unsigned i = 0; i < count; i++) {
        const redisReply *one = reply->element[i];
        batch[i].status = one->type != REDIS_REPLY_INTEGER ? -EAGAIN : one->integer ? -ESTALE : 0;
        refused = batch[i].status == -EAGAIN ? one->str : refused;
    }
    if (refused)
        r->base.host->explain(r->base.host, FL_BROKER_BUSY,
                              "redis does not settle messages: %s; %s", refused,
                              fl_redis_cure(refused, &rc));
    freeReplyObject(reply);
    return refused ? FL_BROKER_BUSY : FL_BROKER_OK;
}

/* May read up to `most` messages of a queue for the next receive. */
static fl_broker_rc settle(fl_redis *r, fl_settlement *batch, unsigned count, unsigned queue,
                           unsigned most)
{
    bool done = false;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    fl_broker_rc rc = fl_redis_plain_settle(r, batch, count, queue, most, &done);
    for (unsigned from = 0; from < count && !rc && !done; from += BATCH)
        rc = settle_some(r, batch + from, count - from < BATCH ? count - from : BATCH);
    if (r->has_stops && !rc)
        rc = fl_redis_drop_stops(r, batch, count);
    /* the batch is settled, and messages may have been read: a mark that stays harms no message */
    return done && rc == FL_BROKER_BUSY ? FL_BROKER_OK : rc;
}

fl_broker_rc fl_redis_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    return settle(fl_redis_of(broker), batch, count, 0, 0);
}

fl_broker_rc fl_redis_exchange(fl_broker *broker, fl_settlement *batch, unsigned count,
                               unsigned queue, fl_delivery **out, unsigned most, unsigned *received)
{
    *received = 0;
    fl_broker_rc rc = settle(fl_redis_of(broker), batch, count, queue, most);
    if (rc && rc != FL_BROKER_BUSY) /* without memory, a server still lets jobs end */
        return rc;
    fl_broker_rc then = fl_redis_receive(broker, queue, out, most, received);
    return then ? then : rc;
}

/* ---- Leases ---- */

static fl_broker_rc extend_some(fl_redis *r, fl_delivery *const *batch, unsigned count,
                                int64_t lease)
{
    redisReply *reply;
    fl_redis_command command;
    int64_t now = fl_redis_now(r);
    fl_redis_begin(r, &command, FL_REDIS_EXTEND);
    fl_redis_append_worker(&command, lease, r->config.client);
    fl_redis_number(&command, lease / FILCH_MILLISECOND);
    for (unsigned i = 0; i < count; i++) {
        fl_redis_text(&command, r->queues[batch[i]->queue].key);
        fl_redis_number(&command, batch[i]->message.priority);
        fl_redis_append_entry(&command, batch[i]);
        fl_redis_number(&command, fl_redis_counter(batch[i]));
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
