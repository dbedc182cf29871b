/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Asymmetric fences, full ones, and the fallback where the system has no membarrier. Each case is a
 * process of its own, since a seccomp filter stays. */
#include <runtime/platform/fence.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static signpost taken;

FILCH_VOID_TASK(held)
{
    signpost_raise(&taken);
}

/* The owner comes to no fork and no join meanwhile: it must be robbed. */
FILCH_VOID_TASK(silent, (unsigned, times))
{
    filch_u32_store(&taken, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < times; i++) {
        FILCH_FORK(held);
        signpost_wait(&taken, i + 1);
        FILCH_JOIN_VOID(held);
    }
}

/* Two workers that rob each other; the fence they used for it, and the runtime's report of it. */
static void work(const char *fence, filch_runtime_stats *stats, char *text, size_t size)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .fence = fence}) == 0);
    CHILD_CHECK(FILCH_RUN(rt, fib, 22) == 17711);
    FILCH_RUN(rt, silent, 100);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, stats, sizeof *stats);
    filch_runtime_describe(rt, text, size);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static void use_full(void)
{
    filch_runtime_stats stats;
    char text[8192];
    work("full", &stats, text, sizeof text);
    CHILD_CHECK(stats.robs > 0 && stats.heavy_fences == 0);
    CHILD_CHECK(strstr(text, "full, as configured"));
}

static void use_asymmetric(void)
{
    filch_runtime_stats stats;
    char text[8192];
    CHILD_CHECK(fl_fence_register() == 0);
    work(NULL, &stats, text, sizeof text);
    CHILD_CHECK(stats.robs > 0 && stats.heavy_fences >= stats.robs);
    CHILD_CHECK(strstr(text, "fence        asymmetric"));
}

static void fall_back(int error)
{
    filch_runtime_stats stats;
    char text[8192];
    seccomp_deny(SYS_membarrier, error);
    CHILD_CHECK(fl_fence_register() == -error);
    work("asymmetric", &stats, text, sizeof text);
    CHILD_CHECK(stats.robs > 0 && stats.heavy_fences == 0);
    CHILD_CHECK(strstr(text, "full, because membarrier is unavailable here"));
}

static void fall_back_from_enosys(void)
{
    fall_back(ENOSYS);
}

static void fall_back_from_eperm(void)
{
    fall_back(EPERM);
}

static void lose_it_later(void)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    seccomp_deny(SYS_membarrier, EPERM);
    FILCH_RUN(rt, silent, 100);
}

static void passes(void (*what)(void))
{
    struct child child;
    child_run(&child, what);
    cr_assert(child_passed(&child), "status 0x%x: %s", child.status, child.text);
}

static bool membarrier_is_here(void)
{
    return fl_fence_register() == 0;
}

Test(fence, thieves_use_membarrier_by_default)
{
    if (!membarrier_is_here())
        cr_skip_test("this system has no membarrier");
    passes(use_asymmetric);
}

Test(fence, full_needs_no_membarrier)
{
    passes(use_full);
}

Test(fence, missing_membarrier_means_full_fences)
{
    passes(fall_back_from_enosys);
    passes(fall_back_from_eperm);
}

Test(fence, membarrier_refused_later_ends_process)
{
    if (!membarrier_is_here())
        cr_skip_test("this system has no membarrier");
    struct child child;
    child_run(&child, lose_it_later);
    cr_assert(child_died(&child, "membarrier was refused after it had been granted"), "%s",
              child.text);
    cr_assert(child_died(&child, "FILCH_FENCE=full"));
}
