/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops: each index once, on any worker; stops, hints, nesting, refused arguments. */
#include <tests/support/par.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

FILCH_FOR(touch, i, (filch_u32 *, seen))
{
    filch_u32_add(&seen[i], 1, FILCH_RELAXED);
}

FILCH_FOR_HINT(touch_each, 1, i, (filch_u32 *, seen))
{
    if (i % 64 == 0)
        sched_yield();
    filch_u32_add(&seen[i], 1, FILCH_RELAXED);
}

FILCH_FOR_2D(touch_2d, i, j, (filch_u32 *, seen), (size_t, width))
{
    filch_u32_add(&seen[i * width + j], 1, FILCH_RELAXED);
}

FILCH_FOR(fails_at, i, (size_t, bad), (filch_u32 *, after))
{
    if (i == bad)
        FILCH_STOP(-EIO);
    if (i > bad)
        filch_u32_add(after, 1, FILCH_RELAXED);
}

FILCH_FOR(no_arguments, i)
{
    if (i == SIZE_MAX)
        FILCH_STOP(1);
}

FILCH_FOR(inner, i, (filch_u32 *, row))
{
    filch_u32_add(&row[i], 1, FILCH_RELAXED);
}

FILCH_FOR_HINT(outer, 1, i, (filch_u32 *, seen), (size_t, width))
{
    int rc = inner(self, 0, width, seen + i * width);
    if (rc)
        FILCH_STOP(rc);
}

FILCH_TASK(int, int_fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(int_fib, n - 1);
    int right = int_fib(self, n - 2);
    FILCH_JOIN(int left, int_fib);
    return left + right;
}

FILCH_FOR_HINT(fibs, 1, i, (int *, out))
{
    FILCH_FORK(int_fib, (int)(i % 15));
    int twice = int_fib(self, (int)(i % 15));
    FILCH_JOIN(out[i], int_fib);
    if (out[i] != twice)
        FILCH_STOP(-EBADMSG);
}

static void expect_once(const filch_u32 *seen, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(filch_u32_load(&seen[i], FILCH_RELAXED), 1, "index %zu of %zu", i, n);
}

Test(par_for, every_index_is_run_once)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(20); times; times--) {
            size_t n = par_size(&state, 1000000);
            filch_u32 *seen = calloc(n + 1, sizeof *seen);
            cr_assert_eq(FILCH_RUN(rt, touch, 0, n, seen), 0);
            expect_once(seen, n);
            free(seen);
        }
        filch_runtime_destroy(rt);
    }
}

Test(par_for, hint_changes_only_pieces)
{
    enum { N = 3000 };
    static filch_u32 seen[N];
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        memset(seen, 0, sizeof seen);
        cr_assert_eq(FILCH_RUN(rt, touch_each, 0, N, seen), 0);
        expect_once(seen, N);
        filch_runtime_destroy(rt);
    }
}

Test(par_for, every_plane_cell_runs_once)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(20); times; times--) {
            size_t high = par_size(&state, 1000), wide = par_size(&state, 1000);
            filch_u32 *seen = calloc(high * wide + 1, sizeof *seen);
            cr_assert_eq(FILCH_RUN(rt, touch_2d, 0, high, 0, wide, seen, wide), 0);
            expect_once(seen, high * wide);
            free(seen);
        }
        filch_runtime_destroy(rt);
    }
}

Test(par_for, stop_ends_loop_with_code)
{
    filch_u32 after = {0};
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        cr_assert_eq(FILCH_RUN(rt, fails_at, 0, SIZE_MAX, 1000, &after), -EIO);
        filch_runtime_destroy(rt);
    }
}

Test(par_for, lone_worker_starts_nothing_after_stop)
{
    filch_u32 after = {0};
    filch_runtime *rt = par_runtime(1);
    cr_assert_eq(FILCH_RUN(rt, fails_at, 0, 1000000, 77, &after), -EIO);
    cr_assert(strstr(filch_error(), "filch_for: its body stopped it"));
    cr_assert_eq(filch_u32_load(&after, FILCH_RELAXED), 0);
    filch_runtime_destroy(rt);
}

Test(par_for, ranges_may_end_at_largest_index)
{
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, no_arguments, SIZE_MAX - 1000000, SIZE_MAX), 0);
    cr_assert_eq(FILCH_RUN(rt, no_arguments, SIZE_MAX, SIZE_MAX), 0);
    filch_runtime_destroy(rt);
}

Test(par_for, loops_nest_and_bodies_fork)
{
    enum { HIGH = 40, WIDE = 500, FIBS = 200 };
    static filch_u32 seen[HIGH * WIDE];
    static int found[FIBS];
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        memset(seen, 0, sizeof seen);
        cr_assert_eq(FILCH_RUN(rt, outer, 0, HIGH, seen, WIDE), 0);
        expect_once(seen, HIGH * WIDE);
        cr_assert_eq(FILCH_RUN(rt, fibs, 0, FIBS, found), 0);
        cr_assert_eq(found[10], 55);
        filch_runtime_destroy(rt);
    }
}

static int no_body_runs(filch_self self, size_t begin, size_t end, void *context)
{
    ++*(int *)context;
    return 0;
}

static int no_block_runs(filch_self self, size_t i, size_t i_end, size_t j, size_t j_end,
                         void *context)
{
    return no_body_runs(self, i, i_end, context);
}

Test(par_for, what_cannot_be_run_is_refused)
{
    int ran = 0;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(filch_run_for(rt, 2, 1, 0, no_body_runs, &ran), -EINVAL);
    cr_assert(strstr(filch_error(), "ends before it begins"));
    cr_assert_eq(filch_run_for(rt, 0, 1, 0, NULL, &ran), -EINVAL);
    cr_assert_eq(filch_run_for(NULL, 0, 1, 0, no_body_runs, &ran), -EINVAL);
    cr_assert(strstr(filch_error(), "without a runtime"));
    cr_assert_eq(fl_run_for_2d(rt, 2, 1, 0, 1, no_block_runs, &ran), -EINVAL);
    cr_assert_eq(fl_run_for_2d(rt, 0, 1, 2, 1, no_block_runs, &ran), -EINVAL);
    cr_assert_eq(fl_run_for_2d(rt, 0, 1, 0, 1, NULL, &ran), -EINVAL);
    OK(filch_run_for(rt, 7, 7, 0, no_body_runs, &ran));
    OK(fl_run_for_2d(rt, 0, SIZE_MAX, 3, 3, no_block_runs, &ran));
    cr_assert_eq(ran, 0);
    filch_runtime_destroy(rt);
}

FILCH_TASK(int, from_within, (filch_runtime *, rt), (filch_u32 *, seen))
{
    int rc = FILCH_RUN(rt, touch, 0, 10, seen);
    return rc == -EDEADLK && strstr(filch_error(), "name(self, ...)") ? touch(self, 0, 10, seen)
                                                                      : -1;
}

Test(par_for, task_is_advised_to_pass_self)
{
    static filch_u32 seen[10];
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, from_within, rt, seen), 0);
    expect_once(seen, 10);
    filch_runtime_destroy(rt);
}

/* One iteration goes on when one of the upper half has been run: by somebody else. */
FILCH_FOR(waits_for_a_thief, i, (filch_u32 *, other), (size_t, n))
{
    if (i >= n / 2)
        filch_u32_store(other, 1, FILCH_RELEASE);
    WAIT_WHILE(i == n / 4 && !filch_u32_load(other, FILCH_ACQUIRE));
}

static int first_then_wait(filch_self self, size_t begin, size_t end, void *context)
{
    filch_u32 *other = context;
    if (begin)
        filch_u32_store(other, 1, FILCH_RELEASE);
    WAIT_WHILE(!filch_u32_load(other, FILCH_ACQUIRE));
    return 0;
}

Test(par_for, hinted_loop_is_shared_from_start)
{
    filch_u32 other = {0};
    filch_runtime *rt = par_runtime(2);
    OK(filch_run_for(rt, 0, 2, 1, first_then_wait, &other));
    filch_runtime_destroy(rt);
}

Test(par_for, long_loop_shares_without_hint)
{
    filch_u32 other = {0};
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, waits_for_a_thief, 0, 1 << 20, &other, 1 << 20), 0);
    filch_runtime_destroy(rt);
}
