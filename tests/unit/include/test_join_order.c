/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Joins that name another task than the newest unjoined fork end the process with a message that
 * has both names if a task of the two was stolen. The forks and joins are in plain functions, where
 * no compiler warns (tests/pitfall has the cases that compilers see). */
#include <runtime/queue/queues.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static signpost begun;

FILCH_TASK(long, a, (long, n))
{
    signpost_raise(&begun);
    return 100 + n;
}

FILCH_TASK(long, b, (long, n))
{
    return 200 + n;
}

FILCH_VOID_TASK(va, (long, n))
{
    signpost_raise(&begun);
}

FILCH_VOID_TASK(vb, (long, n))
{
}

FILCH_VOID_TASK(panics, (long, n))
{
    signpost_raise(&begun);
    FILCH_PANIC(-EINVAL, "%ld", n);
}

/* One worker runs the older task itself, since a fiber that yields flushes what it has forked. */
static void until_begun(filch_self self)
{
    while (!signpost_count(&begun))
        filch_yield(self);
}

static void values(filch_self self, void *unused)
{
    FILCH_FORK(a, 1);
    FILCH_FORK(b, 2);
    until_begun(self);
    FILCH_JOIN(FILCH_UNUSED long x, a);
    FILCH_JOIN(FILCH_UNUSED long y, b);
}

static void voids(filch_self self, void *unused)
{
    FILCH_FORK(va, 1);
    FILCH_FORK(vb, 2);
    until_begun(self);
    FILCH_JOIN_VOID(va);
    FILCH_JOIN_VOID(vb);
}

static void failed(filch_self self, void *unused)
{
    FILCH_FORK(panics, 1);
    until_begun(self);
    FILCH_JOIN_VOID(va);
}

static struct {
    unsigned workers;
    const char *queue;
    filch_go_fn *fn;
} set;

static void run(void)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = set.workers,
                                                          .max_workers = set.workers,
                                                          .queue = set.queue}) == 0);
    filch_go(rt, set.fn, NULL);
    filch_runtime_destroy(rt);
}

static void expect_both_names(unsigned workers, const char *queue, filch_go_fn *fn, const char *one,
                              const char *other)
{
    set.workers = workers;
    set.queue = queue;
    set.fn = fn;
    struct child child;
    child_run(&child, run);
    cr_assert(child_died(&child, "join in the reverse order of forking"), "%s, %u: %s", queue,
              workers, child.text);
    cr_assert(child_died(&child, one) && child_died(&child, other), "%s, %u: %s", queue, workers,
              child.text);
}

Test(join_order, wrong_stolen_join_names_both_tasks)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < sizeof workers / sizeof *workers; i++) {
        expect_both_names(workers[i], NULL, values, " a", " b");
        expect_both_names(workers[i], NULL, voids, " va", " vb");
        expect_both_names(workers[i], NULL, failed, " va", " panics");
    }
}

Test(join_order, in_every_queue)
{
    for (unsigned i = 0; fl_queues[i]; i++)
        expect_both_names(1 + i % 2, fl_queues[i]->name, values, " a", " b");
}
