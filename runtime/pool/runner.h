/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runners, the tasks that take jobs from the queue. Under the pool's lock.
 *
 * Stepping aside: where jobs take less time than the lock, a second runner makes a pool slower. The
 * two wait for each other, and take a processor from the submitters. So a runner that has waited
 * for the lock for more than a quarter of a turn of 64 jobs sleeps for 60 us, and its worker with
 * it. It sleeps again while the others take the jobs, at most eight times before it resumes work.
 * It steps aside only under these conditions:
 *   - the turn took less than 25 us, so jobs are short;
 *   - nothing else waits for a worker;
 *   - another runner is awake;
 *   - 64 jobs wait.
 * It has ended its last job, so nobody waits for a job of a runner that sleeps. A long job after
 * many short ones delays the jobs behind it by at most 60 us. An idle pool has no active runner, so
 * nothing sleeps there. Figures are in docs/internals/decisions.md. */
#ifndef FL_POOL_RUNNER_H
#define FL_POOL_RUNNER_H

#include <filch/pool.h>
#include <runtime/engine/inbox.h>
#include <runtime/pool/order.h>

typedef struct fl_runner {
    fl_work_item item; /* first */
    struct fl_runner *next, *made_before;
    filch_pool *pool;
    bool seeks;                  /* started, and has not looked for a job yet */
    uint64_t turn_began, waited; /* ticks: when its turn began; spent waiting for the lock since */
    uint64_t taken;              /* fl_pool_runners.taken when it last checked */
} fl_runner;

/* Runners, and the jobs in progress. Written by a runner that begins or ends a job or becomes idle,
 * and by the thread that starts one. */
typedef struct fl_pool_runners {
    fl_row in_progress;    /* jobs that are not plain, and run */
    fl_runner *idle;       /* idle ones */
    fl_runner *newest;     /* of all */
    unsigned made, active; /* in existence, with something to do */
    unsigned seeking;      /* of those active: started, and have not looked for a job yet */
    unsigned excused;      /* stuck jobs with a spare that would count for the width */
    unsigned beyond;       /* of stats.running, jobs beyond the width */
    unsigned stranded;     /* jobs of this pool that wait for room */
    unsigned aside;        /* of those active: asleep, since the lock is busy */
    uint64_t taken;        /* jobs that all runners have taken */
} fl_pool_runners;

/* Jobs wait: starts one more runner, if the pool may be wider and no runner is on its way. A runner
 * that finds more jobs than the one it takes starts the next. */
void fl_pool_rouse(filch_pool *pool, struct fl_after *after);
/* The width from now on; its runners have been made. */
void fl_pool_set_width(filch_pool *pool, unsigned width, struct fl_after *after);
/* Raises the number of runners to so many. -ENOMEM through fl_fail: there are fewer. */
int fl_runners_make(filch_pool *pool, unsigned count);

#endif
