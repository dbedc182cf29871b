/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/adaptive.h>

#include <runtime/resilience/adaptive_rate.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

static filch_adaptive *with(unsigned min, unsigned max, unsigned start)
{
    filch_adaptive *adaptive = NULL;
    filch_adaptive_config config = {.min = min, .max = max, .start = start};
    cr_assert_eq(filch_adaptive_create(&adaptive, &config), 0, "%s", filch_error());
    return adaptive;
}

static filch_adaptive_stats stats_of(filch_adaptive *adaptive)
{
    filch_adaptive_stats stats;
    filch_adaptive_stats_read(adaptive, &stats, sizeof stats);
    return stats;
}

static void wait_for_line(filch_adaptive *adaptive, unsigned count)
{
    WAIT_WHILE(stats_of(adaptive).waiting < count);
}

Test(adaptive, admits_as_many_as_limit)
{
    filch_adaptive *adaptive = with(1, 3, 3);
    for (unsigned i = 0; i < 3; i++)
        OK(filch_adaptive_acquire(adaptive, NULL, FILCH_FOREVER));
    cr_assert_eq(filch_adaptive_try_acquire(adaptive), -EAGAIN);
    cr_assert_eq(filch_adaptive_acquire(adaptive, NULL, filch_in(MS)), -ETIMEDOUT);
    OK(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_IGNORE, 0));
    OK(filch_adaptive_try_acquire(adaptive));
    filch_adaptive_stats stats = stats_of(adaptive);
    cr_assert_eq(stats.running, 3);
    cr_assert_eq(stats.admitted, 4);
    cr_assert_eq(stats.released, 1);
    cr_assert_eq(stats.waiting, 0);
    filch_adaptive_destroy(adaptive);
}

Test(adaptive, busy_count_follows_littles_law)
{
    filch_adaptive *adaptive = with(1, 10, 1);
    OK(filch_adaptive_acquire(adaptive, NULL, 0));
    OK(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 10 * MS));
    cr_assert_eq(stats_of(adaptive).limit, 2);
    for (unsigned i = 0; i < 2; i++)
        OK(filch_adaptive_acquire(adaptive, NULL, 0));
    for (unsigned i = 0; i < 2; i++)
        OK(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 20 * MS));
    for (unsigned i = 0; i < 3; i++)
        OK(filch_adaptive_acquire(adaptive, NULL, 0));
    filch_adaptive_stats stats = stats_of(adaptive);
    cr_assert_eq(stats.best, 10 * MS);
    cr_assert_eq(stats.average, 20 * MS);
    cr_assert_eq(stats.busy, 2, "of 3, half of the time");
    cr_assert_eq(stats.raised, 2);
    filch_adaptive_destroy(adaptive);
}

Test(adaptive, bad_arguments_are_refused)
{
    filch_adaptive *adaptive = NULL;
    cr_assert_eq(filch_adaptive_create(NULL, NULL), -EINVAL);
    cr_assert_eq(filch_adaptive_create(&adaptive, &(filch_adaptive_config){.min = 2, .max = 1}),
                 -EINVAL);
    cr_assert_null(adaptive, "untouched");
    OK(filch_adaptive_create(&adaptive, NULL));
    filch_context *context = child_of(NULL);
    cr_assert_eq(filch_adaptive_acquire(adaptive, NULL, -1), -EINVAL);
    cr_assert_eq(filch_adaptive_set(adaptive, 2, 1), -EINVAL);
    filch_context_cancel(context, -EIO);
    cr_assert_eq(filch_adaptive_acquire(adaptive, context, FILCH_FOREVER), -EIO);
    cr_assert_eq(stats_of(adaptive).admitted, 0);
    for (unsigned i = 0; i < 2; i++)
        OK(filch_adaptive_try_acquire(adaptive));
    cr_assert_eq(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, -1), -EINVAL);
    cr_assert_eq(filch_adaptive_give_back(adaptive, (filch_adaptive_outcome)7, 1), -EINVAL);
    cr_assert_eq(stats_of(adaptive).running, 0, "released all the same");
    filch_context_release(context);
    filch_adaptive_destroy(adaptive);
    filch_adaptive_destroy(NULL);
}

static void release_too_often(void)
{
    filch_adaptive *adaptive;
    CHILD_CHECK(!filch_adaptive_create(&adaptive, NULL));
    filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 0);
}

Test(adaptive, a_release_too_many_dies)
{
    struct child child;
    child_run(&child, release_too_often);
    cr_assert(child_died(&child, "filch_adaptive_give_back: nothing is acquired"));
}

/* ---- Waiting ---- */

enum { PARTIES = 40, EACH = 50, MOST = 4 };

typedef struct crowd {
    filch_adaptive *adaptive;
    filch_context *context;
    filch_u32 inside, wrong, admitted;
    int codes[PARTIES];
} crowd;

static void expect(crowd *one, bool condition)
{
    if (!condition)
        filch_u32_add(&one->wrong, 1, FILCH_RELAXED);
}

static void come_and_go(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    uint64_t random = index + 1;
    for (unsigned i = 0; i < EACH; i++) {
        random = stress_mix(random + i);
        int rc = filch_adaptive_acquire(one->adaptive, NULL, party_deadline(random));
        expect(one, !rc || rc == -ETIMEDOUT);
        if (rc)
            continue;
        expect(one, filch_u32_add(&one->inside, 1, FILCH_ACQ_REL) < MOST);
        if (random % 3 == 0)
            party_gives_way(self);
        filch_u32_add(&one->inside, (uint32_t)-1, FILCH_ACQ_REL);
        filch_u32_add(&one->admitted, 1, FILCH_RELAXED);
        expect(one,
               !filch_adaptive_give_back(one->adaptive, (filch_adaptive_outcome)(random / 16 % 3),
                                         (int64_t)(random / 64 % MS)));
    }
}

Test(adaptive, admits_at_most_max_under_contention)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static crowd one;
        filch_runtime *rt = config_runtime(i, 1000000);
        one = (crowd){.adaptive = with(1, MOST, 2)};
        parties_meet(rt, PARTIES - 4, 4, come_and_go, &one);
        cr_assert_eq(filch_u32_load(&one.wrong, FILCH_ACQUIRE), 0, "%s", config_name(i));
        filch_adaptive_stats stats = stats_of(one.adaptive);
        cr_assert_eq(stats.running, 0);
        cr_assert_eq(stats.waiting, 0);
        cr_assert_eq(stats.admitted, filch_u32_load(&one.admitted, FILCH_ACQUIRE));
        cr_assert_eq(stats.released, stats.admitted);
        filch_adaptive_destroy(one.adaptive);
        OK(filch_runtime_destroy(rt));
    }
}

typedef struct queue {
    filch_adaptive *adaptive;
    unsigned order[PARTIES], count; /* under the limit of one */
} queue;

/* Each comes when the one before it waits. */
static void come_in_turn(filch_self self, void *arg, unsigned index)
{
    queue *one = arg;
    while (stats_of(one->adaptive).waiting < index)
        party_gives_way(self);
    if (filch_adaptive_acquire(one->adaptive, NULL, FILCH_FOREVER))
        return;
    one->order[one->count++] = index;
    filch_adaptive_give_back(one->adaptive, FILCH_ADAPTIVE_IGNORE, 0);
}

static void *let_them_in(void *arg)
{
    queue *one = arg;
    wait_for_line(one->adaptive, PARTIES);
    filch_adaptive_give_back(one->adaptive, FILCH_ADAPTIVE_IGNORE, 0);
    return NULL;
}

Test(adaptive, first_come_first_served)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static queue one;
        pthread_t thread;
        filch_runtime *rt = config_runtime(i, 1000000);
        one = (queue){.adaptive = with(1, 1, 1)};
        OK(filch_adaptive_try_acquire(one.adaptive));
        cr_assert_eq(pthread_create(&thread, NULL, let_them_in, &one), 0);
        parties_meet(rt, PARTIES - 4, 4, come_in_turn, &one);
        pthread_join(thread, NULL);
        cr_assert_eq(one.count, PARTIES);
        for (unsigned p = 0; p < PARTIES; p++)
            cr_assert_eq(one.order[p], p, "%s", config_name(i));
        filch_adaptive_destroy(one.adaptive);
        OK(filch_runtime_destroy(rt));
    }
}

static void wait_as_guest(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    if (index < PARTIES - 1) {
        one->codes[index] = filch_adaptive_acquire(one->adaptive, one->context, FILCH_FOREVER);
        return;
    }
    wait_for_line(one->adaptive, PARTIES - 1);
    if (one->context)
        filch_context_cancel(one->context, -EINTR);
    else
        filch_adaptive_destroy(one->adaptive);
}

Test(adaptive, waiters_learn_cancellation_or_destruction)
{
    for (unsigned i = 0; i < 2 * CONFIGS; i++) {
        static crowd one;
        bool cancelled = i % 2;
        filch_runtime *rt = config_runtime(i / 2, 1000000);
        one = (crowd){.adaptive = with(1, 1, 1), .context = cancelled ? child_of(NULL) : NULL};
        OK(filch_adaptive_try_acquire(one.adaptive));
        parties_meet(rt, PARTIES - 4, 4, wait_as_guest, &one);
        for (unsigned p = 0; p < PARTIES - 1; p++)
            cr_assert_eq(one.codes[p], cancelled ? -EINTR : -EIDRM, "%s", config_name(i / 2));
        if (cancelled) {
            OK(filch_adaptive_give_back(one.adaptive, FILCH_ADAPTIVE_OK, 1));
            cr_assert_eq(filch_adaptive_try_acquire(one.adaptive), 0, "nobody was admitted");
            filch_adaptive_destroy(one.adaptive);
        }
        filch_context_release(one.context);
        OK(filch_runtime_destroy(rt));
    }
}

static void *open_up(void *arg)
{
    filch_adaptive *adaptive = arg;
    wait_for_line(adaptive, PARTIES - 4);
    filch_adaptive_set(adaptive, PARTIES, PARTIES);
    return NULL;
}

static void meet_all_others(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    expect(one, !filch_adaptive_acquire(one->adaptive, NULL, FILCH_FOREVER));
    signpost_raise(&one->inside);
    while (signpost_count(&one->inside) < PARTIES)
        party_gives_way(self);
    filch_adaptive_give_back(one->adaptive, FILCH_ADAPTIVE_IGNORE, 0);
}

Test(adaptive, new_bounds_admit_waiting_calls)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static crowd one;
        pthread_t thread;
        filch_runtime *rt = config_runtime(i, 1000000);
        one = (crowd){.adaptive = with(1, 4, 4)};
        cr_assert_eq(pthread_create(&thread, NULL, open_up, one.adaptive), 0);
        parties_meet(rt, PARTIES - 4, 4, meet_all_others, &one);
        pthread_join(thread, NULL);
        cr_assert_eq(filch_u32_load(&one.wrong, FILCH_ACQUIRE), 0);
        cr_assert_eq(stats_of(one.adaptive).limit, PARTIES);
        filch_adaptive_destroy(one.adaptive);
        OK(filch_runtime_destroy(rt));
    }
}

/* Rates that find themselves: the rule with a clock of the test's, and the limiter that obeys
 * it. */

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
