/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rate of filch_adaptive_rate. No waiting, no clock: the caller gives the time.
 *
 *   a report                                             the rate                the interval
 *   ignored                                              stays                   goes on
 *   overload of a call that began before the last fall   stays                   goes on
 *   overload                                             falls                   begins
 *   the first after the end of the interval, and
 *     its mean latency was above `latency`               falls                   begins
 *     half of what the rate permits was used             rises by `increase`     begins
 *     else: no more is needed                            stays                   begins
 *
 * Threads: one at a time. */
#ifndef FL_ADAPTIVE_RATE_H
#define FL_ADAPTIVE_RATE_H

#include <filch/adaptive.h>

#include <stdbool.h>

typedef struct fl_rate {
    filch_adaptive_rate_config config; /* complete */
    int64_t period;                    /* of the limit, ns */
    int64_t begun;                     /* the interval */
    uint64_t calls;                    /* in it */
    int64_t sum;                       /* of their latencies, in microseconds */
    int64_t fell;                      /* when the rate did */
    filch_adaptive_rate_stats stats;
} fl_rate;

/* config: zeroes are replaced by defaults. -EINVAL, and *rate is untouched. */
int fl_rate_init(fl_rate *rate, filch_adaptive_rate_config config, filch_limit limit, int64_t now);
/* latency: not negative. true: stats.rate has changed. */
bool fl_rate_report(fl_rate *rate, filch_adaptive_outcome outcome, int64_t latency, int64_t now);

#endif
