/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/log.h>
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/on_its_way.h>
#include <runtime/service/brokers/pubsub/pubsub.h>
#include <runtime/service/key_order.h>
#include <runtime/service/net/http_client.h>

#include <stdio.h>
#include <stdlib.h>

static const int64_t PAUSE_LEAST = 100 * FILCH_MILLISECOND; /* after a refusal, doubled each time */
static const int64_t PAUSE_MOST = 10 * FILCH_SECOND;
static const char doing[] = "pull messages from";

json_t *fl_pubsub_deadline_body(json_t *ack_ids, int64_t seconds)
{
    return json_pack("{s:o, s:I}", "ackIds", ack_ids, "ackDeadlineSeconds", (json_int_t)seconds);
}

static void set_deadlines(fl_pubsub *p, unsigned queue, json_t *ack_ids, int64_t seconds)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    snprintf(path, sizeof path, "%s:modifyAckDeadline", p->queues[queue].subscription);
    if (json_array_size(ack_ids))
        fl_pubsub_tell(p, path, fl_pubsub_deadline_body(ack_ids, seconds));
    else
        json_decref(ack_ids);
}

/* ---- Arrivals ---- */

static void keep(fl_pubsub_queue *queue, fl_pubsub_handle *handle)
{
    *queue->last = handle;
    queue->last = &handle->next;
    queue->held++;
}

static void unlink_from(fl_pubsub_queue *queue, fl_pubsub_handle **at)
{
    fl_pubsub_handle *handle = *at;
    *at = handle->next;
    if (queue->last == &handle->next)
        queue->last = at;
    handle->next = NULL;
    queue->held--;
}

void fl_pubsub_drop(fl_pubsub *p, fl_pubsub_handle *handle)
{
    handle->delivery->handle = NULL; /* else the service would release it, too */
    p->base.host->drop(p->base.host, handle->delivery);
    fl_pubsub_release(handle);
}

/* The server keeps it for so long; by_time has the ack ids of each number of seconds. */
static void defer(json_t *by_time, const char *ack_id, int64_t delay)
{
    char name[24];
    int64_t seconds = (delay + FILCH_SECOND - 1) / FILCH_SECOND;
    seconds = seconds < FL_PUBSUB_LEASE_MOST ? seconds : FL_PUBSUB_LEASE_MOST;
    snprintf(name, sizeof name, "%d", (int)seconds);
    json_t *ids = json_object_get(by_time, name);
    if (!ids) {
        ids = json_array();
        json_object_set_new(by_time, name, ids);
    }
    json_array_append_new(ids, json_string(ack_id));
}

static void tell_deferred(fl_pubsub *p, unsigned queue, json_t *by_time)
{
    const char *seconds;
    json_t *ids;
    json_object_foreach(by_time, seconds, ids)
        set_deadlines(p, queue, json_incref(ids), strtoll(seconds, NULL, 10));
    json_decref(by_time);
}

/* Keeps the messages of an answer. Those that are too early go back until their time. */
static void take_in(fl_pubsub *p, unsigned index, const json_t *answer)
{
    fl_pubsub_queue *queue = &p->queues[index];
    const json_t *all = json_object_get(answer, "receivedMessages");
    const int64_t seconds = fl_pubsub_deadline(p->config.lease);
    json_t *by_time = json_object(), *kept = json_array();
    for (size_t i = 0; i < json_array_size(all); i++) {
        int64_t due, now = p->base.host->unix_time(p->base.host);
        fl_delivery *one = fl_pubsub_read(p, json_array_get(all, i), index, &due);
        if (!one)
            continue; /* it comes again */
        fl_pubsub_handle *handle = one->handle;
        if (due > now) {
            defer(by_time, handle->ack_id, due - now);
            fl_pubsub_drop(p, handle);
            continue;
        }
        handle->since = fl_pubsub_now(p);
        one->lease_until = handle->since + fl_pubsub_first_lease(p, queue);
        if (queue->deadline > seconds) /* others would wait longer than needed for it */
            json_array_append_new(kept, json_string(handle->ack_id));
        keep(queue, handle);
    }
    set_deadlines(p, index, kept, seconds);
    tell_deferred(p, index, by_time);
}

/* ---- Requests for messages ---- */

static json_t *pull_body(unsigned most, bool at_once)
{
    json_t *body = json_pack("{s:I}", "maxMessages", (json_int_t)most);
    if (at_once)
        json_object_set_new(body, "returnImmediately", json_true());
    return body;
}

void fl_pubsub_pause_begin(fl_pubsub_pause *pause, int64_t now, int64_t asked)
{
    int64_t length = pause->length ? 2 * pause->length : PAUSE_LEAST;
    pause->length = length < PAUSE_MOST ? length : PAUSE_MOST;
    pause->until = now + (pause->length > asked ? pause->length : asked);
}

/* A proxy may answer 200 with a page of its own. */
static void tell_unreadable(const fl_pubsub *p, const char *why)
{
    char text[300];
    snprintf(text, sizeof text, "an answer of %.100s is not JSON (%.100s); asking again later",
             p->options.endpoint, why);
    p->base.host->log(p->base.host, FILCH_LOG_ERROR, text);
}

static void on_pulled(void *arg, const fl_web_answer *answer)
{
    fl_pubsub_pull *pull = arg;
    fl_pubsub *p = pull->owner;
    fl_pubsub_queue *queue = &p->queues[pull->queue];
    pull->call = NULL;
    if (answer->is_late) /* without messages, for longer than the server usually holds a request */
        return;
    if (fl_pubsub_note(p, answer, doing)) {
        fl_pubsub_pause_begin(&queue->pulling, fl_pubsub_now(p), answer->retry_after);
        return;
    }
    json_error_t error;
    json_t *root = json_loadb(answer->body, answer->body_size, JSON_ALLOW_NUL, &error);
    if (root) {
        queue->pulling.length = 0;
        take_in(p, pull->queue, root);
        json_decref(root);
    } else {
        tell_unreadable(p, error.text);
        fl_pubsub_pause_begin(&queue->pulling, fl_pubsub_now(p), 0);
    }
}

static void path_of(const fl_pubsub_queue *queue, char path[FL_PUBSUB_NAME + sizeof ":pull"])
{
    snprintf(path, FL_PUBSUB_NAME + sizeof ":pull", "%s:pull", queue->subscription);
}

/* Messages that are asked for or have come, and `receive` has not taken. */
static unsigned ahead_of(const fl_pubsub_queue *queue)
{
    unsigned ahead = queue->held;
    for (unsigned i = 0; i < FL_PUBSUB_PULLS; i++)
        ahead += queue->pulls[i].call ? queue->pulls[i].asked : 0;
    return ahead;
}

/* So that as many are ahead as the service had room for. */
static fl_broker_rc ask_for_more(fl_pubsub *p, fl_pubsub_queue *queue)
{
    char path[FL_PUBSUB_NAME + sizeof ":pull"];
    unsigned most = queue->wanted ? queue->wanted : 1, ahead = ahead_of(queue);
    unsigned each = most / FL_PUBSUB_PULLS ? most / FL_PUBSUB_PULLS : 1;
    each = each < FL_PUBSUB_BATCH ? each : FL_PUBSUB_BATCH;
    path_of(queue, path);
    if (p->is_ceased || fl_pubsub_now(p) < queue->pulling.until)
        return FL_BROKER_OK;
    for (unsigned i = 0; i < FL_PUBSUB_PULLS && ahead + each <= most; i++) {
        fl_pubsub_pull *pull = &queue->pulls[i];
        if (pull->call)
            continue;
        pull->asked = each;
        pull->since = filch_now();
        fl_broker_rc rc = fl_pubsub_begin(p, NULL, path, pull_body(each, false), p->wait_at_server,
                                          p->config.call_timeout, on_pulled, pull, &pull->call);
        if (rc)
            return rc;
        ahead += each;
    }
    return FL_BROKER_OK;
}

/* For the messages that are there now. */
static fl_broker_rc ask_at_once(fl_pubsub *p, unsigned index, unsigned most)
{
    char path[FL_PUBSUB_NAME + sizeof ":pull"];
    fl_pubsub_reply reply;
    path_of(&p->queues[index], path);
    fl_broker_rc rc = fl_pubsub_ask(p, NULL, path, pull_body(most, true), 0, &reply, doing);
    if (!rc) {
        take_in(p, index, reply.json);
        fl_pubsub_finish_tells(p);
    }
    json_decref(reply.json);
    return rc;
}

/* ---- Receiving ---- */

static bool may_begin(fl_pubsub *p, fl_pubsub_handle *handle)
{
    if (!p->options.is_ordered || !handle->key)
        return true;
    if (fl_key_order_is_busy(&p->order, handle->key, fl_pubsub_now(p)))
        return false;
    handle->delivery->tag[0] = ++p->last_number;
    return fl_key_order_begin(&p->order, handle->key, p->last_number,
                              handle->delivery->lease_until);
}

static void take(fl_pubsub *p, fl_pubsub_queue *queue, fl_delivery **out, unsigned most,
                 unsigned *count)
{
    for (fl_pubsub_handle **at = &queue->first, *one; (one = *at) && *count < most;) {
        bool is_over = one->delivery->lease_until <= fl_pubsub_now(p);
        if (!is_over && !may_begin(p, one)) {
            at = &one->next;
            continue;
        }
        unlink_from(queue, at);
        if (is_over)
            fl_pubsub_drop(p, one);
        else
            out[(*count)++] = one->delivery;
    }
}

fl_broker_rc fl_pubsub_receive(fl_broker *broker, unsigned index, fl_delivery **out, unsigned most,
                               unsigned *count)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_pubsub_queue *queue = &p->queues[index];
    fl_broker_rc rc = fl_pubsub_noted(p);
    *count = 0;
    take(p, queue, out, most, count);
    queue->wanted = most - *count;
    if (rc)
        return rc;
    if (queue->flows)
        return ask_for_more(p, queue);
    if (*count < most && !p->is_ceased) {
        unsigned left = most - *count;
        rc = ask_at_once(p, index, left < FL_PUBSUB_BATCH ? left : FL_PUBSUB_BATCH);
        take(p, queue, out, most, count);
    }
    return rc;
}

/* ---- Waiting ---- */

/* The first that could begin makes the service look again at once. */
static bool has_some(fl_pubsub *p, const fl_pubsub_queue *queue)
{
    for (const fl_pubsub_handle *one = queue->first; one; one = one->next)
        if (!p->options.is_ordered || !one->key ||
            !fl_key_order_is_busy(&p->order, one->key, fl_pubsub_now(p)))
            return true;
    return false;
}

static int64_t give_back_at(const fl_pubsub_handle *handle)
{
    return handle->since + (handle->delivery->lease_until - handle->since) / 3;
}

static void lower(int64_t *until, int64_t at)
{
    *until = at < *until ? at : *until;
}

unsigned fl_pubsub_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                         int64_t *until)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    wants = wants && !p->is_ceased && p->config.role == FL_BROKER_CONSUMES;
    for (unsigned i = 0; i < p->queue_count; i++) {
        fl_pubsub_queue *queue = &p->queues[i];
        if (wants && !p->config.brief) {
            queue->flows = true;
            if (ask_for_more(p, queue))
                lower(until, 0);
        }
        if (wants && fl_pubsub_now(p) < queue->pulling.until)
            lower(until, queue->pulling.until);
        if (wants && has_some(p, queue))
            lower(until, 0);
        else if (queue->first)
            lower(until, give_back_at(queue->first));
    }
    if (!room)
        return 0;
    fds[0] = (struct pollfd){.fd = fl_web_fd(p->web), .events = POLLIN};
    return 1;
}

/* Other services may take these while this one has no room for them. */
static void give_back(fl_pubsub *p, bool all)
{
    for (unsigned i = 0; i < p->queue_count; i++) {
        fl_pubsub_queue *queue = &p->queues[i];
        json_t *ids = json_array();
        for (fl_pubsub_handle *one;
             (one = queue->first) && (all || give_back_at(one) <= fl_pubsub_now(p));) {
            unlink_from(queue, &queue->first);
            json_array_append_new(ids, json_string(one->ack_id));
            fl_pubsub_drop(p, one);
        }
        set_deadlines(p, i, ids, 0);
    }
}

fl_broker_rc fl_pubsub_turn(fl_broker *broker)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_web_turn(p->web);
    give_back(p, p->is_ceased);
    return fl_pubsub_noted(p);
}

static bool is_answering(const fl_pubsub *p)
{
    for (unsigned i = 0; i < p->queue_count; i++)
        for (unsigned k = 0; k < FL_PUBSUB_PULLS; k++)
            if (p->queues[i].pulls[k].call && fl_web_is_answering(p->queues[i].pulls[k].call))
                return true;
    return false;
}

/* A request that is cancelled may have messages on its way: these come again when their deadline is
 * over. So those whose answer has begun get a moment. */
void fl_pubsub_leave(fl_pubsub *p)
{
    int64_t until = filch_in(FILCH_SECOND);
    p->is_ceased = true;
    fl_web_turn(p->web);
    while (is_answering(p) && filch_now() < until)
        fl_web_wait(p->web, until);
    for (unsigned i = 0; i < p->queue_count; i++)
        for (unsigned k = 0; k < FL_PUBSUB_PULLS; k++) {
            fl_pubsub_pull *pull = &p->queues[i].pulls[k];
            if (pull->call)
                fl_web_cancel(pull->call);
            pull->call = NULL;
        }
    give_back(p, true);
    fl_pubsub_finish_tells(p);
}

/* The server answers a request at once, if it has messages. */
bool fl_pubsub_may_come(fl_broker *broker, int64_t since)
{
    const fl_pubsub *p = fl_pubsub_of(broker);
    for (unsigned i = 0; i < p->queue_count && !p->failed; i++)
        for (unsigned k = 0; k < FL_PUBSUB_PULLS; k++) {
            const fl_pubsub_pull *pull = &p->queues[i].pulls[k];
            if (pull->call &&
                (fl_web_is_answering(pull->call) || fl_is_on_its_way(pull->since, since)))
                return true;
        }
    return false;
}

fl_broker_rc fl_pubsub_cease(fl_broker *broker)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_pubsub_leave(p);
    return fl_pubsub_noted(p);
}

/* ---- Leases ---- */

int64_t fl_pubsub_deadline(int64_t lease)
{
    int64_t seconds = (lease + lease / 8 + FILCH_SECOND - 1) / FILCH_SECOND;
    seconds = seconds < FL_PUBSUB_LEASE_LEAST ? FL_PUBSUB_LEASE_LEAST : seconds;
    return seconds < FL_PUBSUB_LEASE_MOST ? seconds : FL_PUBSUB_LEASE_MOST;
}

int64_t fl_pubsub_first_lease(const fl_pubsub *p, const fl_pubsub_queue *queue)
{
    int64_t deadline = queue->deadline ? queue->deadline : FL_PUBSUB_LEASE_LEAST;
    int64_t lease = deadline * FILCH_SECOND / 9 * 8;
    return lease < p->config.lease ? lease : p->config.lease;
}

static bool is_over(const fl_pubsub *p, const fl_delivery *delivery)
{
    return delivery->lease_until <= fl_pubsub_now(p);
}

static bool is_to_extend(const fl_pubsub *p, const fl_delivery *one, unsigned queue)
{
    return one->queue == queue && !is_over(p, one);
}

static fl_broker_rc extend_queue(fl_pubsub *p, fl_delivery *const *batch, unsigned count,
                                 unsigned queue, int64_t lease)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    fl_pubsub_reply reply;
    json_t *ids = json_array();
    bool is_mine[FL_PUBSUB_BATCH];
    int64_t until = fl_pubsub_now(p) + lease;
    for (unsigned i = 0; i < count; i++) {
        const fl_pubsub_handle *handle = batch[i]->handle;
        is_mine[i] = is_to_extend(p, batch[i], queue) &&
                     !json_array_append_new(ids, json_string(handle->ack_id));
    }
    if (!json_array_size(ids)) {
        json_decref(ids);
        return FL_BROKER_OK;
    }
    snprintf(path, sizeof path, "%s:modifyAckDeadline", p->queues[queue].subscription);
    fl_broker_rc rc =
        fl_pubsub_ask(p, NULL, path, fl_pubsub_deadline_body(ids, fl_pubsub_deadline(lease)), 0,
                      &reply, "extend leases at");
    json_decref(reply.json);
    for (unsigned i = 0; i < count && !rc; i++)
        if (is_mine[i] && !is_over(p, batch[i])) {
            batch[i]->lease_until = until;
            fl_key_order_extend(&p->order, batch[i]->tag[0], until);
        }
    return rc;
}

fl_broker_rc fl_pubsub_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned from = 0; from < count && !rc; from += FL_PUBSUB_BATCH) {
        unsigned left = count - from, some = left < FL_PUBSUB_BATCH ? left : FL_PUBSUB_BATCH;
        for (unsigned queue = 0; queue < p->queue_count && !rc; queue++)
            rc = extend_queue(p, batch + from, some, queue, lease);
    }
    for (unsigned i = 0; i < count; i++)
        if (is_over(p, batch[i]))
            batch[i]->lease_until = 0;
    return rc;
}
