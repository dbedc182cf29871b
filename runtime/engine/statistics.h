/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counting by workers (runtime/engine/counters.h), and where their time goes (sched/times.h).
 * LastChange and ConfirmEnd are edges of runtime/engine/park.c. */
#ifndef FL_STATISTICS_H
#define FL_STATISTICS_H

#include <runtime/engine/counters.h>
#include <runtime/engine/events.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <sched/times.h>

#ifdef FL_UNCOUNTED /* to measure what counting costs: bench/bars/statistics.c */
#define FL_COUNTED false
#else
#define FL_COUNTED true
#endif

static inline void fl_count(fl_worker *worker, enum fl_counter counter, uint64_t n)
{
    filch_u64 *count = &worker->counters[counter];
    if (!FL_COUNTED)
        return;
    /* relaxed: single writer, readers sum approximately */
    filch_u64_store(count, filch_u64_load(count, FILCH_RELAXED) + n, FILCH_RELAXED);
}

static inline uint64_t fl_sum(const fl_runtime *rt, enum fl_counter counter)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < rt->worker_set.most; i++) /* relaxed: approximate while workers run */
        sum += filch_u64_load(&rt->worker[i]->counters[counter], FILCH_RELAXED);
    return sum;
}

/* One more fiber of the worker's is suspended; with -1: one less. */
static inline void fl_count_suspended(fl_worker *worker, uint64_t n)
{
    filch_u64 *count = &worker->counters[FL_SUSPENDED];
    uint64_t was = filch_u64_load(count, FILCH_RELAXED); /* relaxed: single writer */
    filch_u64_store(count, was + n, FILCH_RELAXED);      /* LastChange */
}

static inline uint64_t fl_sum_suspended(const fl_runtime *rt)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < rt->worker_set.most; i++)
        sum +=
            filch_u64_load(&rt->worker[i]->counters[FL_SUSPENDED], FILCH_RELAXED); /* ConfirmEnd */
    return sum;
}

/* `n` tasks or items came from that victim. */
static inline void fl_count_theft(fl_worker *worker, const fl_worker *victim, uint64_t n)
{
    filch_u64 *thefts = &worker->thefts[victim->index];
    if (FL_COUNTED) /* relaxed: as above */
        filch_u64_store(thefts, filch_u64_load(thefts, FILCH_RELAXED) + n, FILCH_RELAXED);
}

/* Something of that kind came through the inbox. Of what its tasks start work items are counted
 * there. */
static inline void fl_count_outside(fl_worker *worker, enum fl_work_item_kind kind)
{
    fl_count(worker, FL_OUTSIDE, 1);
    if (kind != FL_WORK_ITEM_FIBER)
        fl_count(worker, FL_JOBS_STARTED, 1);
}

/* The worker does `doing` from `now` on; fl_turn: from the current time on. */
static inline void fl_turn_at(fl_worker *worker, enum fl_doing doing, int64_t now)
{
    fl_event(worker, FL_TRACE_DOES, doing, 0);
    if (FL_COUNTED)
        fl_times_turn(&worker->times, doing, now);
}

static inline void fl_turn(fl_worker *worker, enum fl_doing doing)
{
    if (FL_COUNTED)
        fl_turn_at(worker, doing, fl_now());
}

#endif
