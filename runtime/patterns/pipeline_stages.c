/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The movement of items, all of it under the pipeline's lock. */
#include <runtime/patterns/pipeline_stages.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/patterns/pipeline.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- The end ---- */

bool fl_pipe_drained(const filch_pipeline *pipeline)
{
    return (pipeline->closed || pipeline->stopped) && !pipeline->active && !pipeline->waiting &&
           !pipeline->held && !pipeline->sweeping;
}

bool fl_pipe_ended(const filch_pipeline *pipeline)
{
    return fl_pipe_drained(pipeline) && !pipeline->wait_queue.inside && !pipeline->receiving;
}

static void tell_receivers(filch_pipeline *pipeline, fl_pipe_after *after)
{
    fl_node *rest = after->ended;
    after->ended = fl_waiters_claim_all(&pipeline->receivers, rest);
    for (fl_node *node = after->ended; node != rest; node = node->next) {
        ((fl_receipt *)node->data)->told = true;
        pipeline->receiving--;
    }
}

void fl_pipe_leave(filch_pipeline *pipeline, fl_pipe_after *after)
{
    fl_node *finishers = NULL;
    if (fl_pipe_drained(pipeline)) {
        tell_receivers(pipeline, after);
        if (fl_pipe_ended(pipeline))
            finishers = fl_waiters_claim_all(&pipeline->finishers, NULL);
    }
    int code = pipeline->stopped ? -ECANCELED : -EPIPE;
    fl_runtime *rt = pipeline->rt;
    fl_unlock(&pipeline->wait_queue.lock); /* the last touch, but for what keeps it from ending */
    fl_tell_list(after->told, 0);
    fl_tell_list(after->ended, code);
    fl_tell_list(finishers, 0);
    for (fl_pipe_runner *one; (one = after->roused);) {
        after->roused = one->next;
        fl_start(rt, &one->item);
    }
    if (after->sweep)
        fl_start(rt, &pipeline->sweeper);
}

/* ---- Runners ---- */

/* How many of the items that wait may be taken now. */
static uint64_t takeable(const fl_pipe_stage *stage)
{
    uint64_t waiting = stage->stats.waiting;
    if (stage->pipeline->stopped || !stage->config.ordered)
        return stage->pipeline->stopped ? 0 : waiting;
    uint64_t open = stage->window - (stage->number - stage->turn);
    return waiting < open ? waiting : open;
}

static void rouse(fl_pipe_stage *stage, fl_pipe_after *after)
{
    for (uint64_t now = takeable(stage); stage->starting < now && stage->idle;) {
        fl_pipe_runner *one = stage->idle;
        stage->idle = one->next;
        stage->starting++;
        stage->pipeline->active++;
        one->next = after->roused;
        after->roused = one;
    }
}

/* ---- Moving ---- */

/* Hands it to a waiter: the ring is empty. */
static bool hand_over(fl_pipe_stage *results, void *item, fl_pipe_after *after)
{
    filch_pipeline *pipeline = results->pipeline;
    fl_node *node = fl_waiters_claim(&pipeline->receivers);
    if (!node)
        return false;
    *(fl_receipt *)node->data = (fl_receipt){item, true};
    pipeline->receiving--;
    results->stats.finished++;
    node->next = after->told;
    after->told = node;
    return true;
}

void fl_stage_enter(fl_pipe_stage *stage, void *item, fl_pipe_after *after)
{
    bool works = stage->config.fn;
    stage->stats.entered++;
    if (!works && hand_over(stage, item, after))
        return;
    size_t at = stage->first + stage->stats.waiting++;
    stage->ring[at < stage->config.capacity ? at : at - stage->config.capacity] = item;
    if (works) {
        stage->pipeline->waiting++;
        rouse(stage, after);
    }
}

/* The first waiter there, if any: its item goes where *item is. */
static bool admit(filch_waiters *queue, void **item, fl_pipe_after *after)
{
    fl_node *node = fl_waiters_claim(queue);
    if (!node)
        return false;
    *item = node->data;
    node->next = after->told;
    after->told = node;
    return true;
}

/* The item in the seat goes on; an emitter that waits at the seat fills it. */
static void vacate(fl_pipe_stage *stage, fl_seat *seat, fl_pipe_after *after)
{
    fl_stage_enter(stage + 1, seat->held, after);
    seat->taken = admit(&seat->waiters, &seat->held, after);
    stage->pipeline->held -= !seat->taken;
}

/* Moves on all items that may leave an ordered stage. */
static void settle(fl_pipe_stage *stage, fl_pipe_after *after)
{
    uint64_t before = stage->turn;
    while (stage->turn != stage->number) {
        fl_seat *seat = &stage->seats[stage->turn % stage->window];
        if (seat->taken && fl_stage_has_room(stage + 1))
            vacate(stage, seat, after);
        else if (!seat->taken && seat->done)
            stage->turn++;
        else
            break;
    }
    if (stage->turn != before)
        rouse(stage, after);
}

/* There is room: admits those before it. */
static void refill(fl_pipe_stage *stage, fl_pipe_after *after)
{
    filch_pipeline *pipeline = stage->pipeline;
    bool first = stage == pipeline->stages;
    if (!first && stage[-1].config.ordered) {
        settle(stage - 1, after);
        return;
    }
    filch_waiters *door = first ? &pipeline->wait_queue.waiters : &stage->door;
    for (void *item; fl_stage_has_room(stage) && admit(door, &item, after);)
        fl_stage_enter(stage, item, after);
}

static void *pop(fl_pipe_stage *stage)
{
    void *item = stage->ring[stage->first];
    stage->first = stage->first + 1 == stage->config.capacity ? 0 : stage->first + 1;
    stage->stats.waiting--;
    stage->pipeline->waiting -= stage->config.fn != NULL;
    return item;
}

void *fl_stage_leave(fl_pipe_stage *stage, fl_pipe_after *after)
{
    void *item = pop(stage);
    if (!stage->pipeline->stopped)
        refill(stage, after);
    return item;
}

bool fl_stage_take(fl_pipe_stage *stage, filch_emitter *out, fl_pipe_after *after)
{
    if (!takeable(stage))
        return false;
    *out = (filch_emitter){.stage = stage};
    if (stage->config.ordered) {
        out->seat = &stage->seats[stage->number++ % stage->window];
        *out->seat = (fl_seat){0};
    }
    stage->stats.running++;
    out->item = fl_stage_leave(stage, after);
    return true;
}

void fl_stage_done(fl_pipe_stage *stage, const filch_emitter *out, fl_pipe_after *after)
{
    stage->stats.running--;
    if (!out->seat || stage->pipeline->stopped)
        return;
    out->seat->done = true;
    settle(stage, after);
}

bool fl_stage_emit(filch_emitter *out, void *item, filch_waiters **queue, fl_pipe_after *after)
{
    fl_pipe_stage *stage = out->stage, *next = stage + 1;
    fl_seat *seat = out->seat;
    *queue = seat ? &seat->waiters : &next->door;
    if (seat ? seat->taken : !fl_stage_has_room(next))
        return false;
    if (!seat) {
        fl_stage_enter(next, item, after);
        return true;
    }
    seat->held = item;
    seat->taken = true;
    stage->pipeline->held++;
    settle(stage, after);
    return true;
}

/* ---- Stopping ---- */

/* Tells emitters that wait: they will drop their items. */
static void turn_away(fl_pipe_stage *next, filch_waiters *queue, fl_pipe_after *after)
{
    fl_node *rest = after->ended;
    after->ended = fl_waiters_claim_all(queue, rest);
    for (fl_node *node = after->ended; node != rest; node = node->next) {
        next->stats.entered++;
        next->stats.dropped++;
    }
}

bool fl_pipe_has_waste(const filch_pipeline *pipeline)
{
    bool results = pipeline->abandoned && pipeline->stages[pipeline->count].stats.waiting;
    return !pipeline->sweeping && (pipeline->waiting || pipeline->held || results);
}

bool fl_pipe_stop(filch_pipeline *pipeline, const filch_failure *why, fl_pipe_after *after)
{
    size_t results = pipeline->stages[pipeline->count].stats.waiting;
    if (pipeline->stopped || (fl_pipe_drained(pipeline) && !results))
        return false;
    pipeline->stopped = true;
    pipeline->failure = *why;
    for (fl_pipe_stage *stage = pipeline->stages; stage->config.fn; stage++) {
        turn_away(stage + 1, &stage[1].door, after);
        for (uint64_t t = stage->turn; t != stage->number; t++)
            turn_away(stage + 1, &stage->seats[t % stage->window].waiters, after);
    }
    after->ended = fl_waiters_claim_all(&pipeline->wait_queue.waiters, after->ended);
    tell_receivers(pipeline, after);
    after->sweep = pipeline->sweeping = fl_pipe_has_waste(pipeline);
    return true;
}

/* Out of a seat: it has come to the next stage, and no further. */
static bool sweep_seats(fl_pipe_stage *stage, void **item)
{
    for (; stage->turn != stage->number; stage->turn++) {
        fl_seat *seat = &stage->seats[stage->turn % stage->window];
        if (!seat->taken)
            continue;
        seat->taken = false;
        stage->pipeline->held--;
        stage[1].stats.entered++;
        *item = seat->held;
        return true;
    }
    return false;
}

bool fl_pipe_sweep(filch_pipeline *pipeline, void **item, fl_pipe_stage **of)
{
    for (unsigned i = 0; i <= pipeline->count; i++) {
        fl_pipe_stage *stage = &pipeline->stages[i];
        *of = stage;
        if (stage->stats.waiting && (stage->config.fn || pipeline->abandoned))
            *item = pop(stage);
        else if (i && sweep_seats(stage - 1, item))
            ;
        else
            continue;
        stage->stats.dropped++;
        return true;
    }
    return false;
}

/* ---- The tasks of stages ---- */

/* The pipeline's tasks: the functions of the stages, emitting, and dropping the remaining items. */

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
    fl_check_return(self, &what->stage->task);
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
    fl_fiber_of(self)->running.root = &pipeline->stages[pipeline->count].task;
    fl_pipe_after after = {0};
    fl_pipe_stage *stage;
    void *left;
    fl_pipe_lock(pipeline);
    while (fl_pipe_sweep(pipeline, &left, &stage)) {
        fl_unlock(&pipeline->wait_queue.lock);
        dispose(self, stage, left);
        fl_pipe_lock(pipeline);
    }
    fl_fiber_of(self)->running.root = &runner_task;
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

/* ---- Running functions ---- */

bool fl_pipe_here(const filch_pipeline *pipeline)
{
    const fl_fiber *here = fl_fiber_here();
    for (unsigned i = 0; here && i <= pipeline->count; i++)
        if (here->running.root == &pipeline->stages[i].task)
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
    fl_check_return(self, &this->out.stage->task);
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
    fl_check_return(self, &stage->task);
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
    fl_fiber_of(self)->running.root = &stage->task;
    bool failed = has_failed(self, this, &why);
    if (failed && !goes_on(self, this, &why))
        fail(stage->pipeline, &why);
    if (!this->out.kept)
        dispose(self, stage, this->out.item);
    fl_fiber_of(self)->running.root = &runner_task;
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
    fl_fiber_of(self)->running.root = &runner_task;
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
