/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A guest on the CPU of a worker that works beside it moves to the CPU of the worker whose place it
 * has. On a machine of one CPU there is nowhere to go. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/machine/affinity.h>
#include <sched.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static signpost busy, may_end;
static int busy_cpu;

static void keeps_busy(filch_self self, void *unused)
{
    busy_cpu = sched_getcpu();
    signpost_raise(&busy);
    signpost_wait(&may_end, 1);
}

static struct fl_affinity only(int cpu)
{
    struct fl_affinity one = fl_affinity_read();
    CPU_ZERO_S(one.size, one.set);
    CPU_SET_S((size_t)cpu, one.size, one.set);
    return one;
}

/* Forks by the slow path, as an owner whose thief asks. */
FILCH_TASK(bool, is_in_its_place)
{
    filch_ptr_exchange(&fl_fiber_of(self)->stack.front.limit, NULL, FILCH_ACQ_REL);
    FILCH_FORK(fib, 1);
    const fl_worker *worker = fl_fiber_of(self)->worker;
    const fl_placement *placement = &worker->rt->resident.placement;
    struct fl_affinity own =
        fl_placement_cpus(placement, fl_placement_span(placement, worker->index));
    bool there = fl_affinity_allows(&own, sched_getcpu());
    fl_affinity_free(&own);
    FILCH_JOIN(long one, fib);
    return there && one == 1;
}

static void play(bool confined)
{
    filch_runtime *rt;
    struct fl_affinity before = fl_affinity_read();
    if (CPU_COUNT_S(before.size, before.set) < 2)
        return;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .bind = "pu", .guest = "1"}));
    for (unsigned i = 0; i < 2; i++)
        WAIT_WHILE(filch_u32_load(&rt->worker[i]->park_word, FILCH_ACQUIRE) != FL_PARK_PARKED);
    OK(filch_go(rt, keeps_busy, NULL));
    signpost_wait(&busy, 1);
    struct fl_affinity beside = only(busy_cpu);
    cr_assert_eq(fl_affinity_go(&beside), 0);
    if (!confined)
        cr_assert_eq(fl_affinity_go(&before), 0); /* and the thread stays there for a while */
    cr_assert_eq(FILCH_RUN(rt, is_in_its_place), !confined);
    struct fl_affinity after = fl_affinity_read();
    cr_assert(fl_affinity_equal(&after, confined ? &beside : &before), "its mask is as before");
    signpost_raise(&may_end);
    fl_affinity_go(&before);
    fl_affinity_free(&after);
    fl_affinity_free(&beside);
    fl_affinity_free(&before);
    OK(filch_runtime_destroy(rt));
}

Test(guest_cpu, guest_leaves_cpu_of_busy_worker)
{
    play(false);
}

Test(guest_cpu, guest_confined_to_one_cpu_stays)
{
    play(true);
}

/* As a container does that is given fewer CPUs. */
FILCH_TASK(long, loses_cpus)
{
    struct fl_affinity one = only(sched_getcpu());
    int rc = fl_affinity_go(&one);
    fl_affinity_free(&one);
    return rc ? rc : fib(self, 20);
}

Test(guest_cpu, a_shrunken_mask_stays)
{
    filch_runtime *rt = NULL;
    struct fl_affinity before = fl_affinity_read();
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .bind = "pu", .guest = "1"}));
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(FILCH_RUN(rt, loses_cpus), 6765);
        struct fl_affinity after = fl_affinity_read();
        cr_assert_eq(fl_affinity_go(&before), 0);
        bool handed_over = fl_affinity_equal(&after, &before);
        cr_assert(handed_over || CPU_COUNT_S(after.size, after.set) == 1);
        fl_affinity_free(&after);
    }
    fl_affinity_free(&before);
    OK(filch_runtime_destroy(rt));
}
