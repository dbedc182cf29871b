/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stacks' guards where they cost a mapping each: kernels without MADV_GUARD_INSTALL, here refused
 * as they refuse it, and processes that have few mappings left. Tasks wait by the ten thousand, the
 * program keeps mappings of its own, and an overflow without a guard is found when the fiber
 * suspends or is freed. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <filch/filch.h>
#include <pthread.h>
#include <sys/mman.h>
#include <tests/support/mappings.h>
#include <tests/support/seccomp.h>
#include <unistd.h>

enum {
    ADVICE_GUARD_INSTALL = 102,
    MANY = 36000, /* with two mappings for each stack, more than the kernel's default allows */
    SOME = 4000,
    LEFT = 200 /* pages, two mappings each */
};

static void be_an_old_kernel(void)
{
    seccomp_deny_argument(SYS_madvise, 2, ADVICE_GUARD_INSTALL, EINVAL);
}

/* A guard that is a mapping of its own is refused, too: the system has no mapping left for it. */
static void refuse_all_guards(void)
{
    be_an_old_kernel();
    seccomp_deny_argument(SYS_mprotect, 2, PROT_NONE, ENOMEM);
}

static void leave_no_mappings_for_guards(void)
{
    be_an_old_kernel();
    mappings_prepare();
    mappings_use_up();
    mappings_give_back(LEFT);
}

static filch_barrier all;
static filch_u32 met;

static void meet(filch_self self, void *unused)
{
    (void)self, (void)unused;
    filch_barrier_wait(&all);
    filch_u32_add(&met, 1, FILCH_RELAXED);
}

static void *return_arg(void *arg)
{
    return arg;
}

/* Other calls of a program that need mappings. */
static void use_mappings(void)
{
    pthread_t thread;
    CHILD_CHECK(pthread_create(&thread, NULL, return_arg, NULL) == 0);
    CHILD_CHECK(pthread_join(thread, NULL) == 0);
    void *library = dlopen("libm.so.6", RTLD_NOW);
    CHILD_CHECK(library && dlclose(library) == 0);
}

static unsigned workers, tasks;

static void many_tasks_wait(void)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = workers}) == 0);
    CHILD_CHECK(filch_barrier_init(&all, tasks) == 0);
    for (unsigned i = 0; i + 1 < tasks; i++)
        CHILD_CHECK(filch_go(rt, meet, NULL) == 0);
    filch_stats stats;
    do
        filch_runtime_stats_read(rt, &stats, sizeof stats);
    while (stats.suspended + 1 < tasks);
    use_mappings();
    CHILD_CHECK(filch_go(rt, meet, NULL) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    CHILD_CHECK(filch_u32_load(&met, FILCH_RELAXED) == tasks);
}

static void many_tasks_wait_on_an_old_kernel(void)
{
    be_an_old_kernel();
    many_tasks_wait();
}

static void many_tasks_wait_with_few_mappings(void)
{
    leave_no_mappings_for_guards();
    many_tasks_wait();
}

static void passes(void (*work)(void), unsigned with_workers, unsigned with_tasks)
{
    struct child child;
    workers = with_workers;
    tasks = with_tasks;
    child_run(&child, work);
    cr_assert(child_passed(&child), "%u workers: 0x%x: %s", workers, child.status, child.text);
}

Test(guards, tasks_wait_by_the_ten_thousand_on_old_kernels)
{
    passes(many_tasks_wait_on_an_old_kernel, 2, MANY);
}

Test(guards, thousands_of_tasks_wait_with_few_mappings)
{
    static const unsigned numbers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3 && mappings_most() <= MAPPINGS_REACHABLE; i++)
        passes(many_tasks_wait_with_few_mappings, numbers[i], SOME);
}

/* ---- Overflows without a guard ---- */

enum { STACK = 64 << 10, BEYOND = 16 << 10 };

static filch_channel *nothing;

static void suspends_below_its_stack(filch_self self, void *unused)
{
    (void)self, (void)unused;
    volatile char *bytes = __builtin_alloca(STACK + BEYOND);
    bytes[0] = 1;
    filch_receive(nothing, &(int){0});
    bytes[1] = 1;
}

static void returns_from_below_its_stack(filch_self self, void *unused)
{
    (void)self, (void)unused;
    volatile char *bytes = __builtin_alloca(STACK + BEYOND);
    bytes[0] = 1;
}

static void waits_first(filch_self self, void *unused)
{
    (void)self, (void)unused;
    filch_receive(nothing, &(int){0});
}

/* The task runs on a fiber that is freed when the other task goes on. */
static filch_runtime *runtime_without_guards(void)
{
    filch_runtime *rt = NULL;
    refuse_all_guards();
    CHILD_CHECK(filch_runtime_create(
                    &rt, &(filch_config){.workers = 1, .stack_size = STACK, .max_fibers = 4}) == 0);
    CHILD_CHECK(filch_channel_create(&nothing, sizeof(int), 0) == 0);
    CHILD_CHECK(filch_go(rt, waits_first, NULL) == 0);
    return rt;
}

static void close_channel(filch_runtime *rt)
{
    filch_stats stats;
    do
        filch_runtime_stats_read(rt, &stats, sizeof stats);
    while (stats.suspended < 1 || stats.jobs_run < 2);
    filch_channel_close(nothing);
    filch_runtime_destroy(rt);
}

/* It never goes on: the overflow is found as soon as another fiber runs. */
static void suspend_below_a_stack(void)
{
    filch_runtime *rt = runtime_without_guards();
    CHILD_CHECK(filch_go(rt, suspends_below_its_stack, NULL) == 0);
    sleep(10);
}

static void return_from_below_a_stack(void)
{
    filch_runtime *rt = runtime_without_guards();
    CHILD_CHECK(filch_go(rt, returns_from_below_its_stack, NULL) == 0);
    close_channel(rt);
}

static void expect_named(void (*overflow)(void), const char *name)
{
    struct child child;
    char text[64];
    child_run(&child, overflow);
    snprintf(text, sizeof text, "in or below task %s", name);
    cr_assert(child_died(&child, "stack overflow on worker"), "0x%x: %s", child.status, child.text);
    cr_assert(child_died(&child, text), "%s", child.text);
}

Test(guards, a_fiber_that_suspends_below_its_stack_is_named)
{
    expect_named(suspend_below_a_stack, "suspends_below_its_stack");
}

Test(guards, an_overflow_is_found_when_its_fiber_is_freed)
{
    expect_named(return_from_below_a_stack, "returns_from_below_its_stack");
}
