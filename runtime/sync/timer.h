/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Something that happens at a time: a waiter is told -ETIMEDOUT, a function is called, or what the
 * library itself repeats or hands on is fired. All timers of the process are the keeper's
 * (runtime/sync/keeper.h).
 *
 * Life: zero bytes; then any number of start and stop. While it is started, nobody may free it.
 *   of a waiter   has nothing to do with it once fl_timer_stop has returned: it claims the waiter
 *                 under the keeper's lock, and a waiter so claimed goes on only when it has been
 *                 told
 *   call          is called at most once a start, by the keeper's thread and under no lock; it may
 *                 be running when fl_timer_stop returns false, but the keeper does not touch the
 *                 timer any more
 *   fire          is called by the keeper's thread under the keeper's lock, so that it has returned
 *                 when fl_timer_stop returns; it starts and stops no timer
 * Threads: any. Suspends: never. */
#ifndef FL_TIMER_H
#define FL_TIMER_H

#include <runtime/sync/timer_heap.h>

#include <stdbool.h>

struct fl_waiter;

typedef struct fl_timer fl_timer;
/* Returns when to fire next, 0: no more. It was due at `when`. */
typedef int64_t fl_fire_fn(fl_timer *timer, int64_t when, int64_t now);

struct fl_timer {
    fl_timed timed; /* first; zero: not started */
    struct fl_waiter *waiter;
    fl_fire_fn *fire;
    void (*call)(void *arg); /* must not wait, nor compute for long: all timers wait for it */
    void *arg;               /* of call, or fire */
    void *where;             /* of fire */
};

/* At `when`, claims the waiter and tells it. Negative errno through fl_fail: it is not started. */
int fl_timer_start_waiter(fl_timer *timer, int64_t when, struct fl_waiter *waiter);
/* At `when`, calls call(arg). It is not started now. */
int fl_timer_start_call(fl_timer *timer, int64_t when, void (*call)(void *), void *arg);
/* At `when`, and whenever fire says, calls fire. -EALREADY it is started: it goes on as it was. */
int fl_timer_start_fire(fl_timer *timer, int64_t when, fl_fire_fn *fire, void *arg, void *where);
/* Another time for it. false: it was not pending, and is not. */
bool fl_timer_reset(fl_timer *timer, int64_t when);
/* true: it was pending, and will not happen. */
bool fl_timer_stop(fl_timer *timer);
/* The same, and its arg, which may be another's as soon as somebody else starts the timer anew. */
bool fl_timer_take_back(fl_timer *timer, void **arg);

#endif
