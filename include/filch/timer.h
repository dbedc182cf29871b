/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Timers: sleeping, tasks that start later, ticks. For engineers and service authors. The timer
 * thread, one per process and started on first use, sleeps until the next deadline. So timers work
 * while all workers compute, and a hundred thousand pending timers cost no CPU time.
 *
 *   filch_sleep(20 * FILCH_MILLISECOND);                      this task, not its worker
 *   filch_timer_start(&timer, rt, filch_in(FILCH_SECOND), fn, arg);   fn runs a second from now
 *   filch_ticker_create(&ticker, FILCH_SECOND / 60);
 *   FILCH_EACH(filch_tick, tick, filch_ticker_channel(ticker)) { ... }       60 times a second
 *
 * Deadlines do not need this header: every wait takes one, a select has FILCH_UNTIL, a context
 * filch_context_create_until.
 * Times are those of <filch/wait.h>: CLOCK_MONOTONIC, which stops while the system is suspended
 * and cannot be set. Timers never fire early; the system decides how late they are.
 * Life: a timer is the caller's; a ticker is created, used and destroyed. After fork() pending
 * timers stay with the parent; the child's are not pending.
 * Threads: any task or thread. Suspends: sleeping, and destroying a ticker.
 * Errors: 0 or a negative errno. Calls that start something return -EAGAIN, -EMFILE, -ENFILE or
 * -ENOMEM if there is no thread, file or memory for it; nothing has been started.
 * Since 0.1.0. */
#ifndef FILCH_TIMER_H
#define FILCH_TIMER_H
#include <filch/detail/hide_words.h>

#include <filch/channel.h>
#include <filch/context.h>
#include <filch/runtime.h>

/* A task that starts at a given time. Zero bytes: not pending. Opaque. */
typedef struct filch_timer {
    void *reserved[6];
} filch_timer;

/* Ticks at fixed intervals, through a channel. */
typedef struct filch_ticker filch_ticker;

/* An item of a ticker's channel: `number` periods had passed at `when`, which is start + number
 * * period to the nanosecond, however late it is sent. Ticks without a receiver are dropped:
 * `missed` counts those directly before this one. */
typedef struct filch_tick {
    int64_t when;
    uint64_t number; /* 1, 2, ... */
    uint64_t missed;
} filch_tick;

FILCH_BEGIN_DECLS

/* ---- Sleeping ---- */

/* Sleeps for ns nanoseconds. A task suspends, a thread blocks. To sleep until an event, wait for
 * the event with a deadline. Other ready tasks run first, even if ns is short. 0: returns at once.
 * Errors: -EINVAL (negative); -ECANCELED (the context of its job or scope is done). */
FILCH_API int filch_sleep(int64_t ns);
/* Sleeps until that time; returns at once if it has passed. Errors: as filch_sleep. */
FILCH_API int filch_sleep_until(int64_t until);

/* Creates a context that is done after ns nanoseconds, with -ETIMEDOUT, for selects of any number
 * of tasks. Release it with filch_context_release. Error: -EINVAL (negative). */
FILCH_API int filch_after(filch_context **out, int64_t ns);

/* ---- Timers. None of these calls suspends ---- */

/* At `when`, or at once if that has passed, starts fn(self, arg) as a detached task of rt (see
 * filch_go; NULL: the calling task's runtime). Its memory is preallocated here, so the start cannot
 * fail. Once started, the timer is not pending and not touched: fn may start it again, or free it.
 * rt must exist while it is pending. Errors: -EALREADY (it is pending); -EINVAL (no fn, no rt, or a
 * negative time); -ECHILD. */
FILCH_API int filch_timer_start(filch_timer *timer, filch_runtime *rt, int64_t when,
                                filch_go_fn *fn, void *arg);
/* The same with a given place, for the macro below. place must outlive the task. */
FILCH_API int fl_timer_start_at(filch_timer *timer, filch_runtime *rt, int64_t when,
                                filch_go_fn *fn, void *arg, const filch_place *place);
/* Stops the timer. Returns true if it was pending; fn will not run. Returns false if not: the
 * task of the last start was handed to the runtime and may be waiting or running, or have ended. */
FILCH_API bool filch_timer_stop(filch_timer *timer);
/* Changes the time of a pending timer to `when`. Errors: -ENOENT (not pending: start it); -EINVAL
 * (when is negative). */
FILCH_API int filch_timer_reset(filch_timer *timer, int64_t when);

/* ---- Tickers ---- */

/* Creates a ticker whose first tick is due one period from now. Error: -EINVAL (out is NULL, or
 * period, in ns, is not above 0). */
FILCH_API int filch_ticker_create(filch_ticker **out, int64_t period);
/* Returns its channel of filch_tick items, with room for one. Closing it stops the ticker. */
FILCH_API filch_channel *filch_ticker_channel(filch_ticker *ticker);
/* Stops the ticks and drops one that is in the channel; receivers keep waiting. One caller at a
 * time, as for the next two. */
FILCH_API void filch_ticker_stop(filch_ticker *ticker);
/* Restarts it, stopped or not, with this period, in ns, and number 1. Error, after which it is
 * stopped: -EINVAL (period is not above 0). */
FILCH_API int filch_ticker_reset(filch_ticker *ticker, int64_t period);
/* Frees it and its channel; waiters get -EIDRM. NULL is allowed. May suspend. */
FILCH_API void filch_ticker_destroy(filch_ticker *ticker);

FILCH_END_DECLS

/* Reports name its task. (filch_timer_start)(...) calls the function itself. */
#define filch_timer_start(timer, rt, when, fn, ...)                                                \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #fn}, __FILE__, __LINE__};                    \
        fl_timer_start_at(timer, rt, when, fn, __VA_ARGS__, &fl_place_);                           \
    }))
#include <filch/detail/show_words.h>
#endif
