/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The movement of items, all of it under the pipeline's lock. */
#include <runtime/engine/external.h>
#include <runtime/engine/runtime.h>
#include <runtime/patterns/pipeline.h>
#include <runtime/patterns/pipeline_flow.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/wait.h>

#include <errno.h>

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
