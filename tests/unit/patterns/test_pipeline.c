/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pipelines: the output and its order, the width of stages, and how far a source gets ahead. */
#include <runtime/patterns/pipeline.h>
#include <tests/support/patterns.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { ITEMS = 300, MS = 1000000 };

static bench at[3];

/* ---- What comes out ---- */

typedef struct source {
    filch_pipeline *pipeline;
    unsigned count;
    int rc;
} source;

static void supply(void *arg)
{
    source *from = arg;
    for (unsigned i = 0; i < from->count; i++)
        from->rc |= filch_pipeline_push(from->pipeline, parcel_make(i, 0), NULL, FILCH_FOREVER);
    filch_pipeline_close(from->pipeline);
}

/* Receives everything; whether that is in order. */
static unsigned receive_all(filch_pipeline *pipeline, uint64_t *sum, bool *in_order)
{
    unsigned count = 0;
    void *item;
    *sum = 0;
    *in_order = true;
    for (uint64_t last = 0; !filch_pipeline_next(pipeline, &item, FILCH_FOREVER); count++) {
        const parcel *one = item;
        uint64_t place = one->number * 8 + one->part;
        *in_order &= place >= last;
        last = place;
        *sum += one->number;
        parcel_drop(item);
    }
    return count;
}

static void map_filter_and_split(crew *all, enum crew_kind kind, const char *name)
{
    at[0] = (bench){.dawdles = true};
    at[1] = (bench){.filter = 3};
    at[2] = (bench){.parts = 4, .dawdles = true};
    filch_stage stages[] = {bench_stage(&at[0], "pass", 3, 5), bench_stage(&at[1], "thin", 1, 1),
                            bench_stage(&at[2], "split", 2, 0)};
    filch_pipeline *pipeline = pipeline_of(all->rt, stages, 3, 2, NULL);
    source from = {pipeline, ITEMS, 0};
    crew_start(all, kind, supply, &from);
    uint64_t sum;
    bool in_order;
    cr_assert_eq(receive_all(pipeline, &sum, &in_order), ITEMS / 3 * 2 * 4, "%s", name);
    crew_wait(all);
    cr_assert_eq(from.rc, 0);
    cr_assert_eq(sum, 4 * (ITEMS * (ITEMS - 1) / 2 - 3 * (ITEMS / 3) * (ITEMS / 3 - 1) / 2));
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    stages_balance(pipeline, 3);
    cr_assert_eq(stage_stats(pipeline, 0).finished, ITEMS);
    cr_assert_eq(stage_stats(pipeline, 2).entered, ITEMS / 3 * 2);
    cr_assert_null(filch_pipeline_failure(pipeline));
    OK(filch_pipeline_destroy(pipeline));
    cr_assert_eq(signpost_count(&at[0].wrong) + signpost_count(&at[1].wrong), 0, "width");
    parcels_balance();
}

Test(pipeline, stages_map_filter_and_split)
{
    crew_everywhere(map_filter_and_split);
}

static void keep_order(crew *all, enum crew_kind kind, const char *name)
{
    at[0] = (bench){.dawdles = true};
    at[1] = (bench){.dawdles = true, .filter = 5};
    at[2] = (bench){.dawdles = true, .parts = 3};
    filch_stage stages[] = {bench_stage(&at[0], "pass", 4, 2), bench_stage(&at[1], "thin", 3, 0),
                            bench_stage(&at[2], "split", 5, 0)};
    for (unsigned i = 0; i < 3; i++)
        stages[i].ordered = true;
    stages[1].ahead = 1;
    filch_pipeline *pipeline = pipeline_of(all->rt, stages, 3, 1, NULL);
    source from = {pipeline, ITEMS, 0};
    crew_start(all, kind, supply, &from);
    uint64_t sum;
    bool in_order;
    cr_assert_eq(receive_all(pipeline, &sum, &in_order), (ITEMS - ITEMS / 5) * 3);
    cr_assert(in_order, "%s", name);
    crew_wait(all);
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    stages_balance(pipeline, 3);
    OK(filch_pipeline_destroy(pipeline));
    cr_assert_eq(signpost_count(&at[0].wrong) + signpost_count(&at[1].wrong), 0, "width");
    parcels_balance();
}

Test(pipeline, ordered_stage_emits_in_item_order)
{
    crew_everywhere(keep_order);
}

/* The first is slow; others wait finished, and only so many. */
Test(pipeline, ordered_stage_respects_ahead_limit)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        at[0] = (bench){.shut = {1}, .slow = 1};
        at[1] = (bench){0};
        filch_stage stages[] = {bench_stage(&at[0], "uneven", 2, 20),
                                bench_stage(&at[1], "pass", 1, 20)};
        stages[0].ordered = true;
        stages[0].ahead = 3;
        filch_pipeline *pipeline = pipeline_of(rt, stages, 2, 20, NULL);
        push_parcels(pipeline, 0, 11);
        WAIT_FOR_STAGE(pipeline, 0, now.finished == 4);
        cr_assert_eq(stage_stats(pipeline, 0).running, 1);
        cr_assert_eq(stage_stats(pipeline, 0).waiting, 6, "2 + 3 have been begun");
        cr_assert_eq(stage_stats(pipeline, 1).entered, 0);
        filch_u32_store(&at[0].shut, 0, FILCH_RELEASE);
        WAIT_FOR_STAGE(pipeline, 2, now.waiting == 11);
        for (unsigned i = 0; i < 11; i++) {
            void *item = NULL;
            OK(filch_pipeline_next(pipeline, &item, 0));
            cr_assert_eq(((parcel *)item)->number, i);
            parcel_drop(item);
        }
        OK(filch_pipeline_destroy(pipeline));
        OK(filch_runtime_destroy(rt));
    }
    parcels_balance();
}

/* ---- Backpressure ---- */

/* Returns how many a pipeline takes whose last stage is shut. */
static unsigned fill(filch_pipeline *pipeline, unsigned expected)
{
    unsigned taken = 0;
    while (taken < expected) { /* as they move on there is room again */
        parcel *one = parcel_make(taken, 0);
        int rc = filch_pipeline_try_push(pipeline, one);
        cr_assert(!rc || rc == -EAGAIN);
        taken += !rc;
        if (rc)
            parcel_drop(one), sched_yield();
    }
    return taken;
}

static void hold_up(crew *all, enum crew_kind kind, const char *name)
{
    bool ordered = kind;
    at[0] = (bench){0};
    at[1] = (bench){.shut = {1}};
    filch_stage stages[] = {bench_stage(&at[0], "fast", 1, 2), bench_stage(&at[1], "slow", 1, 2)};
    stages[0].ordered = ordered;
    filch_pipeline *pipeline = pipeline_of(all->rt, stages, 2, 100, NULL);
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    /* one is in progress, two wait; one emits, or two have their seats; two wait */
    unsigned taken = fill(pipeline, ordered ? 7 : 6);
    WAIT_FOR_STAGE(pipeline, 1, now.running == 1 && now.waiting == 2);
    WAIT_FOR_STAGE(pipeline, 0, now.waiting == 2);
    parcel *late = parcel_make(taken, 0);
    cr_assert_eq(filch_pipeline_try_push(pipeline, late), -EAGAIN, "%s", name);
    cr_assert_eq(filch_pipeline_push(pipeline, late, context, filch_in(MS)), -ETIMEDOUT);
    filch_context_cancel(context, -ENOLINK);
    cr_assert_eq(filch_pipeline_push(pipeline, late, context, FILCH_FOREVER), -ENOLINK);
    source from = {pipeline, 20, 0};
    crew_start(all, kind, supply, &from);
    filch_u32_store(&at[1].shut, 0, FILCH_RELEASE);
    crew_wait(all);
    cr_assert_eq(from.rc, 0);
    cr_assert_eq(filch_pipeline_push(pipeline, late, NULL, FILCH_FOREVER), -EPIPE);
    parcel_drop(late);
    filch_pipeline_close(pipeline);
    cr_assert_eq(filch_pipeline_wait(pipeline, FILCH_FOREVER), 0, "its results have room");
    cr_assert_eq(stage_stats(pipeline, 2).waiting, taken + 20);
    stages_balance(pipeline, 2);
    cr_assert_eq(filch_pipeline_destroy(pipeline), 0, "with results that nobody has received");
    filch_context_release(context);
    parcels_balance();
}

Test(pipeline, full_stage_slows_its_source)
{
    crew_everywhere(hold_up);
}

static void push_one(void *arg)
{
    source *one = arg;
    filch_context *context;
    filch_context_create_until(&context, NULL, filch_in(5 * MS));
    parcel *late = parcel_make(9, 0);
    one->rc = filch_pipeline_push(one->pipeline, late, context, FILCH_FOREVER);
    if (one->rc)
        parcel_drop(late);
    filch_context_release(context);
}

static void wait_in_vain(crew *all, enum crew_kind kind, const char *name)
{
    at[0] = (bench){.shut = {1}};
    filch_stage stages[] = {bench_stage(&at[0], "slow", 1, 1)};
    filch_pipeline *pipeline = pipeline_of(all->rt, stages, 1, 4, NULL);
    fill(pipeline, 2);
    source one = {pipeline, 1, 0};
    crew_start(all, kind, push_one, &one);
    crew_wait(all);
    cr_assert_eq(one.rc, -ETIMEDOUT, "%s", name);
    filch_u32_store(&at[0].shut, 0, FILCH_RELEASE);
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    cr_assert_eq(stage_stats(pipeline, 0).entered, 2);
    OK(filch_pipeline_destroy(pipeline));
    parcels_balance();
}

Test(pipeline, context_releases_waiting_push)
{
    crew_everywhere(wait_in_vain);
}

/* ---- Whose an item is ---- */

static filch_channel *kept;

static int keep_and_fork(filch_self self, filch_emitter *out, void *item, void *arg)
{
    filch_emitter_keep(out);
    return filch_channel_send(kept, &item);
}

Test(pipeline, kept_item_is_not_dropped)
{
    filch_runtime *rt = config_runtime(2, 1000);
    OK(filch_channel_create(&kept, sizeof(void *), 10));
    filch_stage stages[] = {{.fn = keep_and_fork, .drop = parcel_drop}};
    filch_pipeline *pipeline = pipeline_of(rt, stages, 1, 0, NULL);
    uint32_t before = signpost_count(&parcels_dropped);
    push_parcels(pipeline, 0, 10);
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&parcels_dropped), before);
    filch_channel_close(kept);
    FILCH_EACH(void *, item, kept)
    {
        parcel_drop(item);
    }
    OK(filch_pipeline_destroy(pipeline));
    filch_channel_destroy(kept);
    OK(filch_runtime_destroy(rt));
    parcels_balance();
}

/* From forks, which wait for room each. */
FILCH_VOID_TASK(emit_part, (filch_emitter *, out), (uint64_t, number), (unsigned, part))
{
    filch_emit(out, parcel_make(number, part));
}

static int emit_from_forks(filch_self self, filch_emitter *out, void *item, void *arg)
{
    const parcel *one = item;
    for (unsigned i = 0; i < 4; i++)
        FILCH_FORK(emit_part, out, one->number, i);
    for (unsigned i = 0; i < 4; i++)
        FILCH_JOIN_VOID(emit_part);
    return filch_emitter_context(out) ? 0 : -EINVAL;
}

Test(pipeline, forked_tasks_may_emit)
{
    for (unsigned c = 0; c < 2 * CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c % CONFIGS, 10000);
        filch_stage stages[] = {
            {.fn = emit_from_forks, .width = 3, .drop = parcel_drop, .ordered = c >= CONFIGS}};
        filch_pipeline *pipeline = pipeline_of(rt, stages, 1, 1, NULL);
        push_parcels(pipeline, 0, 1);
        for (unsigned i = 1; i <= 50; i++) {
            if (i < 50)
                push_parcels(pipeline, i, 1);
            else
                filch_pipeline_close(pipeline);
            for (unsigned part = 0; part < 4; part++) {
                void *item;
                OK(filch_pipeline_next(pipeline, &item, FILCH_FOREVER));
                cr_assert(((parcel *)item)->number == i - 1 || c < CONFIGS);
                parcel_drop(item);
            }
        }
        OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
        stages_balance(pipeline, 1);
        OK(filch_pipeline_destroy(pipeline));
        OK(filch_runtime_destroy(rt));
    }
    parcels_balance();
}

/* ---- Misuse ---- */

Test(pipeline, invalid_configuration_is_refused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_stage stages[] = {{.fn = bench_work}};
    filch_pipeline_config good = {.stages = stages, .count = 1}, config;
    filch_pipeline *pipeline = NULL;
    cr_assert_eq(filch_pipeline_create(NULL, rt, &good), -EINVAL);
    cr_assert_eq(filch_pipeline_create(&pipeline, rt, NULL), -EINVAL);
    cr_assert_eq(filch_pipeline_create(&pipeline, NULL, &good), -EINVAL, "no task calls");
#define REFUSED(change, words)                                                                     \
    config = good;                                                                                 \
    stages[0] = (filch_stage){.fn = bench_work};                                                   \
    change;                                                                                        \
    cr_assert_eq(filch_pipeline_create(&pipeline, rt, &config), -EINVAL, #change);                 \
    cr_assert(strstr(filch_error(), words), "%s", filch_error());
    REFUSED(config.stages = NULL, "a pipeline of 0 stages")
    REFUSED(config.count = 0, "a pipeline of 0 stages")
    REFUSED(config.count = FILCH_STAGES_MAX + 1, "a pipeline of 65 stages")
    REFUSED(config.results = FILCH_STAGE_ROOM_MAX + 1, "results")
    REFUSED(stages[0].fn = NULL, "stage 0 of a pipeline has no function")
    REFUSED(stages[0].width = FILCH_STAGE_WIDTH_MAX + 1, "wide")
    REFUSED(stages[0].ahead = FILCH_STAGE_WIDTH_MAX + 1, "ahead")
    REFUSED(stages[0].capacity = FILCH_STAGE_ROOM_MAX + 1, "room for")
    cr_assert_null(pipeline, "untouched");
    OK(filch_runtime_destroy(rt));
}

Test(pipeline, bad_arguments_are_refused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_stage stage = {.fn = bench_work};
    filch_pipeline *pipeline = pipeline_of(rt, &stage, 1, 0, NULL);
    filch_stage_stats all;
    void *item;
    cr_assert_eq(filch_pipeline_push(NULL, rt, NULL, 0), -EINVAL);
    cr_assert_eq(filch_pipeline_push(pipeline, rt, NULL, -1), -EINVAL);
    cr_assert_eq(filch_pipeline_try_push(NULL, rt), -EINVAL);
    cr_assert_eq(filch_pipeline_next(NULL, &item, 0), -EINVAL);
    cr_assert_eq(filch_pipeline_next(pipeline, NULL, 0), -EINVAL);
    cr_assert_eq(filch_pipeline_next(pipeline, &item, -1), -EINVAL);
    cr_assert_eq(filch_pipeline_next(pipeline, &item, 0), -ETIMEDOUT);
    cr_assert_eq(filch_pipeline_stats_read(pipeline, 2, &all, sizeof all), -EINVAL);
    cr_assert_eq(filch_pipeline_stats_read(pipeline, 0, NULL, 0), -EINVAL);
    cr_assert_eq(filch_pipeline_stats_read(NULL, 0, &all, sizeof all), -EINVAL);
    cr_assert_eq(filch_pipeline_wait(NULL, 0), -EINVAL);
    OK(filch_pipeline_destroy(NULL));
    OK(filch_pipeline_destroy(pipeline));
    OK(filch_runtime_destroy(rt));
}
