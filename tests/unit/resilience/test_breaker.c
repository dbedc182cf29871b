/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A breaker's decisions, with the time in the test's hands. */
#include <math.h>
#include <runtime/resilience/breaker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { CHANGES = 64 };

/* A test's breaker, its clock, and the changes it reported. */
static struct bench {
    filch_breaker *breaker;
    int64_t now;
    filch_breaker_change told[CHANGES];
    unsigned changes;
} bench;

static void note(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    struct bench *of = arg;
    cr_assert_eq(breaker, of->breaker);
    cr_assert_lt(of->changes, CHANGES);
    of->told[of->changes++] = *change;
}

static void set_up(filch_breaker_config config)
{
    filch_breaker_destroy(bench.breaker);
    bench = (struct bench){.now = 1000};
    config.changed = note;
    config.arg = &bench;
    cr_assert_eq(fl_breaker_create_at(&bench.breaker, &config, bench.now), 0, "%s", filch_error());
}

static filch_breaker_stats look(void)
{
    filch_breaker_stats stats;
    fl_breaker_look_at(bench.breaker, &stats, bench.now);
    return stats;
}

static filch_breaker_state state(void)
{
    return look().state;
}

static int allow(filch_breaker_ticket *ticket)
{
    return fl_breaker_allow_at(bench.breaker, ticket, bench.now);
}

static int report(filch_breaker_ticket *ticket, filch_breaker_verdict verdict)
{
    return fl_breaker_report_at(bench.breaker, ticket, verdict, bench.now);
}

/* A call for each letter: s success, f failure, n neither. Returns the state afterwards. */
static filch_breaker_state calls(const char *letters)
{
    for (; *letters; letters++) {
        filch_breaker_ticket ticket;
        cr_assert_eq(allow(&ticket), 0, "before %s", letters);
        cr_assert_eq(report(&ticket, *letters == 's'   ? FILCH_BREAKER_SUCCESS
                                     : *letters == 'f' ? FILCH_BREAKER_FAILURE
                                                       : FILCH_BREAKER_NEITHER),
                     0);
    }
    return state();
}

static void refused(const char *says)
{
    filch_breaker_ticket ticket = {77};
    cr_assert_eq(allow(&ticket), -EHOSTDOWN);
    cr_assert_eq(ticket.generation, 77, "untouched");
    cr_assert_not_null(strstr(filch_error(), says), "%s", filch_error());
}

/* Open until it is asked again. */
static void to_half_open(void)
{
    cr_assert_eq(fl_breaker_trip_at(bench.breaker, bench.now, bench.now), 0);
}

static void tear_down(void)
{
    filch_breaker_destroy(bench.breaker);
}

TestSuite(breaker, .fini = tear_down);

/* ---- Closed ---- */

Test(breaker, failure_rate_opens_after_minimum_calls)
{
    static const struct {
        filch_breaker_config config;
        const char *before, *last;
    } cases[] = {
        {{0}, "fffffffff", "f"},
        {{0}, "sssssffff", "f"},
        {{0}, "ssssssffffs", "fff"},
        {{.min_calls = 4, .failure_percent = 50}, "fff", "s"},
        {{.min_calls = 4, .failure_percent = 100}, "sfffsfff", NULL},
        {{.min_calls = 4, .failure_percent = 1}, "ssssssss", "f"},
        {{.calls = 4}, "sssf", "f"},
        {{.calls = 4}, "fssssf", "f"},
        {{.calls = 4, .failure_percent = 75},
         "fsfs"
         "fsfsf",
         "f"},
        {{.calls = 1}, "", "f"},
        {{.calls = 100, .failure_percent = 51, .min_calls = 2}, "sfsfsf", "f"},
        {{.consecutive = 3}, "ffsffsffnnn", "f"},
        {{.consecutive = 1}, "s", "f"},
        {{.consecutive = 4, .failure_percent = 90, .min_calls = 3}, "ff", "f"},
        {{.consecutive = 3, .failure_percent = 90, .min_calls = 20}, "ff", "f"},
        {{.failure_percent = 50, .min_calls = 2}, "nnnnf", "f"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(cases[i].config);
        cr_assert_eq(calls(cases[i].before), FILCH_BREAKER_CLOSED, "case %u", i);
        if (cases[i].last) {
            cr_assert_eq(calls(cases[i].last), FILCH_BREAKER_OPEN, "case %u", i);
            refused("breaker is open; call again in ");
        }
    }
}

Test(breaker, time_window_forgets_older_calls)
{
    set_up((filch_breaker_config){.window_time = 100, .buckets = 10, .min_calls = 4});
    calls("fff");
    bench.now += 99;
    cr_assert_eq(look().calls, 3);
    bench.now += 1;
    cr_assert_eq(look().calls, 0);
    cr_assert_eq(calls("fff"), FILCH_BREAKER_CLOSED);
    bench.now += 90;
    cr_assert_eq(look().failures, 3);
    cr_assert_eq(calls("f"), FILCH_BREAKER_OPEN);
}

/* ---- Open ---- */

Test(breaker, open_time_grows_until_closed)
{
    set_up((filch_breaker_config){
        .consecutive = 1, .open_time = 100, .open_growth = 3, .open_most = 1000});
    for (int round = 0; round < 2; round++) {
        static const int64_t times[] = {100, 300, 900, 1000, 1000};
        for (unsigned i = 0; i < 5; i++) {
            cr_assert_eq(calls("f"), FILCH_BREAKER_OPEN);
            cr_assert_eq(look().until, bench.now + times[i]);
            bench.now += times[i] - 1;
            refused("in 1 ms");
            cr_assert_eq(state(), FILCH_BREAKER_OPEN);
            bench.now += 1;
            cr_assert_eq(state(), FILCH_BREAKER_OPEN, "until somebody asks");
        }
        cr_assert_eq(calls("s"), FILCH_BREAKER_CLOSED);
    }
}

Test(breaker, open_time_growth_stops_at_maximum)
{
    set_up((filch_breaker_config){.consecutive = 1,
                                  .open_time = FILCH_FOREVER / 2,
                                  .open_growth = HUGE_VAL,
                                  .open_most = FILCH_FOREVER});
    calls("f");
    bench.now = look().until;
    calls("f");
    cr_assert_eq(look().until, FILCH_FOREVER);
    bench.now = FILCH_FOREVER - 1;
    refused("reset it");
}

/* ---- Half-open ---- */

Test(breaker, half_open_limits_probes_then_closes)
{
    filch_breaker_ticket tickets[3];
    set_up((filch_breaker_config){.probes = 3, .successes = 5});
    to_half_open();
    for (int i = 0; i < 3; i++)
        cr_assert_eq(allow(&tickets[i]), 0);
    cr_assert_eq(look().probes, 3);
    refused("half-open, and 3 probes are running");
    cr_assert_eq(report(&tickets[0], FILCH_BREAKER_NEITHER), 0);
    cr_assert_eq(allow(&tickets[0]), 0, "its place is free again");
    refused("half-open");
    for (int i = 0; i < 3; i++)
        cr_assert_eq(report(&tickets[i], FILCH_BREAKER_SUCCESS), 0);
    cr_assert_eq(calls("s"), FILCH_BREAKER_HALF_OPEN);
    cr_assert_eq(calls("s"), FILCH_BREAKER_CLOSED);
    cr_assert_eq(look().calls, 0, "probes are not in the window");
}

Test(breaker, failed_probe_reopens_and_outdates_others)
{
    filch_breaker_ticket early, tickets[3];
    set_up((filch_breaker_config){.probes = 3, .successes = 3});
    cr_assert_eq(allow(&early), 0);
    to_half_open();
    for (int i = 0; i < 3; i++)
        cr_assert_eq(allow(&tickets[i]), 0);
    cr_assert_eq(report(&early, FILCH_BREAKER_FAILURE), -ESTALE, "it was no probe");
    cr_assert_eq(state(), FILCH_BREAKER_HALF_OPEN);
    cr_assert_eq(report(&tickets[1], FILCH_BREAKER_FAILURE), 0);
    cr_assert_eq(state(), FILCH_BREAKER_OPEN);
    cr_assert_eq(report(&tickets[0], FILCH_BREAKER_SUCCESS), -ESTALE);
    bench.now = look().until;
    cr_assert_eq(calls("ss"), FILCH_BREAKER_HALF_OPEN);
    cr_assert_eq(report(&tickets[2], FILCH_BREAKER_SUCCESS), -ESTALE, "of another half-open one");
    cr_assert_eq(state(), FILCH_BREAKER_HALF_OPEN);
    cr_assert_eq(calls("s"), FILCH_BREAKER_CLOSED);
    cr_assert_eq(look().late, 3);
}

Test(breaker, unreported_probes_time_out)
{
    filch_breaker_ticket lost;
    set_up((filch_breaker_config){.half_open_time = 50, .open_time = 10});
    to_half_open();
    cr_assert_eq(allow(&lost), 0);
    bench.now += 49;
    refused("1 probes");
    bench.now += 1;
    refused("is open");
    cr_assert_eq(look().until, bench.now + 10);
    cr_assert_str_eq(bench.told[bench.changes - 1].why, "the probes took too long");
    bench.now += 10;
    cr_assert_eq(calls("s"), FILCH_BREAKER_CLOSED);
    cr_assert_eq(report(&lost, FILCH_BREAKER_FAILURE), -ESTALE);
}

/* ---- Tickets ---- */

Test(breaker, a_ticket_is_reported_once)
{
    filch_breaker_ticket ticket = {0};
    filch_breaker *breaker;
    OK(filch_breaker_create(&breaker, NULL));
    cr_assert_eq(filch_breaker_report(breaker, &ticket, FILCH_BREAKER_FAILURE), -EALREADY);
    OK(filch_breaker_allow(breaker, &ticket));
    cr_assert_eq(filch_breaker_report(breaker, &ticket, (filch_breaker_verdict)3), -EINVAL);
    OK(filch_breaker_report(breaker, &ticket, FILCH_BREAKER_FAILURE));
    cr_assert_eq(filch_breaker_report(breaker, &ticket, FILCH_BREAKER_FAILURE), -EALREADY);
    cr_assert_not_null(strstr(filch_error(), "once"));
    cr_assert_eq(filch_breaker_allow(breaker, NULL), -EINVAL);
    cr_assert_eq(filch_breaker_allow(NULL, &ticket), -EINVAL);
    cr_assert_eq(filch_breaker_report(breaker, NULL, FILCH_BREAKER_FAILURE), -EINVAL);
    filch_breaker_stats stats;
    filch_breaker_stats_read(breaker, &stats, sizeof stats);
    cr_assert_eq(stats.calls, 1);
    filch_breaker_destroy(breaker);
}

/* ---- By hand ---- */

Test(breaker, trip_opens_and_reset_clears)
{
    filch_breaker_ticket before;
    set_up((filch_breaker_config){.name = "the till"});
    calls("ffff");
    cr_assert_eq(allow(&before), 0);
    cr_assert_eq(fl_breaker_trip_at(bench.breaker, FILCH_FOREVER, bench.now), 0);
    bench.now = FILCH_FOREVER - 2;
    refused("the till is open; reset it");
    cr_assert_eq(fl_breaker_trip_at(bench.breaker, bench.now + 1, bench.now), 0);
    refused("in 1 ms");
    fl_breaker_reset_at(bench.breaker, bench.now);
    cr_assert_eq(state(), FILCH_BREAKER_CLOSED);
    cr_assert_eq(look().calls, 0);
    cr_assert_eq(report(&before, FILCH_BREAKER_FAILURE), -ESTALE);
    calls("ffff");
    fl_breaker_reset_at(bench.breaker, bench.now);
    cr_assert_eq(look().calls, 0, "also of a closed one");
    cr_assert_eq(filch_breaker_trip(bench.breaker, -1), -EINVAL);
    cr_assert_eq(bench.changes, 2, "from open to open, and from closed to closed, is none");
}

/* ---- Changes ---- */

Test(breaker, changes_are_reported_once_with_reason)
{
    static const filch_breaker_change expected[] = {
        {FILCH_BREAKER_CLOSED, FILCH_BREAKER_OPEN, 1, 1000, "too many calls failed in a row"},
        {FILCH_BREAKER_OPEN, FILCH_BREAKER_HALF_OPEN, 2, 1010, "it was open long enough"},
        {FILCH_BREAKER_HALF_OPEN, FILCH_BREAKER_OPEN, 3, 1010, "a probe failed"},
        {FILCH_BREAKER_OPEN, FILCH_BREAKER_HALF_OPEN, 4, 1020, "it was open long enough"},
        {FILCH_BREAKER_HALF_OPEN, FILCH_BREAKER_CLOSED, 5, 1020, "enough probes succeeded"},
        {FILCH_BREAKER_CLOSED, FILCH_BREAKER_OPEN, 6, 1020, "too many calls failed"},
        {FILCH_BREAKER_OPEN, FILCH_BREAKER_CLOSED, 7, 1020, "it was reset"},
        {FILCH_BREAKER_CLOSED, FILCH_BREAKER_OPEN, 8, 1020, "it was tripped"},
    };
    set_up((filch_breaker_config){
        .consecutive = 3, .failure_percent = 50, .min_calls = 4, .open_time = 10});
    calls("fff");
    bench.now += 10;
    calls("f");
    bench.now += 10;
    calls("s");
    calls("ffsf");
    fl_breaker_reset_at(bench.breaker, bench.now);
    fl_breaker_trip_at(bench.breaker, FILCH_FOREVER, 0); /* a time that goes back */
    cr_assert_eq(bench.changes, 8);
    for (unsigned i = 0; i < 8; i++) {
        const filch_breaker_change *told = &bench.told[i], *want = &expected[i];
        cr_assert_eq(told->from, want->from, "%u", i);
        cr_assert_eq(told->to, want->to, "%u", i);
        cr_assert_eq(told->number, want->number, "%u", i);
        cr_assert_eq(told->when, want->when, "%u", i);
        cr_assert_str_eq(told->why, want->why);
    }
}

/* ---- Configurations ---- */

Test(breaker, the_largest_values_are_possible)
{
    set_up((filch_breaker_config){.calls = 1000000,
                                  .min_calls = 1000000,
                                  .open_time = FILCH_FOREVER,
                                  .probes = 1000000,
                                  .successes = 1000000});
    cr_assert_eq(calls("ffffffffffffffffffff"), FILCH_BREAKER_CLOSED);
    set_up((filch_breaker_config){.window_time = FILCH_FOREVER,
                                  .buckets = 10000,
                                  .min_calls = UINT32_MAX,
                                  .consecutive = UINT32_MAX});
    cr_assert_eq(calls("ffffffffffffffffffff"), FILCH_BREAKER_CLOSED);
    set_up((filch_breaker_config){.window_time = 1, .buckets = 10000});
    cr_assert_eq(calls("fffffffff"), FILCH_BREAKER_CLOSED);
}

/* ---- Random sequences ---- */

enum { OUT = 20, STEPS = 100000 };

static void check(const filch_breaker_ticket *out, unsigned probes)
{
    filch_breaker_stats stats = look();
    uint64_t held = 0;
    for (unsigned i = 0; i < OUT; i++)
        held += out[i].generation != 0;
    cr_assert_eq(stats.passed, stats.succeeded + stats.failed + stats.neither + stats.late + held);
    cr_assert_leq(stats.failures, stats.calls);
    cr_assert_leq(stats.probes, stats.state == FILCH_BREAKER_HALF_OPEN ? probes : 0);
}

Test(breaker, every_call_is_accounted_for)
{
    filch_breaker_ticket out[OUT] = {{0}};
    uint64_t random = stress_seed();
    set_up((filch_breaker_config){.consecutive = 4,
                                  .failure_percent = 60,
                                  .open_time = 100,
                                  .open_growth = 1.5,
                                  .probes = 3,
                                  .successes = 4,
                                  .half_open_time = 200});
    for (unsigned i = stress_times(STEPS); i; i--) {
        filch_breaker_ticket *one;
        random = stress_mix(random + i);
        one = &out[(random >> 32) % OUT];
        bench.now += (int64_t)(random >> 48) % 20;
        bench.changes = 0;
        if (one->generation)
            report(one, (filch_breaker_verdict)(random % 8 < 3 ? random % 3 : 1));
        else if (random % 256 > 2)
            allow(one);
        else if (random % 256)
            fl_breaker_trip_at(bench.breaker, bench.now + 50, bench.now);
        else
            fl_breaker_reset_at(bench.breaker, bench.now);
        check(out, 3);
    }
    cr_assert_gt(look().opened, 0);
}
