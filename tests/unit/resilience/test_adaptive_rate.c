/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rates that find themselves: the rule with a clock of the test's, and the limiter that obeys
 * it. */
#include <runtime/resilience/adaptive_rate.h>
#include <tests/support/test.h>

#define MS FILCH_MILLISECOND

static fl_rate rule_of(filch_adaptive_rate_config config, uint32_t start)
{
    fl_rate rule;
    cr_assert_eq(fl_rate_init(&rule, config, (filch_limit){.rate = start, .burst = 1}, 0), 0, "%s",
                 filch_error());
    return rule;
}

/* So many calls, evenly over ns. */
static int64_t pass(fl_rate *rule, unsigned calls, int64_t ns, int64_t latency, int64_t now)
{
    for (unsigned i = 1; i <= calls; i++)
        fl_rate_report(rule, FILCH_ADAPTIVE_OK, latency, now + ns * i / calls);
    return now + ns;
}

/* ---- The rule ---- */

Test(adaptive_rate, rate_rises_stepwise_while_used)
{
    fl_rate rule = rule_of((filch_adaptive_rate_config){.increase = 10, .max = 125}, 100);
    int64_t now = pass(&rule, 100, FILCH_SECOND, MS, 0);
    cr_assert_eq(rule.stats.rate, 110);
    now = pass(&rule, 20, FILCH_SECOND, MS, now);
    cr_assert_eq(rule.stats.rate, 110, "nobody needs more");
    now = pass(&rule, 60, FILCH_SECOND, MS, now);
    cr_assert_eq(rule.stats.rate, 120);
    now = pass(&rule, 120, FILCH_SECOND, MS, now);
    now = pass(&rule, 125, FILCH_SECOND, MS, now);
    cr_assert_eq(rule.stats.rate, 125, "the most");
    cr_assert_eq(rule.stats.raised, 3);
    cr_assert_eq(rule.stats.latency, MS);
}

Test(adaptive_rate, overloaded_earlier_calls_lower_rate_once)
{
    fl_rate rule = rule_of((filch_adaptive_rate_config){.decrease = 50, .min = 20}, 100);
    int64_t now = FILCH_SECOND;
    cr_assert(fl_rate_report(&rule, FILCH_ADAPTIVE_OVERLOAD, 10 * MS, now));
    cr_assert_eq(rule.stats.rate, 50);
    for (int i = 1; i < 10; i++)
        cr_assert_not(fl_rate_report(&rule, FILCH_ADAPTIVE_OVERLOAD, 10 * MS, now + i * MS));
    cr_assert(fl_rate_report(&rule, FILCH_ADAPTIVE_OVERLOAD, 10 * MS, now + 10 * MS));
    cr_assert(fl_rate_report(&rule, FILCH_ADAPTIVE_OVERLOAD, 0, now + 20 * MS));
    cr_assert_eq(rule.stats.rate, 20, "the least");
    cr_assert_not(fl_rate_report(&rule, FILCH_ADAPTIVE_OVERLOAD, 0, now + 30 * MS));
    cr_assert_eq(rule.stats.overloads, 13);
    cr_assert_eq(rule.stats.lowered, 3);
}

Test(adaptive_rate, long_latency_lowers_rate_after_interval)
{
    fl_rate rule = rule_of((filch_adaptive_rate_config){.latency = 10 * MS}, 100);
    int64_t now = pass(&rule, 100, FILCH_SECOND, 9 * MS, 0);
    cr_assert_eq(rule.stats.rate, 105);
    now = pass(&rule, 50, FILCH_SECOND / 2, 30 * MS, now);
    cr_assert_eq(rule.stats.rate, 105);
    pass(&rule, 50, FILCH_SECOND / 2, MS, now);
    cr_assert_eq(rule.stats.rate, 73);
    cr_assert_not(fl_rate_report(&rule, FILCH_ADAPTIVE_IGNORE, FILCH_SECOND, 100 * FILCH_SECOND));
}

/* Another side that takes 300 calls a second and refuses the rest. */
Test(adaptive_rate, rate_converges_to_peer_capacity)
{
    fl_rate rule = rule_of((filch_adaptive_rate_config){.increase = 10}, 20);
    double sum = 0;
    for (int64_t second = 0; second < 200; second++) {
        uint32_t calls = rule.stats.rate;
        for (uint32_t i = 1; i <= calls && i <= rule.stats.rate + calls; i++) {
            int64_t now = second * FILCH_SECOND + FILCH_SECOND * i / calls;
            fl_rate_report(&rule, i > 300 ? FILCH_ADAPTIVE_OVERLOAD : FILCH_ADAPTIVE_OK, MS, now);
        }
        sum += second >= 100 ? rule.stats.rate : 0;
    }
    cr_assert(sum / 100 > 200 && sum / 100 < 320, "%g", sum / 100);
}

Test(adaptive_rate, a_bad_configuration_is_refused)
{
    static const filch_adaptive_rate_config bad[] = {{.min = 10, .max = 9},
                                                     {.decrease = 100},
                                                     {.latency = -1},
                                                     {.interval = -1}};
    fl_rate rule = {.period = 77};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(fl_rate_init(&rule, bad[i], (filch_limit){.rate = 1, .burst = 1}, 0), -EINVAL,
                     "%u", i);
    cr_assert_eq(rule.period, 77, "untouched");
}

/* ---- The limiter ---- */

Test(adaptive_rate, the_limiter_obeys)
{
    filch_limiter *limiter;
    filch_adaptive_rate *rate = NULL;
    filch_adaptive_rate_stats stats;
    OK(filch_limiter_create(&limiter, (filch_limit){.rate = 1000, .burst = 7}));
    cr_assert_eq(filch_adaptive_rate_create(NULL, limiter, NULL), -EINVAL);
    cr_assert_eq(filch_adaptive_rate_create(&rate, NULL, NULL), -EINVAL);
    OK(filch_adaptive_rate_create(&rate, limiter,
                                  &(filch_adaptive_rate_config){.max = 500, .decrease = 50}));
    cr_assert_eq(filch_limiter_get(limiter).rate, 500);
    OK(filch_adaptive_rate_report(rate, FILCH_ADAPTIVE_OVERLOAD, 0));
    cr_assert_eq(filch_limiter_get(limiter).rate, 250);
    cr_assert_eq(filch_limiter_get(limiter).burst, 7);
    cr_assert_eq(filch_adaptive_rate_report(rate, FILCH_ADAPTIVE_OK, -1), -EINVAL);
    cr_assert_eq(filch_adaptive_rate_report(rate, (filch_adaptive_outcome)3, 0), -EINVAL);
    cr_assert_eq(filch_adaptive_rate_report(NULL, FILCH_ADAPTIVE_OK, 0), -EINVAL);
    filch_adaptive_rate_stats_read(rate, &stats, sizeof stats);
    cr_assert_eq(stats.rate, 250);
    cr_assert_eq(stats.reports, 1);
    filch_adaptive_rate_destroy(rate);
    filch_adaptive_rate_destroy(NULL);
    filch_limiter_destroy(limiter);
}
