/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pipeline's life, its pushes and its results. */
#include <runtime/patterns/pipeline.h>
#include <runtime/patterns/pipeline_stages.h>

#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdlib.h>

/* ---- Life ---- */

static int refuse_stage(const filch_stage *stage, unsigned index)
{
    if (!stage->fn)
        return fl_fail(EINVAL, "stage %u of a pipeline has no function; give it one", index);
    if (stage->width > FILCH_STAGE_WIDTH_MAX || stage->ahead > FILCH_STAGE_WIDTH_MAX ||
        stage->capacity > FILCH_STAGE_ROOM_MAX)
        return fl_fail(EINVAL,
                       "stage %u of a pipeline is %u wide, with room for %zu and %u ahead; at most "
                       "%d, %d and %d are possible",
                       index, stage->width, stage->capacity, stage->ahead, FILCH_STAGE_WIDTH_MAX,
                       FILCH_STAGE_ROOM_MAX, FILCH_STAGE_WIDTH_MAX);
    return 0;
}

static int refuse_config(const filch_pipeline_config *config)
{
    if (!config->stages || !config->count || config->count > FILCH_STAGES_MAX)
        return fl_fail(EINVAL, "a pipeline of %u stages; give it 1 to %d in its configuration",
                       config->stages ? config->count : 0, FILCH_STAGES_MAX);
    if (config->results > FILCH_STAGE_ROOM_MAX)
        return fl_fail(EINVAL, "a pipeline with room for %zu results; at most %d are possible",
                       config->results, FILCH_STAGE_ROOM_MAX);
    if ((unsigned)config->on_error >= FILCH_ERROR_CHOICES)
        return fl_fail(EINVAL, "unknown on_error %d of a pipeline; see filch_on_error",
                       (int)config->on_error);
    if ((config->on_error == FILCH_ERROR_REPORT) != (config->failed != NULL))
        return fl_fail(EINVAL,
                       "on_error %d of a pipeline %s `failed`; FILCH_ERROR_REPORT needs it, "
                       "the others do not use it",
                       (int)config->on_error, config->failed ? "with" : "without");
    int rc = 0;
    for (unsigned i = 0; !rc && i < config->count; i++)
        rc = refuse_stage(&config->stages[i], i);
    return rc;
}

/* Replaces zero fields by their defaults. */
static filch_stage completed(const filch_stage *given)
{
    filch_stage stage = *given;
    if (!stage.name)
        stage.name = "stage";
    if (!stage.width)
        stage.width = 1;
    if (!stage.capacity)
        stage.capacity = stage.width;
    if (!stage.ahead)
        stage.ahead = stage.width;
    return stage;
}

/* The sink for items emitted by the last stage. */
static filch_stage results_of(const filch_pipeline_config *config)
{
    filch_stage last = completed(&config->stages[config->count - 1]);
    return (filch_stage){.name = "(a pipeline's drop)",
                         .capacity = config->results ? config->results : last.width,
                         .drop = config->drop};
}

static size_t window_of(const filch_stage *stage)
{
    return stage->ordered ? (size_t)stage->width + stage->ahead : 0;
}

static size_t bytes_of(const filch_stage *stage)
{
    return sizeof(fl_pipe_stage) + stage->width * sizeof(fl_pipe_runner) +
           window_of(stage) * sizeof(fl_seat) + stage->capacity * sizeof(void *);
}

/* Takes its share of the block. */
static char *lay_out(filch_pipeline *pipeline, unsigned index, const filch_stage *config,
                     char *room)
{
    fl_pipe_stage *stage = &pipeline->stages[index];
    stage->config = *config;
    stage->task = (filch_task){NULL, config->name};
    stage->pipeline = pipeline;
    stage->window = window_of(config);
    fl_pipe_runner *runners = (fl_pipe_runner *)(void *)room;
    for (unsigned i = config->width; i-- > 0;) {
        runners[i] = (fl_pipe_runner){.item = {.kind = FL_WORK_ITEM_PART, .as.part = fl_pipe_run},
                                      .next = stage->idle,
                                      .stage = stage};
        stage->idle = &runners[i];
    }
    stage->seats = (fl_seat *)(void *)&runners[config->width];
    stage->ring = (void **)(void *)&stage->seats[stage->window];
    return (char *)&stage->ring[config->capacity];
}

static filch_pipeline *make(const filch_pipeline_config *config)
{
    filch_stage results = results_of(config);
    size_t bytes = sizeof(filch_pipeline) + bytes_of(&results);
    for (unsigned i = 0; i < config->count; i++) {
        filch_stage stage = completed(&config->stages[i]);
        bytes += bytes_of(&stage);
    }
    filch_pipeline *pipeline = calloc(1, bytes);
    if (!pipeline)
        return NULL;
    pipeline->count = config->count;
    fl_work_item_be_part(&pipeline->sweeper, fl_pipe_sweep_task);
    char *room = (char *)&pipeline->stages[config->count + 1];
    for (unsigned i = 0; i < config->count; i++) {
        filch_stage stage = completed(&config->stages[i]);
        room = lay_out(pipeline, i, &stage, room);
    }
    lay_out(pipeline, config->count, &results, room);
    return pipeline;
}

int filch_pipeline_create(filch_pipeline **out, filch_runtime *rt,
                          const filch_pipeline_config *config)
{
    FL_GIVEN(out);
    FL_GIVEN(config);
    int rc = refuse_config(config);
    if (!rc)
        rc = fl_runtime_meant(&rt, "filch_pipeline_create");
    filch_context *context = NULL;
    if (!rc)
        rc = filch_context_create(&context, config->context);
    if (rc)
        return rc;
    filch_pipeline *pipeline = make(config);
    if (!pipeline) {
        filch_context_release(context);
        return fl_fail(ENOMEM, "no memory for a pipeline of %u stages; give them less room",
                       config->count);
    }
    pipeline->rt = rt;
    pipeline->context = context;
    pipeline->on_error = config->on_error;
    pipeline->failed = config->failed;
    pipeline->failed_arg = config->failed_arg;
    fl_move_in(rt);
    fl_life_begin(&pipeline->life);
    *out = pipeline;
    fl_pipe_watch(pipeline);
    return 0;
}

static int refuse_to_wait(const filch_pipeline *pipeline, const char *call)
{
    return fl_pipe_here(pipeline)
               ? fl_fail(EDEADLK,
                         "%s by a function of the pipeline, which waits for itself; let "
                         "another task do it",
                         call)
               : 0;
}

void filch_pipeline_close(filch_pipeline *pipeline)
{
    FL_MUST_LIVE(pipeline);
    fl_pipe_lock(pipeline);
    pipeline->closed = true;
    fl_pipe_after after = {.ended = fl_waiters_claim_all(&pipeline->wait_queue.waiters, NULL)};
    fl_pipe_leave(pipeline, &after);
}

/* With the lock, which is released. */
static int outcome(filch_pipeline *pipeline)
{
    filch_failure why = pipeline->stopped ? pipeline->failure : (filch_failure){0};
    fl_unlock(&pipeline->wait_queue.lock);
    if (why.code && why.task)
        fl_fail(-why.code, "%s: %s", why.task, why.message);
    else if (why.code)
        fl_fail(-why.code, "%s", why.message);
    return why.code;
}

int filch_pipeline_wait(filch_pipeline *pipeline, int64_t until)
{
    FL_ALIVE(pipeline);
    int rc = refuse_to_wait(pipeline, "filch_pipeline_wait");
    if (rc)
        return rc;
    fl_pipe_lock(pipeline);
    if (!fl_pipe_ended(pipeline)) {
        fl_waits_in("filch_pipeline_wait", pipeline);
        rc = fl_wait(&pipeline->wait_queue.lock, &pipeline->finishers, NULL, until);
        if (rc)
            return rc;
        fl_pipe_lock(pipeline);
    }
    return outcome(pipeline);
}

/* Stops it, and drops all that is left, including results of an earlier stop. */
static void abandon(filch_pipeline *pipeline)
{
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    pipeline->abandoned = true;
    after.sweep = pipeline->stopped && fl_pipe_has_waste(pipeline);
    pipeline->sweeping |= after.sweep;
    fl_pipe_leave(pipeline, &after);
    filch_context_cancel(pipeline->context, 0);
}

int filch_pipeline_destroy(filch_pipeline *pipeline)
{
    FL_MAY_LIVE(pipeline);
    int rc = pipeline ? refuse_to_wait(pipeline, "filch_pipeline_destroy") : 0;
    if (rc || !pipeline)
        return rc;
    abandon(pipeline);
    fl_pipe_lock(pipeline);
    while (!fl_pipe_ended(pipeline) || pipeline->watched) {
        fl_waits_in("filch_pipeline_destroy", pipeline);
        fl_wait(&pipeline->wait_queue.lock, &pipeline->finishers, NULL, FILCH_FOREVER);
        fl_pipe_lock(pipeline);
    }
    fl_unlock(&pipeline->wait_queue.lock);
    filch_context_release(pipeline->context);
    fl_move_out(pipeline->rt);
    fl_life_end(&pipeline->life);
    free(pipeline);
    return 0;
}

/* ---- In ---- */

/* With the lock. */
static int refusal(const filch_pipeline *pipeline)
{
    return pipeline->stopped ? -ECANCELED : pipeline->closed ? -EPIPE : 0;
}

int filch_pipeline_push(filch_pipeline *pipeline, void *item, filch_context *context, int64_t until)
{
    FL_ALIVE(pipeline);
    if (until < 0)
        return fl_fail(EINVAL, "a push until %lld ns; give a time from filch_in()",
                       (long long)until);
    int rc = fl_refused_by(filch_context_cause(context));
    if (rc)
        return rc;
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    rc = fl_plainly(refusal(pipeline));
    if (!rc && fl_stage_has_room(pipeline->stages)) {
        fl_stage_enter(pipeline->stages, item, &after);
    } else if (!rc) {
        fl_waits_in("filch_pipeline_push", pipeline);
        rc = fl_wait_queue_wait(&pipeline->wait_queue, item, until, context);
    }
    fl_pipe_leave(pipeline, &after);
    return fl_if_closed(rc, "filch_pipeline_close has closed this pipeline; push before that");
}

int filch_pipeline_try_push(filch_pipeline *pipeline, void *item)
{
    FL_ALIVE(pipeline);
    return fl_tried(filch_pipeline_push(pipeline, item, NULL, 0),
                    "the pipeline is full; wait with filch_pipeline_push, or try again later");
}

/* ---- Out ---- */

/* With the lock, which is released. */
static int wait_for_result(filch_pipeline *pipeline, void **item, int64_t until)
{
    fl_receipt got = {0};
    pipeline->receiving++;
    fl_waits_in("filch_pipeline_next", pipeline);
    int rc = fl_wait_cancellable(&pipeline->wait_queue.lock, &pipeline->receivers, &got, until);
    if (!rc)
        *item = got.item;
    if (got.told)
        return rc;
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    pipeline->receiving--;
    fl_pipe_leave(pipeline, &after);
    return rc;
}

static int all_taken(int rc)
{
    return fl_if_closed(
        rc, "this pipeline is closed, and all its results have been taken; stop taking");
}

int filch_pipeline_next(filch_pipeline *pipeline, void **item, int64_t until)
{
    FL_ALIVE(pipeline);
    FL_GIVEN(item);
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    fl_pipe_stage *results = &pipeline->stages[pipeline->count];
    bool any = results->stats.waiting;
    int rc = any || !fl_pipe_drained(pipeline) ? 0 : -EPIPE;
    if (pipeline->stopped && !any)
        rc = -ECANCELED;
    if (!rc && !any)
        return all_taken(wait_for_result(pipeline, item, until));
    if (any) {
        *item = fl_stage_leave(results, &after);
        results->stats.finished++;
    }
    fl_pipe_leave(pipeline, &after);
    return all_taken(fl_plainly(rc));
}

/* ---- Queries ---- */

filch_context *filch_pipeline_context(const filch_pipeline *pipeline)
{
    FL_MUST_LIVE(pipeline);
    return pipeline->context;
}

const filch_failure *filch_pipeline_failure(filch_pipeline *pipeline)
{
    FL_MUST_LIVE(pipeline);
    fl_pipe_lock(pipeline);
    const filch_failure *why = pipeline->stopped ? &pipeline->failure : NULL;
    fl_unlock(&pipeline->wait_queue.lock);
    return why;
}

int filch_pipeline_stats_read(filch_pipeline *pipeline, unsigned stage, filch_stage_stats *out,
                              size_t size)
{
    FL_ALIVE(pipeline);
    FL_GIVEN(out);
    if (stage > pipeline->count)
        return fl_fail(EINVAL, "stage %u of a pipeline is out of range (0..%u)", stage,
                       pipeline->count);
    fl_pipe_lock(pipeline);
    fl_answer(out, size, &pipeline->stages[stage].stats, sizeof *out);
    fl_unlock(&pipeline->wait_queue.lock);
    return 0;
}
