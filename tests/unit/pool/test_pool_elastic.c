/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools that grow and shrink: as wide as needed, never beyond the limits, and no job is lost on the
 * way. */
#include <filch/metrics.h>
#include <runtime/pool/pool.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

enum { LEAST = 2, MOST = 7, JOBS = 30 };
#define HOUR (3600 * FILCH_SECOND)

TestSuite(pool_elastic, .init = have_fibers);

static void submit(filch_pool *pool, filch_job_fn *fn, void *data, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, fn, data), 0, "%s", filch_error());
}

static void expect_end(filch_pool *pool, uint64_t succeeded, uint64_t cancelled)
{
    OK(filch_pool_shutdown(pool, FILCH_FOREVER));
    filch_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.accepted, succeeded + cancelled);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], succeeded);
    cr_assert_eq(stats.outcomes[FILCH_CANCELLED], cancelled);
    OK(filch_pool_destroy(pool));
}

static void until_width(const filch_pool *pool, unsigned width)
{
    while (stats_of(pool).width != width)
        filch_sleep(FILCH_MILLISECOND / 10);
}

/* It looks often. */
static filch_pool *lively_pool(filch_runtime *rt)
{
    return pool_of((filch_pool_config){.runtime = rt,
                                       .width = LEAST,
                                       .width_max = MOST,
                                       .shrink_after = FILCH_MILLISECOND,
                                       .interval = FILCH_MILLISECOND / 10});
}

/* It does not look unless the test says so: no time that matters comes. */
static filch_pool *patient_pool(filch_runtime *rt)
{
    return pool_of((filch_pool_config){.runtime = rt,
                                       .width = LEAST,
                                       .width_max = MOST,
                                       .grow_after = HOUR,
                                       .shrink_after = HOUR,
                                       .interval = HOUR});
}

static int64_t alarm_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    int64_t at = pool->alarms[FL_ALARM_MONITOR].at;
    fl_unlock(&pool->queue.room.lock);
    return at;
}

/* ---- The monitor comes by itself ---- */

static void grows_and_shrinks(filch_runtime *rt)
{
    filch_pool *pool = lively_pool(rt);
    for (unsigned round = 0; round < 2; round++) {
        gate at = {0};
        submit(pool, stand_still, &at, JOBS);
        signpost_wait(&at.begun, MOST);
        filch_sleep(FILCH_MILLISECOND); /* some looks more */
        filch_pool_stats stats = stats_of(pool);
        cr_assert_eq(stats.width, MOST);
        cr_assert_eq(stats.running, MOST);
        cr_assert_eq(stats.waiting, JOBS - MOST);
        cr_assert_eq(signpost_count(&at.begun), MOST, "not one more");
        cr_assert_geq(stats.grown, 4 * (round + 1), "2 3 4 6 7");
        signpost_raise(&at.go);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        until_width(pool, LEAST);
        cr_assert_geq(stats_of(pool).shrunk, 2 * (round + 1), "7 4 2");
    }
    cr_assert_eq(alarm_of(pool), FILCH_FOREVER, "idle at its least it does not look");
    expect_end(pool, 2 * JOBS, 0);
}

Test(pool_elastic, grows_under_load_shrinks_when_idle)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        grows_and_shrinks(rt);
        OK(filch_runtime_destroy(rt));
    }
}

Test(pool_elastic, single_long_waiting_job_grows_pool)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width_max = 2, .grow_depth = 1000, .interval = FILCH_MILLISECOND / 10});
    submit(pool, stand_still, &at, 2);
    signpost_wait(&at.begun, 2);
    signpost_raise(&at.go);
    expect_end(pool, 2, 0);
}

Test(pool_elastic, grown_pool_shuts_down)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned now = 0; now < 2; now++) {
            gate at = {0};
            filch_pool *pool = lively_pool(rt);
            submit(pool, stand_still, &at, JOBS);
            signpost_wait(&at.begun, MOST);
            size_t cancelled = now ? filch_pool_shutdown_now(pool) : 0;
            cr_assert_eq(cancelled, now ? JOBS - MOST : 0);
            signpost_raise(&at.go);
            if (now)
                expect_end(pool, MOST, cancelled);
            else
                cr_assert_eq(filch_pool_destroy(pool), 0, "the monitor may be anywhere");
        }
        OK(filch_runtime_destroy(rt));
    }
}

static int grows_for_itself(filch_self self, filch_job *job, void *arg)
{
    int rc = 0;
    for (unsigned i = 0; i < 5 && !rc; i++)
        rc = FILCH_SUBMIT(arg, succeeds, NULL);
    return rc;
}

static void expect_room(filch_pool_config config)
{
    config.workers = 2;
    config.capacity = 1;
    for (unsigned i = 0; i < 20; i++) {
        filch_pool *pool = pool_of(config);
        submit(pool, grows_for_itself, pool, 1);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        expect_end(pool, 6, 0);
    }
}

/* A pool that stays one job wide refuses it: -EDEADLK. */
Test(pool_elastic, job_may_await_room_while_growable)
{
    expect_room((filch_pool_config){.width_max = 2, .interval = FILCH_MILLISECOND / 10});
}

Test(pool_elastic, job_may_await_another_runners_room)
{
    expect_room((filch_pool_config){.width = 2});
}

static int fills_its_own_pool(filch_self self, filch_job *job, void *arg)
{
    int rc;
    while (!(rc = FILCH_SUBMIT(arg, fills_its_own_pool, arg)))
        ;
    return rc;
}

Test(pool_elastic, fully_grown_pool_reports_room_deadlock)
{
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .capacity = 1, .width_max = 3, .interval = FILCH_MILLISECOND / 10});
    submit(pool, fills_its_own_pool, pool, 1);
    while (!stats_of(pool).outcomes[FILCH_FAILED])
        filch_sleep(FILCH_MILLISECOND / 10);
    cr_assert_eq(stats_of(pool).width, 3);
    filch_pool_shutdown_now(pool);
    OK(filch_pool_destroy(pool));
}

/* ---- It comes when the test says ---- */

Test(pool_elastic, each_look_changes_width_one_step)
{
    static const unsigned up[] = {3, 4, 6, 7, 7}, down[] = {4, 2, 2};
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool *pool = patient_pool(rt);
        gate at = {0};
        submit(pool, stand_still, &at, JOBS);
        for (unsigned i = 0; i < sizeof up / sizeof *up; i++) {
            fl_elastic_look(pool, filch_now());
            cr_assert_eq(stats_of(pool).width, up[i]);
            signpost_wait(&at.begun, up[i]);
        }
        signpost_raise(&at.go);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        fl_elastic_look(pool, filch_in(2 * HOUR)); /* all had been busy in that span */
        cr_assert_eq(stats_of(pool).width, MOST);
        for (unsigned i = 0; i < sizeof down / sizeof *down; i++) {
            cr_assert_eq(alarm_of(pool) == FILCH_FOREVER, i == 2);
            fl_elastic_look(pool, filch_in((2 * i + 4) * HOUR));
            cr_assert_eq(stats_of(pool).width, down[i]);
        }
        cr_assert_eq(alarm_of(pool), FILCH_FOREVER);
        cr_assert_eq(stats_of(pool).grown, 4);
        cr_assert_eq(stats_of(pool).shrunk, 2);
        expect_end(pool, JOBS, 0);
        OK(filch_runtime_destroy(rt));
    }
}

Test(pool_elastic, nothing_is_due_while_nobody_waits)
{
    gate at;
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width_max = 2, .grow_after = HOUR, .interval = HOUR});
    cr_assert_eq(alarm_of(pool), FILCH_FOREVER);
    block(pool, &at);
    cr_assert_eq(alarm_of(pool), FILCH_FOREVER, "all are busy, and nobody waits");
    submit(pool, succeeds, NULL, 1);
    cr_assert_leq(alarm_of(pool), filch_in(HOUR));
    fl_elastic_look(pool, filch_now());
    cr_assert_eq(stats_of(pool).width, 2, "one waits where one is in progress");
    signpost_raise(&at.go);
    expect_end(pool, 2, 0);
}

Test(pool_elastic, a_resize_sets_the_least)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool *pool = patient_pool(rt);
        gate at = {0};
        submit(pool, stand_still, &at, JOBS);
        signpost_wait(&at.begun, LEAST);
        OK(filch_pool_resize(pool, 5));
        signpost_wait(&at.begun, 5);
        cr_assert_eq(stats_of(pool).width, 5);
        cr_assert_eq(filch_pool_resize(pool, MOST + 1), -EINVAL);
        cr_assert(strchr(filch_error(), ';'));
        cr_assert_eq(filch_pool_resize(pool, 0), -EINVAL);
        signpost_raise(&at.go);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        fl_elastic_look(pool, filch_in(2 * HOUR));
        fl_elastic_look(pool, filch_in(4 * HOUR));
        cr_assert_eq(stats_of(pool).width, 5, "not below it");
        OK(filch_pool_resize(pool, 1));
        cr_assert_eq(stats_of(pool).width, 5, "not at once");
        cr_assert_neq(alarm_of(pool), FILCH_FOREVER);
        for (int64_t i = 3; i < 6; i++)
            fl_elastic_look(pool, filch_in(2 * i * HOUR));
        cr_assert_eq(stats_of(pool).width, 1);
        expect_end(pool, JOBS, 0);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Metrics ---- */

static exposition all;

static void expect(filch_metrics *metrics, const char *series, double value)
{
    all.length = 0;
    *all.text = '\0';
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), 0, "%s", filch_error());
    cr_assert_eq(exposition_value(all.text, series), value, "%s", series);
}

Test(pool_elastic, what_it_did_is_shown)
{
    filch_metrics *metrics;
    gate at = {0};
    filch_pool *pool = patient_pool(NULL);
    OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_metrics_add_pool(metrics, pool), 0, "%s", filch_error());
    submit(pool, stand_still, &at, JOBS);
    fl_elastic_look(pool, filch_now());
    fl_elastic_look(pool, filch_now());
    expect(metrics, "filch_pool_width{pool=\"(unnamed)\"}", 4);
    expect(metrics, "filch_pool_grown_total{pool=\"(unnamed)\"}", 2);
    expect(metrics, "filch_pool_shrunk_total{pool=\"(unnamed)\"}", 0);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    uint64_t shrunk = 0, width;
    for (int64_t i = 1; (width = stats_of(pool).width) > LEAST;
         i++) { /* runners may rest a bit later */
        fl_elastic_look(pool, filch_in(2 * i * HOUR));
        shrunk += stats_of(pool).width < width;
    }
    expect(metrics, "filch_pool_shrunk_total{pool=\"(unnamed)\"}", (double)shrunk);
    cr_assert_gt(filch_metrics_remove(metrics, pool), 0);
    filch_metrics_destroy(metrics);
    expect_end(pool, JOBS, 0);
}
