/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/sqs.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/on_its_way.h>
#include <runtime/service/copy.h>
#include <runtime/service/net/http_client.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>

enum {
    ROUNDS = 4, /* of requests in one call, each with twice as many side by side */
    TURNS = 8   /* of libcurl, until a long poll is on its way */
};
static const int64_t ANSWERED_WITHIN = FILCH_SECOND; /* the rest of an answer that has begun */

/* ---- Arrivals ---- */

/* at: not after the start of their leases in the server. */
static void keep(fl_sqs_queue *queue, json_t *answer, int64_t at)
{
    size_t i;
    json_t *message;
    json_array_foreach(json_object_get(answer, "Messages"), i, message)
    {
        fl_sqs_arrival *one = malloc(sizeof *one);
        if (!one) /* it comes again after its lease */
            return;
        *one = (fl_sqs_arrival){.message = json_incref(message), .at = at};
        *queue->end = one;
        queue->end = &one->next;
    }
}

/* NULL: there is none. */
static fl_sqs_arrival *take(fl_sqs_queue *queue)
{
    fl_sqs_arrival *one = queue->first;
    if (!one)
        return NULL;
    queue->first = one->next;
    if (!queue->first)
        queue->end = &queue->first;
    return one;
}

static void drop(fl_sqs_arrival *one)
{
    json_decref(one->message);
    free(one);
}

/* ---- Requests for messages ---- */

static json_t *request_for(const fl_sqs *s, const fl_sqs_queue *queue, unsigned most, int wait)
{
    return json_pack("{s:s, s:i, s:I, s:i, s:[s,s,s], s:[s]}", "QueueUrl", queue->url,
                     "MaxNumberOfMessages", (int)(most < FL_SQS_ENTRIES ? most : FL_SQS_ENTRIES),
                     "VisibilityTimeout", (json_int_t)fl_sqs_visibility(s->config.lease),
                     "WaitTimeSeconds", wait, "MessageSystemAttributeNames",
                     "ApproximateReceiveCount", "SentTimestamp", "MessageGroupId",
                     "MessageAttributeNames", "All");
}

static fl_sqs_queue *queue_of(fl_sqs_call *poll)
{
    return (fl_sqs_queue *)(void *)((char *)poll - offsetof(fl_sqs_queue, poll));
}

static void on_polled(fl_sqs_call *poll)
{
    fl_sqs *s = poll->s;
    if (poll->rc)
        s->failed = poll->rc;
    else
        keep(queue_of(poll), poll->answer, fl_sqs_now(s));
    json_decref(poll->answer);
    poll->answer = NULL;
}

static void begin_poll(fl_sqs *s, fl_sqs_queue *queue)
{
    unsigned most = queue->wanted ? queue->wanted : 1;
    queue->poll.done = on_polled;
    queue->polled_at = filch_now();
    fl_sqs_begin(&queue->poll, "ReceiveMessage", request_for(s, queue, most, FL_SQS_WAIT),
                 FL_SQS_WAIT * FILCH_SECOND + s->config.call_timeout);
}

/* A request for messages that are there now. Others that run beside it may take longer. */
typedef struct short_poll {
    fl_sqs_call call; /* first */
    fl_sqs_queue *queue;
    int64_t begun;
    unsigned got;
} short_poll;

static void on_short_polled(fl_sqs_call *call)
{
    short_poll *one = (short_poll *)(void *)call;
    one->got = (unsigned)json_array_size(json_object_get(call->answer, "Messages"));
    keep(one->queue, call->answer, one->begun);
    json_decref(call->answer);
    call->answer = NULL;
}

/* As many requests side by side as the queue has lately filled: an empty answer costs as much as a full one. */
static void adapt(fl_sqs_queue *queue, unsigned begun, unsigned filled, bool has_more)
{
    unsigned next = has_more ? 2 * begun : filled;
    queue->side_by_side = next < 1 ? 1 : next < FL_SQS_PARALLEL ? next : FL_SQS_PARALLEL;
}

/* Asks for up to `most` messages that are there now. *ended: the queue has no more at hand. */
static fl_broker_rc ask(fl_sqs *s, fl_sqs_queue *queue, unsigned most, bool *ended)
{
    short_poll polls[FL_SQS_PARALLEL];
    unsigned begun = 0, left = 0, got = 0, filled = 0;
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned asked = 0; asked < most && begun < queue->side_by_side && !rc;
         asked += FL_SQS_ENTRIES) {
        polls[begun] = (short_poll){.call = {.s = s, .left = &left, .done = on_short_polled},
                                    .queue = queue,
                                    .begun = fl_sqs_now(s)};
        left++;
        fl_sqs_begin(&polls[begun].call, "ReceiveMessage", request_for(s, queue, most - asked, 0),
                     s->config.call_timeout);
        rc = polls[begun++].call.rc; /* the next would fail for the same reason */
    }
    fl_web_finish(s->web, &left, FILCH_FOREVER); /* requests have their own time */
    for (unsigned i = 0; i < begun; i++) {
        got += polls[i].got;
        filled += polls[i].got > 0;
        rc = rc ? rc : polls[i].call.rc;
    }
    unsigned asked = begun * FL_SQS_ENTRIES;
    asked = asked < most ? asked : most;
    *ended = got < asked;
    adapt(queue, begun, filled, !*ended);
    return rc;
}

/* ---- Receiving ---- */

/* ---- Long delays ---- */

static void drop_delivery(const fl_sqs *s, fl_delivery *one)
{
    free(one->handle);
    one->handle = NULL;
    s->base.host->drop(s->base.host, one);
}

/* The rest of its delay goes into the next copy. true: it is over with, or its lease is. */
static bool pass_on(fl_sqs *s, fl_sqs_later *one, fl_broker_rc *rc)
{
    fl_settlement next = {.delivery = one->delivery,
                          .verb = FL_SETTLE_RETRY,
                          .attempt = one->delivery->message.attempt,
                          .delay = one->due - fl_sqs_now(s)};
    if (next.delay < 0)
        next.delay = 0;
    *rc = one->delivery->lease_until > fl_sqs_now(s) ? fl_copy_settle(&s->base, &next, 1)
                                                     : FL_BROKER_OK;
    return *rc == FL_BROKER_OK || next.status != -EAGAIN;
}

/* A copy may be confirmed, and the deletion of its original fail: it is tried again, or the copy would have
 * a twin. */
fl_broker_rc fl_sqs_pass_on(fl_sqs *s)
{
    fl_broker_rc rc = FL_BROKER_OK;
    if (fl_sqs_now(s) < s->busy_until)
        return rc;
    for (fl_sqs_later *one; !rc && (one = s->later) && pass_on(s, one, &rc);) {
        s->later = one->next;
        drop_delivery(s, one->delivery);
        free(one);
    }
    return rc;
}

void fl_sqs_forget_later(fl_sqs *s)
{
    for (fl_sqs_later *one; (one = s->later);) {
        s->later = one->next;
        drop_delivery(s, one->delivery);
        free(one);
    }
}

/* Without memory it comes again when its lease is over. */
static fl_broker_rc delay_further(fl_sqs *s, fl_delivery *delivery, int64_t left)
{
    fl_sqs_later *one = malloc(sizeof *one);
    if (!one) {
        drop_delivery(s, delivery);
        return FL_BROKER_OK;
    }
    *one = (fl_sqs_later){.next = s->later, .delivery = delivery, .due = fl_sqs_now(s) + left};
    s->later = one;
    return fl_sqs_pass_on(s);
}

/* ---- Deliveries ---- */

/* Delivers arrivals whose leases last. */
static fl_broker_rc deliver(fl_sqs *s, unsigned index, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (fl_sqs_arrival *one; *count < most && !rc && (one = take(s->queues[index]));) {
        int64_t left = 0, at = one->at, until = at + s->config.lease;
        fl_delivery *delivery =
            until > fl_sqs_now(s) ? fl_sqs_read(s, one->message, index, &left) : NULL;
        drop(one);
        if (!delivery)
            continue;
        delivery->lease_until = until;
        delivery->tag[FL_SQS_RECEIVED] = (uint64_t)at;
        if (left > 0)
            rc = delay_further(s, delivery, left);
        else
            out[(*count)++] = delivery;
    }
    return rc;
}

static fl_broker_rc failed(fl_sqs *s)
{
    fl_broker_rc rc = s->failed;
    s->failed = FL_BROKER_OK;
    return rc;
}

/* Messages of an answer that is cut off would be hidden until their leases end. */
static void finish_answer(const fl_sqs_queue *queue, int64_t until)
{
    const fl_sqs_call *poll = &queue->poll;
    while (poll->running && fl_web_is_answering(poll->running) && filch_now() < until)
        fl_web_wait(poll->s->web, until);
}

fl_broker_rc fl_sqs_receive(fl_broker *broker, unsigned index, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    fl_sqs *s = fl_sqs_of(broker);
    fl_sqs_queue *queue = s->queues[index];
    bool ended = false;
    *count = 0;
    finish_answer(queue, filch_in(ANSWERED_WITHIN));
    fl_broker_rc rc = failed(s);
    rc = rc ? rc : deliver(s, index, out, most, count);
    for (unsigned i = 0; i < ROUNDS && *count < most && !rc && !ended && !queue->poll.running;
         i++) {
        rc = ask(s, queue, most - *count, &ended);
        fl_broker_rc delivered = deliver(s, index, out, most, count);
        rc = rc ? rc : delivered;
    }
    queue->wanted = most - *count;
    return rc;
}

/* The server answers a long poll at once, if it has messages. */
bool fl_sqs_may_come(fl_broker *broker, int64_t since)
{
    const fl_sqs *s = fl_sqs_of(broker);
    for (unsigned i = 0; i < s->config.queue_count && !s->failed; i++)
        if (s->queues[i]->poll.running && fl_is_on_its_way(s->queues[i]->polled_at, since))
            return true;
    return false;
}

/* ---- Waiting ---- */

/* Sends it on its way, so that only an answer wakes the owner. */
static void push(fl_sqs *s)
{
    struct pollfd one = {.fd = fl_web_fd(s->web), .events = POLLIN};
    for (unsigned i = 0; i < TURNS && poll(&one, 1, 0) > 0; i++)
        fl_web_turn(s->web);
}

unsigned fl_sqs_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_sqs *s = fl_sqs_of(broker);
    bool is_resting = fl_sqs_now(s) < s->busy_until, has_begun = false;
    if (!room)
        return 0;
    for (unsigned i = 0; i < s->config.queue_count && wants && !s->is_ceased; i++) {
        fl_sqs_queue *queue = s->queues[i];
        if (is_resting || queue->first || queue->poll.running || s->failed)
            continue;
        begin_poll(s, queue);
        has_begun = true;
    }
    if (has_begun)
        push(s);
    for (unsigned i = 0; i < s->config.queue_count && wants; i++)
        if (s->queues[i]->first)
            *until = 0;
    if (s->failed)
        *until = 0;
    else if (is_resting && wants && s->busy_until < *until)
        *until = s->busy_until;
    fds[0] = (struct pollfd){.fd = fl_web_fd(s->web), .events = POLLIN};
    return 1;
}

/* ---- What was read ahead ---- */

static unsigned count_until(const fl_sqs_queue *queue, int64_t before)
{
    unsigned count = 0;
    for (const fl_sqs_arrival *one = queue->first; one && one->at <= before; one = one->next)
        count++;
    return count;
}

static void give_back(fl_sqs *s, fl_sqs_queue *queue, unsigned count)
{
    fl_sqs_entry *entries = calloc(count, sizeof *entries);
    for (unsigned i = 0; i < count; i++) {
        fl_sqs_arrival *one = take(queue);
        const char *receipt = json_string_value(json_object_get(one->message, "ReceiptHandle"));
        if (entries && receipt)
            entries[i] = (fl_sqs_entry){.queue = queue, .entry = fl_sqs_visible_in(receipt, 0)};
        drop(one);
    }
    if (entries) /* a message that is not given back comes after its lease */
        fl_sqs_batch(s, "ChangeMessageVisibilityBatch", entries, count);
    free(entries);
}

void fl_sqs_give_back(fl_sqs *s, int64_t before)
{
    for (unsigned i = 0; i < s->config.queue_count; i++) {
        unsigned count = count_until(s->queues[i], before);
        if (count)
            give_back(s, s->queues[i], count);
    }
}

/* Other services may take these messages while this one has no room for them. */
fl_broker_rc fl_sqs_turn(fl_broker *broker)
{
    fl_sqs *s = fl_sqs_of(broker);
    fl_web_turn(s->web);
    fl_sqs_give_back(s, s->is_ceased ? FILCH_FOREVER : fl_sqs_now(s) - s->config.lease / 3);
    fl_broker_rc rc = fl_sqs_pass_on(s);
    return rc ? rc : failed(s);
}

void fl_sqs_end_polls(fl_sqs *s)
{
    int64_t until = filch_in(ANSWERED_WITHIN);
    s->is_ceased = true;
    for (unsigned i = 0; i < s->config.queue_count; i++) {
        finish_answer(s->queues[i], until);
        fl_sqs_cancel(&s->queues[i]->poll);
    }
}

fl_broker_rc fl_sqs_cease(fl_broker *broker)
{
    fl_sqs_end_polls(fl_sqs_of(broker));
    return fl_sqs_turn(broker);
}
