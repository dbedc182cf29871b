/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Adaptive rate: adjusts the rate of a limiter (<filch/limiter.h>) to the capacity of another
 * service, which is unknown, by the outcomes that callers report. For service authors.
 *
 *   filch_limiter_create(&limiter, (filch_limit){.rate = 100, .burst = 20});
 *   filch_adaptive_rate_create(&rate, limiter, &(filch_adaptive_rate_config){.max = 5000});
 *   ...  filch_limiter_wait(limiter, 1, context, until), or .limiter in a pool's configuration
 *   int64_t begun = filch_now();
 *   rc = ask();
 *   filch_adaptive_rate_report(rate, rc == -EBUSY ? FILCH_ADAPTIVE_OVERLOAD : FILCH_ADAPTIVE_OK,
 *                              filch_now() - begun);
 *
 * The rate rises by a step after an interval without overload in which at least half of it was
 * used. It falls to a fraction of itself at an overload, or when the mean latency of an interval
 * was too long (additive increase, multiplicative decrease: D. Chiu, R. Jain, Computer Networks
 * and ISDN Systems 17, 1989). An overload of a call that began before the rate last fell is
 * ignored: it says nothing about the present rate.
 * If the duration of calls is unknown, or many of them wait inside, <filch/adaptive.h> limits the
 * number of calls in progress instead.
 * Threads: any task or thread. Suspends: never.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_ADAPTIVE_RATE_H
#define FILCH_ADAPTIVE_RATE_H
#include <filch/detail/hide_words.h>

#include <filch/adaptive.h>
#include <filch/limiter.h>

/* ---- Types ---- */

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

/* Starts with the limiter's rate, moved between min and max. The limiter stays the caller's, and
 * cannot be destroyed before this object; burst and period stay unchanged. config may be NULL. Errors: -EINVAL
 * (NULL, or a field is out of range); -ENOMEM. */
FILCH_API int filch_adaptive_rate_create(filch_adaptive_rate **out, filch_limiter *limiter,
                                         const filch_adaptive_rate_config *config);
/* The limiter keeps its rate. There must be no further reports. NULL is allowed. */
FILCH_API void filch_adaptive_rate_destroy(filch_adaptive_rate *rate);
/* Reports that a call ended and took `latency` ns. -EINVAL NULL, an unknown outcome, or a negative
 * latency: nothing has changed. */
FILCH_API int filch_adaptive_rate_report(filch_adaptive_rate *rate, filch_adaptive_outcome outcome,
                                         int64_t latency);
/* Fills the first `size` bytes of *out; size is the caller's sizeof(filch_adaptive_rate_stats). */
FILCH_API void filch_adaptive_rate_stats_read(filch_adaptive_rate *rate,
                                              filch_adaptive_rate_stats *out, size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
