/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How wide an elastic pool is: between `least` and `most` jobs in progress. Two parts: a rule, which
 * is told what there is and what time it is, and the monitor, a task that looks and applies it.
 *
 *   the monitor sees                                  the width                         the span
 *   as many jobs wait as `depth`, or the oldest has   grows by half, at least by 1,     begins
 *   waited for `grow_after`; it is below `most`       up to `most`
 *   a span of `shrink_after` is over, in which no     shrinks by half, at least by 1,   begins
 *   more than `busiest` runners were busy at once     not below `busiest` or `least`
 *   something else                                    stays                             goes on
 *
 * What a span had too many of has had nothing to do for the whole of it, so nothing is given up
 * early; and what has just grown is not given up before a span is over, so that the width does not
 * swing.
 *
 * The monitor is the task of an alarm. It is due `interval` after a job had to wait, if the pool may
 * still grow, and at the end of a span, if it may shrink; else never. So an idle pool at its least
 * costs nothing. The job that finds no runner sets the alarm, under the pool's lock, and no clock is
 * read for it: the job knows when it came.
 *
 * Life: the alarm is one of the pool's (runtime/pool/pool.h). All is under the pool's lock. */
#ifndef FL_ELASTIC_H
#define FL_ELASTIC_H

#include <filch/pool.h>

typedef struct fl_elastic {
    unsigned most; /* 0: the width is fixed, and all else here unused */
    size_t depth;  /* 0: as many as it is wide */
    int64_t grow_after, shrink_after, interval;
    unsigned least;
    unsigned busiest; /* since: */
    int64_t since;
} fl_elastic;

/* What there is to be seen. */
typedef struct fl_load {
    uint64_t waiting; /* jobs */
    int64_t oldest;   /* of them has waited since; any number if none waits */
    unsigned active;  /* runners with something to do */
} fl_load;

/* ---- The rule; no lock, no clock ---- */

/* -EINVAL through fl_fail. Else what is not given has its default. */
int fl_elastic_check(const filch_pool_config *config);
void fl_elastic_complete(filch_pool_config *config);
void fl_elastic_init(fl_elastic *elastic, const filch_pool_config *complete, int64_t now);
/* So many runners have something to do. */
static inline void fl_elastic_note(fl_elastic *elastic, unsigned active)
{
    if (active > elastic->busiest)
        elastic->busiest = active;
}
/* How wide it is to be now. */
unsigned fl_elastic_width(fl_elastic *elastic, unsigned width, const fl_load *load, int64_t now);
/* When to look again. */
int64_t fl_elastic_next(const fl_elastic *elastic, unsigned width, bool waits, int64_t now);
/* If so many go on waiting, or are about to, it will grow. */
bool fl_elastic_will_grow(const fl_elastic *elastic, unsigned width, uint64_t waiting);

/* ---- The monitor (elastic_task.c) ---- */

/* -EAGAIN, -EMFILE, -ENOMEM through fl_fail: there is no keeper. */
int fl_elastic_open(filch_pool *pool);
/* With the lock: the newest job found no runner. */
void fl_elastic_mind(filch_pool *pool);
/* What the monitor does. */
void fl_elastic_look(filch_pool *pool, int64_t now);
/* Another least. -EINVAL more than the most. */
int fl_elastic_resize(filch_pool *pool, unsigned least);

#endif
