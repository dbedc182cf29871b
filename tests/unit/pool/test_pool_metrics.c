/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool in a registry: the metrics add up. */
#include <filch/dead_letters.h>
#include <filch/metrics.h>
#include <runtime/engine/observe/page_writer.h>
#include <runtime/pool/statistics.h>
#include <tests/support/pools.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

static exposition all;

static void expect(filch_metrics *metrics, const char *series, double value)
{
    double shown = exposition_value(exposition_written(metrics, &all), series);
    cr_assert_eq(shown, value, "%s is %g", series, shown);
}

/* ---- The rows ---- */

static bool is_outcome(const filch_runtime_stat *row)
{
    const size_t at = offsetof(filch_pool_stats, outcomes);
    return row->offset >= at && row->offset < at + sizeof((filch_pool_stats){0}.outcomes);
}

/* The fields of filch_pool_stats that have rows of their own, and the array of outcomes. */
#define FIELD(field, unit, now, help) uint64_t field;
#define NONE(...)
struct fields {
    FL_POOL_STATISTICS(FIELD, NONE)
    uint64_t outcomes[FILCH_OUTCOMES];
};

Test(pool_metrics, rows_follow_the_struct)
{
    const size_t undecided = offsetof(filch_pool_stats, outcomes[FILCH_UNDECIDED]);
    size_t at = 0;
    for (uint32_t i = 0; i < fl_share_pool_numbers.count; i++, at += sizeof(uint64_t)) {
        const filch_runtime_stat *row = &fl_share_pool_numbers.rows[i];
        at += at == undecided ? sizeof(uint64_t) : 0; /* no accepted job has that outcome */
        cr_expect_eq(row->offset, at, "%s", row->name);
        cr_expect(*row->unit && *row->help, "%s", row->name);
    }
    cr_expect_eq(at, sizeof(filch_pool_stats));
    cr_expect_eq(at, sizeof(struct fields));
#define HAS_SIZE(field, unit, now, help)                                                           \
    cr_expect_eq(sizeof((filch_pool_stats){0}.field), sizeof(uint64_t), #field);
    FL_POOL_STATISTICS(HAS_SIZE, NONE)
}

static void series_of(char out[128], const filch_runtime_stat *row, const char *pool)
{
    if (is_outcome(row))
        snprintf(out, 128, "filch_pool_outcomes_total{outcome=\"%s\",pool=\"%s\"}", row->name,
                 pool);
    else
        snprintf(out, 128, "filch_pool_%s%s{pool=\"%s\"}", row->name, row->now ? "" : "_total",
                 pool);
}

Test(pool_metrics, each_row_is_shown)
{
    char series[128];
    filch_metrics *metrics;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .name = "mail", .width = 2});
    OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_metrics_add_pool(metrics, pool), 0, "%s", filch_error());
    for (int i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, returns, RETURNED(i % 2 ? -EIO : 0)), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    const filch_pool_stats stats = stats_of(pool);
    for (uint32_t i = 0; i < fl_share_pool_numbers.count; i++) {
        const filch_runtime_stat *row = &fl_share_pool_numbers.rows[i];
        const void *number = (const char *)&stats + row->offset;
        series_of(series, row, "mail");
        expect(metrics, series, (double)*(const uint64_t *)number);
    }
    filch_metrics_destroy(metrics);
    OK(filch_pool_destroy(pool));
}

/* ---- A scrape ---- */

enum { POOLS = 2 };
static const char *const names[POOLS] = {"direct", "queued"};
static filch_pool *pools[POOLS];

/* A metric that is read after the accepted jobs, and before the outcomes: each pool accepts a job,
 * and ends it. */
static double meddle(void *arg)
{
    for (unsigned i = 0; i < POOLS; i++) {
        cr_assert_eq(FILCH_SUBMIT(pools[i], succeeds, NULL), 0);
        OK(filch_pool_wait(pools[i], FILCH_FOREVER));
    }
    return 0;
}

static double shown_of(unsigned pool, const filch_runtime_stat *row)
{
    char series[128];
    series_of(series, row, names[pool]);
    return exposition_value(all.text, series);
}

Test(pool_metrics, a_scrape_reads_each_pool_once)
{
    filch_metrics *metrics;
    OK(filch_metrics_create(&metrics));
    for (unsigned i = 0; i < POOLS; i++) {
        pools[i] = pool_of((filch_pool_config){.workers = 1, .name = names[i], .width = i});
        cr_assert_eq(filch_metrics_add_pool(metrics, pools[i]), 0, "%s", filch_error());
    }
    OK(filch_metrics_add(metrics, &(filch_metric){.name = "filch_pool_accepted_total",
                                                  .help = "Jobs that were accepted.",
                                                  .labels = {{"pool", "meddler"}},
                                                  .kind = FILCH_METRIC_COUNTER,
                                                  .read = meddle}));
    for (int scrape = 0; scrape < 3; scrape++) {
        exposition_written(metrics, &all);
        for (unsigned i = 0; i < POOLS; i++) {
            double ended = 0;
            for (uint32_t k = 0; k < fl_share_pool_numbers.count; k++)
                if (is_outcome(&fl_share_pool_numbers.rows[k]))
                    ended += shown_of(i, &fl_share_pool_numbers.rows[k]);
            cr_expect_eq(shown_of(i, &fl_share_pool_numbers.rows[0]), scrape, "%s", names[i]);
            cr_expect_eq(ended, scrape, "%s", names[i]);
        }
    }
    filch_metrics_destroy(metrics);
    for (unsigned i = 0; i < POOLS; i++)
        OK(filch_pool_destroy(pools[i]));
}

Test(pool_metrics, what_is_shown_adds_up)
{
    gate at;
    filch_metrics *metrics;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                   .name = "mail",
                                                   .width = 1,
                                                   .capacity = 5,
                                                   .full = FILCH_FULL_REJECT,
                                                   .timed = true});
    OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_metrics_add_pool(metrics, pool), 0, "%s", filch_error());
    block(pool, &at);
    for (int i = 0; i < 7; i++)
        FILCH_SUBMIT(pool, returns, RETURNED(i % 2 ? -EIO : 0));
    expect(metrics, "filch_pool_accepted_total{pool=\"mail\"}", 6);
    expect(metrics, "filch_pool_refused_total{pool=\"mail\"}", 2);
    expect(metrics, "filch_pool_waiting{pool=\"mail\"}", 5);
    expect(metrics, "filch_pool_running{pool=\"mail\"}", 1);
    expect(metrics, "filch_pool_width{pool=\"mail\"}", 1);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    expect(metrics, "filch_pool_waiting{pool=\"mail\"}", 0);
    expect(metrics, "filch_pool_running{pool=\"mail\"}", 0);
    expect(metrics, "filch_pool_outcomes_total{outcome=\"succeeded\",pool=\"mail\"}", 4);
    expect(metrics, "filch_pool_outcomes_total{outcome=\"failed\",pool=\"mail\"}", 2);
    expect(metrics, "filch_pool_outcomes_total{outcome=\"dropped\",pool=\"mail\"}", 0);
    expect(metrics, "filch_pool_wait_seconds_count{pool=\"mail\"}", 6);
    expect(metrics, "filch_pool_run_seconds_count{pool=\"mail\"}", 6);
    cr_assert_gt(filch_metrics_remove(metrics, pool), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_null(strstr(exposition_written(metrics, &all), "filch_pool"));
    filch_metrics_destroy(metrics);
}

Test(pool_metrics, the_most_at_a_time_stay)
{
    gate at = {0};
    filch_metrics *metrics;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .name = "mail", .width = 3});
    OK(filch_metrics_create(&metrics));
    OK(filch_metrics_add_pool(metrics, pool));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    signpost_wait(&at.begun, 3);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SUBMIT_UNTIL(pool, succeeds, NULL, 0), 0);
    cr_assert_eq(stats_of(pool).waiting, 5);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    expect(metrics, "filch_pool_running_most{pool=\"mail\"}", 3);
    expect(metrics, "filch_pool_waiting_most{pool=\"mail\"}", 5);
    OK(filch_pool_destroy(pool));
    filch_metrics_destroy(metrics);
}

Test(pool_metrics, unreleased_handles_are_counted)
{
    for (unsigned width = 0; width < 2; width++) { /* 0: direct */
        filch_job *jobs[4];
        filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = width});
        for (int i = 0; i < 4; i++)
            jobs[i] = job_of(pool, succeeds, NULL, NULL);
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
        cr_assert_eq(stats_of(pool).held, 4);
        filch_job_release(jobs[0]);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(stats_of(pool).held, 3);
        for (int i = 1; i < 4; i++)
            filch_job_release(jobs[i]);
        cr_assert_eq(stats_of(pool).held, 0);
        OK(filch_pool_destroy(pool));
    }
}

Test(pool_metrics, second_pool_of_name_is_refused)
{
    filch_metrics *metrics;
    filch_pool *one = pool_of((filch_pool_config){.workers = 1}),
               *other = pool_of((filch_pool_config){.workers = 1});
    OK(filch_metrics_create(&metrics));
    OK(filch_metrics_add_pool(metrics, one));
    cr_assert_eq(filch_metrics_add_pool(metrics, other), -EEXIST);
    OK(filch_metrics_remove(metrics, other));
    cr_assert_eq(filch_metrics_add_pool(NULL, one), -EINVAL);
    cr_assert_eq(filch_metrics_add_pool(metrics, NULL), -EINVAL);
    filch_metrics_destroy(metrics);
    OK(filch_pool_destroy(one));
    OK(filch_pool_destroy(other));
}

/* All that a service shows at once. */
Test(pool_metrics, promtool_accepts_pools_and_their_runtimes)
{
    filch_metrics *metrics;
    filch_dead_letter_queue *letters;
    filch_runtime *rt = config_runtime(2, 0);
    filch_pool *timed = pool_of((filch_pool_config){
        .runtime = rt, .name = "ma\"il\\\n\xe2\x82\xac", .width = 1, .timed = true});
    filch_pool *plain = pool_of((filch_pool_config){.workers = 2});
    OK(filch_metrics_create(&metrics));
    OK(filch_dead_letter_queue_create(&letters, &(filch_dead_letter_queue_config){.name = "mail"}));
    cr_assert_eq(filch_metrics_add_pool(metrics, timed), 0, "%s", filch_error());
    cr_assert_eq(filch_metrics_add_pool(metrics, plain), 0, "%s", filch_error());
    cr_assert_eq(filch_metrics_add_runtime(metrics, rt, "shared"), 0, "%s", filch_error());
    cr_assert_eq(filch_metrics_add_dead_letters(metrics, letters), 0, "%s", filch_error());
    for (int i = 0; i < 10; i++) {
        FILCH_SUBMIT(timed, returns, RETURNED(i % 2 ? -EIO : 0));
        FILCH_SUBMIT(plain, returns, NULL);
    }
    OK(filch_pool_wait(timed, FILCH_FOREVER));
    OK(filch_pool_wait(plain, FILCH_FOREVER));
    exposition_written(metrics, &all);
    filch_metrics_destroy(metrics);
    OK(filch_pool_destroy(timed));
    OK(filch_pool_destroy(plain));
    filch_dead_letter_queue_destroy(letters);
    OK(filch_runtime_destroy(rt));
    cr_assert_not_null(strstr(all.text, "filch_pool_run_seconds_count"));
    promtool_accepts(all.text);
}

static void run_timed(filch_metrics *metrics, filch_pool **pool, const char *name, int jobs)
{
    *pool = pool_of((filch_pool_config){.workers = 1, .name = name, .width = 1, .timed = true});
    cr_assert_eq(filch_metrics_add_pool_histograms(metrics, *pool), 0, "%s", filch_error());
    for (int i = 0; i < jobs; i++)
        cr_assert_eq(FILCH_SUBMIT(*pool, succeeds, NULL), 0);
    OK(filch_pool_wait(*pool, FILCH_FOREVER));
}

/* The bounds of one pool, as they are written. */
static unsigned bounds_of(const char *text, const char *pool, char *bounds, size_t room)
{
    unsigned count = 0;
    char begin[128];
    bounds[0] = '\0';
    snprintf(begin, sizeof begin, "filch_pool_run_seconds_bucket{pool=\"%s\",le=\"", pool);
    for (const char *at = text; (at = strstr(at, begin)); count++) {
        at += strlen(begin);
        strncat(bounds, at, strcspn(at, "\"") + 1);
        cr_assert_lt(strlen(bounds) + 64, room);
    }
    return count;
}

Test(pool_metrics, histograms_share_bounds_and_add_up)
{
    filch_metrics *metrics;
    filch_pool *mail, *print;
    char of_mail[1024], of_print[1024];
    OK(filch_metrics_create(&metrics));
    run_timed(metrics, &mail, "mail", 3);
    run_timed(metrics, &print, "print", 4);
    const char *text = exposition_written(metrics, &all); /* a strict reader: buckets add up */
    cr_assert_gt(bounds_of(text, "mail", of_mail, sizeof of_mail), 10);
    bounds_of(text, "print", of_print, sizeof of_print);
    cr_assert_str_eq(of_mail, of_print);
    expect(metrics, "filch_pool_run_seconds_bucket{pool=\"mail\",le=\"+Inf\"}", 3);
    expect(metrics, "filch_pool_wait_seconds_bucket{pool=\"print\",le=\"+Inf\"}", 4);
    expect(metrics, "filch_pool_run_seconds_count{pool=\"print\"}", 4);
    filch_metrics_remove(metrics, print);
    cr_assert_eq(filch_metrics_add_pool(metrics, print), -EINVAL, "one kind in a registry");
    cr_assert(strstr(filch_error(), "histogram"), "%s", filch_error());
    cr_assert_eq(filch_metrics_add_pool_histograms(NULL, print), -EINVAL);
    filch_metrics_destroy(metrics);
    OK(filch_pool_destroy(mail));
    OK(filch_pool_destroy(print));
}
