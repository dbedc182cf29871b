/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Timers. At its time a timer tells a waiter -ETIMEDOUT, calls a function, hands over a work item,
 * or fires, for the library's own repeated work. Pending timers lie in shards
 * (runtime/sync/timer_shards.h), each with a lock; one thread, the timer thread
 * (runtime/sync/timer_thread.h), takes those that are due.
 *
 * Life: zero bytes; then any number of start and stop. While it is started, nobody may free it.
 *   of a waiter   does not touch it once fl_timer_stop has returned: it claims the waiter under
 *                 the lock of its shard, and a waiter so claimed goes on only when it has been
 *                 told. A waiter that the timer has told need not stop it
 *   call          is called at most once a start, by the timer thread and under no lock; it may be
 *                 running when fl_timer_stop returns false, but the timer thread no longer touches
 *                 the timer
 *   work item     is handed to its runtime under the lock of the shard: a timer that is not
 *                 pending has handed it over
 *   fire          is called by the timer thread under the lock of the shard, so it has returned
 *                 when fl_timer_stop returns; it starts and stops no timer
 *   both          `fire` first; then `call` by the timer thread, under no lock, even if
 *                 fl_timer_stop returned meanwhile
 * Threads: any. Suspends: never. */
#ifndef FL_TIMER_H
#define FL_TIMER_H

#include <filch/atomic.h>
#include <runtime/sync/timer_heap.h>

#include <stdbool.h>

struct fl_work_item;
struct fl_waiter;
struct filch_runtime;

typedef struct fl_timer fl_timer;
/* Returns when to fire next, 0: no more. It was due at `when`. */
typedef int64_t fl_fire_fn(fl_timer *timer, int64_t when, int64_t now);

typedef struct fl_timer_does {
    struct fl_waiter *waiter; /* a fiber's */
    fl_fire_fn *fire;
    void (*call)(void *arg);     /* must not wait or compute for long: it delays all timers */
    void *arg;                   /* of call; else the work item */
    struct filch_runtime *where; /* and the runtime that gets it */
} fl_timer_does;

struct fl_timer {
    fl_timed timed;  /* first; zero: not started */
    filch_u32 shard; /* 1 + its index; 0: it was never started */
    fl_timer_does does;
};

/* At `when`, claims the waiter and tells it. Negative errno through fl_fail: it is not started. */
int fl_timer_start_waiter(fl_timer *timer, int64_t when, struct fl_waiter *waiter);
/* At `when`, calls call(arg). It is not started now, and nobody stops it meanwhile; its content
 * does not matter, as with the one before. */
int fl_timer_start_call(fl_timer *timer, int64_t when, void (*call)(void *), void *arg);
/* At `when`, hands the work item to rt. -EALREADY: it is started, and continues unchanged; so do
 * the next two. */
int fl_timer_start_work_item(fl_timer *timer, int64_t when, struct filch_runtime *rt,
                             struct fl_work_item *work_item);
/* Calls fire at `when`, and at each time that fire returns. */
int fl_timer_start_fire(fl_timer *timer, int64_t when, fl_fire_fn *fire);
/* The same, and each time calls call(arg) after it. */
int fl_timer_start_both(fl_timer *timer, int64_t when, fl_fire_fn *fire, void (*call)(void *),
                        void *arg);
/* Changes its time. false: it was not pending, and is not. */
bool fl_timer_reset(fl_timer *timer, int64_t when);
/* true: it was pending, and will not fire. */
bool fl_timer_stop(fl_timer *timer);
/* The same, and returns its arg or work item, which may belong to another start as soon as another
 * thread starts the timer anew. */
bool fl_timer_take_back(fl_timer *timer, void **arg);

#endif
