/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Cells of jobs, and of the items that start them: each comes back, however its job ends, and a job
 * has nothing of the former use of its cell. */
#include <runtime/platform/memory/cells.h>
#include <runtime/pool/pool.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

static void warm_up_with_fibers(void)
{
    have_fibers();
    warm_up_timer_thread();
}

TestSuite(job_cells, .init = warm_up_with_fibers);

/* ---- Each comes back ---- */

enum { AT_ONCE = 500, ROUNDS = 8 }; /* more cells than three slabs have */

static const filch_job_options plain, timed = {.timeout = 1},
                                      bad = {.retry = &(filch_retry_policy){.factor = -1}};

typedef struct way {
    const char *name;
    filch_pool_config config;
    const filch_job_options *options;
    bool handle, held, closed;
    int rc;
} way;

static const way ways[] = {
    {.name = "plain", .config = {.width = 1}, .options = &plain},
    {.name = "with a handle", .config = {.width = 1}, .options = &plain, .handle = true},
    {.name = "with a handle, direct", .options = &plain, .handle = true},
    {.name = "too late", .config = {.width = 1}, .options = &timed},
    {.name = "too late, direct", .options = &timed},
    {.name = "wrong", .config = {.width = 1}, .options = &bad, .rc = -EINVAL},
    {.name = "wrong, direct", .options = &bad, .rc = -EINVAL},
    {.name = "refused",
     .config = {.width = 1, .capacity = 1, .full = FILCH_FULL_REJECT},
     .options = &plain,
     .handle = true,
     .held = true,
     .rc = -EAGAIN},
    {.name = "refused, direct", .options = &plain, .handle = true, .closed = true, .rc = -EPIPE},
};

static void one(filch_pool *pool, const way *by)
{
    filch_job *job = NULL;
    cr_assert_eq(filch_pool_submit(by->handle ? &job : NULL, pool, succeeds, NULL, by->options,
                                   FILCH_FOREVER),
                 by->rc, "%s", by->name);
    filch_job_release(job);
}

static void rounds(filch_pool *pool, const way *by)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < AT_ONCE; i++)
            one(pool, by);
        if (!by->held)
            OK(filch_pool_wait(pool, FILCH_FOREVER));
    }
}

static void expect_cells_back(const way *by)
{
    gate at = {0};
    filch_pool_config config = by->config;
    config.workers = 1;
    filch_pool *pool = pool_of(config);
    if (by->held) {
        block(pool, &at);
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    }
    if (by->closed)
        filch_pool_close(pool);
    rounds(pool, by);
    const int64_t before = blocks_now();
    rounds(pool, by);
    const int64_t more = blocks_now() - before;
    cr_assert_leq(more, 1, "%s: %ld blocks more", by->name, (long)more);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

Test(job_cells, cells_return_however_jobs_end)
{
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
        expect_cells_back(&ways[i]);
}

/* ---- What they held before ---- */

/* The next job of this thread has a cell full of ones. */
static void fill_next_cell(enum fl_cells kind, size_t size)
{
    void *cell = fl_cell_take(kind);
    cr_assert_not_null(cell);
    memset(cell, 0xff, size);
    fl_cell_give(kind, cell);
}

Test(job_cells, jobs_inherit_nothing_from_reused_cells)
{
    for (unsigned width = 0; width < 2; width++) {
        filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = width});
        fill_next_cell(FL_CELLS_FULL_JOBS, FL_CELL_FULL_JOB);
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        OK(filch_job_wait(job, FILCH_FOREVER));
        filch_job_release(job);
        fill_next_cell(FL_CELLS_POOL_JOBS, FL_CELL_POOL_JOB);
        fill_next_cell(FL_CELLS_LINES, FL_CELL_LINE);
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 2);
        OK(filch_pool_destroy(pool));
    }
}

Test(job_cells, refused_direct_job_inherits_nothing)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    fill_next_cell(FL_CELLS_FULL_JOBS, FL_CELL_FULL_JOB);
    refuse(MEMORY, 0, false);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .key = "one"), -ENOMEM);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    OK(filch_pool_destroy(pool));
}
