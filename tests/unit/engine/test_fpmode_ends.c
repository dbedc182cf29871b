/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: label processor in emulated
 *
 * Floating-point modes: where they end, and the report of forks in another one. */
#ifndef FILCH_DEBUG
#define FILCH_DEBUG /* forks in another mode are reported */
#endif
#include <runtime/platform/switch/fpmode.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/unit/engine/fpmode.h>

FILCH_VOID_TASK(called)
{
    look_and_leak();
}

/* ---- Panics ---- */

static unsigned cleanups_mode;

static void clean_up(void *arg)
{
    cleanups_mode = fpmode_here();
    fpmode_set(THIRD);
}

static void panics(filch_self self, void *arg)
{
    fpmode_set(OTHER);
    FILCH_DEFER(clean_up, NULL);
    FILCH_PANIC(-EIO, "in another mode");
}

static void returns(filch_self self, void *arg)
{
    fpmode_set(OTHER);
}

FILCH_TASK(unsigned, catcher)
{
    unsigned bad = 0;
    fpmode_set(2);
    cleanups_mode = FPMODES;
    bad += filch_try(self, panics, NULL, NULL) != -EIO;
    bad += fpmode_here() != 2;
    bad += cleanups_mode != 2;
    bad += filch_try(self, returns, NULL, NULL) != 0;
    bad += fpmode_here() != 2;
    return bad;
}

static void leaking_handler(const filch_failure *failure)
{
    look_and_leak();
}

Test(fpmode_ends, panics_restore_mode_of_catcher)
{
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1});
    cr_assert_eq(FILCH_RUN(rt, catcher), 0);
    filch_set_panic_handler(leaking_handler);
    for (int i = 0; i < 3; i++)
        OK(filch_go(rt, panics, NULL));
    signpost_wait(&seen, 3);
    FILCH_RUN(rt, called);
    nobody_was_wrong("the handler of panics", 1);
    OK(filch_runtime_destroy(rt));
}

/* ---- Callbacks ---- */

static signpost began;
static filch_future told;

static void detached(filch_self self, void *arg)
{
    look_and_leak();
}

static int outlives_its_time(filch_self self, filch_job *unused, void *arg)
{
    signpost_raise(&began);
    return filch_await(&told);
}

/* The worker finds next what it has started last. */
static void stuck(const filch_stuck *report, void *arg)
{
    look_and_leak();
    filch_future_set(&told, NULL, 0);
    filch_go(NULL, detached, NULL);
}

/* Where the machine is too busy for it to begin before its deadline, it is tried again. */
static void submit_one_that_gets_stuck(filch_pool *pool)
{
    for (int64_t timeout = FILCH_MILLISECOND; !signpost_count(&began); timeout *= 2) {
        cr_assert_eq(FILCH_SUBMIT_AS(pool, outlives_its_time, NULL, .timeout = timeout), 0);
        filch_pool_wait(pool, filch_in(timeout));
    }
}

Test(fpmode_ends, stuck_job_report_leaks_no_mode)
{
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1});
    filch_pool *pool;
    filch_pool_config config = {.runtime = rt, .width = 2, .stuck_after = 1, .stuck = stuck};
    cr_assert_eq(filch_pool_create(&pool, &config), 0, "%s", filch_error());
    submit_one_that_gets_stuck(pool);
    OK(filch_await(&told));
    signpost_wait(&seen, 2);
    OK(filch_pool_destroy(pool));
    nobody_was_wrong("the report of a stuck job", 1);
    OK(filch_runtime_destroy(rt));
}

/* ---- Blocking calls ---- */

static unsigned blocked_mode;

static void blocks(void *arg)
{
    blocked_mode = fpmode_here();
    fpmode_set(THIRD);
}

FILCH_TASK(unsigned, makes_blocking_calls)
{
    unsigned bad = 0;
    for (unsigned mode = 0; mode < FPMODES; mode++) {
        fpmode_set(mode);
        bad += filch_blocking(blocks, NULL) != 0;
        bad += blocked_mode != mode || fpmode_here() != mode;
        bad += filch_blocking_begin() != 0;
        bad += fpmode_here() != mode;
        filch_blocking_end();
        bad += fpmode_here() != mode;
    }
    return bad;
}

Test(fpmode_ends, blocking_calls_run_in_callers_mode)
{
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 2, .blocking_threads = 1});
    cr_assert_eq(FILCH_RUN(rt, makes_blocking_calls), 0);
    OK(filch_runtime_destroy(rt));
}

/* ---- Flags ---- */

Test(fpmode_ends, sticky_flags_do_not_change_mode)
{
    feclearexcept(FE_ALL_EXCEPT);
    fl_fpmode before = fl_fpmode_now();
    feraiseexcept(FE_INEXACT | FE_DIVBYZERO);
    cr_assert_eq(fl_fpmode_now(), before);
    fl_fpmode_write(before);
    cr_assert_eq(fl_fpmode_now(), before);
    cr_assert_eq(fetestexcept(FE_DIVBYZERO), FE_DIVBYZERO);
}

#if defined(__x86_64__) && defined(__GLIBC__)
/* The x87 traps for a flag that was set before the trap was enabled. */
static void divide(filch_self self, void *arg)
{
    fedisableexcept(FE_DIVBYZERO);
    volatile long double one = 1.0L, zero = 0.0L;
    one = one / zero;
    signpost_raise(&seen);
}

static void compute(void)
{
    volatile long double one = 1.0L;
    one = one + one;
}

static void traps_divisions(filch_self self, void *arg)
{
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO);
    filch_yield(self); /* to another task that divides */
    compute();
    filch_try(self, divide, NULL, NULL);
    compute();
    signpost_raise(&seen);
}

Test(fpmode_ends, flags_of_others_trap_nobody)
{
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1});
    OK(filch_go(rt, traps_divisions, NULL));
    OK(filch_go(rt, divide, NULL));
    signpost_wait(&seen, 3);
    FILCH_RUN(rt, called);
    nobody_was_wrong("traps", 1);
    OK(filch_runtime_destroy(rt));
}
#endif

/* ---- The report ---- */

FILCH_VOID_TASK(unsuspecting)
{
}

FILCH_VOID_TASK(forks_in_another_mode, (bool, intended))
{
    fpmode_set(OTHER);
    if (intended)
        FILCH_ANY_FPMODE();
    FILCH_FORK(unsuspecting);
    FILCH_JOIN_VOID(unsuspecting);
}

static void forks_unintended(void)
{
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1});
    FILCH_RUN(rt, forks_in_another_mode, false);
}

static void forks_after_another(void)
{
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1});
    FILCH_RUN(rt, forks_in_another_mode, true);
    dprintf(STDERR_FILENO, "the first was allowed\n");
    FILCH_RUN(rt, forks_in_another_mode, false);
}

Test(fpmode_ends, debug_build_reports_fork_mode_mismatch)
{
    static struct child end;
    child_run(&end, forks_unintended);
    cr_assert(child_died(&end, "fork of unsuspecting in a floating-point mode other than"), "%s",
              end.text);
}

Test(fpmode_ends, mode_mismatch_exemption_is_per_task)
{
    static struct child end;
    child_run(&end, forks_after_another);
    cr_assert_not_null(strstr(end.text, "the first was allowed"), "%s", end.text);
    cr_assert(child_died(&end, "fork of unsuspecting in a floating-point mode other than"), "%s",
              end.text);
}
