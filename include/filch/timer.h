/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Time: sleeping, tasks that start later, ticks. For engineers and service authors. All of it is
 * the work of one thread of the process, started on first use, which sleeps until something is due;
 * so times hold while all workers compute, and a hundred thousand pending timers cost no CPU time.
 *
 *   filch_sleep(20 * FILCH_MILLISECOND);                      this task, not its worker
 *   filch_timer_start(&timer, rt, filch_in(FILCH_SECOND), fn, arg);   fn runs a second from now
 *   filch_ticker_create(&ticker, FILCH_SECOND / 60);
 *   FILCH_EACH(filch_tick, tick, filch_ticker_channel(ticker)) { ... }       60 times a second
 *
 * Deadlines need none of this: everything that waits has one, a select has FILCH_UNTIL, a context
 * filch_context_create_until.
 * Times are those of <filch/wait.h>: CLOCK_MONOTONIC, which stands still while the machine is
 * suspended and which nobody sets. Nothing is early; how late it is, the system says.
 * Errors: 0 or a negative errno. -EAGAIN, -EMFILE, -ENFILE and -ENOMEM where something is started:
 * no thread, files or memory for it; nothing has been started.
 * fork(): what is pending is the parent's; the child's timers are not pending. */
#ifndef FILCH_TIMER_H
#define FILCH_TIMER_H

#include <filch/channel.h>
#include <filch/context.h>
#include <filch/runtime.h>

/* A task that starts at a time. Zero bytes: not pending. Its members are the library's. */
typedef struct filch_timer {
    void *reserved[6];
} filch_timer;

/* Ticks at fixed distances, through a channel. */
typedef struct filch_ticker filch_ticker;

/* What is received from it: that so many periods had passed at `when`, which is start + number *
 * period to the nanosecond, however late it is sent. Ticks that nobody was there for are dropped:
 * `missed` of them directly before this one. */
typedef struct filch_tick {
    int64_t when;
    uint64_t number; /* 1, 2, ... */
    uint64_t missed;
} filch_tick;

FILCH_BEGIN_DECLS

/* ---- Sleeping ---- */

/* Returns after ns nanoseconds, or at that time; at once if it is past. A task suspends, a thread
 * blocks. To sleep until something happens: wait for that, with a deadline. -EINVAL negative. */
FILCH_API int filch_sleep(int64_t ns);
FILCH_API int filch_sleep_until(int64_t until);

/* A context that is done, with -ETIMEDOUT, after ns: for selects of any number of tasks. To be
 * released. -EINVAL negative. */
FILCH_API int filch_after(filch_context **out, int64_t ns);

/* ---- Timers. Any thread; none of these suspends ---- */

/* At `when`, or at once if that is past, fn(self, arg) becomes a detached task of rt (see filch_go;
 * NULL: of the runtime whose task calls). What it needs is put aside now: starting it cannot fail
 * then. From then on the timer is not pending and not touched: fn may start it again, or free it.
 * rt has to be there as long as it is pending. -EALREADY it is pending; -EINVAL no fn, no rt,
 * or a negative time; -ECHILD. */
FILCH_API int filch_timer_start(filch_timer *timer, filch_runtime *rt, int64_t when,
                                filch_go_fn *fn, void *arg);
FILCH_API int filch_timer_start_from(filch_timer *timer, filch_runtime *rt, int64_t when,
                                     filch_go_fn *fn, void *arg, const filch_place *place);
/* true: it was pending, and fn will not run. false: it was not: the task of the last start has been
 * handed to the runtime, and may be waiting, running, or over. */
FILCH_API bool filch_timer_stop(filch_timer *timer);
/* Another time for a pending timer. -ENOENT it is not pending (any more): start it; -EINVAL a
 * negative time. */
FILCH_API int filch_timer_reset(filch_timer *timer, int64_t when);

/* ---- Tickers ---- */

/* The first tick comes a period from now. -EINVAL out is NULL, or period (ns) is not above 0. */
FILCH_API int filch_ticker_create(filch_ticker **out, int64_t period);
/* Whose items are filch_tick; it has room for one. Closing it stops the ticker. */
FILCH_API filch_channel *filch_ticker_channel(filch_ticker *ticker);
/* No ticks come any more, also not one that is in the channel; who waits goes on waiting. One
 * caller at a time, as with the next two. */
FILCH_API void filch_ticker_stop(filch_ticker *ticker);
/* Starts it anew, stopped or not, with this period and number 1. -EINVAL; on an error it is
 * stopped. */
FILCH_API int filch_ticker_reset(filch_ticker *ticker, int64_t period);
/* Frees it and its channel; who waits gets -EIDRM. NULL is allowed. May suspend. */
FILCH_API void filch_ticker_destroy(filch_ticker *ticker);

FILCH_END_DECLS

/* So that reports name its task. (filch_timer_start)(...) calls the function itself. */
#define filch_timer_start(timer, rt, when, fn, ...)                                                \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #fn}, __FILE__, __LINE__};                    \
        filch_timer_start_from(timer, rt, when, fn, __VA_ARGS__, &fl_place_);                      \
    }))
#endif
