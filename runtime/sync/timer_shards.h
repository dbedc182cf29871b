/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pending timers in shards, and the work items that they hand over. */
#ifndef FL_TIMER_SHARDS_H
#define FL_TIMER_SHARDS_H

#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/sync/timer.h>

#include <stdint.h>

/* ---- Hand-overs ---- */

/* Work items that one thread hands over to runtimes, those for one runtime together: one exchange
 * of its inbox, one fence and one wake-up for up to FL_BATCH_ROOM work items. The order of the work
 * items is kept. Fibers that go on are kept apart from other work items (fl_submit_all_across).
 * Threads: its owner's. */

enum { FL_BATCH_ROOM = 64 };

typedef struct fl_batch {
    fl_runtime *rt; /* of all its work items */
    unsigned count;
    fl_work_item *work_items[FL_BATCH_ROOM];
} fl_batch;

/* Hands over the work items in it, if any. */
static inline void fl_batch_submit(fl_batch *batch)
{
    if (batch->count)
        fl_submit_all_across(batch->rt, batch->work_items, batch->count, FL_WAKE_HERE);
    batch->count = 0;
}

static inline void fl_batch_add(fl_batch *batch, fl_runtime *rt, fl_work_item *work_item)
{
    if (batch->count == FL_BATCH_ROOM || (batch->count && batch->rt != rt))
        fl_batch_submit(batch);
    batch->rt = rt;
    batch->work_items[batch->count++] = work_item;
}

/* ---- Shards ---- */

/* The pending timers of the process, in shards: each a heap under a lock of its own. A timer goes
 * to the shard of the worker that starts it, so workers that start and stop timers of their own
 * neither wait for each other nor share a cache line. The timer thread
 * (runtime/sync/timer_thread.h) takes due timers from all shards, in the order of their times.
 *
 * The shard of a timer is known without a lock: `shard` is set by the first start. A timer that
 * several threads may start at a time (the program's, a ticker's, an alarm's) keeps it for life;
 * one that only its starter uses gets one with each start. The lock of its shard guards all else
 * about a timer. So a stop on another worker takes one lock, and never looks again.
 *
 * Here is the race between the timer thread T, which is about to sleep, and a worker W, which
 * starts the earliest timer of all:
 *   1. T looks at all shards: the earliest timer is due in an hour.
 *   2. W adds a timer for a millisecond from now.
 *   3. T sleeps for an hour.
 * Each shard publishes a time before which none of its timers is due, and T publishes the time
 * until which it sleeps. Both write their own word first and then read the other's: either T finds
 * the timer, or W finds that T sleeps for too long, and wakes it (fl_timer_thread_wake). Before T
 * looks, its word says that it sleeps forever; afterwards it says until when. So T looks only
 * once, and a needless wake-up in between costs a round. One is enough: the thread that is going
 * to wake T takes the word down to 0, and T looks at all shards once it has heard the wake-up event.
 *
 * Edges:
 *   StartTimer: store earliest, seq_cst; load       |  AnnounceRest, sleep: store sleeps_until,
 *      sleeps_until, seq_cst, and CAS it to 0,         seq_cst; load earliest of each shard,
 *      seq_cst                                         seq_cst; one sees the other
 * A stop leaves `earliest` as it is, so that pairs of starts and stops write it once; T, which then
 * wakes up too soon, makes it later.
 * Locks: those of several shards are taken in ascending order, and only by T, fork() and
 * fl_timers_next. Under one, those of a channel (a ticker's) may be taken; never the other way
 * round. */

enum { FL_TIMERS_TAKEN = 64 };

/* The purpose of a timer, copied under its lock: without the lock the timer may be gone. */
typedef struct fl_due {
    struct fl_waiter *waiter; /* claimed, so that it stays */
    void (*call)(void *arg);
    void *arg;
} fl_due;

/* The earliest time; INT64_MAX: none is pending. Any thread. */
int64_t fl_timers_next(void);

/* ---- The timer thread ---- */

/* Takes up to FL_TIMERS_TAKEN due timers, the earliest first. Hands over work items and calls
 * `fire`; copies the others to `all` for the caller to deliver. Returns the number of these. */
unsigned fl_timers_take(fl_due all[FL_TIMERS_TAKEN]);
/* The time of the earliest timer, INT64_MAX: none. A timer started from now on for an earlier time
 * wakes the timer thread. */
int64_t fl_timers_sleep(void);

/* ---- fork() ---- */

void fl_timers_lock_all(void);
void fl_timers_unlock_all(void);
/* With all locks: none is pending any more, and the timer thread is awake. */
void fl_timers_forget(void);

#endif
