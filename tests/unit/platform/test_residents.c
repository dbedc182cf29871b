/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The live runtimes of a process share the machine, on an imagined one: 2 packages with 2
 * last-level caches of 2 cores each, CPUs 0-1, 2-3, 4-5, 6-7. */
#include <runtime/engine/worker.h>
#include <tests/support/engine.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

enum { OBJECTS = 4, EACH = 2 };

static void imagine(void)
{
    setenv("HWLOC_SYNTHETIC", "pack:2 l3:2 core:2 pu:1", 1);
}
TestSuite(residents, .init = imagine);

static filch_runtime *runtime(unsigned workers, const char *bind)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers, .max_workers = 8, .bind = bind};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

static unsigned object_of(const filch_runtime *rt)
{
    return (unsigned)rt->worker[0]->place.cache / 2;
}

static bool pinned(const filch_runtime *rt)
{
    return rt->resident.placement.pinned;
}

Test(residents, single_worker_runtimes_spread_over_machine)
{
    filch_runtime *all[OBJECTS * EACH];
    unsigned count[OBJECTS] = {0};
    for (unsigned i = 0; i < OBJECTS * EACH; i++) {
        all[i] = runtime(1, NULL);
        count[object_of(all[i])]++;
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        cr_expect_eq(count[i], EACH);
    for (unsigned i = 0; i < OBJECTS * EACH; i++)
        OK(filch_runtime_destroy(all[i]));
}

Test(residents, destroying_gives_the_object_back)
{
    filch_runtime *all[OBJECTS];
    for (unsigned i = 0; i < OBJECTS; i++)
        all[i] = runtime(1, NULL);
    for (unsigned i = 0; i < 20; i++) {
        unsigned freed = object_of(all[i % OBJECTS]);
        OK(filch_runtime_destroy(all[i % OBJECTS]));
        all[i % OBJECTS] = runtime(1, NULL);
        cr_expect_eq(object_of(all[i % OBJECTS]), freed);
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        OK(filch_runtime_destroy(all[i]));
}

Test(residents, workers_that_were_added_count)
{
    filch_runtime *grown = runtime(1, NULL);
    OK(filch_runtime_resize(grown, 2));
    for (unsigned i = 0; i < 8; i++) {
        filch_runtime *one = runtime(1, NULL), *two = runtime(1, NULL), *three = runtime(1, NULL);
        cr_expect(object_of(one) != object_of(grown) && object_of(two) != object_of(grown) &&
                  object_of(three) != object_of(grown));
        OK(filch_runtime_destroy(one));
        OK(filch_runtime_destroy(two));
        filch_runtime_destroy(three);
    }
    OK(filch_runtime_destroy(grown));
}

Test(residents, second_whole_machine_runtime_floats)
{
    filch_runtime *first = runtime(8, NULL), *second = runtime(8, NULL);
    cr_expect(pinned(first) && !pinned(second));
    OK(filch_runtime_destroy(first));
    filch_runtime *third = runtime(8, NULL);
    cr_expect(pinned(third), "floating runtimes do not count");
    OK(filch_runtime_destroy(second));
    OK(filch_runtime_destroy(third));
    first = runtime(1, "core");
    second = runtime(8, NULL);
    cr_expect(pinned(first) && !pinned(second), "by name as well");
    OK(filch_runtime_destroy(first));
    OK(filch_runtime_destroy(second));
}

Test(residents, waits_spin_only_with_enough_cpus)
{
    filch_runtime *one = runtime(1, NULL), *two = runtime(1, NULL);
    believe_in_cpus(one, 2);
    believe_in_cpus(two, 2);
    cr_expect(fl_may_spin(one) && fl_may_spin(two));
    filch_runtime *three = runtime(1, NULL);
    cr_expect(!fl_may_spin(one) && !fl_may_spin(two));
    OK(filch_runtime_destroy(three));
    cr_expect(fl_may_spin(one));
    OK(filch_runtime_resize(two, 2));
    cr_expect_not(fl_may_spin(one));
    OK(filch_runtime_resize(two, 1));
    cr_expect(fl_may_spin(one));
    OK(filch_runtime_destroy(one));
    OK(filch_runtime_destroy(two));
}

/* A child of a process with threads: not for thread sanitizer. */
#ifndef FILCH_TSAN
static void be_alone(void)
{
    CHILD_CHECK(filch_u32_load(&fl_residents_workers, FILCH_RELAXED) == 0);
    filch_runtime *rt = runtime(8, NULL);
    CHILD_CHECK(pinned(rt));
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(residents, a_child_of_fork_has_none)
{
    filch_runtime *rt = runtime(8, "core");
    struct child child;
    /* Else a worker may be in malloc, and the sanitizer's lock stays locked in the child. */
    runtime_rests(rt, 8);
    child_run(&child, be_alone);
    cr_expect(child_passed(&child), "%s", child.text);
    OK(filch_runtime_destroy(rt));
}
#endif
