/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How pipelines end: drained, failed, cancelled, destroyed in the middle; nothing is lost, and
 * every waiter is told. */
#include <runtime/patterns/pipeline.h>
#include <runtime/patterns/pipeline_stages.h>
#include <string.h>
#include <tests/support/patterns.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000, MANY = 1000000 };

static bench at[3];

/* ---- Members that push and receive until told otherwise ---- */

typedef struct party_end {
    filch_pipeline *pipeline;
    unsigned moved;
    int rc;
} party_end;

static void push_on(void *arg)
{
    party_end *one = arg;
    for (one->rc = 0; !one->rc && one->moved < MANY;) {
        parcel *item = parcel_make(one->moved, 0);
        one->rc = filch_pipeline_push(one->pipeline, item, NULL, FILCH_FOREVER);
        if (one->rc)
            parcel_drop(item);
        else
            one->moved++;
    }
}

static void receive_on(void *arg)
{
    party_end *one = arg;
    for (void *item; !(one->rc = filch_pipeline_next(one->pipeline, &item, FILCH_FOREVER));) {
        one->moved++;
        parcel_drop(item);
    }
}

static filch_pipeline *three_stages(filch_runtime *rt, bool ordered, filch_context *context)
{
    filch_stage stages[] = {bench_stage(&at[0], "first", 3, 2), bench_stage(&at[1], "second", 2, 3),
                            bench_stage(&at[2], "third", 3, 1)};
    for (unsigned i = 0; i < 3; i++)
        stages[i].ordered = ordered;
    return pipeline_of(rt, stages, 3, 2, context);
}

static party_end pushers[2], receiver;

static void start_parties(crew *all, enum crew_kind kind, filch_pipeline *pipeline)
{
    for (unsigned i = 0; i < 2; i++) {
        pushers[i] = (party_end){.pipeline = pipeline};
        crew_start(all, (kind + i) % CREW_KINDS, push_on, &pushers[i]);
    }
    receiver = (party_end){.pipeline = pipeline};
    crew_start(all, kind, receive_on, &receiver);
}

static void is_stopped(crew *all, filch_pipeline *pipeline, int code)
{
    crew_wait(all);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(pushers[i].rc, -ECANCELED);
    cr_assert_eq(receiver.rc, -ECANCELED);
    filch_pipeline_close(pipeline);
    cr_assert_eq(filch_pipeline_wait(pipeline, FILCH_FOREVER), code);
    stages_balance(pipeline, 3);
    cr_assert_eq(stage_stats(pipeline, 0).entered, pushers[0].moved + pushers[1].moved);
    cr_assert_eq(stage_stats(pipeline, 3).finished, receiver.moved);
    cr_assert_eq(stage_stats(pipeline, 3).waiting, 0);
    cr_assert_neq(filch_context_cause(filch_pipeline_context(pipeline)), 0);
}

static void ends(filch_pipeline *pipeline)
{
    OK(filch_pipeline_destroy(pipeline));
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(signpost_count(&at[i].wrong), 0);
    parcels_balance();
}

/* ---- Failures ---- */

static void second_fails(crew *all, enum crew_kind kind, const char *name)
{
    for (unsigned ordered = 0; ordered < 2; ordered++) {
        memset(at, 0, sizeof at);
        at[1].fails = 50;
        filch_pipeline *pipeline = three_stages(all->rt, ordered, NULL);
        start_parties(all, kind, pipeline);
        is_stopped(all, pipeline, -EDOM);
        cr_assert(strstr(filch_error(), "second: "), "%s: %s", name, filch_error());
        const filch_failure *why = filch_pipeline_failure(pipeline);
        cr_assert_eq(why->code, -EDOM);
        cr_assert_str_eq(why->task, "second");
        cr_assert_geq(stage_stats(pipeline, 1).failed, 1);
        cr_assert_eq(filch_context_cause(filch_pipeline_context(pipeline)), -EDOM);
        ends(pipeline);
    }
}

Test(pipeline_end, first_failure_stops_pipeline_naming_stage)
{
    crew_everywhere(second_fails);
}

static void third_panics(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    at[2].panics = 40;
    filch_pipeline *pipeline = three_stages(all->rt, kind, NULL);
    start_parties(all, kind, pipeline);
    is_stopped(all, pipeline, -EPROTO);
    const filch_failure *why = filch_pipeline_failure(pipeline);
    cr_assert_str_eq(why->task, "third", "%s", name);
    cr_assert_str_eq(why->message, "number 39 is too much");
    ends(pipeline);
}

Test(pipeline_end, a_panic_is_a_failure)
{
    crew_everywhere(third_panics);
}

/* The last stage is shut: all before it wait to emit, in seats and at doors. */
static void stop_when_full(crew *all, enum crew_kind kind, const char *name)
{
    for (unsigned ordered = 0; ordered < 2; ordered++) {
        memset(at, 0, sizeof at);
        at[2].shut = (signpost){1};
        at[1].parts = 3;
        filch_pipeline *pipeline = three_stages(all->rt, ordered, NULL);
        start_parties(all, kind, pipeline);
        signpost_wait(&at[2].begun, 3);
        WAIT_FOR_STAGE(pipeline, 1, now.waiting == 3 && now.running == 2);
        WAIT_FOR_STAGE(pipeline, 0, now.waiting == 2 && now.running == (ordered ? 0 : 3));
        cr_assert_eq(filch_pipeline_wait(pipeline, 0), -ETIMEDOUT, "%s", name);
        OK(filch_context_cancel(filch_pipeline_context(pipeline), -ESHUTDOWN));
        signpost_wait(&at[1].refused, 1);
        filch_u32_store(&at[2].shut, 0, FILCH_RELEASE);
        crew_wait(all);
        for (unsigned i = 0; i < 2; i++)
            cr_assert(pushers[i].rc == -ECANCELED || pushers[i].rc == -EPIPE);
        filch_pipeline_close(pipeline);
        cr_assert_eq(filch_pipeline_wait(pipeline, FILCH_FOREVER), -ESHUTDOWN);
        cr_assert_null(filch_pipeline_failure(pipeline)->task);
        stages_balance(pipeline, 3);
        ends(pipeline);
    }
}

Test(pipeline_end, stop_refuses_emitters_and_drops_items)
{
    crew_everywhere(stop_when_full);
}

/* ---- Contexts ---- */

static void from_above(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    filch_context *above;
    OK(filch_context_create(&above, NULL));
    filch_pipeline *pipeline = three_stages(all->rt, kind, above);
    start_parties(all, kind, pipeline);
    signpost_wait(&at[2].ended, 20);
    OK(filch_context_cancel(above, -ENETDOWN));
    is_stopped(all, pipeline, -ENETDOWN);
    cr_assert(strstr(filch_error(), "stopped"), "%s: %s", name, filch_error());
    ends(pipeline);
    pipeline = three_stages(all->rt, kind, above);
    parcel *late = parcel_make(0, 0);
    cr_assert_eq(filch_pipeline_push(pipeline, late, NULL, FILCH_FOREVER), -ECANCELED, "%s", name);
    parcel_drop(late);
    cr_assert_eq(filch_pipeline_wait(pipeline, 0), -ENETDOWN, "done from the start");
    ends(pipeline);
    filch_context_release(above);
}

Test(pipeline_end, a_context_from_above_stops_it)
{
    crew_everywhere(from_above);
}

static void at_its_deadline(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    filch_context *above;
    OK(filch_context_create_until(&above, NULL, filch_in(5 * MS)));
    filch_pipeline *pipeline = three_stages(all->rt, kind, above);
    start_parties(all, kind, pipeline);
    is_stopped(all, pipeline, -ETIMEDOUT);
    cr_assert_null(filch_pipeline_failure(pipeline)->task, "%s", name);
    ends(pipeline);
    filch_context_release(above);
}

Test(pipeline_end, a_deadline_from_above_stops_it)
{
    crew_everywhere(at_its_deadline);
}

Test(pipeline_end, cancel_after_finish_changes_nothing)
{
    filch_runtime *rt = config_runtime(2, 1000);
    memset(at, 0, sizeof at);
    filch_pipeline *pipeline = three_stages(rt, false, NULL);
    push_parcels(pipeline, 0, 2);
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    void *item;
    for (unsigned i = 0; i < 2; i++) {
        OK(filch_pipeline_next(pipeline, &item, 0));
        parcel_drop(item);
    }
    filch_context_cancel(filch_pipeline_context(pipeline), 0);
    OK(filch_pipeline_wait(pipeline, 0));
    cr_assert_eq(filch_pipeline_next(pipeline, &item, 0), -EPIPE);
    ends(pipeline);
    OK(filch_runtime_destroy(rt));
}

/* ---- The orderly end ---- */

static void drained(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    filch_pipeline *pipeline = three_stages(all->rt, kind, NULL);
    party_end receivers[3];
    for (unsigned i = 0; i < 3; i++) {
        receivers[i] = (party_end){.pipeline = pipeline};
        crew_start(all, (kind + i) % CREW_KINDS, receive_on, &receivers[i]);
    }
    push_parcels(pipeline, 0, 100);
    filch_pipeline_close(pipeline);
    filch_pipeline_close(pipeline);
    crew_wait(all);
    unsigned moved = 0;
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(receivers[i].rc, -EPIPE, "%s", name);
        moved += receivers[i].moved;
    }
    cr_assert_eq(moved, 100);
    OK(filch_pipeline_wait(pipeline, 0));
    stages_balance(pipeline, 3);
    ends(pipeline);
}

Test(pipeline_end, close_drains_and_wakes_all_receivers)
{
    crew_everywhere(drained);
}

static unsigned who_waits_to_push(filch_pipeline *pipeline)
{
    fl_pipe_lock(pipeline);
    unsigned inside = pipeline->wait_queue.inside;
    fl_unlock(&pipeline->wait_queue.lock);
    return inside;
}

static void closed_when_full(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    at[0].shut = (signpost){1};
    filch_pipeline *pipeline = three_stages(all->rt, kind, NULL);
    for (unsigned i = 0; i < 2; i++) {
        pushers[i] = (party_end){.pipeline = pipeline};
        crew_start(all, (kind + i) % CREW_KINDS, push_on, &pushers[i]);
    }
    WAIT_WHILE(who_waits_to_push(pipeline) < 2);
    filch_pipeline_close(pipeline);
    crew_wait(all);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(pushers[i].rc, -EPIPE, "%s", name);
    filch_context_cancel(filch_pipeline_context(pipeline), 0);
    filch_u32_store(&at[0].shut, 0, FILCH_RELEASE);
    ends(pipeline);
}

Test(pipeline_end, close_fails_waiting_pushers)
{
    crew_everywhere(closed_when_full);
}

static void come_too_early(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    at[0].shut = (signpost){1};
    filch_pipeline *pipeline = three_stages(all->rt, kind, NULL);
    push_parcels(pipeline, 0, 1);
    void *item;
    cr_assert_eq(filch_pipeline_next(pipeline, &item, filch_in(MS)), -ETIMEDOUT, "%s", name);
    filch_pipeline_close(pipeline);
    cr_assert_eq(filch_pipeline_wait(pipeline, filch_in(MS)), -ETIMEDOUT);
    filch_u32_store(&at[0].shut, 0, FILCH_RELEASE);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    OK(filch_pipeline_next(pipeline, &item, 0));
    parcel_drop(item);
    ends(pipeline);
}

Test(pipeline_end, waits_for_end_or_result_expire)
{
    crew_everywhere(come_too_early);
}

/* ---- In the middle ---- */

static void destroyed(crew *all, enum crew_kind kind, const char *name)
{
    memset(at, 0, sizeof at);
    at[1].parts = 2;
    filch_pipeline *pipeline = three_stages(all->rt, kind, NULL);
    for (unsigned i = 0; i < 20; i++) {
        parcel *one = parcel_make(i, 0);
        if (filch_pipeline_try_push(pipeline, one))
            parcel_drop(one);
    }
    ends(pipeline);
    ends(three_stages(all->rt, kind, NULL)); /* with nothing in it */
}

Test(pipeline_end, destroy_drops_remaining_items)
{
    crew_everywhere(destroyed);
}

static filch_pipeline *own;
static int codes[2];

static int end_it(filch_self self, filch_emitter *out, void *item, void *arg)
{
    filch_pipeline_close(own);
    codes[0] = filch_pipeline_wait(own, FILCH_FOREVER);
    codes[1] = filch_pipeline_destroy(own);
    return 0;
}

Test(pipeline_end, stage_cannot_wait_for_own_pipeline)
{
    filch_runtime *rt = config_runtime(2, 1000);
    filch_stage stages[] = {{.fn = end_it, .drop = parcel_drop}};
    own = pipeline_of(rt, stages, 1, 0, NULL);
    push_parcels(own, 0, 1);
    filch_pipeline_close(own);
    OK(filch_pipeline_wait(own, FILCH_FOREVER));
    cr_assert_eq(codes[0], -EDEADLK);
    cr_assert_eq(codes[1], -EDEADLK);
    ends(own);
    OK(filch_runtime_destroy(rt));
}
