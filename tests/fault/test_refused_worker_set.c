/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * More workers where the system refuses threads, or memory for them: resizing says so, everything
 * is as before, and it works as soon as the system does. */
#include <runtime/engine/worker.h>
#include <tests/support/refuse.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const struct refused_kind {
    enum refusable what;
    int rc;
} kinds[] = {{THREADS, -EAGAIN}, {ATTRIBUTES, -ENOMEM}, {AFFINITY, -ENOMEM}};

enum { KINDS = sizeof kinds / sizeof *kinds, SLOTS = 6 };

static filch_runtime *runtime(const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1,
                           .max_workers = SLOTS,
                           .queue = queue,
                           .bind = "core",
                           .max_fibers = 100,
                           .guest = "0" /* which asks for its thread's attributes */};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static void refused_after(filch_runtime *rt, const struct refused_kind *kind, unsigned threads)
{
    unsigned before = filch_runtime_workers(rt);
    refuse(kind->what, threads, true);
    int rc = filch_runtime_resize(rt, SLOTS);
    cr_assert_eq(refuse_no_more(kind->what), 1, "it gives up at once");
    cr_assert_eq(rc, kind->rc);
    cr_assert_not_null(strstr(filch_error(), "could not be started"), "%s", filch_error());
    cr_assert_eq(filch_runtime_workers(rt), before);
    cr_assert_eq(FILCH_RUN(rt, fib, 12), 144);
}

/* Threads that were started before the refusal sleep until they are needed. */
Test(refused_worker_set, a_refused_thread_changes_nothing)
{
    for (unsigned i = 0; i < FIB_QUEUES * KINDS; i++) {
        const struct refused_kind *kind = &kinds[i / FIB_QUEUES];
        filch_runtime *rt = runtime(fib_queues[i % FIB_QUEUES]);
        if (kind->what == AFFINITY && rt->resident.placement.units < SLOTS) {
            OK(filch_runtime_destroy(rt));
            continue; /* slots beyond the cores are not pinned */
        }
        refused_after(rt, kind, 0);
        refused_after(rt, kind, 2);
        cr_assert_eq(fl_reach(rt), 3);
        refused_after(rt, kind, 1);
        cr_assert_eq(fl_reach(rt), 4);
        cr_assert_eq(filch_runtime_resize(rt, 4), 0, "these are there");
        cr_assert_eq(filch_runtime_resize(rt, SLOTS), 0, "%s", filch_error());
        cr_assert_eq(FILCH_RUN(rt, fib, 12), 144);
        OK(filch_runtime_destroy(rt));
    }
}

Test(refused_worker_set, nothing_is_left_behind)
{
    filch_runtime *rt = runtime(NULL);
    OK(filch_runtime_destroy(rt)); /* per-process state is there */
    int64_t held = blocks, space = mapped, sets = cpu_sets;
    rt = runtime(NULL);
    refused_after(rt, &kinds[0], 2);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(mapped, space);
    cr_assert_leq(blocks, held);
    cr_assert_eq(cpu_sets, sets);
    cr_assert_eq(attribute_sets, 0);
}

/* Without memory to retire the old buffer later, the worker waits for its readers itself. */
Test(refused_worker_set, a_grown_deque_frees_its_buffer)
{
    filch_runtime *rt = runtime(NULL);
    fl_deque *ready = &rt->worker[1]->ready; /* of no thread */
    int64_t held = blocks;
    fl_buffer *old = malloc(sizeof *old);
    cr_assert_not_null(old);
    refuse(MEMORY, 0, true);
    ready->retire(ready, old);
    cr_assert_geq(refuse_no_more(MEMORY), 1, "the other worker's thread may have asked, too");
    cr_assert_eq(blocks, held);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, resizes, (unsigned, workers))
{
    return filch_runtime_resize(NULL, workers);
}

Test(refused_worker_set, resize_in_a_task_fails_too)
{
    filch_runtime *rt = runtime(NULL);
    refuse(THREADS, 0, true);
    cr_assert_eq(FILCH_RUN(rt, resizes, 2), -EAGAIN);
    cr_assert_eq(refuse_no_more(THREADS), 1);
    cr_assert_eq(FILCH_RUN(rt, resizes, 2), 0);
    OK(filch_runtime_destroy(rt));
}
