/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `memory:` and `memory:NAME`: queues in the process, for tests and for trying a service.
 * It does everything that the interface offers; a message is lost when the process ends, or when
 * the last connection with its name is closed. */
#include <runtime/service/brokers/memory/memory.h>

#include <filch/wait.h>
#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/memory/records.h>
#include <runtime/service/brokers/memory/store.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

fl_broker_rc fl_memory_short(const fl_broker_host *host)
{
    return host->explain(host, FL_BROKER_BUSY, "no memory for messages; wait for some to be done");
}

void fl_memory_wake(fl_memory_store *store)
{
    for (fl_list *at = store->listeners.next; at != &store->listeners; at = at->next) {
        fl_memory *m = FL_CONTAINER_OF(at, fl_memory, listener);
        if (fl_waker_call(&m->waker))
            fl_waker_write(&m->waker);
    }
}

/* ---- Life ---- */

static void close_memory(fl_broker *broker)
{
    fl_memory *m = fl_memory_of(broker);
    pthread_mutex_lock(&m->store->lock);
    fl_list_remove(&m->listener);
    pthread_mutex_unlock(&m->store->lock);
    fl_memory_store_close(m->store);
    fl_waker_end(&m->waker);
    free(m);
}

static bool join_queues(fl_memory *m, const fl_broker_config *config)
{
    bool all = true;
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < config->queue_count; i++) {
        m->queues[i] = fl_memory_queue_of(m->store, config->queues[i]);
        all = all && m->queues[i];
    }
    if (config->role == FL_BROKER_CONSUMES)
        fl_list_append(&m->store->listeners, &m->listener);
    pthread_mutex_unlock(&m->store->lock);
    return all;
}

static fl_broker_rc open_memory(fl_broker **out, const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_memory *m = calloc(1, sizeof *m + config->queue_count * sizeof *m->queues);
    if (!m)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    *m = (fl_memory){.base = {&fl_broker_memory, host},
                     .queue_count = config->queue_count,
                     .lease = config->lease};
    fl_list_init(&m->listener);
    m->store = fl_memory_store_open(config->url);
    if (!m->store || fl_waker_init(&m->waker)) {
        if (m->store)
            fl_memory_store_close(m->store);
        free(m);
        return host->explain(host, FL_BROKER_LOST,
                             "no memory or no eventfd for a connection; free some");
    }
    if (!join_queues(m, config)) {
        close_memory(&m->base);
        return host->explain(host, FL_BROKER_LOST, "no memory for queues; free some");
    }
    *out = &m->base;
    return FL_BROKER_OK;
}

/* ---- Waiting ---- */

static void lower(int64_t *until, const fl_list *list)
{
    const fl_memory_entry *first = fl_memory_entry_of(list->next);
    if (!fl_list_is_empty(list) && first->at < *until)
        *until = first->at;
}

static unsigned watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_memory *m = fl_memory_of(broker);
    if (!wants)
        return 0;
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < m->queue_count; i++) {
        lower(until, &m->queues[i]->delayed);
        lower(until, &m->queues[i]->leased);
    }
    pthread_mutex_unlock(&m->store->lock);
    if (room)
        fds[0] = (struct pollfd){.fd = m->waker.fd, .events = POLLIN};
    return room != 0;
}

/* ---- Consuming ---- */

static bool bury_expired(fl_memory *m, fl_memory_entry *entry, int64_t unix_time);

/* Leases one message; NULL: no memory. */
static fl_delivery *deliver(fl_memory *m, fl_memory_entry *entry, int64_t now)
{
    const fl_broker_host *host = m->base.host;
    entry->message.deliveries++;
    fl_delivery *delivery = host->delivery(host, &entry->message);
    if (!delivery) {
        entry->message.deliveries--;
        return NULL;
    }
    fl_message_take_trace(&delivery->message);
    entry->token = ++m->store->last_token;
    fl_memory_lease(m->store, entry, now + m->lease);
    delivery->tag[0] = entry->id;
    delivery->tag[1] = entry->token;
    delivery->lease_until = entry->at;
    return delivery;
}

static fl_broker_rc receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    fl_memory *m = fl_memory_of(broker);
    const fl_broker_host *host = broker->host;
    int64_t now = fl_memory_now(m), unix_time = host->unix_time(host);
    fl_memory_entry *entry;
    bool room = true;
    *count = 0;
    pthread_mutex_lock(&m->store->lock);
    fl_waker_clear(&m->waker); /* here, where the messages are taken for which it was written */
    fl_memory_move_due(m->queues[queue], now);
    while (*count < most && room && (entry = fl_memory_next(m->queues[queue], NULL))) {
        if (bury_expired(m, entry, unix_time))
            continue;
        out[*count] = deliver(m, entry, now);
        room = out[*count];
        *count += room;
    }
    m->waker.asleep |= *count < most;
    pthread_mutex_unlock(&m->store->lock);
    return room ? FL_BROKER_OK : fl_memory_short(host);
}

/* ---- Settling ---- */

static bool bury(fl_memory *m, fl_memory_entry *entry, const filch_header *headers, unsigned count)
{
    char name[256];
    snprintf(name, sizeof name, "%s.dlq", entry->queue->name);
    fl_memory_queue *dead = fl_memory_queue_of(m->store, name);
    filch_message message = entry->message;
    message.dedup = NULL;
    message.expires = 0; /* dead letters stay */
    if (!dead || !fl_memory_add(m->store, dead, &message, headers, count, fl_memory_now(m)))
        return false;
    fl_memory_remove(entry);
    return true;
}

/* true: it is no longer there. */
static bool bury_expired(fl_memory *m, fl_memory_entry *entry, int64_t unix_time)
{
    fl_dead_headers headers;
    if (!entry->message.expires || entry->message.expires > unix_time)
        return false;
    fl_dead_headers_fill(&headers, "expired", entry->queue->name, unix_time);
    return bury(m, entry, headers.header, FL_DEAD_HEADERS);
}

static int settle_one(fl_memory *m, const fl_settlement *one, int64_t now)
{
    fl_memory_entry *entry =
        fl_memory_leased(m->store, one->delivery->tag[0], one->delivery->tag[1]);
    if (!entry)
        return -ESTALE;
    switch (one->verb) {
    case FL_SETTLE_ACK:
        fl_memory_remove(entry);
        return 0;
    case FL_SETTLE_RETURN:
        entry->message.deliveries--;
        fl_memory_make_ready(entry, true, now);
        return 0;
    case FL_SETTLE_RETRY:
        entry->message.attempt = one->attempt;
        entry->message.deliveries = 0;
        if (one->delay > 0)
            fl_memory_delay(entry, now + one->delay);
        else
            fl_memory_make_ready(entry, false, now);
        return 0;
    case FL_SETTLE_DEAD:
        return bury(m, entry, one->headers, one->header_count) ? 0 : -EAGAIN;
    }
    return -EAGAIN;
}

/* Before the settlement, so that it can be tried again. false: no memory. */
static bool keep_note(fl_memory *m, const fl_settlement *one)
{
    const fl_broker_host *host = m->base.host;
    return !one->note ||
           !fl_memory_leased(m->store, one->delivery->tag[0], one->delivery->tag[1]) ||
           fl_memory_keep(m->store, one->note, host->unix_time(host));
}

static fl_broker_rc settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_memory *m = fl_memory_of(broker);
    int64_t now = fl_memory_now(m);
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = keep_note(m, &batch[i]) ? settle_one(m, &batch[i], now) : -EAGAIN;
    fl_memory_wake(m->store);
    pthread_mutex_unlock(&m->store->lock);
    return FL_BROKER_OK;
}

static fl_broker_rc extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                           int64_t lease)
{
    fl_memory *m = fl_memory_of(broker);
    int64_t now = fl_memory_now(m);
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < count; i++) {
        fl_memory_entry *entry = fl_memory_leased(m->store, batch[i]->tag[0], batch[i]->tag[1]);
        if (entry)
            fl_memory_lease(m->store, entry, now + lease);
        batch[i]->lease_until = entry ? entry->at : 0;
    }
    pthread_mutex_unlock(&m->store->lock);
    return FL_BROKER_OK;
}

/* ---- Publishing ---- */

static int publish_one(fl_memory *m, const filch_message *message, int64_t now)
{
    fl_memory_queue *queue = fl_memory_queue_of(m->store, message->queue);
    if (message->dedup && fl_memory_has_key(m->store, message->dedup, now))
        return -EEXIST;
    fl_memory_entry *entry = queue ? fl_memory_add(m->store, queue, message, NULL, 0, now) : NULL;
    if (!entry)
        return -EAGAIN;
    if (message->dedup && message->dedup_for > 0 &&
        !fl_memory_remember(m->store, message->dedup, now + message->dedup_for)) {
        fl_memory_remove(entry);
        return -EAGAIN;
    }
    if (message->delay > 0)
        fl_memory_delay(entry, now + message->delay);
    return 0;
}

static fl_broker_rc publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_memory *m = fl_memory_of(broker);
    int64_t now = fl_memory_now(m);
    bool all = true;
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < count; i++) {
        batch[i].status = publish_one(m, batch[i].message, now);
        all = all && batch[i].status != -EAGAIN;
    }
    fl_memory_wake(m->store);
    pthread_mutex_unlock(&m->store->lock);
    return all ? FL_BROKER_OK : fl_memory_short(broker->host);
}

const fl_broker_kind fl_broker_memory = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "memory",
    .schemes = "memory",
    .tested = "this process",
    .caps = {.priority = true,
             .delay = true,
             .dedup = true,
             .remembers = true,
             .expiry = true,
             .deliveries = true,
             .keeps_leases = true,
             .counts = true,
             .peek = true,
             .cancel = true,
             .pause = true,
             .lease_most = FILCH_FOREVER,
             .extends = true,
             .stop = true,
             .records = true},
    .open = open_memory,
    .close = close_memory,
    .watch = watch,
    .receive = receive,
    .settle = settle,
    .extend = extend,
    .publish = publish,
    .count = fl_memory_count,
    .peek = fl_memory_peek,
    .cancel = fl_memory_cancel,
    .pause = fl_memory_pause_queue,
    .stop = fl_memory_stop,
    .stopped = fl_memory_stopped,
    .note = fl_memory_note,
    .record = fl_memory_record,
};

/* ---- Administration ---- */

fl_broker_rc fl_memory_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_memory *m = fl_memory_of(broker);
    fl_memory_queue *of = m->queues[queue];
    char name[256];
    snprintf(name, sizeof name, "%s.dlq", of->name);
    pthread_mutex_lock(&m->store->lock);
    int64_t now = fl_memory_now(m);
    fl_memory_move_due(of, now);
    fl_memory_queue *dead = fl_memory_queue_of(m->store, name);
    *out = (fl_broker_count){of->readies,
                             of->delays,
                             of->leases,
                             dead ? dead->readies + dead->delays + dead->leases : 0,
                             of->readies ? (uint64_t)(now - fl_memory_ready_since(of)) : 0,
                             of->paused,
                             !fl_list_is_empty(&of->paused_types)};
    pthread_mutex_unlock(&m->store->lock);
    return FL_BROKER_OK;
}

static bool copy_to(const fl_broker_host *host, const fl_memory_entry *entry, fl_delivery **out,
                    unsigned *count)
{
    fl_delivery *copy = host->delivery(host, &entry->message);
    if (copy)
        out[(*count)++] = copy;
    return copy;
}

fl_broker_rc fl_memory_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    fl_memory *m = fl_memory_of(broker);
    fl_memory_queue *of = m->queues[queue];
    bool room = true;
    *count = 0;
    pthread_mutex_lock(&m->store->lock);
    fl_memory_move_due(of, fl_memory_now(m));
    for (fl_memory_entry *at = NULL; *count < most && room && (at = fl_memory_next(of, at));)
        room = copy_to(broker->host, at, out, count);
    for (fl_list *at = of->delayed.next; at != &of->delayed && *count < most && room; at = at->next)
        room = copy_to(broker->host, fl_memory_entry_of(at), out, count);
    pthread_mutex_unlock(&m->store->lock);
    return room ? FL_BROKER_OK : fl_memory_short(broker->host);
}

static bool cancel_in(fl_list *list, const char *id)
{
    for (fl_list *at = list->next; at != list; at = at->next)
        if (strcmp(fl_memory_entry_of(at)->message.id, id) == 0) {
            fl_memory_remove(fl_memory_entry_of(at));
            return true;
        }
    return false;
}

fl_broker_rc fl_memory_cancel(fl_broker *broker, const char *id, bool *found)
{
    fl_memory *m = fl_memory_of(broker);
    *found = false;
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < m->queue_count && !*found; i++) {
        *found = cancel_in(&m->queues[i]->delayed, id);
        for (unsigned p = 0; p < FILCH_MESSAGE_PRIORITIES && !*found; p++)
            *found = cancel_in(&m->queues[i]->ready[p], id);
    }
    pthread_mutex_unlock(&m->store->lock);
    return FL_BROKER_OK;
}

fl_broker_rc fl_memory_pause_queue(fl_broker *broker, unsigned queue, const char *type, bool paused)
{
    fl_memory *m = fl_memory_of(broker);
    pthread_mutex_lock(&m->store->lock);
    int rc = fl_memory_pause(m->queues[queue], type, paused);
    fl_memory_wake(m->store);
    pthread_mutex_unlock(&m->store->lock);
    return rc ? fl_memory_short(broker->host) : FL_BROKER_OK;
}

static bool stop_in(fl_memory_queue *queue, const char *id)
{
    for (fl_list *at = queue->leased.next; at != &queue->leased; at = at->next)
        if (strcmp(fl_memory_entry_of(at)->message.id, id) == 0) {
            fl_memory_entry_of(at)->stop = true;
            return true;
        }
    return false;
}

fl_broker_rc fl_memory_stop(fl_broker *broker, const char *id, bool *found)
{
    fl_memory *m = fl_memory_of(broker);
    *found = false;
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < m->queue_count && !*found; i++) {
        fl_memory_move_due(m->queues[i], fl_memory_now(m));
        *found = stop_in(m->queues[i], id);
    }
    pthread_mutex_unlock(&m->store->lock);
    return FL_BROKER_OK;
}

fl_broker_rc fl_memory_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                               bool *out)
{
    fl_memory *m = fl_memory_of(broker);
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < count; i++) {
        const fl_memory_entry *entry =
            fl_memory_leased(m->store, batch[i]->tag[0], batch[i]->tag[1]);
        out[i] = entry && entry->stop;
    }
    pthread_mutex_unlock(&m->store->lock);
    return FL_BROKER_OK;
}
