/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/direct.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/park.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/fence.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/pool/callbacks.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/run_job.h>
#include <sched/deque.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TURN = 64 };

/* ---- Accounts ---- */

bool fl_direct_wanted(const filch_pool_config *config)
{
    return config->order == FILCH_ANY && !config->width && config->capacity == FILCH_UNLIMITED &&
           !config->adaptive;
}

int fl_direct_open(fl_direct *direct)
{
    direct->tallies = fl_shards_create(sizeof *direct->tallies);
    return direct->tallies ? 0 : fl_fail(ENOMEM, "no memory for a pool's counts; free some");
}

void fl_direct_close(fl_direct *direct)
{
    free(direct->tallies);
}

static uint64_t accepted_by(const fl_direct *direct)
{
    uint64_t accepted = 0;
    for (unsigned shard = 0; shard < fl_shards(); shard++)
        accepted += fl_shard_read(&direct->tallies[shard].accepted);
    return accepted;
}

void fl_direct_sum(const fl_direct *direct, fl_direct_sums *out)
{
    memset(out, 0, sizeof *out);
    if (!direct->tallies)
        return;
    for (unsigned shard = 0; shard < fl_shards(); shard++)
        for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
            out->outcomes[i] += fl_shard_read(&direct->tallies[shard].outcomes[i]);
    for (unsigned shard = 0; shard < fl_shards(); shard++)
        out->begun += fl_shard_read(&direct->tallies[shard].begun);
    out->accepted = accepted_by(direct);
}

bool fl_direct_waits(const fl_direct *direct, uint64_t settled)
{
    return accepted_by(direct) != settled;
}

/* ---- Cancelling plain jobs that have not begun: see the head of direct.h ---- */

uint64_t fl_direct_cancel_waiting(filch_pool *pool)
{
    fl_direct *direct = &pool->direct;
    if (!direct->tallies)
        return 0;
    const bool closed = filch_u32_load(&pool->closed, FILCH_RELAXED); /* under the lock */
    fl_direct_sums now;
    fl_direct_sum(direct, &now);
    for (unsigned shard = 0; shard < fl_shards(); shard++) {
        fl_tally *tally = &direct->tallies[shard];
        uint64_t line = closed ? UINT64_MAX : fl_shard_read(&tally->accepted);
        filch_u64_store(&tally->line, line, FILCH_RELAXED); /* relaxed: see the head */
    }
    filch_u32_store(&direct->lined, 1, FILCH_RELAXED); /* relaxed: see the head */
    return now.accepted - now.begun;
}

static bool is_below_line(const fl_direct *direct, const filch_job *job)
{
    const uint64_t number = (job->id - 1) / fl_direct_stride(direct);
    const fl_tally *tally = &direct->tallies[(job->id - 1) % fl_direct_stride(direct)];
    return number < filch_u64_load(&tally->line, FILCH_RELAXED); /* relaxed: see the head */
}

/* ---- Running plain jobs ---- */

static void settle(filch_pool *pool, uint64_t ended)
{
    fl_lock(&pool->queue.room.lock);
    pool->rest.settled += ended;
    fl_pool_leave(pool, &(fl_after){0});
}

static void count(fl_direct *direct, filch_outcome outcome)
{
    unsigned shard = fl_shard();
    fl_shard_add(shard, &direct->tallies[shard].outcomes[outcome], 1);
}

static void begin(filch_job *job)
{
    fl_direct *direct = &job->pool->direct;
    unsigned shard = fl_shard();
    fl_shard_add(shard, &direct->tallies[shard].begun, 1);
    fl_job_become(job, FL_JOB_RUNNING);
}

static filch_outcome outcome_of(filch_self self, filch_job *job)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_pool *pool = job->pool;
    filch_failure why;
    fl_job_comes_to(fiber, job);
    fl_job_record_if(pool->waits, job);
    filch_outcome outcome = fl_job_run(self, job, &why);
    fl_job_record_if(pool->runs, job);
    fiber->running.pooled = NULL;
    return outcome;
}

static void perform(filch_self self, filch_job *job)
{
    filch_pool *pool = job->pool;
    begin(job);
    const bool lined = filch_u32_load(&pool->direct.lined, FILCH_RELAXED); /* relaxed: the head */
    const bool cancelled = FILCH_UNLIKELY(lined) && is_below_line(&pool->direct, job);
    count(&pool->direct, cancelled ? FILCH_CANCELLED : outcome_of(self, job));
    fl_cell_give(pool->cells, job);
}

static void run_plain(filch_self self, fl_work_item *item);

/* The next item of the calling worker's deque, if it is a plain job of the same pool. */
static filch_job *next_here(filch_self self, const filch_pool *pool)
{
    fl_worker *worker = fl_fiber_of(self)->worker;
    void *item = fl_deque_pop(&worker->ready);
    if (!item)
        return NULL;
    if (fl_item_kind(item) == FL_ITEM_WORK) {
        filch_job *job = fl_item_what(item);
        bool plain = job->item.kind == FL_WORK_ITEM_PART && job->item.as.part == run_plain;
        if (plain && job->pool == pool) {
            fl_count(worker, FL_JOBS_RUN, 1);
            return job;
        }
    }
    if (fl_push_ready(worker, item)) /* back; the room it had is still there */
        filch_die("no memory to put back an item that was just taken; please report this");
    return NULL;
}

static void run_plain(filch_self self, fl_work_item *item)
{
    filch_job *job = (filch_job *)item;
    filch_pool *pool = job->pool;
    uint64_t ended = 0;
    do {
        perform(self, job);
        job = ++ended < TURN ? next_here(self, pool) : NULL;
    } while (job);
    settle(pool, ended);
}

/* ---- Submitting them ---- */

void fl_direct_fence(const filch_pool *pool)
{
    if (!pool->direct.tallies)
        return;
    if (pool->rt->asymmetric)
        fl_fence_heavy(); /* CloseDirect */
    else
        filch_fence_seq_cst(); /* CloseDirect */
}

/* The number of the first of them; those of the others are fl_direct_stride apart. 0: the pool is
 * closed. */
static uint64_t accept(filch_pool *pool, uint64_t count)
{
    unsigned shard = fl_shard();
    filch_u64 *accepted = &pool->direct.tallies[shard].accepted;
    uint64_t nth = fl_shard_add(shard, accepted, count);
    if (pool->rt->asymmetric)
        filch_fence_light(); /* AcceptDirect */
    else
        filch_fence_seq_cst(); /* AcceptDirect */
    if (FILCH_LIKELY(!filch_u32_load(&pool->closed,
                                     FILCH_RELAXED))) /* AcceptDirect; relaxed: so is it said */
        return nth * fl_direct_stride(&pool->direct) + shard + 1;
    fl_lock(&pool->queue.room.lock);
    fl_shard_add(shard, accepted, -count);
    pool->stats.refused++;
    fl_pool_leave(pool, &(fl_after){0});
    return 0;
}

static inline void fill(filch_job *job, filch_pool *pool, filch_submission as, uint64_t id,
                        int64_t now)
{
    fl_work_item_be_part(&job->item, run_plain);
    fl_job_fill(job, pool, as.fn, as.data, as.options);
    job->id = id;
    job->slim = pool->cells == FL_CELLS_LINES;
    if (job->slim)
        return;
    job->more = NULL;
    job->since = now;
}

static int64_t submitted(const filch_pool *pool)
{
    return pool->waits ? fl_now() : 0;
}

int fl_direct_submit(filch_pool *pool, filch_job_fn *fn, void *data,
                     const filch_job_options *options)
{
    filch_job *job = fl_cell_take(pool->cells);
    if (!job)
        return fl_fail(ENOMEM, "no memory for a job; wait for some to end");
    uint64_t id = accept(pool, 1);
    if (!id) {
        fl_cell_give(pool->cells, job);
        return fl_pool_if_closed(-EPIPE);
    }
    fill(job, pool, (filch_submission){fn, data, options}, id, submitted(pool));
    fl_start(pool->rt, &job->item);
    return 0;
}

static unsigned take_cells(enum fl_cells from, fl_work_item **items, unsigned count)
{
    unsigned got = 0;
    while (got < count && (items[got] = fl_cell_take(from)))
        got++;
    return got;
}

/* The loop for jobs that differ in their data only reads nothing else for each. */
static void fill_all(fl_work_item **items, unsigned count, filch_pool *pool,
                     const fl_submissions *jobs, size_t first, uint64_t id)
{
    const uint64_t stride = fl_direct_stride(&pool->direct);
    const int64_t now = submitted(pool);
    void *const *data = jobs->data ? jobs->data + first : NULL;
    filch_submission one = jobs->all;
    if (jobs->each)
        for (unsigned i = 0; i < count; i++)
            fill((filch_job *)items[i], pool, fl_submission(jobs, first + i), id + i * stride, now);
    else
        for (unsigned i = 0; i < count; i++) {
            one.data = data ? data[i] : NULL;
            fill((filch_job *)items[i], pool, one, id + i * stride, now);
        }
}

int fl_direct_submit_all(filch_pool *pool, const fl_submissions *jobs, size_t first, unsigned count,
                         unsigned *accepted)
{
    fl_work_item *items[FL_BATCH];
    count = take_cells(pool->cells, items, count);
    if (!count)
        return fl_fail(ENOMEM, "no memory for a job; wait for some to end");
    uint64_t id = accept(pool, count);
    if (!id) {
        for (unsigned i = 0; i < count; i++)
            fl_cell_give(pool->cells, items[i]);
        return fl_pool_if_closed(-EPIPE);
    }
    fill_all(items, count, pool, jobs, first, id);
    fl_start_all(pool->rt, items, count);
    *accepted = count;
    return 0;
}

/* ---- Jobs that are not plain ---- */

static void start(filch_self self, filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_lock(&pool->queue.room.lock);
    bool waits = job->stage == FL_JOB_WAITING;
    if (waits) {
        fl_order_remove(pool, job);
        pool->stats.waiting--;
        fl_job_begin(job);
    }
    fl_pool_leave(pool, &(fl_after){0});
    if (waits)
        fl_job_perform(self, job);
}

void fl_direct_take_in(filch_job *job, fl_after *after)
{
    fl_pending_callback *item = job->by.start ? job->by.start : &fl_trials(job)->start;
    job->by.start = NULL;
    fl_pending_callback_begin(job);
    fl_after_start(after, fl_pending_callback_task(item, job, start));
}
