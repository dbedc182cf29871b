/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocks of the heap: work that is done again and again, and runtimes that come and go, hold no more
 * of them. */
#include <runtime/queue/slot_queue.h>
#include <tests/support/held.h>
#include <tests/support/pools.h>

/* A lost cell of each piece of work would need more slabs than FEW. */
enum { MANY = 10000, AT_ONCE = 100, TIMES = 40, FEW = 5 };

TestSuite(blocks, .init = warm_up);

static void expect_few_more(int64_t before)
{
    cr_assert_leq(blocks, before + FEW, "%ld, not %ld", (long)blocks, (long)before);
}

/* ---- Cells ---- */

static void run_jobs_with_handles(filch_pool *pool)
{
    filch_job *jobs[AT_ONCE];
    for (unsigned i = 0; i < AT_ONCE; i++)
        jobs[i] = job_of(pool, succeeds, NULL, NULL);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    for (unsigned i = 0; i < AT_ONCE; i++)
        filch_job_release(jobs[i]);
}

Test(blocks, pending_callbacks_give_their_cells_back)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    for (unsigned i = 0; i < MANY; i += AT_ONCE) /* the caches of both threads are full then */
        run_jobs_with_handles(pool);
    int64_t before = blocks;
    for (unsigned i = 0; i < MANY; i += AT_ONCE)
        run_jobs_with_handles(pool);
    expect_few_more(before);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(blocks, entries_of_a_queue_of_slots_give_their_cells_back)
{
    static const filch_task task = {NULL, "task"};
    static fl_slot_queue queue;
    static fl_worker worker;
    static filch_slot slot;
    fl_work work;
    fl_slot_queue_init(&queue);
    int64_t before = blocks;
    for (unsigned i = 0; i < MANY; i++) {
        filch_ptr_store(&slot.task, (void *)(uintptr_t)&task, FILCH_RELEASE);
        filch_ptr_store(&slot.state, NULL, FILCH_RELEASE); /* as after a join */
        cr_assert(fl_slot_queue_put(&queue, fl_offer_forked(&slot + 1)));
        cr_assert(fl_slot_queue_take(&queue, &worker, &work));
    }
    expect_few_more(before);
}

/* ---- Objects ---- */

Test(blocks, a_pool_that_is_as_wide_already_keeps_no_other_runner)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 3});
    int64_t before = blocks;
    for (unsigned i = 0; i < TIMES; i++)
        cr_assert_eq(filch_pool_resize(pool, 3), 0);
    expect_few_more(before);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(blocks, runtimes_give_the_state_of_their_queues_back)
{
    static const char *const queues[] = {"central-lockfree", "sharing"};
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(fib_life(1, queues[i], 5), 0, "%s", filch_error());
        urcu_bp_barrier();
        int64_t before = blocks;
        for (unsigned j = 0; j < TIMES; j++)
            cr_assert_eq(fib_life(1, queues[i], 5), 0, "%s", filch_error());
        urcu_bp_barrier();
        expect_few_more(before);
    }
}
