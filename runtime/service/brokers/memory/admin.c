/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/broker.h>
#include <runtime/service/brokers/memory/memory.h>
#include <runtime/service/brokers/memory/store.h>

#include <stdio.h>
#include <string.h>

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
    *out = (fl_broker_count){of->readies, of->delays, of->leases,
                             dead ? dead->readies + dead->delays + dead->leases : 0,
                             of->readies ? (uint64_t)(now - fl_memory_ready_since(of)) : 0};
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
