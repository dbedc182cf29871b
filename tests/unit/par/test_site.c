/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How loops learn from their calls. Times are given: no test reads a clock. */
#include <runtime/par/site.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

enum { N = 1000, LONG = 10 * FL_SITE_WARM, SHORT = FL_SITE_READY / 2 };

static fl_lesson_call alone(uint64_t time)
{
    return (fl_lesson_call){.n = N, .worked = time, .elapsed = time};
}

static fl_lesson_call warm(uint64_t worked, uint64_t elapsed)
{
    return (
        fl_lesson_call){.n = N, .worked = worked, .elapsed = elapsed, .warm = true, .shared = true};
}

/* After one call alone that took `time`. */
static fl_lesson after(uint64_t time)
{
    fl_lesson lesson = {0};
    const fl_lesson_call call = alone(time);
    fl_lesson_learn(&lesson, &call);
    return lesson;
}

static void learn(fl_lesson *lesson, fl_lesson_call call)
{
    fl_lesson_learn(lesson, &call);
}

Test(site, the_first_call_starts_cold)
{
    const fl_lesson lesson = {0};
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_COLD);
    cr_assert_eq(fl_lesson_start(&lesson, 0), FL_START_COLD);
}

Test(site, long_loop_starts_warm_second_time)
{
    const fl_lesson lesson = after(LONG);
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_WARM);
    cr_assert_eq(fl_lesson_start(&lesson, SIZE_MAX), FL_START_WARM);
}

Test(site, a_short_loop_stays_alone)
{
    fl_lesson lesson = after(SHORT);
    for (int call = 0; call < 100; call++) {
        cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_ALONE);
        learn(&lesson, alone(SHORT));
    }
    cr_assert_eq(fl_lesson_start(&lesson, 0), FL_START_ALONE);
}

Test(site, medium_loop_needs_searching_worker)
{
    if (FL_SITE_READY == FL_SITE_WARM)
        return;
    const fl_lesson lesson = after(FL_SITE_WARM / 2);
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_READY);
}

/* Runs calls that gain nothing until the next warm one that does not either; returns how many were
 * not warm before it. */
static int pause_of(fl_lesson *lesson)
{
    int calls = 0;
    for (; fl_lesson_start(lesson, N) != FL_START_WARM; calls++)
        learn(lesson, alone(LONG));
    learn(lesson, warm(LONG, LONG));
    return calls;
}

Test(site, gainless_calls_lengthen_pauses)
{
    static const int pauses[] = {0,  0, 2,  0, 4,   0, 8,   0, 16,  0,
                                 32, 0, 64, 0, 128, 0, 256, 0, 256, 0};
    fl_lesson lesson = after(LONG);
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++)
        cr_assert_eq(pause_of(&lesson), pauses[i], "pause %zu", i);
}

Test(site, gainful_call_ends_pauses)
{
    fl_lesson lesson = after(LONG);
    for (int i = 0; i < 6; i++)
        pause_of(&lesson);
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_COLD);
    learn(&lesson, (fl_lesson_call){.n = N, .worked = LONG, .elapsed = LONG / 2, .shared = true});
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_WARM);
    learn(&lesson, warm(LONG, LONG / 2));
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_WARM);
    learn(&lesson, warm(LONG, LONG));
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_WARM);
}

Test(site, two_short_calls_switch_to_alone)
{
    fl_lesson lesson = after(LONG);
    learn(&lesson, warm(SHORT, SHORT));
    learn(&lesson, warm(SHORT, SHORT));
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_ALONE);
}

Test(site, one_long_call_switches_to_warm)
{
    fl_lesson lesson = after(SHORT);
    learn(&lesson, alone(LONG));
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_WARM);
}

/* Its warm calls seem to gain nothing; the first other one shows why. */
Test(site, lengthened_warm_loop_becomes_warm_again)
{
    fl_lesson lesson = after(LONG);
    int calls = 0;
    for (; fl_lesson_time(&lesson, N) < 5 * (uint64_t)LONG; calls++)
        learn(&lesson, fl_lesson_start(&lesson, N) == FL_START_WARM
                           ? warm(10 * (uint64_t)LONG, 5 * (uint64_t)LONG)
                           : alone(10 * (uint64_t)LONG));
    cr_assert_eq(calls, 3);
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_WARM);
}

Test(site, mutual_slowdown_is_no_gain)
{
    fl_lesson lesson = after(LONG);
    learn(&lesson, warm(3 * (uint64_t)LONG, 3 * (uint64_t)LONG / 2));
    learn(&lesson, warm(3 * (uint64_t)LONG, 3 * (uint64_t)LONG / 2));
    cr_assert_neq(fl_lesson_start(&lesson, N), FL_START_WARM);
    cr_assert_leq(fl_lesson_time(&lesson, N), LONG);
}

Test(site, extreme_times_do_not_overflow)
{
    fl_lesson lesson = {0};
    learn(&lesson, (fl_lesson_call){.n = 1, .worked = UINT64_MAX / 1000, .elapsed = UINT64_MAX});
    cr_assert_eq(fl_lesson_start(&lesson, 1), FL_START_WARM);
    cr_assert_eq(fl_lesson_iterations(&lesson, FL_SITE_WARM), 1);
    learn(&lesson, (fl_lesson_call){.n = SIZE_MAX, .worked = 1, .elapsed = 1});
    cr_assert_gt(lesson.each, 0);
    const fl_lesson before = lesson;
    learn(&lesson, (fl_lesson_call){.n = 0, .worked = 1, .elapsed = 1});
    cr_assert_eq(lesson.each, before.each);
    lesson = after(1);
    cr_assert_eq(fl_lesson_start(&lesson, N), FL_START_ALONE);
}

Test(site, lesson_belongs_to_body_and_magnitude)
{
    static const char body[2];
    fl_lesson lesson = fl_site_recall(&body[0], 1000);
    cr_assert_eq(lesson.each, 0);
    learn(&lesson, alone(LONG));
    fl_site_keep(&body[0], 1000, lesson);
    cr_assert_eq(fl_site_recall(&body[0], 1023).each, lesson.each);
    cr_assert_eq(fl_site_recall(&body[0], 1024).each, 0);
    cr_assert_eq(fl_site_recall(&body[0], 0).each, 0);
    cr_assert_eq(fl_site_recall(&body[1], 1000).each, 0);
}

/* ---- Loops ---- */

enum { MOST = 5000 };

static int count_each(filch_self self, size_t begin, size_t end, void *seen)
{
    for (; begin < end; begin++)
        filch_u32_add((filch_u32 *)seen + begin, 1, FILCH_RELAXED);
    return 0;
}

FILCH_TASK(int, call_again_and_again, (filch_u32 *, seen))
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 64, 65, 1000, MOST};
    static const uint64_t times[] = {0, 10, 300, 1000, 1000000};
    uint32_t calls[MOST] = {0};
    for (size_t k = 0; k < sizeof times / sizeof times[0]; k++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            if (times[k])
                par_teach(count_each, sizes[i], times[k]);
            for (int call = 0; call < 3; call++) {
                if (filch_for(self, 0, sizes[i], call == 2 ? 4 : 0, count_each, seen))
                    return -1;
                for (size_t j = 0; j < sizes[i]; j++)
                    calls[j]++;
            }
        }
    for (size_t j = 0; j < MOST; j++)
        if (filch_u32_load(&seen[j], FILCH_RELAXED) != calls[j])
            return (int)j + 1;
    return 0;
}

Test(site, any_lesson_runs_each_index_once)
{
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        static filch_u32 seen[MOST];
        memset(seen, 0, sizeof seen);
        filch_runtime *rt = par_runtime(config_workers[k]);
        cr_assert_eq(FILCH_RUN(rt, call_again_and_again, seen), 0);
        filch_runtime_destroy(rt);
    }
}

FILCH_TASK(int, call_await_upper, (filch_u32 *, upper))
{
    return filch_for(self, 0, 64, 0, par_await_helper, upper);
}

Test(site, long_loop_forks_before_first_iteration)
{
    for (unsigned workers = 2; workers <= 8; workers *= 4) {
        filch_u32 upper = {0};
        filch_runtime *rt = par_runtime(workers);
        par_teach(par_await_helper, 64, 1000000);
        cr_assert_eq(FILCH_RUN(rt, call_await_upper, &upper), 0);
        filch_runtime_destroy(rt);
    }
}

/* x -> scale * x + shift: composition is associative, and not commutative. */
typedef struct affine {
    uint64_t scale, shift;
} affine;

static affine compose(affine a, affine b)
{
    return (affine){a.scale * b.scale, a.shift * b.scale + b.shift};
}

#define IDENTITY ((affine){1, 0})

FILCH_REDUCE(product, affine, IDENTITY, compose, i, (const uint64_t *, x))
{
    return (affine){x[i] | 1, i};
}

FILCH_REDUCE_DETERMINISTIC(fixed_sum, double, 0.0, FILCH_PLUS, i, (const uint64_t *, x))
{
    return 1.0 / (double)(x[i] | 1);
}

typedef struct reduced {
    affine product;
    double sum;
} reduced;

FILCH_TASK(int, reduce_both, (const uint64_t *, x), (reduced *, out))
{
    int rc = product(self, 0, MOST, &out->product, x);
    return rc ? rc : fixed_sum(self, 0, MOST, &out->sum, x);
}

Test(site, every_call_reduces_to_same_result)
{
    static uint64_t x[MOST];
    uint64_t state = stress_seed();
    for (size_t i = 0; i < MOST; i++)
        x[i] = par_random(&state);
    reduced first = {0};
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned call = 0; call < 50; call++) {
            reduced now = {0};
            cr_assert_eq(FILCH_RUN(rt, reduce_both, x, &now), 0);
            if (k == 0 && call == 0)
                first = now;
            cr_assert_eq(memcmp(&now, &first, sizeof now), 0, "call %u", call);
        }
        filch_runtime_destroy(rt);
    }
}
