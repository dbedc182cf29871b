/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The pipeline's tasks: the functions of the stages, emitting, and dropping the remaining items. */
#include <runtime/patterns/pipeline.h>
#include <runtime/patterns/pipeline_flow.h>
#include <runtime/patterns/pipeline_task.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TURN = 64 }; /* items before others of the runtime have their turn */

/* A runner's data beside its functions, whose names may be gone when it ends. */
static const filch_task runner_task = {NULL, "(a pipeline's runner)"};

/* ---- Dropping ---- */

static void drop(const fl_pipe_stage *stage, void *item)
{
    if (stage->config.drop)
        stage->config.drop(item);
}

typedef struct waste {
    const fl_pipe_stage *stage;
    void *item;
} waste;

static void drop_caught(filch_self self, void *arg)
{
    const waste *what = arg;
    drop(what->stage, what->item);
    filch_check_return(self, &what->stage->task);
}

static void dispose(filch_self self, const fl_pipe_stage *stage, void *item)
{
    waste what = {stage, item};
    filch_failure failure;
    if (stage->config.drop && !fl_catch(self, stage->task.name, drop_caught, &what, &failure))
        fl_panic_report(&failure);
}

void fl_pipe_sweep_task(filch_self self, fl_work_item *item)
{
    filch_pipeline *pipeline = FL_CONTAINER_OF(item, filch_pipeline, sweeper);
    fl_fiber_of(self)->root = &pipeline->stages[pipeline->count].task;
    fl_pipe_after after = {0};
    fl_pipe_stage *stage;
    void *left;
    fl_pipe_lock(pipeline);
    while (fl_pipe_sweep(pipeline, &left, &stage)) {
        fl_unlock(&pipeline->wait_queue.lock);
        dispose(self, stage, left);
        fl_pipe_lock(pipeline);
    }
    fl_fiber_of(self)->root = &runner_task;
    pipeline->sweeping = false;
    fl_pipe_leave(pipeline, &after);
}

/* ---- The end of the context ---- */

static filch_failure from_outside(int cause)
{
    filch_failure why = {.code = cause};
    snprintf(why.message, sizeof why.message, "the pipeline was stopped: %s", strerror(-cause));
    return why;
}

static void stop_from_outside(filch_pipeline *pipeline, int cause)
{
    filch_failure why = from_outside(cause);
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    pipeline->watched = false;
    fl_pipe_stop(pipeline, &why, &after);
    fl_pipe_leave(pipeline, &after);
}

static void context_done(fl_waiter *watcher)
{
    stop_from_outside(FL_CONTAINER_OF(watcher, filch_pipeline, watcher), watcher->code);
}

void fl_pipe_watch(filch_pipeline *pipeline)
{
    filch_context *context = pipeline->context;
    pipeline->watcher = (fl_waiter){.told = context_done};
    pipeline->watch = (fl_node){.waiter = &pipeline->watcher};
    pipeline->watched = true;
    fl_lock(&context->lock);
    int cause = filch_context_cause(context);
    if (!cause)
        fl_waiters_add(&context->waiters, &pipeline->watch);
    fl_unlock(&context->lock);
    if (cause)
        stop_from_outside(pipeline, cause);
}

/* ---- Runners ---- */

bool fl_pipe_here(const filch_pipeline *pipeline)
{
    const fl_fiber *here = fl_fiber_here();
    for (unsigned i = 0; here && i <= pipeline->count; i++)
        if (here->root == &pipeline->stages[i].task)
            return true;
    return false;
}

typedef struct call {
    filch_emitter out;
    int code;
} call;

static void work(filch_self self, void *arg)
{
    call *this = arg;
    const filch_stage *config = &this->out.stage->config;
    this->code = config->fn(self, &this->out, this->out.item, config->arg);
    filch_check_return(self, &this->out.stage->task);
}

/* Calls the function. */
static bool has_failed(filch_self self, call *this, filch_failure *why)
{
    const char *name = this->out.stage->task.name;
    fl_error_forget();
    if (!fl_catch(self, name, work, this, why))
        return true;
    if (!this->code)
        return false;
    *why = (filch_failure){.code = fl_is_errno(this->code) ? this->code : -EINVAL, .task = name};
    fl_failure_explain(why, this->code);
    return true;
}

/* The pipeline's context is cancelled while this runner is active: so the pipeline still exists. */
static void fail(filch_pipeline *pipeline, const filch_failure *why)
{
    int cause = filch_context_cause(pipeline->context); /* it has failed because of that */
    filch_failure outside = cause ? from_outside(cause) : (filch_failure){0};
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    bool first = fl_pipe_stop(pipeline, cause ? &outside : why, &after);
    fl_pipe_leave(pipeline, &after);
    if (first)
        filch_context_cancel(pipeline->context, why->code);
}

typedef struct report {
    const call *of;
    const filch_failure *why;
} report;

static void tell_failed(filch_self self, void *arg)
{
    const report *what = arg;
    const fl_pipe_stage *stage = what->of->out.stage;
    stage->pipeline->failed(what->of->out.item, what->why, stage->pipeline->failed_arg);
    filch_check_return(self, &stage->task);
}

/* Does the pipeline go on without the item? An item that was emitted, or kept, is not reported: it may
 * be gone. *why is the panic of `failed`, if that is what stops the pipeline. */
static bool goes_on(filch_self self, const call *this, filch_failure *why)
{
    filch_pipeline *pipeline = this->out.stage->pipeline;
    if (pipeline->on_error == FILCH_ERROR_STOP || filch_context_cause(pipeline->context))
        return false;
    const filch_failure told = *why;
    report what = {this, &told};
    return pipeline->on_error == FILCH_ERROR_DROP || this->out.kept ||
           fl_catch(self, this->out.stage->task.name, tell_failed, &what, why);
}

static void perform(filch_self self, call *this)
{
    fl_pipe_stage *stage = this->out.stage;
    filch_failure why;
    fl_fiber_of(self)->root = &stage->task;
    bool failed = has_failed(self, this, &why);
    if (failed && !goes_on(self, this, &why))
        fail(stage->pipeline, &why);
    if (!this->out.kept)
        dispose(self, stage, this->out.item);
    fl_fiber_of(self)->root = &runner_task;
    fl_pipe_after after = {0};
    fl_pipe_lock(stage->pipeline);
    *(failed ? &stage->stats.failed : &stage->stats.finished) += 1;
    fl_stage_done(stage, &this->out, &after);
    fl_pipe_leave(stage->pipeline, &after);
}

/* The next item, or back to the idle ones. */
static bool next(fl_pipe_runner *me, filch_emitter *out, bool starting)
{
    fl_pipe_stage *stage = me->stage;
    filch_pipeline *pipeline = stage->pipeline;
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    stage->starting -= starting;
    bool any = fl_stage_take(stage, out, &after);
    if (!any) {
        me->next = stage->idle;
        stage->idle = me;
        pipeline->active--;
    }
    fl_pipe_leave(pipeline, &after);
    return any;
}

void fl_pipe_run(filch_self self, fl_work_item *item)
{
    fl_pipe_runner *me = (fl_pipe_runner *)item;
    fl_fiber_of(self)->root = &runner_task;
    unsigned done = 0;
    bool starting = true;
    for (call this = {0}; next(me, &this.out, starting); starting = false) {
        perform(self, &this);
        if (++done % TURN == 0)
            filch_yield(self);
    }
}

/* ---- Emitting ---- */

int filch_emit(filch_emitter *out, void *item)
{
    FL_GIVEN(out);
    fl_pipe_stage *to = out->stage + 1;
    filch_pipeline *pipeline = to->pipeline;
    filch_waiters *queue;
    fl_pipe_after after = {0};
    fl_pipe_lock(pipeline);
    out->kept |= item == out->item;
    int rc = 0;
    if (pipeline->stopped) {
        to->stats.entered++;
        to->stats.dropped++;
        fl_unlock(&pipeline->wait_queue.lock);
        rc = fl_plainly(-ECANCELED);
    } else if (fl_stage_emit(out, item, &queue, &after)) {
        fl_pipe_leave(pipeline, &after);
    } else {
        fl_waits_in("filch_emit", pipeline);
        rc = fl_wait(&pipeline->wait_queue.lock, queue, item, FILCH_FOREVER);
    }
    if (rc)
        drop(to, item);
    return rc;
}

void filch_emitter_keep(filch_emitter *out)
{
    FL_MUST_GIVE(out);
    fl_pipe_lock(out->stage->pipeline);
    out->kept = true;
    fl_unlock(&out->stage->pipeline->wait_queue.lock);
}

filch_context *filch_emitter_context(const filch_emitter *out)
{
    FL_MUST_GIVE(out);
    return out->stage->pipeline->context;
}
