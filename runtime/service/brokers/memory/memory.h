/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `memory:`, and its functions for administrators. */
#ifndef FL_MEMORY_H
#define FL_MEMORY_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/memory/store.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>

typedef struct fl_memory {
    fl_broker base; /* first */
    fl_memory_store *store;
    fl_list listener; /* in the store, if it consumes */
    fl_waker waker;   /* asleep: its last receive left room, so a new message wakes it */
    unsigned queue_count;
    int64_t lease;
    fl_memory_queue *queues[];
} fl_memory;

static inline fl_memory *fl_memory_of(fl_broker *broker)
{
    return (fl_memory *)(void *)broker;
}

static inline int64_t fl_memory_now(const fl_memory *m)
{
    return m->base.host->now(m->base.host);
}

/* BUSY: there is no memory now. */
fl_broker_rc fl_memory_short(const fl_broker_host *host);
/* Wakes consumers that wait for messages. Under the lock. */
void fl_memory_wake(fl_memory_store *store);

fl_broker_rc fl_memory_count(fl_broker *broker, unsigned queue, fl_broker_count *out);
fl_broker_rc fl_memory_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count);
fl_broker_rc fl_memory_cancel(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_memory_pause_queue(fl_broker *broker, unsigned queue, const char *type,
                                   bool paused);
fl_broker_rc fl_memory_stop(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_memory_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                               bool *out);

#endif
