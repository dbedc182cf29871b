/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runners, the tasks that take jobs from the queue. Under the pool's lock. */
#ifndef FL_POOL_RUNNER_H
#define FL_POOL_RUNNER_H

#include <filch/pool.h>
#include <runtime/engine/inbox.h>
#include <runtime/pool/order.h>

typedef struct fl_runner {
    fl_work_item item; /* first */
    struct fl_runner *next, *made_before;
    filch_pool *pool;
    bool seeks; /* started, and has not looked for a job yet */
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
} fl_pool_runners;

/* Jobs wait: starts one more runner, if the pool may be wider and no runner is on its way. A runner
 * that finds more jobs than the one it takes starts the next. */
void fl_pool_rouse(filch_pool *pool, struct fl_after *after);
/* The width from now on; its runners have been made. */
void fl_pool_set_width(filch_pool *pool, unsigned width, struct fl_after *after);
/* Raises the number of runners to so many. -ENOMEM through fl_fail: there are fewer. */
int fl_runners_make(filch_pool *pool, unsigned count);

#endif
