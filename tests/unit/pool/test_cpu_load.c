/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The load of the CPUs, from made-up samples, and the reaction of elastic pools. */
#include <runtime/pool/elastic.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

/* ---- Samples ---- */

Test(cpu_load, kernel_cpu_line_is_parsed)
{
    fl_cpu_sample one = {0};
    cr_assert(fl_cpu_parse("cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 2", &one));
    cr_assert_eq(one.total, 621);
    cr_assert_eq(one.busy, 171);
    cr_assert_not(fl_cpu_parse("cpu0 1 2 3", &one));
    cr_assert_not(fl_cpu_parse("", &one));
}

Test(cpu_load, the_larger_of_both_shares_counts)
{
    static const fl_cpu_sample from = {.at = 0, .used = 0, .busy = 1000, .total = 2000};
    static const struct {
        fl_cpu_sample to;
        double cpus;
        int percent;
    } cases[] = {
        {{100, 50, 1050, 2100}, 2, 50},    /* the machine's 50 above its own 25 */
        {{100, 150, 1010, 2100}, 2, 75},   /* its own */
        {{100, 50, 1000, 2100}, 0.5, 100}, /* all of a quota */
        {{100, 500, 1000, 2100}, 2, 100},  {{100, 20, 0, 0}, 1, 20}, /* the machine is unknown, */
        {{100, 20, 900, 1900}, 1, 20},                               /* or goes backwards */
        {{0, 0, 1000, 2000}, 1, 0},                                  /* no time has passed */
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(fl_cpu_percent(&from, &cases[i].to, cases[i].cpus), cases[i].percent, "%u", i);
}

Test(cpu_load, a_process_that_computes_is_seen)
{
    fl_cpu_load load;
    volatile unsigned turns = 0;
    fl_cpu_load_init(&load);
    cr_assert_gt(load.cpus, 0);
    cr_assert_eq(fl_cpu_load_look(&load, filch_now()), -1, "one sample tells nothing");
    int64_t until = filch_in(120 * MS);
    while (filch_now() < until)
        turns++;
    int percent = fl_cpu_load_look(&load, filch_now());
    cr_assert(percent > 0 && percent <= 100, "%d", percent);
    cr_assert_eq(fl_cpu_load_look(&load, filch_now()), percent, "not so soon again");
}

/* ---- The rule ---- */

static fl_elastic rule(unsigned cpu_max)
{
    fl_elastic it;
    filch_pool_config config = {.width = 2, .width_max = 64, .cpu_max = cpu_max};
    fl_elastic_complete(&config);
    fl_elastic_init(&it, &config, 0);
    return it;
}

static unsigned look(fl_elastic *it, unsigned width, int cpu, int64_t now)
{
    fl_elastic_note(it, width);
    return fl_elastic_width(it, width, &(fl_load){1000, 0, width, cpu}, now);
}

Test(cpu_load, pool_grows_while_cpus_are_free)
{
    fl_elastic it = rule(80);
    cr_assert_eq(look(&it, 16, 79, 1), 24);
    cr_assert_eq(look(&it, 16, 80, 2), 16);
    cr_assert_eq(look(&it, 16, 89, 300 * MS), 16);
    cr_assert_eq(look(&it, 16, -1, 300 * MS), 24, "nothing is known");
    it = rule(0);
    cr_assert_eq(look(&it, 16, 100, 1), 24, "it does not look");
}

Test(cpu_load, cpu_shortage_shrinks_pool_by_eighth)
{
    fl_elastic it = rule(80);
    cr_assert_eq(look(&it, 16, 90, 0), 14);
    cr_assert_eq(look(&it, 14, 100, 50 * MS), 14, "not before it can be seen");
    cr_assert_eq(look(&it, 14, 100, 100 * MS), 13);
    cr_assert_eq(look(&it, 3, 100, 300 * MS), 2);
    cr_assert_eq(look(&it, 2, 100, 500 * MS), 2, "the least");
    cr_assert_eq(fl_elastic_width(&it, 16, &(fl_load){0, 0, 16, 100}, 700 * MS), 16,
                 "nobody waits");
}

Test(cpu_load, widest_pool_rechecks_while_jobs_wait)
{
    fl_elastic with = rule(80), without = rule(0);
    cr_assert_eq(fl_elastic_next(&with, 64, true, 0), 10 * MS);
    cr_assert_gt(fl_elastic_next(&without, 64, true, 0), 10 * MS);
}

Test(cpu_load, a_bad_share_is_refused)
{
    filch_pool *pool = NULL;
    static const filch_pool_config bad[] = {{.width_max = 4, .cpu_max = 101}, {.cpu_max = 50}};
    for (int i = 0; i < 2; i++)
        cr_assert_eq(filch_pool_create(&pool, &bad[i]), -EINVAL);
    cr_assert_null(pool);
}

/* ---- A pool ---- */

Test(cpu_load, pool_finishes_jobs_under_any_load)
{
    job_crowd all = {0};
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width_max = 8, .interval = MS, .cpu_max = 1, .shrink_after = 5 * MS});
    for (int i = 0; i < 500; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, meets_others, &all), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 500);
    cr_assert_leq(filch_u32_load(&all.most, FILCH_ACQUIRE), 8);
    OK(filch_pool_destroy(pool));
}
