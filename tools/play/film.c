/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "film.h"
#include "cursor.h"
#include "maker.h"

#include <errno.h>
#include <stdlib.h>
#include <tools/trace/causal.h>

static const struct {
    void (*on)(maker *m, fiber_frames *on, const trace_event *e);
    bool by_any; /* also by a thread outside, or a worker that runs no fiber */
} reactions[FL_TRACE_KINDS] = {
    [FL_TRACE_FORK] = {maker_on_fork, false},
    [FL_TRACE_RUN] = {maker_on_run, false},
    [FL_TRACE_RUN_END] = {maker_on_run_end, false},
    [FL_TRACE_JOIN] = {maker_on_join, false},
    [FL_TRACE_JOINED] = {maker_on_joined, false},
    [FL_TRACE_GIFT] = {maker_on_theft, true},
    [FL_TRACE_FORCED] = {maker_on_theft, true},
    [FL_TRACE_SUBMIT] = {maker_on_submit, true},
    [FL_TRACE_JOB] = {maker_on_job, false},
    [FL_TRACE_JOB_END] = {maker_on_job_end, false},
    [FL_TRACE_POOLED] = {maker_on_pooled, false},
    [FL_TRACE_POOLED_END] = {maker_on_pooled_end, false},
    [FL_TRACE_WAIT] = {maker_on_wait, false},
    [FL_TRACE_RESUME] = {maker_on_resume, true},
    [FL_TRACE_MARK] = {maker_on_mark, false},
};

static bool is_ready(void *arg, const trace_event *e)
{
    maker *m = arg;
    uint32_t task = maker_task_in(m, e->a);
    switch (e->kind) {
    case FL_TRACE_SWITCH:
        return frames_may_run(&m->frames, e->writer, e->a);
    case FL_TRACE_RUN:
        return task && m->reel.task[task].state == REEL_FORKED;
    case FL_TRACE_JOINED:
        return !task || m->reel.task[task].state == REEL_ENDED ||
               m->reel.task[task].state == REEL_OVER;
    default:
        return true;
    }
}

static void react(maker *m, const trace_event *e)
{
    if (e->kind == FL_TRACE_SWITCH) {
        maker_on_switch(m, e);
        return;
    }
    fiber_frames *on = frames_here(&m->frames, e->writer);
    if (reactions[e->kind].on && (on || reactions[e->kind].by_any))
        reactions[e->kind].on(m, on, e);
}

static int follow(maker *m)
{
    trace_event e;
    causal *events = causal_begin(m->reel.out->trace, is_ready, m);
    if (!events)
        return -ENOMEM;
    while (!m->reel.is_short && !m->reel.is_long && causal_next(events, &e))
        react(m, &e);
    uint64_t never = causal_end(events);
    if (m->reel.is_short || m->frames.is_short)
        return -ENOMEM;
    return m->reel.is_long ? -EFBIG : never || m->has_orphans ? -EINVAL : 0;
}

/* Which thefts took the oldest task of a deque? */
static bool find_oldest(film *f)
{
    cursor c;
    if (!cursor_begin(&c, f))
        return false;
    for (uint32_t i = 0; i < f->steps; i++) {
        if (film_is_steal(f, i))
            f->step[i].is_oldest = cursor_is_oldest(&c, f->step[i].task);
        cursor_go(&c, i + 1);
    }
    cursor_end(&c);
    return true;
}

static int make(maker *m)
{
    uint32_t workers = m->reel.out->workers;
    m->thefts = calloc(workers, sizeof *m->thefts);
    int rc = frames_begin(&m->frames, workers) && m->thefts ? follow(m) : -ENOMEM;
    if (rc)
        return rc;
    reel_number_twins(&m->reel);
    return m->reel.is_short || !find_oldest(m->reel.out) ? -ENOMEM : 0;
}

int film_build(film *out, trace_file *trace, const char **why)
{
    *out = (film){.trace = trace, .workers = trace_facts_of(trace)->workers};
    *why = causal_refusal(trace);
    if (*why)
        return -EINVAL;
    maker m = {.reel.out = out};
    int rc = make(&m);
    if (rc == -EINVAL)
        *why = "it began while tasks ran, so their forks are missing; record from the beginning";
    if (rc == -EFBIG)
        *why = "it has more than 1000000 steps; record a smaller run";
    frames_end(&m.frames);
    table_free(&m.slots);
    table_free(&m.items);
    free(m.thefts);
    reel_free(&m.reel);
    if (rc)
        film_free(out);
    return rc == -EFBIG ? -EINVAL : rc;
}

void film_free(film *f)
{
    free(f->step);
    free(f->move);
    free(f->task);
    *f = (film){0};
}

uint32_t film_moves_end(const film *f, uint32_t step)
{
    return step + 1 < f->steps ? f->step[step + 1].moves : f->moves + 1;
}

bool film_is_steal(const film *f, uint32_t step)
{
    enum film_kind kind = f->step[step].kind;
    return kind == FILM_TAKES || kind == FILM_ROBS || kind == FILM_FETCHES;
}
