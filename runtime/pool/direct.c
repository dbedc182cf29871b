/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/order.h>

#include <runtime/core/call.h>
#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/core/fence.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TURN = 64 };

/* ---- Accounts ---- */

bool fl_direct_wanted(const filch_pool_config *config)
{
    return config->order == FILCH_ANY && !config->width && !config->capacity && !config->adaptive;
}

int fl_direct_open(fl_direct *direct, bool timed)
{
    direct->cells = timed ? FL_CELLS_POOL_JOBS : FL_CELLS_LINES;
    direct->tallies = fl_lanes_create(sizeof *direct->tallies);
    return direct->tallies ? 0 : fl_fail(ENOMEM, "no memory for a pool's counts; free some");
}

void fl_direct_close(fl_direct *direct)
{
    free(direct->tallies);
}

static uint64_t accepted_by(const fl_direct *direct)
{
    uint64_t accepted = 0;
    for (unsigned lane = 0; lane < fl_lanes(); lane++)
        accepted += fl_lane_read(&direct->tallies[lane].accepted);
    return accepted;
}

void fl_direct_sum(const fl_direct *direct, fl_direct_sums *out)
{
    memset(out, 0, sizeof *out);
    if (!direct->tallies)
        return;
    for (unsigned lane = 0; lane < fl_lanes(); lane++)
        for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
            out->outcomes[i] += fl_lane_read(&direct->tallies[lane].outcomes[i]);
    for (unsigned lane = 0; lane < fl_lanes(); lane++)
        out->begun += fl_lane_read(&direct->tallies[lane].begun);
    out->accepted = accepted_by(direct);
}

bool fl_direct_waits(const fl_direct *direct, uint64_t settled)
{
    return accepted_by(direct) != settled;
}

/* ---- Running plain jobs ---- */

static void settle(filch_pool *pool, uint64_t ended)
{
    fl_lock(&pool->room.lock);
    pool->settled += ended;
    fl_pool_leave(pool, &(fl_after){0});
}

static void count(fl_direct *direct, filch_outcome outcome)
{
    unsigned lane = fl_lane();
    fl_lane_add(lane, &direct->tallies[lane].outcomes[outcome], 1);
}

static void begin(filch_job *job)
{
    fl_direct *direct = &job->pool->direct;
    unsigned lane = fl_lane();
    fl_lane_add(lane, &direct->tallies[lane].begun, 1);
    job->stage = FL_JOB_RUNNING;
}

static void perform(filch_self self, filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure why;
    begin(job);
    fl_job_comes_to(fiber, job);
    fl_job_record(pool->waits, job);
    filch_outcome outcome = fl_job_run(self, job, &why);
    fl_job_record(pool->runs, job);
    fiber->pooled = NULL;
    count(&pool->direct, outcome);
    fl_cell_give(pool->direct.cells, job);
}

static void run_plain(filch_self self, fl_job *item);

/* The next item of the calling worker's deque, if it is a plain job of the same pool. */
static filch_job *next_here(filch_self self, const filch_pool *pool)
{
    fl_worker *worker = fl_fiber_of(self)->worker;
    void *item = fl_deque_pop(&worker->ready);
    if (!item)
        return NULL;
    if (fl_item_kind(item) == FL_ITEM_JOB) {
        filch_job *job = fl_item_what(item);
        bool plain = job->item.kind == FL_JOB_PART && job->item.as.part == run_plain;
        if (plain && job->pool == pool) {
            fl_count(worker, FL_JOBS_RUN, 1);
            return job;
        }
    }
    if (fl_push_ready(worker, item)) /* back; the room it had is still there */
        filch_die("no memory for an item that was there before; please report this");
    return NULL;
}

static void run_plain(filch_self self, fl_job *item)
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
        fl_fence_heavy(); /* B7 */
    else
        filch_fence_seq_cst(); /* B7 */
}

/* The number of the first of them; those of the others are fl_direct_stride apart. 0: the pool is
 * closed. */
static uint64_t accept(filch_pool *pool, uint64_t count)
{
    unsigned lane = fl_lane();
    filch_u64 *accepted = &pool->direct.tallies[lane].accepted;
    uint64_t nth = fl_lane_add(lane, accepted, count);
    if (pool->rt->asymmetric)
        filch_fence_light(); /* B6 */
    else
        filch_fence_seq_cst(); /* B6 */
    if (FILCH_LIKELY(
            !filch_u32_load(&pool->closed, FILCH_RELAXED))) /* B6; relaxed: so is it said */
        return nth * fl_direct_stride(&pool->direct) + lane + 1;
    fl_lock(&pool->room.lock);
    fl_lane_add(lane, accepted, -count);
    pool->stats.refused++;
    fl_pool_leave(pool, &(fl_after){0});
    return 0;
}

static inline void fill(filch_job *job, filch_pool *pool, filch_job_fn *fn, void *data,
                        const filch_job_options *options)
{
    fl_job_be_part(&job->item, run_plain);
    fl_job_fill(job, pool, fn, data, options);
    job->slim = pool->direct.cells == FL_CELLS_LINES;
    if (!job->slim)
        job->more = NULL;
}

int fl_direct_submit(filch_pool *pool, filch_job_fn *fn, void *data,
                     const filch_job_options *options)
{
    filch_job *job = fl_cell_take(pool->direct.cells);
    if (!job)
        return fl_fail(ENOMEM, "no memory for a job; wait for some to end");
    uint64_t id = accept(pool, 1);
    if (!id) {
        fl_cell_give(pool->direct.cells, job);
        return fl_plainly(-EPIPE);
    }
    fill(job, pool, fn, data, options);
    job->id = id;
    if (pool->waits)
        job->since = fl_now();
    fl_start(pool->rt, &job->item);
    return 0;
}

static unsigned take_cells(enum fl_cells from, fl_job **items, unsigned count)
{
    unsigned got = 0;
    while (got < count && (items[got] = fl_cell_take(from)))
        got++;
    return got;
}

int fl_direct_submit_all(filch_pool *pool, filch_job_fn *fn, void *const *data, unsigned count,
                         const filch_job_options *options, unsigned *accepted)
{
    fl_job *items[FL_BATCH];
    count = take_cells(pool->direct.cells, items, count);
    if (!count)
        return fl_fail(ENOMEM, "no memory for a job; wait for some to end");
    uint64_t id = accept(pool, count), stride = fl_direct_stride(&pool->direct);
    int64_t now = pool->waits ? fl_now() : 0;
    for (unsigned i = 0; i < count; i++) {
        filch_job *job = (filch_job *)items[i];
        if (!id) {
            fl_cell_give(pool->direct.cells, job);
            continue;
        }
        fill(job, pool, fn, data ? data[i] : NULL, options);
        job->id = id + i * stride;
        if (pool->waits)
            job->since = now;
    }
    if (!id)
        return fl_plainly(-EPIPE);
    fl_start_all(pool->rt, items, count);
    *accepted = count;
    return 0;
}

/* ---- Jobs that are not plain ---- */

static void start(filch_self self, filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_lock(&pool->room.lock);
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
    fl_errand_begin(job);
    fl_after_start(after, fl_errand_task(&job->more->start, job, start));
}
