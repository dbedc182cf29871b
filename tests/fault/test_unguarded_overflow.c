/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in asan tsan
 *
 * An overflow of a stack without a guard is found when its fiber suspends or is freed. */
#include <sys/mman.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { ADVICE_GUARD_INSTALL = 102, STACK = 64 << 10, BEYOND = 16 << 10 };

/* By an old kernel, which has no mapping left for a guard of its own. */
static void refuse_all_guards(void)
{
    seccomp_deny_argument(SYS_madvise, 2, ADVICE_GUARD_INSTALL, EINVAL);
    seccomp_deny_argument(SYS_mprotect, 2, PROT_NONE, ENOMEM);
}

static filch_channel *nothing;

static void suspends_below_its_stack(filch_self self, void *unused)
{
    volatile char *bytes = __builtin_alloca(STACK + BEYOND);
    bytes[0] = 1;
    filch_channel_receive(nothing, &(int){0});
    bytes[1] = 1;
}

static void returns_from_below_its_stack(filch_self self, void *unused)
{
    volatile char *bytes = __builtin_alloca(STACK + BEYOND);
    bytes[0] = 1;
}

static void waits_first(filch_self self, void *unused)
{
    filch_channel_receive(nothing, &(int){0});
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
    filch_runtime_stats stats;
    do
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
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

Test(unguarded_overflow, fiber_suspended_below_stack_is_named)
{
    expect_named(suspend_below_a_stack, "suspends_below_its_stack");
}

Test(unguarded_overflow, freeing_fiber_finds_overflow)
{
    expect_named(return_from_below_a_stack, "returns_from_below_its_stack");
}
