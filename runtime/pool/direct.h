/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Direct pools: of no order, no width and no capacity. Nothing stands in between who submits and the
 * workers: a job is an item of the inbox, or of the submitting worker's ready deque. As many jobs
 * are in progress as there are workers, and those that wait within their functions.
 *
 * A job with something particular to it (a handle, a deadline, a context, `done`, `drop`) is counted
 * and watched under the pool's lock, as in other pools. It stands in the pool's queue from its
 * acceptance until a worker comes upon its item (fl_job_more.start), so that it can be cancelled;
 * the item is an errand, and holds the job.
 *
 * A plain job takes no lock. It is counted in the cells of the calling thread's lane
 * (runtime/metrics/lane.h): accepted before it is published, begun, and its outcome. How many have
 * ended and will not be touched again is counted under the lock, `settled`: a worker goes on with
 * plain jobs of the same pool that it finds in its own deque, at most TURN of them, and then adds up
 * for all. The pool is at rest when as many are settled as were accepted.
 *   - That sum is read under the lock, settled before the cells. settled never is more than what
 *     was accepted by then, and the cells only grow but for submissions that were taken back under
 *     the lock; so if both are equal, nothing was under way when settled was read.
 *   - What a job submits is accepted before the job is settled, whose lock the reader takes later.
 *   - A worker that has jobs not yet settled may touch the pool, since it is not at rest.
 * Closing: a submission counts itself as accepted, then looks whether the pool is closed, and if so
 * takes the count back, under the lock. Who closes sets the word, fences, and later sums. Either the
 * submission sees the word, or the sum sees its count.
 *
 * Edges:
 *   B6 accept: add to a cell, relaxed; light fence,  | B7 close: store closed, relaxed; heavy fence,
 *      without membarrier seq_cst fence; load closed     without membarrier seq_cst fence; load the
 *                                                        cells: one of the two sees the other
 *
 * Cancelling: each plain job looks at the pool's context when it begins.
 *
 * Memory: a plain job is one cache line (slim), unless the pool is timed. */
#ifndef FL_DIRECT_H
#define FL_DIRECT_H

#include <filch/pool.h>
#include <runtime/core/job.h>
#include <runtime/metrics/lane.h>

typedef struct fl_tally {
    filch_u64 accepted, begun, outcomes[FILCH_OUTCOMES];
    char apart[FILCH_APART - (2 + FILCH_OUTCOMES) * sizeof(filch_u64)];
} fl_tally;

typedef struct fl_direct {
    fl_tally *tallies;   /* one for each lane; NULL: the pool is not direct */
    enum fl_cells cells; /* of its plain jobs: those that nobody times are slim */
} fl_direct;

/* Sums over the lanes. */
typedef struct fl_direct_sums {
    uint64_t accepted, begun, outcomes[FILCH_OUTCOMES];
} fl_direct_sums;

/* -ENOMEM through fl_fail. */
int fl_direct_open(fl_direct *direct, bool timed);
void fl_direct_close(fl_direct *direct);
bool fl_direct_wanted(const filch_pool_config *config);
/* No lock is needed; those of what comes first are read last. */
void fl_direct_sum(const fl_direct *direct, fl_direct_sums *out);
bool fl_direct_waits(const fl_direct *direct, uint64_t settled);
/* Ids that are multiples of this are not those of plain jobs. */
static inline uint64_t fl_direct_stride(const fl_direct *direct)
{
    return direct->tallies ? fl_lanes() + 1 : 1;
}
/* Under the lock. */
static inline bool fl_direct_at_rest(const fl_direct *direct, uint64_t settled)
{
    return !direct->tallies || !fl_direct_waits(direct, settled);
}

/* A plain job: -EPIPE, -ENOMEM through fl_fail. */
int fl_direct_submit(filch_pool *pool, filch_job_fn *fn, void *data,
                     const filch_job_options *options);
/* The same for at most FL_BATCH plain jobs, with one count and one hand-over. data may be NULL. The
 * first *accepted were accepted, which are fewer only if memory was refused: the error, if it is none
 * of them. */
enum { FL_BATCH = 128 };
int fl_direct_submit_all(filch_pool *pool, filch_job_fn *fn, void *const *data, unsigned count,
                         const filch_job_options *options, unsigned *accepted);
/* Under the lock, of one that is not plain and has been accepted. */
struct fl_after;
void fl_direct_take_in(filch_job *job, struct fl_after *after);
/* After `closed` was set: no submission that has not seen it is still to be counted. */
void fl_direct_fence(const filch_pool *pool);

#endif
