/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waits, verdicts and budgets of retries, with the time in the test's hands. */
#include <inttypes.h>
#include <math.h>
#include <runtime/resilience/retry.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

#define MS FILCH_MILLISECOND
enum { DRAWS = 20000 };

static filch_retry_state seeded(uint64_t seed)
{
    return (filch_retry_state){.random = seed, .until = FILCH_FOREVER};
}

/* ---- Waits ---- */

Test(retry_delay, delay_without_jitter_grows_to_cap)
{
    static const struct {
        filch_retry_policy policy;
        int64_t waits[6];
    } cases[] = {
        {{0}, {100 * MS, 200 * MS, 400 * MS, 800 * MS, 1600 * MS, 3200 * MS}},
        {{.base = 3, .factor = 3, .cap = 100}, {3, 9, 27, 81, 100, 100}},
        {{.base = 7, .factor = 1}, {7, 7, 7, 7, 7, 7}},
        {{.base = 10, .factor = 1.5}, {10, 15, 22, 33, 50, 75}},
        {{.base = 5, .cap = 5}, {5, 5, 5, 5, 5, 5}},
        {{.base = 1, .factor = HUGE_VAL, .cap = 50}, {1, 50, 50, 50, 50, 50}},
        {{.base = 30 * FILCH_SECOND},
         {30 * FILCH_SECOND, 30 * FILCH_SECOND, 30 * FILCH_SECOND, 30 * FILCH_SECOND,
          30 * FILCH_SECOND, 30 * FILCH_SECOND}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        filch_retry_policy policy = cases[i].policy;
        filch_retry_state state = seeded(1);
        policy.jitter = FILCH_JITTER_NONE;
        for (unsigned n = 1; n <= 6; n++)
            cr_assert_eq(filch_retry_delay(&policy, n, &state), cases[i].waits[n - 1],
                         "case %u, attempt %u", i, n);
    }
}

Test(retry_delay, the_largest_numbers_are_no_trouble)
{
    static const unsigned attempts[] = {0, 1, 2, 63, 64, 1000, UINT32_MAX};
    filch_retry_policy policy = {.base = FILCH_FOREVER - 1, .cap = FILCH_FOREVER, .factor = 1e300};
    for (int jitter = FILCH_JITTER_FULL; jitter <= FILCH_JITTER_PROPORTIONAL; jitter++)
        for (unsigned i = 0; i < sizeof attempts / sizeof *attempts; i++) {
            filch_retry_state state = seeded(stress_seed());
            policy.jitter = (filch_jitter)jitter;
            cr_assert_geq(filch_retry_delay(&policy, attempts[i], &state), 0);
        }
    policy = (filch_retry_policy){.base = 1, .cap = FILCH_FOREVER, .jitter = FILCH_JITTER_NONE};
    filch_retry_state state = seeded(1);
    cr_assert_eq(filch_retry_delay(&policy, 63, &state), INT64_C(1) << 62);
    cr_assert_eq(filch_retry_delay(&policy, 64, &state), FILCH_FOREVER);
}

struct range {
    int64_t low, high;
};

static struct range range_of(filch_jitter jitter, int64_t whole, const filch_retry_policy *policy,
                             int64_t last)
{
    int64_t low = last > policy->base ? last : policy->base;
    int64_t high = 3 * low < policy->cap ? 3 * low : policy->cap;
    struct range ranges[] = {{0, whole},
                             {whole / 2, whole},
                             {policy->base, high},
                             {whole, whole},
                             {whole - whole / 10,
                              whole < policy->cap ? whole + whole / 10 : whole}};
    return ranges[jitter];
}

Test(retry_delay, jitter_stays_in_its_range)
{
    filch_retry_policy policy = {.base = 1000, .cap = 50000};
    filch_retry_state state = seeded(stress_seed());
    for (int jitter = FILCH_JITTER_FULL; jitter <= FILCH_JITTER_PROPORTIONAL; jitter++) {
        policy.jitter = (filch_jitter)jitter;
        state.last = 0;
        for (unsigned i = 0; i < DRAWS; i++) {
            unsigned attempt = 1 + i % 8;
            int64_t whole = 1000 << (attempt - 1), last = state.last;
            struct range range =
                range_of(policy.jitter, whole < 50000 ? whole : 50000, &policy, last);
            int64_t wait = filch_retry_delay(&policy, attempt, &state);
            cr_assert(wait >= range.low && wait <= range.high, "%d: %" PRId64, jitter, wait);
            cr_assert_eq(state.last, wait);
        }
    }
}

/* Of few values each comes about equally often, the first and the last as well. */
Test(retry_delay, jitter_is_even)
{
    enum { VALUES = 5 };
    unsigned counts[2 * VALUES] = {0};
    filch_retry_policy full = {.base = VALUES - 1}, equal = full;
    filch_retry_state state = seeded(4711);
    equal.base = 2 * (VALUES - 1);
    equal.jitter = FILCH_JITTER_EQUAL;
    for (unsigned i = 0; i < DRAWS; i++) {
        counts[filch_retry_delay(&full, 1, &state)]++;
        counts[VALUES + filch_retry_delay(&equal, 1, &state) - (VALUES - 1)]++;
    }
    for (unsigned i = 0; i < 2 * VALUES; i++)
        cr_assert_float_eq((double)counts[i], DRAWS / VALUES, DRAWS / VALUES / 10, "%u: %u", i,
                           counts[i]);
}

/* Around the whole on both sides, and as far as it says. */
Test(retry_delay, proportional_jitter_spans_its_percentage)
{
    static const unsigned percents[] = {1, 25, 100};
    for (unsigned i = 0; i < 3; i++) {
        filch_retry_policy policy = {.base = 100000,
                                     .jitter = FILCH_JITTER_PROPORTIONAL,
                                     .percent = percents[i]};
        filch_retry_state state = seeded(4711);
        int64_t far = 1000 * percents[i], least = INT64_MAX, most = 0, sum = 0;
        for (unsigned k = 0; k < DRAWS; k++) {
            int64_t wait = filch_retry_delay(&policy, 1, &state);
            least = wait < least ? wait : least;
            most = wait > most ? wait : most;
            sum += wait - 100000;
        }
        cr_assert(least >= 100000 - far && least < 100000 - far * 9 / 10, "%" PRId64, least);
        cr_assert(most <= 100000 + far && most > 100000 + far * 9 / 10, "%" PRId64, most);
        cr_assert_lt(sum / DRAWS, far / 10 + 1);
        cr_assert_gt(sum / DRAWS, -far / 10 - 1);
    }
}

Test(retry_delay, a_state_repeats_and_another_differs)
{
    filch_retry_state one = seeded(5), same = seeded(5), other = seeded(6), none = seeded(0);
    filch_retry_policy policy = {.base = FILCH_SECOND};
    unsigned differ = 0, moves = 0;
    for (unsigned i = 1; i < 20; i++) {
        int64_t wait = filch_retry_delay(&policy, i, &one), last = none.last;
        cr_assert_eq(filch_retry_delay(&policy, i, &same), wait);
        differ += filch_retry_delay(&policy, i, &other) != wait;
        moves += filch_retry_delay(&policy, i, &none) != last;
    }
    cr_assert_eq(differ, 19);
    cr_assert_eq(moves, 19);
}

/* ---- Beginnings ---- */

Test(retry_begin, runs_get_own_seeds_by_default)
{
    filch_retry_policy policy = {.seed = 99};
    filch_retry_state a, b;
    OK(filch_retry_state_begin(&policy, &a));
    OK(filch_retry_state_begin(&policy, &b));
    cr_assert_eq(a.random, b.random);
    OK(filch_retry_state_begin(NULL, &a));
    OK(filch_retry_state_begin(NULL, &b));
    cr_assert_neq(a.random, b.random);
    cr_assert_eq(a.until, FILCH_FOREVER);
    cr_assert_eq(a.attempts, 0);
}

Test(retry_begin, bad_policies_are_refused_by_name)
{
    static const struct {
        filch_retry_policy policy;
        const char *says;
    } cases[] = {
        {{.base = -1}, "base = -1"},
        {{.cap = INT64_MIN}, "cap"},
        {{.base = 10, .cap = 9}, "base = 10, above cap = 9"},
        {{.time = -1}, "time"},
        {{.factor = 0.5}, "factor = 0.5"},
        {{.factor = -2}, "factor"},
        {{.factor = NAN}, "factor"},
        {{.jitter = (filch_jitter)5}, "jitter 5"},
        {{.jitter = FILCH_JITTER_PROPORTIONAL, .percent = 101}, "percent = 101"},
        {{.percent = 5}, "percent = 5"},
        {{.jitter = (filch_jitter)-1}, "jitter"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        filch_retry_state state = seeded(77);
        cr_assert_eq(filch_retry_state_begin(&cases[i].policy, &state), -EINVAL, "case %u", i);
        cr_assert_not_null(strstr(filch_error(), cases[i].says), "%s", filch_error());
        cr_assert_eq(state.random, 77, "untouched");
    }
    cr_assert_eq(filch_retry_state_begin(NULL, NULL), -EINVAL);
}

/* ---- Verdicts ---- */

static bool only_io(int code, void *arg)
{
    ++*(int *)arg;
    return code == -EIO;
}

Test(retry_next, transient_errors_retry_by_default)
{
    static const int again[] = {EAGAIN,       EBUSY,        EINTR,      ETIMEDOUT,
                                ENOBUFS,      ECONNREFUSED, ECONNRESET, ECONNABORTED,
                                EHOSTUNREACH, ENETUNREACH,  ENETDOWN,   ENETRESET};
    static const int never[] = {EINVAL, EPIPE, EHOSTDOWN, ECANCELED, ENOMEM, ENOENT, EACCES, EIO};
    filch_retry_policy policy = {0};
    for (unsigned i = 0; i < sizeof again / sizeof *again; i++) {
        filch_retry_state state = seeded(1);
        int64_t delay = -1;
        cr_assert(filch_retryable(-again[i]));
        cr_assert_eq(filch_retry_state_next(&policy, &state, -again[i], &delay), FILCH_RETRY_AGAIN);
        cr_assert_geq(delay, 0);
    }
    for (unsigned i = 0; i < sizeof never / sizeof *never; i++) {
        filch_retry_state state = seeded(1);
        int64_t delay = -1;
        cr_assert_not(filch_retryable(-never[i]));
        cr_assert_eq(filch_retry_state_next(&policy, &state, -never[i], &delay), FILCH_RETRY_FATAL);
        cr_assert_eq(delay, -1, "untouched");
    }
    cr_assert_not(filch_retryable(EAGAIN));
    cr_assert_not(filch_retryable(0));
}

Test(retry_next, the_callers_word_counts)
{
    int asked = 0;
    int64_t delay;
    filch_retry_policy policy = {.retryable = only_io, .arg = &asked};
    filch_retry_state state = seeded(1);
    cr_assert_eq(filch_retry_state_next(&policy, &state, -EIO, &delay), FILCH_RETRY_AGAIN);
    cr_assert_eq(filch_retry_state_next(&policy, &state, -EAGAIN, &delay), FILCH_RETRY_FATAL);
    cr_assert_eq(filch_retry_state_next(&policy, &state, 0, &delay), FILCH_RETRY_SUCCEEDED);
    cr_assert_eq(filch_retry_state_next(&policy, &state, 5, &delay), FILCH_RETRY_SUCCEEDED);
    cr_assert_eq(asked, 2, "a success is nobody's question");
}

Test(retry_next, attempts_are_counted)
{
    static const unsigned most[] = {1, 2, 7};
    int64_t delay;
    for (unsigned i = 0; i < 3; i++) {
        filch_retry_policy policy = {.attempts = most[i]};
        filch_retry_state state = seeded(1);
        for (unsigned n = 1; n < most[i]; n++)
            cr_assert_eq(filch_retry_state_next(&policy, &state, -EBUSY, &delay),
                         FILCH_RETRY_AGAIN);
        cr_assert_eq(filch_retry_state_next(&policy, &state, -EBUSY, &delay),
                     FILCH_RETRY_NO_ATTEMPTS);
        cr_assert_eq(state.attempts, most[i]);
    }
    filch_retry_policy policy = {.attempts = FILCH_RETRY_FOR_EVER};
    filch_retry_state state = seeded(1);
    state.attempts = UINT32_MAX - 2;
    for (unsigned n = 0; n < 5; n++)
        cr_assert_eq(filch_retry_state_next(&policy, &state, -EBUSY, &delay), FILCH_RETRY_AGAIN);
}

Test(retry_next, no_attempt_begins_after_the_deadline)
{
    filch_retry_policy policy = {.base = 10,
                                 .time = 70,
                                 .jitter = FILCH_JITTER_NONE,
                                 .attempts = 9};
    filch_retry_state state;
    int64_t delay;
    cr_assert_eq(fl_retry_begin_at(&policy, &state, 1000), 0);
    cr_assert_eq(state.until, 1070);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 1000), FILCH_RETRY_AGAIN);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 1050), FILCH_RETRY_AGAIN);
    cr_assert_eq(delay, 20, "1070 is not after it");
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 1031), FILCH_RETRY_NO_TIME);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 5000), FILCH_RETRY_NO_TIME);
    cr_assert_eq(delay, 20, "untouched");
    policy.time = FILCH_FOREVER;
    cr_assert_eq(fl_retry_begin_at(&policy, &state, 1000), 0);
    cr_assert_eq(state.until, FILCH_FOREVER);
}

Test(retry_next, verdicts_have_names)
{
    cr_assert_str_eq(filch_retry_verdict_name(FILCH_RETRY_AGAIN), "again");
    cr_assert_str_eq(filch_retry_verdict_name(FILCH_RETRY_NO_BUDGET), "no budget");
    cr_assert_str_eq(filch_retry_verdict_name((filch_retry_verdict)6), "unknown");
}

/* ---- Budgets ---- */

static filch_retry_budget budget_of(unsigned percent, unsigned per_second, unsigned most)
{
    filch_retry_budget budget;
    cr_assert_eq(fl_retry_budget_init_at(&budget, percent, per_second, most, 0), 0);
    return budget;
}

/* How many can be taken then. */
static unsigned drain(filch_retry_budget *budget, int64_t now)
{
    unsigned left = fl_retry_budget_left_at(budget, now), taken = 0;
    while (fl_retry_budget_take_at(budget, now))
        taken++;
    cr_assert_eq(taken, left);
    return taken;
}

Test(retry_budget, runs_put_in_a_percentage)
{
    filch_retry_budget budget = budget_of(10, 0, 5);
    cr_assert_eq(drain(&budget, 0), 5, "the reserve");
    for (unsigned i = 0; i < 9; i++)
        fl_retry_budget_put_at(&budget, FILCH_FOREVER);
    cr_assert_eq(drain(&budget, FILCH_FOREVER), 0);
    fl_retry_budget_put_at(&budget, FILCH_FOREVER);
    cr_assert_eq(drain(&budget, 0), 1);
    for (unsigned i = 0; i < 1000; i++)
        fl_retry_budget_put_at(&budget, 0);
    cr_assert_eq(drain(&budget, 0), 5, "no more than the most");
}

Test(retry_budget, time_refills_budget_exactly)
{
    filch_retry_budget budget = budget_of(0, 3, 10);
    cr_assert_eq(drain(&budget, 0), 10);
    cr_assert_eq(drain(&budget, 333333333), 0);
    cr_assert_eq(drain(&budget, 333333334), 1);
    cr_assert_eq(drain(&budget, 100), 0, "a time that goes back");
    cr_assert_eq(drain(&budget, FILCH_SECOND), 2);
    cr_assert_eq(drain(&budget, 2 * FILCH_SECOND), 3);
    cr_assert_eq(drain(&budget, FILCH_FOREVER), 10);
    cr_assert_eq(fl_retry_budget_left_at(&budget, 0), 0);
    budget = budget_of(0, 3, 10);
    cr_assert_eq(fl_retry_budget_left_at(&budget, FILCH_SECOND), 10);
    cr_assert_eq(fl_retry_budget_left_at(&budget, 0), 10, "nor does it take anything");
    budget = budget_of(1000, 1000000, 1000000);
    cr_assert_eq(drain(&budget, 0), 1000000);
    cr_assert_eq(fl_retry_budget_left_at(&budget, FILCH_FOREVER), 1000000);
}

Test(retry_budget, runs_deposit_once_retries_take_one)
{
    filch_retry_budget budget = budget_of(50, 0, 3);
    filch_retry_policy policy = {.budget = &budget, .attempts = 9};
    filch_retry_state state;
    int64_t delay;
    drain(&budget, 0);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(fl_retry_begin_at(&policy, &state, 0), 0);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 0), FILCH_RETRY_AGAIN);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EPERM, &delay, 0), FILCH_RETRY_FATAL);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 0), FILCH_RETRY_AGAIN);
    cr_assert_eq(fl_retry_next_at(&policy, &state, -EBUSY, &delay, 0), FILCH_RETRY_NO_BUDGET);
    cr_assert_eq(fl_retry_next_at(&policy, &state, 0, &delay, 0), FILCH_RETRY_SUCCEEDED);
}

Test(retry_budget, bad_budget_fails_zeroed_is_empty)
{
    filch_retry_budget budget = {0};
    cr_assert_not(filch_retry_budget_take(&budget));
    filch_retry_budget_put(&budget);
    cr_assert_eq(filch_retry_budget_left(&budget), 0);
    cr_assert_eq(filch_retry_budget_init(&budget, 1001, 0, 1), -EINVAL);
    cr_assert_eq(filch_retry_budget_init(&budget, 0, 1000001, 1), -EINVAL);
    cr_assert_eq(filch_retry_budget_init(&budget, 0, 0, 1000001), -EINVAL);
    cr_assert_eq(filch_retry_budget_init(&budget, 10, 1, 0), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "at most 0"));
    OK(filch_retry_budget_init(&budget, 10, 1, 100));
    cr_assert(filch_retry_budget_take(&budget));
    cr_assert_geq(filch_retry_budget_left(&budget), 99);
}
