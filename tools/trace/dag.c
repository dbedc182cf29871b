/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dag.h"
#include "causal.h"
#include "frames.h"
#include "handovers.h"
#include "ops.h"
#include "strands.h"
#include "table.h"

#include <errno.h>
#include <stdlib.h>

typedef struct builder {
    strands strands;
    trace_ops *ops; /* may be NULL */
    trace_file *trace;
    frames frames;
    slots slots;
    handovers handovers;
    table started;    /* by item: the strand that started it */
    uint32_t outside; /* the last strand of a task that a thread has started and that has ended */
    bool has_orphans; /* forks of tasks whose begin is not known */
} builder;

static void begin(builder *b, fiber_frames *on, int64_t ns, uint32_t name, frame begun, uint32_t by)
{
    if (!b->strands.out->sites)
        b->strands.out->began = ns;
    begun.site = strands_site(&b->strands, by, trace_name_first(b->trace, name));
    begun.since = ns;
    if (b->strands.is_short)
        return;
    b->strands.out->site[begun.site].count++;
    b->strands.is_short = !frames_push(on, &begun);
}

/* ---- Forked tasks ---- */

static void on_fork(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)on;
    slot_record *slot = slots_fork(&b->slots, e->a);
    if (!slot) {
        b->strands.is_short = true;
        return;
    }
    if (!top) {
        b->has_orphans = true;
        return;
    }
    slot->fork = strands_cut(&b->strands, top, e->ns);
    slot->by = strands_name(&b->strands, top);
    slot->task = ops_number(b->ops);
    ops_note(b->ops, top, TRACE_OP_FORK, slot->task);
}

/* Another task or part begins on its fiber. */
static void pause_frame(builder *b, frame *top, int64_t ns)
{
    if (!top || top->since < 0)
        return;
    strands_cut(&b->strands, top, ns);
    top->since = -1;
}

/* That has ended. */
static void go_on(frame *top, int64_t ns)
{
    if (top && !top->joins)
        top->since = ns;
}

static void on_run(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    slot_record *slot = slots_at(&b->slots, e->a);
    pause_frame(b, top, e->ns);
    slot->state = SLOT_RUNS;
    b->strands.out->tasks++;
    begin(b, on, e->ns, e->b, (frame){.last = slot->fork, .slot = e->a, .task = slot->task},
          slot->by);
}

/* The part that is on top ends, and the task goes on. */
static void end_part(builder *b, fiber_frames *on, int64_t ns)
{
    frame *top = frames_top(on);
    uint32_t last = strands_cut(&b->strands, top, ns);
    int64_t since = top->since, unnoted = top->unnoted;
    frames_pop(on);
    top = frames_top(on);
    top->last = last;
    top->unnoted = unnoted;
    top->since = since;
}

/* A panic leaves tasks and parts without an end: those above it on its fiber. */
static frame *drop_above(builder *b, fiber_frames *on, uint32_t slot, int64_t ns)
{
    frame *top = frames_top(on);
    while (top && (top->slot != slot || top->is_part)) {
        if (top->is_part) {
            end_part(b, on, ns);
        } else {
            uint32_t last = strands_cut(&b->strands, top, ns);
            ops_refuse(b->ops, "a task panicked");
            frames_pop(on);
            if (frames_top(on))
                strands_after(&b->strands, frames_top(on), last, ns);
        }
        top = frames_top(on);
    }
    return top;
}

static void on_run_end(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    slot_record *slot = slots_at(&b->slots, e->a);
    top = drop_above(b, on, e->a, e->ns);
    if (!top || !slot)
        return;
    slot->end = strands_cut(&b->strands, top, e->ns);
    slot->ended = e->ns;
    slot->state = e->b ? SLOT_FREE : SLOT_ENDED;
    b->strands.out->taken += !e->b;
    ops_note(b->ops, top, TRACE_OP_END, 0);
    uint32_t task =
        top->task; /* tasks that it forked may have had its slot, if it ran in its join */
    frames_pop(on);
    top = frames_top(on);
    go_on(top, e->ns);
    if (e->b && top && !top->joins) {
        strands_after(&b->strands, top, slot->end, e->ns);
        ops_note(b->ops, top, TRACE_OP_JOIN, task);
    }
}

static void on_join(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)on;
    if (!top)
        return;
    strands_cut(&b->strands, top, e->ns);
    top->since = -1;
    top->joins = true;
    top->joins_since = e->ns;
}

static void on_joined(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)on;
    slot_record *slot = slots_at(&b->slots, e->a);
    if (!top)
        return;
    if (slot && slot->state == SLOT_ENDED) {
        strands_after(&b->strands, top, slot->end, e->ns);
        if (top->joins && slot->ended > top->joins_since)
            spread_add(&b->strands.out->back, e->ns - slot->ended);
        ops_note(b->ops, top, TRACE_OP_JOIN, slot->task);
        slots_joined(&b->slots, e->a);
    }
    top->joins = false;
    top->since = e->ns;
}

/* ---- Started tasks ---- */

static void on_submit(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)on;
    table_place *place = table_at(&b->started, e->a);
    if (!place) {
        b->strands.is_short = true;
        return;
    }
    bool by_task = top && top->since >= 0;
    place->value = by_task ? strands_cut(&b->strands, top, e->ns) : b->outside;
    place->note = by_task ? strands_name(&b->strands, top) + 1 : 0;
}

static void on_job(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    pause_frame(b, top, e->ns);
    table_place *place = table_at(&b->started, e->a);
    if (!place) {
        b->strands.is_short = true;
        return;
    }
    if (place->note)
        ops_refuse(b->ops, "a task started another one, other than by forks and joins");
    begin(b, on, e->ns, e->b,
          (frame){.last = (uint32_t)place->value,
                  .outside = !place->note,
                  .task = ops_root(b->ops, e->ns)},
          place->note ? place->note - 1 : 0);
}

static void on_job_end(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    b->strands.out->ended = e->ns;
    top = drop_above(b, on, 0, e->ns);
    if (!top)
        return;
    uint32_t last = strands_cut(&b->strands, top, e->ns);
    if (top->outside)
        b->outside = last;
    ops_note(b->ops, top, TRACE_OP_END, 0);
    ops_root_end(b->ops, top->task, e->ns);
    frames_pop(on);
    go_on(frames_top(on), e->ns);
}

/* ---- Parts ---- */

static void on_part(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    if (!top || top->since < 0)
        return;
    frame part = {.last = strands_cut(&b->strands, top, e->ns),
                  .is_part = true,
                  .task = top->task,
                  .unnoted = top->unnoted};
    top->since = -1;
    begin(b, on, e->ns, e->kind == FL_TRACE_POOLED ? e->b : e->a, part,
          strands_name(&b->strands, top));
}

static void on_part_end(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    if (top && top->is_part)
        end_part(b, on, e->ns);
}

/* ---- Waits ---- */

static void on_wait(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)b;
    on->resumed_by = 0;
    on->waits_since = e->ns;
    if (!top || top->since < 0)
        return;
    top->ran += e->ns - top->since;
    top->since = -1;
}

static void on_resume(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)on;
    fiber_frames *resumed = frames_of(&b->frames, e->a);
    if (resumed && top && top->since >= 0)
        resumed->resumed_by = strands_cut(&b->strands, top, e->ns);
}

static void on_go_on(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    if (!top || top->joins)
        return;
    ops_refuse(b->ops, "a task waited for something other than a join");
    strands_cut(&b->strands, top, e->ns);
    top->since = e->ns;
    if (on->resumed_by) {
        strands_after(&b->strands, top, on->resumed_by, e->ns);
        return;
    }
    b->strands.out->ended_outside++;
    b->strands.out->outside_ns += e->ns - on->waits_since;
}

/* ---- Hand-overs ---- */

static void on_handover(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    bool runs = top && top->since >= 0;
    uint32_t left = e->kind == FL_TRACE_TAKEN ? e->b : 0;
    (void)on;
    if (e->kind == FL_TRACE_FREE)
        handovers_free(&b->handovers, e->a, e->b);
    if (e->kind == FL_TRACE_GIVEN)
        handovers_give(&b->handovers, e->a, e->b, runs ? strands_cut(&b->strands, top, e->ns) : 0);
    while (left) {
        uint32_t giver = handovers_take(&b->handovers, e->a, &left);
        if (giver && runs) {
            strands_after(&b->strands, top, giver, e->ns);
            b->strands.out->handovers++;
        }
    }
}

/* ---- The whole ---- */

static void on_preempted(builder *b, fiber_frames *on, frame *top, const trace_event *e)
{
    (void)on, (void)top;
    b->strands.out->preempted += e->a;
}

static const struct {
    void (*on)(builder *b, fiber_frames *on, frame *top, const trace_event *e);
    bool by_any; /* also by a thread outside, or a worker that runs no fiber */
} reactions[FL_TRACE_KINDS] = {
    [FL_TRACE_FORK] = {on_fork, false},
    [FL_TRACE_RUN] = {on_run, false},
    [FL_TRACE_RUN_END] = {on_run_end, false},
    [FL_TRACE_JOIN] = {on_join, false},
    [FL_TRACE_JOINED] = {on_joined, false},
    [FL_TRACE_SUBMIT] = {on_submit, true},
    [FL_TRACE_JOB] = {on_job, false},
    [FL_TRACE_JOB_END] = {on_job_end, false},
    [FL_TRACE_WAIT] = {on_wait, false},
    [FL_TRACE_RESUME] = {on_resume, true},
    [FL_TRACE_GO_ON] = {on_go_on, false},
    [FL_TRACE_SPAN] = {on_part, false},
    [FL_TRACE_SPAN_END] = {on_part_end, false},
    [FL_TRACE_POOLED] = {on_part, false},
    [FL_TRACE_POOLED_END] = {on_part_end, false},
    [FL_TRACE_PREEMPTED] = {on_preempted, true},
    [FL_TRACE_FREE] = {on_handover, false},
    [FL_TRACE_GIVEN] = {on_handover, false},
    [FL_TRACE_TAKEN] = {on_handover, false},
};

static bool is_ready(void *arg, const trace_event *e)
{
    builder *b = arg;
    const slot_record *slot;
    switch (e->kind) {
    case FL_TRACE_SWITCH:
        return frames_may_run(&b->frames, e->writer, e->a);
    case FL_TRACE_RUN:
        slot = slots_at(&b->slots, e->a);
        return slot && slot->state == SLOT_FORKED;
    case FL_TRACE_JOINED:
        slot = slots_at(&b->slots, e->a);
        return !slot || slot->state == SLOT_ENDED || slot->state == SLOT_FREE;
    default:
        return true;
    }
}

static void react(builder *b, const trace_event *e)
{
    if (e->kind == FL_TRACE_SWITCH) {
        frames_switch(&b->frames, e->writer, e->a);
        return;
    }
    fiber_frames *on = frames_here(&b->frames, e->writer);
    if (reactions[e->kind].on && (on || reactions[e->kind].by_any))
        reactions[e->kind].on(b, on, on ? frames_top(on) : NULL, e);
}

static int build(builder *b)
{
    trace_event e;
    causal *events = causal_begin(b->trace, is_ready, b);
    if (!events)
        return -ENOMEM;
    while (!b->strands.is_short && causal_next(events, &e))
        react(b, &e);
    uint64_t never = causal_end(events);
    if (b->strands.is_short || b->frames.is_short || b->handovers.is_short ||
        (b->ops && b->ops->is_short))
        return -ENOMEM;
    return never || b->has_orphans ? -EINVAL : 0;
}

int dag_build_noted(dag *out, trace_ops *ops, trace_file *trace, const char **why)
{
    *out = (dag){0};
    *why = causal_refusal(trace);
    if (*why)
        return -EINVAL;
    builder b = {.strands = {.out = out}, .ops = ops, .trace = trace, .handovers = HANDOVERS_NONE};
    int rc = frames_begin(&b.frames, trace_facts_of(trace)->workers) ? build(&b) : -ENOMEM;
    if (rc == -EINVAL)
        *why = "it began while tasks ran, so their forks are missing; record from the beginning";
    frames_end(&b.frames);
    slots_end(&b.slots);
    handovers_end(&b.handovers);
    table_free(&b.started);
    strands_free(&b.strands);
    if (rc)
        dag_free(out);
    return rc;
}

int dag_build(dag *out, trace_file *trace, const char **why)
{
    return dag_build_noted(out, NULL, trace, why);
}

void dag_free(dag *d)
{
    free(d->strand);
    free(d->site);
    *d = (dag){0};
}
