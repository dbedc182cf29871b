/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The limit of filch_adaptive. No waiting, no clock: the caller gives the time.
 *
 * Calls are judged in rounds of as many as the limit, so each call in progress has been replaced
 * about once between two decisions. Latencies are compared by their mean, as in Little's law; a
 * single slow call does not matter much.
 *
 *   a call is over                                       the limit                  the round
 *   ignored                                              stays                      goes on
 *   it began before the limit last fell                  stays: says nothing of     goes on
 *                                                        the limit there is now
 *   overload                                             falls, but not again       ends
 *                                                        within an average latency
 *   ok, the last of a round: mean > best * tolerance     falls                      ends
 *   ok, the last of a round: else, limit was reached     rises by 1                 ends
 *   ok, the last of a round: else                        stays: nobody needs more   ends
 *   ok, other                                            stays                      goes on
 *   ok, the first of a span of `memory`, and not all     falls below the number     ends
 *   were busy in the last round                          of those that were
 *
 * The best latency is the least of the present and the previous span of `memory`, so an old best is
 * not demanded forever. Under steady load that would be forgotten, too, and the limit would creep
 * up with the latency it has caused. So a span begins with a limit a little below limit * best /
 * average, at which by Little's law nobody waits inside: the best is seen again.
 * Threads: one at a time. */
#ifndef FL_ADAPTIVE_H
#define FL_ADAPTIVE_H

#include <filch/adaptive.h>

#include <stdbool.h>

typedef struct fl_aimd {
    filch_adaptive_config config; /* complete */
    unsigned limit;
    /* The round */
    unsigned calls;
    bool reached; /* the limit was */
    int64_t sum;
    /* Before */
    int64_t fell; /* when the limit did */
    int64_t average;
    int64_t best, best_before; /* FILCH_FOREVER: no call */
    int64_t span_ends;
    uint64_t overloads, raised, lowered;
} fl_aimd;

/* config: zeroes are replaced by defaults. -EINVAL, and *aimd is untouched. */
int fl_aimd_init(fl_aimd *aimd, filch_adaptive_config config, int64_t now);
int fl_aimd_set(fl_aimd *aimd, unsigned min, unsigned max);
/* latency: not negative. */
void fl_aimd_call_over(fl_aimd *aimd, filch_adaptive_outcome outcome, int64_t latency, int64_t now);
/* 0: none is known. */
int64_t fl_aimd_best(const fl_aimd *aimd);
/* The share of so many running calls that the other side works on: running * best / average. */
unsigned fl_aimd_busy(const fl_aimd *aimd, unsigned running);

#endif
