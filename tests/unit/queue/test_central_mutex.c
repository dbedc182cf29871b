/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck */
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_runtime *runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = "central-mutex"};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

Test(central_mutex, queues_have_unique_names_with_descriptions)
{
    cr_assert_eq(fl_queues[0], &fl_queue_chase_lev, "the default");
    for (unsigned i = 0; fl_queues[i]; i++) {
        cr_assert_gt(strlen(fl_queues[i]->what), 0);
        for (unsigned k = 0; k < i; k++)
            cr_assert_str_neq(fl_queues[i]->name, fl_queues[k]->name);
    }
}

/* ---- First in, first out; stale entries; a full ring ---- */

static unsigned order[FL_SLOTS];
static signpost ran;

FILCH_VOID_TASK(note, (unsigned, n))
{
    order[signpost_count(&ran)] = n;
    signpost_raise(&ran);
}

/* While the owner forks nothing and joins nothing, the other worker takes the ring in its order. */
FILCH_VOID_TASK(forks_then_waits, (unsigned, count))
{
    for (unsigned i = 0; i < count; i++)
        FILCH_FORK(note, i);
    signpost_wait(&ran, count);
    for (unsigned i = 0; i < count; i++)
        FILCH_JOIN_VOID(note);
}

Test(central_mutex, oldest_task_of_all_goes_first)
{
    enum { COUNT = 8 }; /* capacity of the smallest ring */
    filch_runtime *rt = runtime(2);
    FILCH_RUN(rt, forks_then_waits, COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_eq(order[i], i);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(unsigned, own_joins, (unsigned, rounds))
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < rounds; i++) {
        unsigned before = signpost_count(&ran);
        FILCH_FORK(note, i);
        wrong += signpost_count(&ran) > before + 1;
        FILCH_JOIN_VOID(note);
        wrong += signpost_count(&ran) != before + 1;
        filch_u32_store(&ran, 0, FILCH_RELEASE);
    }
    return wrong;
}

Test(central_mutex, full_stale_ring_runs_tasks_once)
{
    filch_runtime *rt = runtime(1); /* nobody empties the ring: it is full of stale entries soon */
    cr_assert_eq(FILCH_RUN(rt, own_joins, 20000), 0);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(unsigned, tree, (unsigned, depth))
{
    if (depth == 0)
        return 1;
    for (int i = 0; i < 3; i++)
        FILCH_FORK(tree, depth - 1);
    unsigned leaves = 0;
    for (int i = 0; i < 3; i++) {
        FILCH_JOIN(unsigned part, tree);
        leaves += part;
    }
    return leaves;
}

Test(central_mutex, overfull_ring_runs_each_task_once)
{
    for (unsigned workers = 1; workers <= 4; workers++) {
        filch_runtime *rt = runtime(workers);
        cr_assert_eq(FILCH_RUN(rt, tree, 10), 59049);
        OK(filch_runtime_destroy(rt));
    }
}
