/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in asan tsan
 *
 * Stacks' guards where they cost a mapping each: kernels without MADV_GUARD_INSTALL, here refused
 * as they refuse it, and processes that have few mappings left. Tasks wait by the ten thousand, and the
 * program keeps mappings of its own. */
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
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
    filch_barrier_wait(&all, FILCH_FOREVER);
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
    filch_runtime_stats stats;
    do
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
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

Test(guards, old_kernels_support_many_waiting_tasks)
{
    passes(many_tasks_wait_on_an_old_kernel, 2, MANY);
}

Test(guards, thousands_of_tasks_need_few_mappings)
{
    static const unsigned numbers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3 && mappings_most() <= MAPPINGS_REACHABLE; i++)
        passes(many_tasks_wait_with_few_mappings, numbers[i], SOME);
}
