/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * A running runtime whose requests the system refuses: answers are right, everything that was
 * accepted runs once, and nothing is held when it is over. */
#include <runtime/queue/queues.h>
#include <tests/support/engine.h>
#include <tests/support/refuse.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

TestSuite(refused_work, .init = warm_up);

enum { DEPTH = 50, PATIENCE = 50 };

static void chain_without(enum refusable what, int64_t at, unsigned workers, const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = queue};
    OK(filch_runtime_create(&rt, &config));
    chain_lay();
    refuse(what, at, true);
    long answer = FILCH_RUN(rt, stolen_chain, DEPTH, PATIENCE);
    refuse_no_more(what);
    cr_assert_eq(answer, (long)DEPTH * (DEPTH + 1) / 2);
    OK(filch_runtime_destroy(rt));
    nothing_held();
}

Test(refused_work, joins_suspend_without_further_fibers)
{
    static const enum refusable kinds[] = {SPACE, MEMORY, ADVICE, MUTEXES, THREADS};
    static const unsigned workers[] = {2, 8, 64};
    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (unsigned w = 0; w < (BUILD_TSAN ? 2 : 3); w++)
            for (unsigned q = 0; q < FIB_QUEUES; q++)
                for (int64_t at = 0; at < (BUILD_TSAN ? 1 : 4); at++)
                    chain_without(kinds[k], at, workers[w], fib_queues[q]);
}

/* The needs of every queue's forks. */
Test(refused_work, forks_without_memory_run_their_children)
{
    for (unsigned i = 0; fl_queues[i]; i++) {
        filch_runtime *rt = NULL;
        filch_config config = {.workers = 2, .queue = fl_queues[i]->name};
        OK(filch_runtime_create(&rt, &config));
        refuse(MEMORY, 0, true);
        long answer = FILCH_RUN(rt, fib, 12);
        refuse_no_more(MEMORY);
        cr_assert_eq(answer, 144, "%s", fl_queues[i]->name);
        OK(filch_runtime_destroy(rt));
        nothing_held();
    }
}

/* ---- Detached tasks ---- */

static signpost gone;

static void go(filch_self self, void *unused)
{
    signpost_raise(&gone);
}

/* Hands out so many; returns how many were taken. */
static unsigned start(filch_runtime *rt, unsigned tasks)
{
    unsigned started = 0;
    for (unsigned i = 0; i < tasks; i++) {
        int rc = filch_go(rt, go, NULL);
        cr_assert(rc == 0 || rc == -ENOMEM);
        if (rc)
            cr_assert_not_null(strchr(filch_error(), ';'));
        started += rc == 0;
    }
    return started;
}

Test(refused_work, a_refused_task_is_not_run)
{
    enum { TASKS = 5000 }; /* memory for jobs is had for a thousand at a time */
    occupation busy;
    filch_runtime *rt = occupied_runtime(&busy);
    refuse(MEMORY, 2, true);
    unsigned started = start(rt, TASKS);
    cr_assert_gt(refuse_no_more(MEMORY), 0);
    cr_assert_gt(started, 0);
    cr_assert_lt(started, TASKS);
    OK(filch_go(rt, go, NULL));
    signpost_raise(&busy.over);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&gone), started + 1);
}

/* From a task, whose worker's ready deque has to grow: where it cannot, the task goes by the inbox. The
 * memory for jobs is enough for these, so that the calls are those of the growth. */
enum { MANY = 600 };
static int64_t growth;

static void start_many(filch_self self, void *rt)
{
    refuse(MEMORY, growth, false);
    unsigned many = start(rt, MANY);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    cr_assert_eq(many, MANY);
}

static void grow_without(int64_t request)
{
    filch_runtime *rt = NULL;
    growth = request;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    OK(filch_go(rt, start_many, rt));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&gone), MANY);
}

Test(refused_work_first, without_a_buffer_nothing_is_lost)
{
    grow_without(0);
}

Test(refused_work_first, nor_without_a_record)
{
    grow_without(1);
}

/* The library asks for its key but once. Threads begin and end with keys: a sanitizer that is linked
 * with the test uses some. */
Test(refused_work_first, without_free_keys_no_job_cache)
{
    enum { TASKS = 5000 };
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    cr_assert_eq(FILCH_RUN(rt, fib, 5), 5);
    refuse(KEYS, 0, true);
    int64_t before = blocks;
    cr_assert_eq(start(rt, TASKS), TASKS);
    signpost_wait(&gone, TASKS);
    cr_assert_gt(refuse_no_more(KEYS), 0);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&gone), TASKS);
    urcu_bp_barrier(); /* of a deque that grew */
    cr_assert_lt(blocks, before);
}

/* ---- All at once ---- */

enum { NODES = 400 };
static signpost visits[NODES];

/* A tree with suspensions by yields, whose nodes are numbered as a heap's are. */
FILCH_VOID_TASK(visit, (uint64_t, seed), (unsigned, node))
{
    if (node >= NODES)
        return;
    signpost_raise(&visits[node]);
    FILCH_FORK(visit, seed, 2 * node + 1);
    if (stress_mix(seed + node) % 5 == 0)
        filch_yield(self);
    visit(self, seed, 2 * node + 2);
    FILCH_JOIN_VOID(visit);
}

Test(refused_work, random_refusals_lose_nothing)
{
    static const enum refusable kinds[] = {SPACE, ADVICE, MEMORY};
    /* A tiny ready deque grows at each flush, and a fiber that suspends cannot do without its place
     * there. */
    const unsigned count = BUILD_TINY ? 2 : 3;
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < stress_times(150); i++) {
        uint64_t random = stress_mix(seed + i);
        filch_runtime *rt = stress_runtime(random % STRESS_CONFIGS, seed + i);
        memset(visits, 0, sizeof visits);
        for (unsigned k = 0; k < count; k++)
            refuse(kinds[k], (int64_t)(random >> (20 + 8 * k)) % 16, random >> (16 + k) & 1);
        FILCH_RUN(rt, visit, seed + i, 0);
        for (unsigned k = 0; k < count; k++)
            refuse_no_more(kinds[k]);
        OK(filch_runtime_destroy(rt));
        for (unsigned n = 0; n < NODES; n++)
            cr_assert_eq(signpost_count(&visits[n]), 1, "node %u in run %u", n, i);
        nothing_held();
    }
}
