/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The queue of a pool, in its order. Every waiting job is in exactly one row, sorted by age.
 * FILCH_PRIORITY has a row for each level. FILCH_EARLIEST has two: jobs without a deadline, and
 * jobs with one, which are also in the deadline heap. Under the pool's lock. */
#ifndef FL_ORDER_H
#define FL_ORDER_H

#include <filch/pool.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait_queue.h>

struct fl_after;

typedef struct fl_place_in_row {
    filch_job *next, *previous;
} fl_place_in_row;

typedef struct fl_row {
    filch_job *first, *last;
} fl_row;

/* The queue, which each job passes: submissions add jobs, runners and cancellers take them. */
typedef struct fl_job_queue {
    fl_wait_queue room; /* submitters that wait for room (fl_submitter) */
    fl_row row;         /* waiting jobs, of an order without levels */
    uint64_t credits;   /* of the intake, when the lock's holder last read it; 0: closed */
} fl_job_queue;

/* The rows of the waiting jobs of an order with levels, and that of delayed jobs
 * (runtime/pool/run_job.c). Most jobs of other pools touch none of it. */
typedef struct fl_pool_order {
    fl_row level[FILCH_PRIORITIES];
    unsigned levels; /* bit i: level i has a job */
    int64_t oldest;  /* no job of the levels has waited since before that */
    fl_timer_row by_deadline;
    fl_row delayed;
} fl_pool_order;

/* Without memory for a place by its deadline it stands with those that have none. */
void fl_order_add(filch_pool *pool, filch_job *job);
void fl_order_remove(filch_pool *pool, filch_job *job);
/* The next job; NULL: none waits. Looks at all levels of a pool with priorities, and at the
 * clock. */
filch_job *fl_order_first(filch_pool *pool);
/* Of the waiting jobs, of which there are more than nth; 0: the oldest. */
filch_job *fl_order_nth_oldest(filch_pool *pool, uint64_t nth);
/* NULL: none waits. */
filch_job *fl_order_newest(filch_pool *pool);
/* The rows of the waiting jobs, from i = 0 on; NULL: there is no such row. */
fl_row *fl_order_row(filch_pool *pool, unsigned i);
/* The answer does not depend on the jobs in the intake. */
bool fl_order_knows_first(const filch_pool *pool);
/* The same, and takes it out of the queue. */
filch_job *fl_order_take(filch_pool *pool);
/* In a pool with priorities: moves it to another level's row. */
void fl_order_move(filch_pool *pool, filch_job *job, unsigned priority);

/* A row of waiting, delayed or running jobs: a job is in one at a time. */
void fl_row_enter(fl_row *row, filch_job *job);
void fl_row_leave(fl_row *row, filch_job *job);

/* ---- Room in the queue ---- */

/* The queue of a pool, and submitters that wait for room in it. Under the pool's lock. */

/* The places within the width in which no job runs. */
uint64_t fl_pool_free_places(const filch_pool *pool);
/* The jobs that count against the capacity: delayed ones, and waiting ones beyond the free places,
 * as in a buffered channel whose idle receivers have taken theirs. A runner that takes a job into a
 * free place leaves that number as it is. It falls, and submitters may be admitted, when a job
 * leaves its place or is cancelled, when there are more places, and when a delayed job is due for
 * which a place is free. */
uint64_t fl_pool_queued(const filch_pool *pool);
/* Is a new job accepted? A rendezvous has room only for jobs with a free place. */
bool fl_pool_has_room(const filch_pool *pool);
/* Puts a new job into the queue. */
void fl_pool_take_in(filch_pool *pool, filch_job *job, struct fl_after *after);
/* Puts an accepted job into the queue, as the last of those that wait. */
void fl_pool_append(filch_pool *pool, filch_job *job);
/* The same, and a runner comes for it. */
void fl_pool_queue(filch_pool *pool, filch_job *job, struct fl_after *after);
/* Serves submitters that wait for room, as far as there is some. A thread that submits much faster
 * than the runners work would be woken, at the price of some microseconds, for room for one job. So
 * it is told when a quarter of the capacity is free. After ADMIT_LOOK it looks itself, once, and
 * from then on it is told as soon as there is room. So no submitter waits longer than that beside
 * free room, although no runner may come by. The order stays that of arrival: the first decides,
 * and submitters that come meanwhile stand behind it. A submission that does not wait, or only for
 * some time, first admits the submitters for which there is room. A submitter that leaves the queue
 * without room admits those behind it. Fibers and submitters with a time limit are prompt. */
void fl_pool_admit(filch_pool *pool, struct fl_after *after);
/* The pool is closed: tells all of them -EPIPE. */
void fl_pool_turn_away(filch_pool *pool, struct fl_after *after);
/* At once, also those that are not prompt. */
void fl_pool_admit_all(filch_pool *pool, struct fl_after *after);

#endif
