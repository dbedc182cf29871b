/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Adaptive limits, for a database, a service or a disk whose capacity is unknown. A concurrency
 * limit finds how many calls may be in progress at once; an adaptive rate adjusts the rate of a
 * limiter (<filch/limiter.h>). For service authors.
 *
 *   filch_adaptive *database;
 *   filch_adaptive_create(&database, NULL);
 *   if ((rc = filch_adaptive_acquire(database, context, filch_in(FILCH_SECOND))))
 *       ...                                                   not admitted: say so at once
 *   int64_t begun = filch_now();
 *   rc = query();
 *   filch_adaptive_give_back(database, rc ? FILCH_ADAPTIVE_OVERLOAD : FILCH_ADAPTIVE_OK,
 *                            filch_now() - begun);
 *
 *   filch_limiter_create(&limiter, (filch_limit){.rate = 100, .burst = 20});
 *   filch_adaptive_rate_create(&rate, limiter, &(filch_adaptive_rate_config){.max = 5000});
 *   ...  filch_limiter_acquire(limiter, 1, context, until), or .limiter in a pool's configuration
 *   int64_t begun = filch_now();
 *   rc = ask();
 *   filch_adaptive_rate_report(rate, rc == -EBUSY ? FILCH_ADAPTIVE_OVERLOAD : FILCH_ADAPTIVE_OK,
 *                              filch_now() - begun);
 *
 * Prefer the concurrency limit if the duration of calls is unknown, or if many of them wait inside.
 * Both rise in steps and fall by a factor (additive increase, multiplicative decrease: D. Chiu, R.
 * Jain, Computer Networks and ISDN Systems 17, 1989).
 * Life: created, used, destroyed.
 * Threads: any task or thread. Suspends: filch_adaptive_acquire and filch_adaptive_destroy.
 * Errors: 0 or a negative errno; then nothing was acquired.
 * Since 0.1.0. */
#ifndef FILCH_ADAPTIVE_H
#define FILCH_ADAPTIVE_H
#include <filch/detail/hide_words.h>

#include <filch/context.h>
#include <filch/limiter.h>

/* ---- Concurrency limit ---- */

/* By Little's law (J. D. C. Little, Operations Research 9(3), 1961), calls in progress = throughput
 * * latency: once more calls no longer raise the throughput, they raise the latency, by waiting
 * inside. So the limit rises by one as long as the latency is near the best seen so far, and
 * falls by a factor when it is not. */
typedef struct filch_adaptive filch_adaptive;

/* A zero field means the default. */
typedef struct filch_adaptive_config {
    unsigned min, max;  /* of the limit: 1 and 1000; at most 1,000,000 */
    unsigned start;     /* 20, or the nearest value between min and max */
    unsigned tolerance; /* percent of the best latency above which a latency is too long: 200;
                           101..10,000 */
    unsigned decrease;  /* percent of the limit that remain when it falls: 90; 1..99 */
    int64_t memory;     /* ns after which a latency may be forgotten as the best: a minute */
} filch_adaptive_config;

/* The outcome of a call. */
typedef enum filch_adaptive_outcome {
    FILCH_ADAPTIVE_OK,       /* done, successfully or not: its latency counts */
    FILCH_ADAPTIVE_OVERLOAD, /* refused, dropped or late because of overload */
    FILCH_ADAPTIVE_IGNORE    /* no information: not made, cancelled, answered from a cache */
} filch_adaptive_outcome;

typedef struct filch_adaptive_stats {
    unsigned limit, running, waiting;
    unsigned busy;   /* running * best / average: calls that the other side processes; the others
                        wait there (Little's law) */
    int64_t best;    /* latency, ns; 0: not yet known */
    int64_t average; /* of the last round of `limit` calls, ns */
    uint64_t admitted, released, overloads;
    uint64_t raised, lowered; /* number of rises and falls of the limit */
} filch_adaptive_stats;

FILCH_BEGIN_DECLS

/* Creates a limit. config may be NULL. Errors: -EINVAL (out is NULL, or a field is out of
 * range); -ENOMEM. */
FILCH_API int filch_adaptive_create(filch_adaptive **out, const filch_adaptive_config *config);
/* Frees it; do not use it afterwards. Waiters get -EIDRM. NULL is allowed. */
FILCH_API void filch_adaptive_destroy(filch_adaptive *adaptive);

/* Waits until fewer calls are in progress than the limit allows; first come, first served. Each
 * success needs one filch_adaptive_give_back. Errors: -ETIMEDOUT; the context's cause (NULL: none);
 * -EINVAL (until is negative); -ENOMEM or -EAGAIN (no timer); -EIDRM. */
FILCH_API int filch_adaptive_acquire(filch_adaptive *adaptive, filch_context *context,
                                     int64_t until);
/* The same, but does not wait: -EAGAIN if it would. */
FILCH_API int filch_adaptive_try_acquire(filch_adaptive *adaptive);
/* Gives back what an acquire took: the call has ended and took `latency` ns, the acquire not
 * included; more than an hour counts as one. Any caller. Error: -EINVAL (no such outcome, or a
 * negative latency): the call counts as ignored, but its place is free again. Dies without an
 * acquire. */
FILCH_API int filch_adaptive_give_back(filch_adaptive *adaptive, filch_adaptive_outcome outcome,
                                       int64_t latency);
/* Sets the bounds of the limit, which moves between them at once. min or max 0: its default. Error:
 * -EINVAL (min is above max, or max is above 1,000,000; nothing has changed). */
FILCH_API int filch_adaptive_set(filch_adaptive *adaptive, unsigned min, unsigned max);

/* Fills the first `size` bytes of *out; size is the caller's sizeof(filch_adaptive_stats). */
FILCH_API void filch_adaptive_stats_read(filch_adaptive *adaptive, filch_adaptive_stats *out,
                                         size_t size);

FILCH_END_DECLS

/* ---- Adaptive rate ---- */

/* The rate rises by a step after an interval without overload in which at least half of it was
 * used. It falls to a fraction of itself at an overload, or when the mean latency of an interval
 * was too long. An overload of a call that began before the rate last fell is ignored: it says
 * nothing about the current rate. None of these calls suspends. */
typedef struct filch_adaptive_rate filch_adaptive_rate;

/* Rates are those of a filch_limit, in permits per period. A zero field means the default. */
typedef struct filch_adaptive_rate_config {
    uint32_t min, max; /* 1 and 1,000,000,000 */
    uint32_t increase; /* added when it rises: a twentieth of the limiter's rate, at least 1 */
    unsigned decrease; /* percent that remain when it falls: 70; 1..99 */
    int64_t latency;   /* ns: a longer mean of an interval is too long; default: no limit */
    int64_t interval;  /* ns from one decision to the next: a second */
} filch_adaptive_rate_config;

typedef struct filch_adaptive_rate_stats {
    uint32_t rate;
    uint64_t reports, overloads;
    uint64_t raised, lowered; /* number of rises and falls of the rate */
    int64_t latency;          /* mean of the last interval, ns; 0: no interval has ended */
} filch_adaptive_rate_stats;

FILCH_BEGIN_DECLS

/* Creates an adaptive rate. It starts with the limiter's rate, moved between min and max. The
 * limiter stays the caller's, and cannot be destroyed before this object; burst and period stay
 * unchanged. config may be NULL. Errors: -EINVAL (out or limiter is NULL, or a field is out of
 * range); -ENOMEM. */
FILCH_API int filch_adaptive_rate_create(filch_adaptive_rate **out, filch_limiter *limiter,
                                         const filch_adaptive_rate_config *config);
/* Frees it; no reports may follow. The limiter keeps its current rate. NULL is allowed. */
FILCH_API void filch_adaptive_rate_destroy(filch_adaptive_rate *rate);
/* Reports that a call ended and took `latency` ns. Error: -EINVAL (rate is NULL, an unknown
 * outcome, or a negative latency; nothing has changed). */
FILCH_API int filch_adaptive_rate_report(filch_adaptive_rate *rate, filch_adaptive_outcome outcome,
                                         int64_t latency);
/* Fills the first `size` bytes of *out; size is the caller's sizeof(filch_adaptive_rate_stats). */
FILCH_API void filch_adaptive_rate_stats_read(filch_adaptive_rate *rate,
                                              filch_adaptive_rate_stats *out, size_t size);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
