/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Circuit breakers: calls to something that keeps failing are refused at once, for a while, so that
 * callers need not wait for it and it can recover (M. Nygard, Release It!, 2nd ed. 2018, chapter 5).
 * For service authors.
 *
 *   filch_breaker_create(&breaker, &(filch_breaker_config){.name = "orders", .consecutive = 5});
 *   rc = filch_breaker_call(breaker, ask_orders, &question);      -EHOSTDOWN: it was not asked
 *
 *   filch_breaker_ticket ticket;                                  the same by hand
 *   if (filch_breaker_allow(breaker, &ticket) == 0)
 *       filch_breaker_report(breaker, &ticket, ask() ? FILCH_BREAKER_SUCCESS
 *                                                    : FILCH_BREAKER_FAILURE);
 *
 * closed     all calls pass. Their outcomes are kept in a rolling window: the last so many calls, or
 *            those of the last so many seconds. Opens when a percentage of them failed, or so many in
 *            a row.
 * open       no call passes, until a time is over; then the next one finds it half-open.
 * half-open  a few calls pass as probes. Closes when enough of them succeeded; opens when one fails.
 *
 * Nothing happens by itself: there is no timer and no thread, and who asks moves it on.
 * Threads: all by any task or thread. Nothing suspends, but functions of the caller's may.
 * Errors: 0 or a negative errno. */
#ifndef FILCH_BREAKER_H
#define FILCH_BREAKER_H

#include <filch/wait.h>

#include <stdbool.h>

/* ---- Types ---- */

typedef struct filch_breaker filch_breaker;

typedef enum filch_breaker_state {
    FILCH_BREAKER_CLOSED,
    FILCH_BREAKER_OPEN,
    FILCH_BREAKER_HALF_OPEN
} filch_breaker_state;

/* What a call says about what was called. NEITHER: nothing, as when the caller gave up, or did not
 * call after all; it is not counted, and its place among the probes is free again. */
typedef enum filch_breaker_verdict {
    FILCH_BREAKER_FAILURE,
    FILCH_BREAKER_SUCCESS,
    FILCH_BREAKER_NEITHER
} filch_breaker_verdict;

/* A call that may be made, to be reported once. A plain value. */
typedef struct filch_breaker_ticket {
    uint64_t generation; /* the library's; 0: none, or reported */
} filch_breaker_ticket;

/* A change of state. */
typedef struct filch_breaker_change {
    filch_breaker_state from, to;
    uint64_t number; /* 1, 2, ... */
    int64_t when;
    const char *why; /* a literal */
} filch_breaker_change;

/* Of a call's result. Under no lock; it may wait. A panic of it is the call's. */
typedef filch_breaker_verdict filch_breaker_judge_fn(int code, void *arg);

/* Told of every change, one after the other, in the order in which they happened, under no lock: it
 * may wait, and call anything of the same breaker but its destruction. Called by one of those whose
 * calls changed something, before that call returns; the others do not wait for it. While it is
 * busy, up to 16 further changes are kept for it; beyond, the newest take the place of the last, so
 * that `number` has a gap. Its panic ends who called it; no ticket and no change is lost by it. */
typedef void filch_breaker_changed_fn(filch_breaker *breaker, const filch_breaker_change *change,
                                      void *arg);

/* Zero in a field: the default. */
typedef struct filch_breaker_config {
    const char *name; /* for messages; not copied. Default: "breaker" */
    /* The window: */
    unsigned calls;      /* the last so many calls, 1 .. 1,000,000; default 100, */
    int64_t window_time; /* or, if this is set, those of the last so many ns, counted in */
    unsigned buckets;    /* so many parts, of which the oldest goes as a whole, 1 .. 10,000;
                            default 10 */
    /* What opens it: */
    unsigned failure_percent; /* of the calls in the window, 1 .. 100; default 50, or, if
                                 `consecutive` is set, not looked at */
    unsigned min_calls;   /* as soon as the window has so many; default 10, or `calls` if that is
                                 less */
    unsigned consecutive; /* so many failures in a row; default: not looked at */
    /* How long it stays open: */
    int64_t open_time;  /* ns; default 5 s */
    double open_growth; /* times so much whenever it opens again without having been closed, 1 or
                           more; default 1 */
    int64_t open_most;  /* but no longer than this; default 60 s, or open_time if that is more */
    /* Half-open: */
    unsigned probes;        /* so many calls at a time; default 1 */
    unsigned successes;     /* so many have to succeed; default 1 */
    int64_t half_open_time; /* opens if they have not, ns after the first was let through; default:
                               it waits for reports */
    /* The caller's functions: */
    filch_breaker_judge_fn *judge; /* default: 0 or more is a success, -ECANCELED neither, the rest
                                      failures */
    filch_breaker_changed_fn *changed;
    void *arg; /* of both */
} filch_breaker_config;

/* How it stands. */
typedef struct filch_breaker_stats {
    filch_breaker_state state;
    int64_t until; /* when an open or half-open one changes; FILCH_FOREVER: not by time */
    uint64_t calls, failures;                  /* in the window */
    uint64_t consecutive;                      /* failures in a row, now */
    unsigned probes;                           /* under way */
    uint64_t passed, refused;                  /* since it was created: asked for, */
    uint64_t succeeded, failed, neither, late; /* and reported */
    uint64_t opened;
} filch_breaker_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Closed. config may be NULL. -EINVAL out is NULL, or a value out of range; -ENOMEM. */
FILCH_API int filch_breaker_create(filch_breaker **out, const filch_breaker_config *config);
/* Nobody calls anything of it any more; tickets that are out are worth nothing. NULL is allowed. */
FILCH_API void filch_breaker_destroy(filch_breaker *breaker);

/* ---- Calls ---- */

/* Calls fn(arg), reports, and returns what it returned. A panic of fn counts as a failure, and goes
 * on. -EHOSTDOWN: fn was not called, see filch_breaker_allow. */
FILCH_API int filch_breaker_call(filch_breaker *breaker, int (*fn)(void *arg), void *arg);

/* May a call be made now? 0: yes, and *ticket is for the report. -EHOSTDOWN: no; it is open, or
 * enough probes are under way; filch_error() says which, and for how long. */
FILCH_API int filch_breaker_allow(filch_breaker *breaker, filch_breaker_ticket *ticket);
/* What came of it. 0, also for NEITHER. -ESTALE: the state has changed since, or it was reset, and
 * it was not counted; nothing is wrong. -EALREADY: it was reported before; -EINVAL no such verdict.
 */
FILCH_API int filch_breaker_report(filch_breaker *breaker, filch_breaker_ticket *ticket,
                                   filch_breaker_verdict verdict);

/* ---- By hand ---- */

/* Open, whatever it was, until that time; FILCH_FOREVER: until filch_breaker_reset. -EINVAL
 * negative. */
FILCH_API int filch_breaker_trip(filch_breaker *breaker, int64_t until);
/* Closed, with an empty window. */
FILCH_API void filch_breaker_reset(filch_breaker *breaker);

/* ---- Queries ---- */

/* An open one whose time is over is open until somebody asks for a call. */
FILCH_API filch_breaker_state filch_breaker_state_of(const filch_breaker *breaker);
/* "closed", "open", "half-open". */
FILCH_API const char *filch_breaker_state_name(filch_breaker_state state);
FILCH_API void filch_breaker_look(const filch_breaker *breaker, filch_breaker_stats *out);

FILCH_END_DECLS
#endif
