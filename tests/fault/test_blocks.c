/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Blocks of the heap: work that is done again and again, and runtimes that come and go, hold no more
 * of them. Any number of tasks, children and jobs, some at a time, need no more than a few. */
#include <filch/scope.h>
#include <runtime/queue/slot_queue.h>
#include <tests/support/pools.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

/* A lost cell of each piece of work would need more slabs than FEW. */
enum { MANY = 10000, AT_ONCE = 100, ROUNDS = 200, TIMES = 40, FEW = 5 };

TestSuite(blocks, .init = warm_up);

/* The first use fills the caches of the threads. */
static void again(void (*use)(void *arg), void *arg, int64_t more)
{
    use(arg);
    urcu_bp_barrier();
    int64_t before = blocks;
    use(arg);
    urcu_bp_barrier();
    cr_assert_leq(blocks, before + more, "%ld, not %ld", (long)blocks, (long)before);
}

/* ---- Tasks ---- */

static signpost ended;

static void ends(filch_self self, void *unused)
{
    signpost_raise(&ended);
}

static void start_and_wait(void *rt)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t before = signpost_count(&ended);
        for (unsigned i = 0; i < AT_ONCE; i++)
            OK(filch_go(rt, ends, NULL));
        signpost_wait(&ended, before + AT_ONCE);
    }
}

static int child(filch_self self, filch_scope *scope, void *unused)
{
    return 0;
}

static void spawn_and_wait(void *rt)
{
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < AT_ONCE; i++)
            cr_assert_eq(FILCH_SPAWN(&scope, child, NULL), 0);
        OK(filch_scope_wait(&scope, FILCH_FOREVER));
    }
    OK(filch_scope_end(&scope));
}

static void fork_and_join(void *rt)
{
    for (unsigned round = 0; round < ROUNDS; round++)
        cr_assert_eq(FILCH_RUN(rt, fib, 8), serial_fib(8));
}

/* One batch is on its way. */
static void again_in(const char *queue, void (*use)(void *rt))
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .queue = queue, .guest = "0" /* the worker runs all */};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    again(use, rt, 1);
    OK(filch_runtime_destroy(rt));
}

Test(blocks, detached_tasks_give_their_cells_back)
{
    again_in(NULL, start_and_wait);
}

Test(blocks, children_of_scopes_too)
{
    again_in(NULL, spawn_and_wait);
}

Test(blocks, joined_tasks_of_queues_too)
{
    again_in("central-lockfree", fork_and_join);
    again_in("sharing", fork_and_join);
}

static void take_from_queue(void *unused)
{
    static const filch_task task = {NULL, "task"};
    static fl_slot_queue queue;
    static fl_worker worker;
    static filch_slot slot;
    fl_work work;
    fl_slot_queue_init(&queue);
    for (unsigned i = 0; i < MANY; i++) {
        filch_ptr_store(&slot.task, (void *)(uintptr_t)&task, FILCH_RELEASE);
        filch_ptr_store(&slot.state, NULL, FILCH_RELEASE); /* as after a join */
        cr_assert(fl_slot_queue_put(&queue, fl_offer_forked(&slot + 1)));
        cr_assert(fl_slot_queue_take(&queue, &worker, &work));
    }
}

Test(blocks, entries_of_slot_queues_too)
{
    again(take_from_queue, NULL, FEW);
}

/* ---- Pools and runtimes ---- */

static void run_jobs_with_handles(void *pool)
{
    filch_job *jobs[AT_ONCE];
    for (unsigned times = 0; times < MANY; times += AT_ONCE) {
        for (unsigned i = 0; i < AT_ONCE; i++)
            jobs[i] = job_of(pool, succeeds, NULL, NULL);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        for (unsigned i = 0; i < AT_ONCE; i++)
            filch_job_release(jobs[i]);
    }
}

Test(blocks, pending_callbacks_give_their_cells_back)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    again(run_jobs_with_handles, pool, FEW);
    OK(filch_pool_destroy(pool));
}

static void resize(void *pool)
{
    for (unsigned i = 0; i < TIMES; i++)
        OK(filch_pool_resize(pool, 3));
}

Test(blocks, the_same_width_keeps_no_runner)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 3});
    again(resize, pool, FEW);
    OK(filch_pool_destroy(pool));
}

static void live(void *queue)
{
    for (unsigned i = 0; i < TIMES; i++)
        cr_assert_eq(fib_life(1, queue, 5), 0, "%s", filch_error());
}

Test(blocks, runtimes_return_their_queues_state)
{
    static char queues[][20] = {"central-lockfree", "sharing"};
    for (unsigned i = 0; i < 2; i++)
        again(live, queues[i], FEW);
}
