/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results that had arrived before a pipeline was stopped are still received; the rest is dropped
 * with the pipeline. */
#include <tests/support/patterns.h>

#include <stdio.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { BEFORE = 5 };

static bench at;

static filch_pipeline *pipeline_with(filch_runtime *rt, bool ordered, filch_context *context)
{
    at = (bench){.fails = BEFORE + 1};
    filch_stage stage = bench_stage(&at, "works", 1, 1);
    stage.ordered = ordered;
    filch_pipeline *pipeline = pipeline_of(rt, &stage, 1, 2 * BEFORE, context);
    for (unsigned i = 0; i < BEFORE; i++)
        OK(filch_pipeline_push(pipeline, parcel_make(i, 0), NULL, FILCH_FOREVER));
    WAIT_WHILE(stage_stats(pipeline, 1).waiting < BEFORE);
    return pipeline;
}

static void receive(filch_pipeline *pipeline, unsigned number)
{
    void *item = NULL;
    OK(filch_pipeline_next(pipeline, &item, FILCH_FOREVER));
    cr_assert_eq(((parcel *)item)->number, number);
    parcel_drop(item);
}

static void expect_no_more(filch_pipeline *pipeline)
{
    void *item;
    cr_assert_eq(filch_pipeline_next(pipeline, &item, FILCH_FOREVER), -ECANCELED);
}

/* By its sixth item, or from outside. */
static void stop(filch_pipeline *pipeline, bool fails)
{
    if (fails)
        OK(filch_pipeline_push(pipeline, parcel_make(BEFORE, 0), NULL, FILCH_FOREVER));
    else
        filch_context_cancel(filch_pipeline_context(pipeline), -EDOM);
    filch_pipeline_close(pipeline);
    cr_assert_eq(filch_pipeline_wait(pipeline, FILCH_FOREVER), -EDOM);
}

Test(pipeline_results, results_before_failure_remain_receivable)
{
    for (unsigned i = 0; i < CONFIGS; i++)
        for (int way = 0; way < 4; way++) {
            filch_runtime *rt = config_runtime(i, 0);
            filch_pipeline *pipeline = pipeline_with(rt, way & 1, NULL);
            stop(pipeline, way & 2);
            cr_assert_eq(stage_stats(pipeline, 1).waiting, BEFORE);
            for (unsigned k = 0; k < BEFORE; k++)
                receive(pipeline, k);
            expect_no_more(pipeline);
            cr_assert_eq(filch_pipeline_failure(pipeline)->code, -EDOM);
            OK(filch_pipeline_destroy(pipeline));
            parcels_balance();
            OK(filch_runtime_destroy(rt));
        }
}

Test(pipeline_results, destroy_drops_unreceived_results)
{
    filch_runtime *rt = config_runtime(2, 0);
    for (unsigned received = 0; received <= BEFORE; received++) {
        filch_pipeline *pipeline = pipeline_with(rt, false, NULL);
        stop(pipeline, received & 1);
        for (unsigned k = 0; k < received; k++)
            receive(pipeline, k);
        OK(filch_pipeline_destroy(pipeline));
        parcels_balance();
    }
    OK(filch_runtime_destroy(rt));
}

/* Items whose stage fails: the pipeline stops, drops them, or reports them and goes on. */

enum { ITEMS = 100 };

static int numbers[ITEMS];
static filch_u32 dropped, reported, wrong;

/* Every tenth returns an errno, every tenth panics. */
static int picky(filch_self self, filch_emitter *out, void *item, void *arg)
{
    int number = *(int *)item;
    if (number % 10 == 3)
        return filch_error_set(-EBADMSG, "bad %d", number);
    if (number % 10 == 7)
        FILCH_PANIC(-EIO, "worse %d", number);
    return filch_emit(out, item);
}

static void drop(void *item)
{
    filch_u32_add(&dropped, 1, FILCH_ACQ_REL);
}

static void report(void *item, const filch_failure *why, void *arg)
{
    char text[32];
    int number = *(int *)item;
    snprintf(text, sizeof text, "%s %d", number % 10 == 3 ? "bad" : "worse", number);
    bool right = arg == numbers && !strcmp(why->message, text) && !strcmp(why->task, "picky");
    filch_u32_add(&wrong, !right, FILCH_ACQ_REL);
    filch_u32_add(&reported, 1, FILCH_ACQ_REL);
}

static void report_and_panic(void *item, const filch_failure *why, void *arg)
{
    FILCH_PANIC(-ENOSPC, "nowhere to report to");
}

/* Returns the code of the end; *stats: of the stage. */
static int push_all(unsigned workers, bool ordered, filch_on_error on_error,
                    filch_stage_failed_fn *failed, filch_stage_stats *stats)
{
    filch_runtime *rt = NULL;
    filch_pipeline *pipeline = NULL;
    const filch_stage stage = {
        .name = "picky", .fn = picky, .width = 4, .ordered = ordered, .drop = drop};
    OK(filch_runtime_create(&rt, &(filch_config){.workers = workers}));
    cr_assert_eq(filch_pipeline_create(&pipeline, rt,
                                       &(filch_pipeline_config){.stages = &stage,
                                                                .count = 1,
                                                                .results = ITEMS,
                                                                .on_error = on_error,
                                                                .failed = failed,
                                                                .failed_arg = numbers}),
                 0, "%s", filch_error());
    filch_u32_store(&dropped, 0, FILCH_RELEASE);
    filch_u32_store(&reported, 0, FILCH_RELEASE);
    for (int i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        if (filch_pipeline_push(pipeline, &numbers[i], NULL, FILCH_FOREVER))
            break;
    }
    filch_pipeline_close(pipeline);
    int rc = filch_pipeline_wait(pipeline, FILCH_FOREVER);
    OK(filch_pipeline_stats_read(pipeline, 0, stats, sizeof *stats));
    OK(filch_pipeline_destroy(pipeline));
    OK(filch_runtime_destroy(rt));
    return rc;
}

static const unsigned workers_of[] = {1, 2, 8};

Test(pipeline_errors, a_failed_item_stops_by_default)
{
    for (unsigned i = 0; i < 6; i++) {
        filch_stage_stats stats;
        int rc = push_all(workers_of[i / 2], i % 2, FILCH_ERROR_STOP, NULL, &stats);
        cr_assert(rc == -EBADMSG || rc == -EIO, "%d", rc);
        cr_assert_lt(stats.finished, 80);
    }
}

Test(pipeline_errors, failed_items_are_dropped)
{
    for (unsigned i = 0; i < 6; i++) {
        filch_stage_stats stats;
        cr_assert_eq(push_all(workers_of[i / 2], i % 2, FILCH_ERROR_DROP, NULL, &stats), 0);
        cr_assert_eq(stats.failed, 20);
        cr_assert_eq(stats.finished, 80);
        cr_assert_eq(filch_u32_load(&dropped, FILCH_ACQUIRE), 20);
    }
}

Test(pipeline_errors, failed_items_are_reported)
{
    for (unsigned i = 0; i < 6; i++) {
        filch_stage_stats stats;
        cr_assert_eq(push_all(workers_of[i / 2], i % 2, FILCH_ERROR_REPORT, report, &stats), 0);
        cr_assert_eq(stats.failed, 20);
        cr_assert_eq(filch_u32_load(&reported, FILCH_ACQUIRE), 20);
        cr_assert_eq(filch_u32_load(&dropped, FILCH_ACQUIRE), 20);
        cr_assert_eq(filch_u32_load(&wrong, FILCH_ACQUIRE), 0);
    }
}

Test(pipeline_errors, a_panic_of_the_report_stops)
{
    filch_stage_stats stats;
    cr_assert_eq(push_all(2, false, FILCH_ERROR_REPORT, report_and_panic, &stats), -ENOSPC);
}

Test(pipeline_errors, error_action_without_function_is_refused)
{
    static const filch_pipeline_config configs[] = {{.count = 1, .on_error = FILCH_ERROR_REPORT},
                                                    {.count = 1,
                                                     .on_error = FILCH_ERROR_DROP,
                                                     .failed = report},
                                                    {.count = 1, .failed = report},
                                                    {.count = 1, .on_error = FILCH_ERROR_CHOICES}};
    const filch_stage stage = {.fn = picky};
    for (unsigned i = 0; i < 4; i++) {
        filch_pipeline_config config = configs[i];
        filch_pipeline *pipeline = NULL;
        config.stages = &stage;
        cr_assert_eq(filch_pipeline_create(&pipeline, NULL, &config), -EINVAL);
        cr_assert_not_null(strstr(filch_error(), "on_error"), "%s", filch_error());
    }
}
