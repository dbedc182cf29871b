/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Circuit breakers: calls to something that keeps failing are refused at once, for a while, so that
 * callers need not wait for it and it can recover (M. Nygard, Release It!, 2nd ed. 2018, chapter
 * 5). For service authors.
 *
 *   filch_breaker_create(&breaker, &(filch_breaker_config){.name = "orders", .consecutive = 5});
 *   rc = filch_breaker_call(breaker, ask_orders, &question);      -EHOSTDOWN: it was not asked
 *
 *   filch_breaker_ticket ticket;                                  the same by hand
 *   if (filch_breaker_allow(breaker, &ticket) == 0)
 *       filch_breaker_report(breaker, &ticket, ask() ? FILCH_BREAKER_SUCCESS
 *                                                    : FILCH_BREAKER_FAILURE);
 *
 *   closed     all calls pass. Their outcomes are kept in a rolling window: the last `calls` calls,
 *              or those of the last `window_time` ns. Opens when `failure_percent` of them failed,
 *              or `consecutive` in a row.
 *   open       no call passes for a time; the next call after it makes the breaker half-open.
 *   half-open  a few calls pass as probes. Closes when enough of them succeed; opens when one
 *              fails.
 *
 * There is no timer and no thread: state changes happen in the calls.
 * Life: created, used, destroyed.
 * Threads: any task or thread. Suspends: only where the caller's own functions do.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_BREAKER_H
#define FILCH_BREAKER_H
#include <filch/detail/hide_words.h>

#include <filch/wait.h>

#include <stdbool.h>

/* ---- Types ---- */

typedef struct filch_breaker filch_breaker;

/* The states, as above. */
typedef enum filch_breaker_state {
    FILCH_BREAKER_CLOSED,
    FILCH_BREAKER_OPEN,
    FILCH_BREAKER_HALF_OPEN
} filch_breaker_state;

/* The result of a call, as evidence about the service. NEITHER: no information, because the caller
 * gave up or did not call at all; it is not counted, and its place among the probes is free
 * again. */
typedef enum filch_breaker_verdict {
    FILCH_BREAKER_FAILURE,
    FILCH_BREAKER_SUCCESS,
    FILCH_BREAKER_NEITHER
} filch_breaker_verdict;

/* A permitted call, to be reported once. A plain value. */
typedef struct filch_breaker_ticket {
    uint64_t generation; /* opaque; 0: none, or reported */
} filch_breaker_ticket;

/* A change of state. */
typedef struct filch_breaker_change {
    filch_breaker_state from, to;
    uint64_t number; /* 1, 2, ... */
    int64_t when;    /* ns of filch_now() */
    const char *why; /* a literal */
} filch_breaker_change;

/* Judges a call's result. No lock is held; it may wait. A panic here is a panic of the call. */
typedef filch_breaker_verdict filch_breaker_judge_fn(int code, void *arg);

/* Receives every change, one after the other, in order, without a lock held: it may wait, and call
 * any function of the same breaker except filch_breaker_destroy. It runs in one of the calls that
 * changed the state, before that call returns; other calls do not wait for it. While it is busy, up
 * to 16 further changes are kept for it. Beyond that the newest replaces the last, so that `number`
 * has a gap. Its panic ends the call it runs in; no ticket and no change is lost. */
typedef void filch_breaker_changed_fn(filch_breaker *breaker, const filch_breaker_change *change,
                                      void *arg);

/* A zero field means the default. */
typedef struct filch_breaker_config {
    const char *name; /* for messages; not copied. Default: "breaker" */
    /* The window: */
    unsigned calls;      /* its length in calls, 1 .. 1,000,000; default 100, */
    int64_t window_time; /* or, if set, its length in ns, counted in */
    unsigned buckets;    /* this many parts, of which the oldest is dropped as a whole, 1 ..
                            10,000; default 10 */
    /* Conditions for opening: */
    unsigned failure_percent; /* failures in percent of the calls in the window, 1 .. 100;
                                 default 50, or not checked if `consecutive` is set */
    unsigned min_calls;       /* the least calls in the window for the check; default 10, or
                                 `calls` if that is less */
    unsigned consecutive;     /* failures in a row; default: not checked */
    /* Time in the open state: */
    int64_t open_time;  /* ns; default 5 s */
    double open_growth; /* factor whenever it opens again without having been closed, 1 or more;
                           default 1 */
    int64_t open_most;  /* upper bound, ns; default 60 s, or open_time if that is more */
    /* Half-open: */
    unsigned probes;        /* concurrent calls; default 1 */
    unsigned successes;     /* successes needed to close; default 1 */
    int64_t half_open_time; /* it opens if they have not succeeded this many ns after the first
                               passed; default: it waits for reports */
    /* The caller's functions: */
    filch_breaker_judge_fn *judge; /* default: 0 or more is a success, -ECANCELED is neither, the
                                      rest are failures */
    filch_breaker_changed_fn *changed;
    void *arg; /* for both */
} filch_breaker_config;

/* The current state and counts. */
typedef struct filch_breaker_stats {
    filch_breaker_state state;
    int64_t until; /* ns: when it changes by time, if open or half-open; else FILCH_FOREVER */
    uint64_t calls, failures;                  /* in the window */
    uint64_t consecutive;                      /* failures in a row, now */
    unsigned probes;                           /* running now */
    uint64_t passed, refused;                  /* since its creation: requests, */
    uint64_t succeeded, failed, neither, late; /* and reports */
    uint64_t opened;
} filch_breaker_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a closed breaker. config may be NULL. Errors: -EINVAL (out is NULL, or a field is out
 * of range); -ENOMEM. */
FILCH_API int filch_breaker_create(filch_breaker **out, const filch_breaker_config *config);
/* Frees it; no calls on it may be running, and outstanding tickets are void. NULL is allowed.
 * Error: -EBUSY (a pool still uses it, which filch_error() names: destroy that first; nothing has
 * happened). */
FILCH_API int filch_breaker_destroy(filch_breaker *breaker);

/* ---- Calls ---- */

/* Calls fn(arg), reports, and returns its result. A panic of fn counts as a failure, and
 * propagates. Errors, with fn not called: -EHOSTDOWN (as filch_breaker_allow: fail, or use another
 * service); -EINVAL (fn is NULL). */
FILCH_API int filch_breaker_call(filch_breaker *breaker, int (*fn)(void *arg), void *arg);

/* Asks whether a call may be made now. Returns 0 if so, with *ticket for the report. Error:
 * -EHOSTDOWN (the breaker is open, or enough probes are running; filch_error() says which, and
 * for how long). */
FILCH_API int filch_breaker_allow(filch_breaker *breaker, filch_breaker_ticket *ticket);
/* Reports the result of a call. Returns 0, also for NEITHER. Errors: -ESTALE (the state has changed
 * since, or it was reset, so the result was not counted: nothing to do); -EALREADY (reported
 * before); -EINVAL (no such verdict). */
FILCH_API int filch_breaker_report(filch_breaker *breaker, filch_breaker_ticket *ticket,
                                   filch_breaker_verdict verdict);

/* ---- Manual control ---- */

/* Opens it from any state until that time; FILCH_FOREVER: until filch_breaker_reset. Error:
 * -EINVAL (a negative time). */
FILCH_API int filch_breaker_trip(filch_breaker *breaker, int64_t until);
/* Closes it, with an empty window. */
FILCH_API void filch_breaker_reset(filch_breaker *breaker);

/* ---- Queries ---- */

/* Returns the state. After its open time a breaker stays open until the next request. */
FILCH_API filch_breaker_state filch_breaker_state_read(const filch_breaker *breaker);
/* Returns "closed", "open" or "half-open": a constant string. */
FILCH_API const char *filch_breaker_state_name(filch_breaker_state state);
/* Fills the first `size` bytes of *out; size is the caller's sizeof(filch_breaker_stats). */
FILCH_API void filch_breaker_stats_read(const filch_breaker *breaker, filch_breaker_stats *out,
                                        size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
