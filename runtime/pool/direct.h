/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools without a queue, and the jobs of one call that submits many. */
#ifndef FL_DIRECT_H
#define FL_DIRECT_H

#include <filch/pool.h>
#include <runtime/engine/inbox.h>
#include <runtime/metrics/counter.h>
#include <runtime/platform/memory/cells.h>

/* ---- Submissions ---- */

/* The jobs of one call that submits many: each with a function and options of its own, or all with
 * the same. */

typedef struct fl_submissions {
    const filch_submission *each; /* NULL: all are like `all`, */
    filch_submission all;         /* but for the data, */
    void *const *data;            /* which are these; NULL: NULL */
} fl_submissions;

/* Number i, with options. */
static inline filch_submission fl_submission(const fl_submissions *of, size_t i)
{
    static const filch_job_options plain;
    filch_submission one = of->each ? of->each[i] : of->all;
    if (!of->each)
        one.data = of->data ? of->data[i] : NULL;
    if (!one.options)
        one.options = &plain;
    return one;
}

/* ---- Direct ---- */

/* Direct pools: no order, no width and unlimited capacity. A submission hands its job straight to
 * the workers: the job is an item of the inbox, or of the submitting worker's ready deque. As many
 * jobs are in progress as there are workers, plus those that wait within their functions.
 *
 * A job with extras (a handle, a deadline, a context, `done`, `drop`) is counted and watched under
 * the pool's lock, as in other pools. It stands in the pool's queue from its acceptance until a
 * worker finds its item (fl_job_more.start), so that it can be cancelled; the item is a pending
 * callback, and holds the job.
 *
 * A plain job takes no lock. It is counted in the cells of the calling thread's shard
 * (runtime/metrics/counter.h): accepted before it is published, begun, and its outcome. Jobs that
 * have ended and will not be touched again are counted under the lock, in `settled`. A worker goes
 * on with plain jobs of the same pool that it finds in its own deque, at most TURN of them, and
 * then adds up for all. The pool is at rest when as many are settled as were accepted.
 *   - That sum is read under the lock, settled before the cells. settled never exceeds the number
 *     accepted by then, and the cells only grow, except for submissions that were taken back under
 *     the lock. So if both are equal, nothing was under way when settled was read.
 *   - A job's own submissions are accepted before the job is settled under the lock, which the
 *     reader takes later.
 *   - A worker that has jobs not yet settled may touch the pool, since it is not at rest.
 * Closing: a submission counts itself as accepted, then looks whether the pool is closed, and if so
 * takes the count back, under the lock. The closer sets the word, fences, and later sums. Either
 * the submission sees the word, or the sum sees its count.
 *
 * Edges:
 *   AcceptDirect: add to a cell, relaxed; light     |  CloseDirect: store closed, relaxed; heavy
 *      fence, without membarrier seq_cst fence;        fence, without membarrier seq_cst fence;
 *      load closed                                     load the cells: one of the two sees the
 *                                                      other
 *
 * Cancelling: each plain job looks at the pool's context when it begins. filch_pool_cancel_waiting
 * cancels the plain jobs that were accepted before it and have not begun. They lie in workers'
 * deques, out of its reach, so it draws a line: in each shard it stores the number of jobs accepted
 * so far in `line`, and then sets `lined`. A job begins by looking at `lined`, a word beside those
 * that it reads anyway. Only when that is set, it compares its number among its shard's jobs, which
 * its id holds, with the line: a job below it ends as cancelled.
 *   - A submission that happened before the call is below the line: the call reads the cell later
 *     than the submission raised it. One that happens after the call is above it, since its number
 *     is not below the cell that was read.
 *   - A job that begins after the call sees the line. One that misses it began during the call, and
 *     counts as running. So all these accesses are relaxed.
 *   - In a closed pool a cell may sink, when a submission is taken back, while the number of another
 *     one that was accepted lies above. No further submission succeeds there, so the line is above
 *     all numbers. The call knows under the lock that the pool is open, and then nothing was taken
 *     back, because that is done under the lock after the pool was seen closed.
 *
 * Memory: a plain job is one cache line (slim), unless the pool is timed or has `stuck_after`. */

typedef struct fl_tally {
    filch_u64 accepted, begun, outcomes[FILCH_OUTCOMES];
    filch_u64 line; /* jobs with a smaller number are cancelled; written under the pool's lock */
    char apart[FILCH_APART - (3 + FILCH_OUTCOMES) * sizeof(filch_u64)];
} fl_tally;

typedef struct fl_direct {
    fl_tally *tallies; /* one for each shard; NULL: the pool is not direct */
    filch_u32 lined;   /* some line is not 0 */
} fl_direct;

/* Sums over the shards. */
typedef struct fl_direct_sums {
    uint64_t accepted, begun, outcomes[FILCH_OUTCOMES];
} fl_direct_sums;

/* -ENOMEM through fl_fail. */
int fl_direct_open(fl_direct *direct);
void fl_direct_close(fl_direct *direct);
bool fl_direct_wanted(const filch_pool_config *config);
/* Needs no lock; the cells that change first are read last. */
void fl_direct_sum(const fl_direct *direct, fl_direct_sums *out);
bool fl_direct_waits(const fl_direct *direct, uint64_t settled);
/* Multiples of this are never ids of plain jobs. */
static inline uint64_t fl_direct_stride(const fl_direct *direct)
{
    return direct->tallies ? fl_shards() + 1 : 1;
}
/* Under the lock. */
static inline bool fl_direct_at_rest(const fl_direct *direct, uint64_t settled)
{
    return !direct->tallies || !fl_direct_waits(direct, settled);
}

/* A plain job: -EPIPE, -ENOMEM through fl_fail. */
int fl_direct_submit(filch_pool *pool, filch_job_fn *fn, void *data,
                     const filch_job_options *options);
/* The same for at most FL_BATCH plain jobs, those from number `first` on, with one count and one
 * hand-over. *accepted counts the first jobs, which were accepted; it is smaller only if memory was
 * refused. Returns the error if none was accepted. */
enum { FL_BATCH = 128 };
int fl_direct_submit_all(filch_pool *pool, const fl_submissions *jobs, size_t first, unsigned count,
                         unsigned *accepted);
/* Under the lock, for an accepted job that is not plain. */
struct fl_after;
void fl_direct_take_in(filch_job *job, struct fl_after *after);
/* Under the lock: cancels plain jobs that have not begun. Returns their number. */
uint64_t fl_direct_cancel_waiting(filch_pool *pool);
/* After `closed` was set: every submission that has not seen it is now counted. */
void fl_direct_fence(const filch_pool *pool);

#endif
