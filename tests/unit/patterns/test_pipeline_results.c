/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results that had arrived before a pipeline was stopped are still received; the rest is dropped
 * with the pipeline. */
#include <tests/support/patterns.h>
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
