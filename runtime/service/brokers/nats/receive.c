/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/exchange.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 4 }; /* of fetching, while all that comes is to be deferred */
static const int64_t ASK_FOR = 10 * FILCH_SECOND;  /* a request waits so long at the server */
static const int64_t ANSWER_WITHIN = FILCH_SECOND; /* to a fetch; a later answer is no loss */
static const int64_t ASK_AGAIN = FILCH_SECOND;     /* not sooner, if the server declines it */

static fl_broker_rc closed(fl_nats *n)
{
    pthread_mutex_lock(&n->box->lock);
    bool is_gone = n->box->is_gone, is_closed = n->box->is_closed;
    pthread_mutex_unlock(&n->box->lock);
    if (is_closed)
        return fl_nats_failed(n, "stay connected to", NATS_CONNECTION_CLOSED);
    if (is_gone)
        return n->base.host->explain(n->base.host, FL_BROKER_LOST,
                                     "a consumer of stream %s was deleted on %s; a new connection "
                                     "creates it",
                                     n->options.stream, n->where);
    return FL_BROKER_OK;
}

/* ---- Arrivals ---- */

/* The server keeps it until then. */
static void defer(fl_nats *n, fl_nats_queue *queue, const char *answer_to, int64_t delay)
{
    char text[FL_NATS_NAK];
    int64_t at = fl_nats_now(n) + delay;
    fl_nats_spell_return(text, delay);
    fl_nats_tell(n, answer_to, NULL, text); /* if it is lost, the message comes after the lease */
    if (at < queue->next_at)
        queue->next_at = at;
}

/* Does this first delivery say that the consumer has no message left? */
static bool is_last(const fl_nats *n, const fl_delivery *delivery)
{
    fl_nats_metadata data;
    return fl_nats_read_metadata(natsMsg_GetReply(delivery->handle), n->options.stream, &data) &&
           data.delivered == 1 && data.left == 0;
}

/* NULL: it is not this connection's to deliver. Frees the arrival. */
static fl_delivery *deliver(fl_nats *n, unsigned index, fl_nats_arrival *one)
{
    int64_t delay = 0, until = one->at + n->config.lease;
    natsMsg *message = one->message;
    free(one);
    fl_delivery *delivery = until > fl_nats_now(n) ? fl_nats_read(n, message, index, &delay) : NULL;
    if (delivery && delay <= 0) {
        delivery->lease_until = until;
        return delivery;
    }
    if (delay > 0)
        defer(n, &n->queues[index], natsMsg_GetReply(message), delay);
    if (delivery) {
        delivery->handle = NULL;
        n->base.host->drop(n->base.host, delivery);
    }
    natsMsg_Destroy(message);
    return NULL;
}

static void take(fl_nats *n, unsigned index, fl_delivery **out, unsigned most, unsigned *count)
{
    fl_nats_arrival *one;
    while (*count < most && (one = fl_nats_box_take(&n->box->inboxes[index], FILCH_FOREVER))) {
        out[*count] = deliver(n, index, one);
        *count += out[*count] != NULL;
    }
}

/* ---- Fetching ---- */

/* Sends a request for messages that are there now. *due: an answer is to come. After a crash a server
 * may accept a request for messages that it only believes to have. It answers when the next message
 * comes, so a request without an answer is not repeated. */
static natsStatus request(fl_nats *n, unsigned index, unsigned most, bool *due)
{
    fl_nats_queue *queue = &n->queues[index];
    fl_nats_inbox *inbox = &n->box->inboxes[index];
    char text[64];
    int64_t now = filch_now();
    pthread_mutex_lock(&n->box->lock);
    *due = !inbox->is_asked || now >= queue->fetched_at + ASK_FOR;
    inbox->is_asked = true;
    inbox->ended = false;
    pthread_mutex_unlock(&n->box->lock);
    if (!*due)
        return NATS_OK;
    queue->fetched_at = now;
    snprintf(text, sizeof text, "{\"batch\": %u, \"no_wait\": true}", most);
    natsStatus status =
        fl_nats_tell(n, queue->next, natsSubscription_GetSubject(queue->fetching), text);
    return status ? status
                  : natsConnection_FlushTimeout(n->connection,
                                                n->config.call_timeout / FILCH_MILLISECOND);
}

/* The server leaves requests to a consumer that was deleted without an answer. */
static void find_consumer(fl_nats *n, unsigned index)
{
    jsConsumerInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status =
        js_GetConsumerInfo(&info, n->js, n->options.stream, n->queues[index].durable, NULL, &code);
    jsConsumerInfo_Destroy(info);
    pthread_mutex_lock(&n->box->lock);
    n->box->is_gone |= status == NATS_NOT_FOUND;
    pthread_mutex_unlock(&n->box->lock);
}

/* Waits until the server has sent them, or said that it has no more. *ended: there is no more to
 * wait for. */
static fl_broker_rc fetch(fl_nats *n, unsigned index, unsigned most, bool *ended)
{
    fl_nats_box *box = n->box;
    fl_nats_inbox *inbox = &box->inboxes[index];
    bool due, answers = true;
    natsStatus status = request(n, index, most, &due);
    int64_t until = filch_in(ANSWER_WITHIN);
    pthread_mutex_lock(&box->lock);
    inbox->enough = most;
    while (due && status == NATS_OK && !inbox->ended && inbox->count < most) {
        if (box->is_closed)
            status = NATS_CONNECTION_CLOSED;
        else
            answers = due = fl_nats_box_wait(box, until);
    }
    inbox->enough = 0;
    *ended = inbox->ended || !due;
    pthread_mutex_unlock(&box->lock);
    if (!answers)
        find_consumer(n, index);
    return status ? fl_nats_failed(n, "fetch messages from", status) : closed(n);
}

fl_broker_rc fl_nats_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                             unsigned *count)
{
    fl_nats *n = fl_nats_of(broker);
    fl_nats_queue *q = &n->queues[queue];
    fl_broker_rc rc = FL_BROKER_OK;
    *count = 0;
    q->more = false;
    if (q->next_at <= fl_nats_now(n))
        q->next_at = FILCH_FOREVER;
    take(n, queue, out, most, count);
    bool ended = q->guessed = *count && is_last(n, out[*count - 1]);
    for (unsigned round = 0; *count < most && !rc && !ended && !q->more; round++) {
        rc = fetch(n, queue, most - *count, &ended);
        if (!rc)
            take(n, queue, out, most, count);
        q->more = !rc && !ended && round + 1 == ROUNDS;
    }
    pthread_mutex_lock(&n->box->lock);
    fl_nats_box_mark(n->box);
    pthread_mutex_unlock(&n->box->lock);
    return rc;
}

/* ---- Waiting ---- */

bool fl_nats_may_come(fl_broker *broker, int64_t since)
{
    const fl_nats *n = fl_nats_of(broker);
    bool any = false;
    (void)since;
    for (unsigned i = 0; i < n->queue_count; i++)
        any |= n->queues[i].guessed;
    return any;
}

/* Leaves a request for one message at the server, if there is none and none has come. */
static int64_t ask(fl_nats *n, unsigned index)
{
    char request[64];
    fl_nats_queue *queue = &n->queues[index];
    fl_nats_inbox *inbox = &n->box->inboxes[index];
    int64_t now = filch_now();
    pthread_mutex_lock(&n->box->lock);
    bool is_waiting = inbox->is_waiting && now < queue->asked_at + ASK_FOR;
    bool has_some = inbox->count > 0,
         is_early = inbox->declined && now < queue->asked_at + ASK_AGAIN;
    if (!is_waiting && !has_some && !is_early) {
        inbox->is_waiting = true;
        inbox->declined = false;
    }
    pthread_mutex_unlock(&n->box->lock);
    if (has_some)
        return 0;
    if (!is_waiting && !is_early) {
        snprintf(request, sizeof request, "{\"batch\": 1, \"expires\": %" PRId64 "}", ASK_FOR);
        fl_nats_tell(n, queue->next, natsSubscription_GetSubject(queue->waiting), request);
        queue->asked_at = now;
    }
    return queue->asked_at + (is_early ? ASK_AGAIN : ASK_FOR) - now;
}

unsigned fl_nats_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                       int64_t *until)
{
    fl_nats *n = fl_nats_of(broker);
    int64_t now = fl_nats_now(n);
    if (!room || (!wants && !n->is_ceased))
        return 0;
    for (unsigned i = 0; i < n->queue_count && wants && !n->is_ceased; i++) {
        int64_t at = n->queues[i].more ? now : now + ask(n, i);
        at = at < n->queues[i].next_at ? at : n->queues[i].next_at;
        if (at < *until)
            *until = at;
    }
    fds[0] = (struct pollfd){.fd = n->box->event, .events = POLLIN};
    return 1;
}

/* ---- What was read ahead ---- */

void fl_nats_give_back(fl_nats *n, int64_t before)
{
    for (unsigned i = 0; i < n->box->inbox_count; i++)
        for (fl_nats_arrival *one; (one = fl_nats_box_take(&n->box->inboxes[i], before));) {
            fl_nats_tell(n, natsMsg_GetReply(one->message), NULL, "-NAK");
            natsMsg_Destroy(one->message);
            free(one);
        }
    pthread_mutex_lock(&n->box->lock);
    fl_nats_box_mark(n->box);
    pthread_mutex_unlock(&n->box->lock);
}

/* Other services may take these messages while this one has no room for them. */
fl_broker_rc fl_nats_turn(fl_broker *broker)
{
    fl_nats *n = fl_nats_of(broker);
    fl_broker_rc rc = closed(n);
    for (unsigned i = 0; i < n->queue_count && !rc && !n->is_ceased; i++)
        if (fl_nats_now(n) >= n->queues[i].sweep_at)
            rc = fl_nats_sweep(n, &n->queues[i]);
    if (!rc)
        fl_nats_give_back(n, n->is_ceased ? FILCH_FOREVER : fl_nats_now(n) - n->config.lease / 3);
    return rc;
}

fl_broker_rc fl_nats_cease(fl_broker *broker)
{
    fl_nats_of(broker)->is_ceased = true;
    return fl_nats_turn(broker);
}
