/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "analysis.h"
#include "fibers.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

const char *const latency_names[LATENCIES] = {
    [LATENCY_FIBER_OWN] = "waiting task, by this worker",
    [LATENCY_FIBER_OTHER] = "waiting task, by another",
    [LATENCY_FIBER_OUTSIDE] = "waiting task, by a thread",
    [LATENCY_JOB_OWN] = "started task, by this worker",
    [LATENCY_JOB_OTHER] = "started task, by another",
    [LATENCY_JOB_OUTSIDE] = "started task, by a thread",
    [LATENCY_WAKE] = "sleeping worker",
};

typedef struct walk {
    analysis *out;
    trace_file *trace;
    uint32_t workers;
    fibers fibers;
    uint32_t *runs_fiber; /* of each worker */
    int64_t *since;       /* of each worker's present state; -1: unknown */
    enum fl_doing *doing;
    uint32_t *cpu;
    int64_t *woken_at; /* 0: was not woken */
    trace_event *loop; /* of each worker: the first event of a call, until the second */
    table submitted;   /* by item: its time, and the writer as note */
    bool is_short;     /* of memory */
} walk;

/* ---- Names ---- */

static void add_to(walk *w, name_list *list, uint32_t name, int64_t ns)
{
    size_t i = 0;
    name = trace_name_first(w->trace, name);
    while (i < list->count && list->row[i]->name != name)
        i++;
    if (i == list->count) {
        name_figures **more = realloc(list->row, (i + 1) * sizeof *more);
        name_figures *row = more ? calloc(1, sizeof *row) : NULL;
        list->row = more ? more : list->row;
        if (!row) {
            w->is_short = true;
            return;
        }
        row->name = name;
        list->row[list->count++] = row;
    }
    spread_add(&list->row[i]->length, ns);
}

/* ---- Runs ---- */

static void begin_run(walk *w, const trace_event *e)
{
    fiber *f = fibers_at(&w->fibers, w->runs_fiber[e->writer]);
    if (f)
        fiber_begin(&w->fibers, f, &(fiber_run){.since = e->ns, .name = e->b, .kind = e->kind});
}

/* The kind of an end is the one behind that of its begin. */
static void end_run(walk *w, const trace_event *e)
{
    fiber *f = fibers_at(&w->fibers, e->a);
    const fiber_run *run = f ? fiber_end(f, e->kind - 1, 0) : NULL;
    if (run)
        add_to(w, &w->out->runs, run->name, e->ns - run->since);
}

/* ---- Latencies ---- */

static void add_latency(walk *w, enum latency own, uint32_t by, const trace_event *e, int64_t since)
{
    enum latency which = by == FL_TRACE_OUTSIDE ? own + 2 : by == e->writer ? own : own + 1;
    spread_add(&w->out->latency[which], e->ns - since);
}

static void on_submit(walk *w, const trace_event *e)
{
    table_place *place = table_at(&w->submitted, e->a);
    if (!place) {
        w->is_short = true;
        return;
    }
    place->value = e->ns + 1;
    place->note = e->writer;
}

static void on_job(walk *w, const trace_event *e)
{
    table_place *place = table_at(&w->submitted, e->a);
    if (place && place->value)
        add_latency(w, LATENCY_JOB_OWN, place->note, e, place->value - 1);
    if (place)
        place->value = 0;
    begin_run(w, e);
}

static void on_wait(walk *w, const trace_event *e)
{
    fiber *f = fibers_at(&w->fibers, e->a);
    w->out->worker[e->writer].waits++;
    if (!f)
        return;
    f->waits_since = e->ns + 1;
    f->waits_in = e->b;
}

/* The name of the task that a fiber runs; 0: not known. */
static uint32_t task_of(walk *w, uint32_t number)
{
    fiber *f = fibers_at(&w->fibers, number);
    const fiber_run *run = f ? fiber_runs(f) : NULL;
    return run ? trace_name_first(w->trace, run->name) : 0;
}

static void on_resume(walk *w, const trace_event *e)
{
    uint32_t task = e->writer < w->workers ? task_of(w, w->runs_fiber[e->writer]) : STACK_BY_THREAD;
    fiber *f = fibers_at(&w->fibers, e->a);
    if (!f)
        return;
    f->ready_since = e->ns + 1;
    f->ready_by = e->writer;
    f->ready_in = task;
}

static void add_stack(walk *w, const trace_event *e, const fiber *f, int64_t ns)
{
    stack one = {.task = task_of(w, e->a),
                 .call = trace_name_first(w->trace, f->waits_in),
                 .by = f->ready_since ? f->ready_in : 0,
                 .ns = ns};
    w->is_short |= !stacks_add(&w->out->stacks, one);
}

static void on_go_on(walk *w, const trace_event *e)
{
    fiber *f = fibers_at(&w->fibers, e->a);
    if (!f)
        return;
    if (f->waits_since) {
        add_to(w, &w->out->waits, f->waits_in, e->ns - (f->waits_since - 1));
        add_stack(w, e, f, e->ns - (f->waits_since - 1));
    }
    if (f->ready_since)
        add_latency(w, LATENCY_FIBER_OWN, f->ready_by, e, f->ready_since - 1);
    f->waits_since = f->ready_since = 0;
}

/* ---- Workers ---- */

static void spend(walk *w, uint32_t worker, int64_t until)
{
    if (w->since[worker] >= 0)
        w->out->worker[worker].spent[w->doing[worker]] += until - w->since[worker];
    w->since[worker] = until;
}

static void on_does(walk *w, const trace_event *e)
{
    worker_figures *figures = &w->out->worker[e->writer];
    if (e->a >= FL_DOINGS)
        return;
    spend(w, e->writer, e->ns);
    w->doing[e->writer] = (enum fl_doing)e->a;
    figures->parks += e->a == FL_SLEEPING;
    figures->moves += w->cpu[e->writer] != e->b && w->cpu[e->writer] != UINT32_MAX;
    w->cpu[e->writer] = e->b;
    if (e->a != FL_SLEEPING && w->woken_at[e->writer])
        spread_add(&w->out->latency[LATENCY_WAKE], e->ns - w->woken_at[e->writer]);
    if (e->a != FL_SLEEPING)
        w->woken_at[e->writer] = 0;
}

static void on_theft(walk *w, const trace_event *e)
{
    uint64_t tasks = e->kind == FL_TRACE_GIFT ? e->b : 1;
    w->out->worker[e->writer].taken[e->kind - FL_TRACE_GIFT] += tasks;
    if (e->a < w->workers)
        w->out->matrix[(size_t)e->writer * w->workers + e->a] += tasks;
}

static void on_wake(walk *w, const trace_event *e)
{
    if (e->a < w->workers && w->since[e->a] >= 0 && w->doing[e->a] == FL_SLEEPING)
        w->woken_at[e->a] = e->ns;
}

static void on_switch(walk *w, const trace_event *e)
{
    w->out->worker[e->writer].switches++;
    w->runs_fiber[e->writer] = e->a;
}

static void on_preempted(walk *w, const trace_event *e)
{
    w->out->worker[e->writer].preempted += e->a;
}

static void on_loop(walk *w, const trace_event *e)
{
    w->is_short |= !loops_add(&w->out->loops, w->trace, &w->loop[e->writer], e);
}

static const struct {
    void (*on)(walk *w, const trace_event *e);
    bool by_worker; /* else by any thread */
} reactions[FL_TRACE_KINDS] = {
    [FL_TRACE_DOES] = {on_does, true},         [FL_TRACE_PREEMPTED] = {on_preempted, true},
    [FL_TRACE_GIFT] = {on_theft, true},        [FL_TRACE_FORCED] = {on_theft, true},
    [FL_TRACE_READY_STEAL] = {on_theft, true}, [FL_TRACE_WAKE] = {on_wake, false},
    [FL_TRACE_SWITCH] = {on_switch, true},     [FL_TRACE_WAIT] = {on_wait, true},
    [FL_TRACE_RESUME] = {on_resume, false},    [FL_TRACE_GO_ON] = {on_go_on, true},
    [FL_TRACE_SUBMIT] = {on_submit, false},    [FL_TRACE_JOB] = {on_job, true},
    [FL_TRACE_JOB_END] = {end_run, true},      [FL_TRACE_TASK] = {begin_run, true},
    [FL_TRACE_TASK_END] = {end_run, true},     [FL_TRACE_POOLED] = {begin_run, true},
    [FL_TRACE_POOLED_END] = {end_run, true},   [FL_TRACE_LOOP] = {on_loop, true},
    [FL_TRACE_LOOP_TIME] = {on_loop, true},
};

/* ---- The whole ---- */

static bool make_room(walk *w)
{
    size_t n = w->workers;
    analysis *out = w->out;
    out->worker = calloc(n, sizeof *out->worker);
    out->matrix = calloc(n * n, sizeof *out->matrix);
    w->runs_fiber = calloc(n, sizeof *w->runs_fiber);
    w->since = calloc(n, sizeof *w->since);
    w->doing = calloc(n, sizeof *w->doing);
    w->cpu = calloc(n, sizeof *w->cpu);
    w->woken_at = calloc(n, sizeof *w->woken_at);
    w->loop = calloc(n, sizeof *w->loop);
    if (!out->worker || !out->matrix || !w->runs_fiber || !w->since || !w->doing || !w->cpu ||
        !w->woken_at || !w->loop)
        return false;
    for (size_t i = 0; i < n; i++) {
        w->since[i] = -1;
        w->cpu[i] = UINT32_MAX;
    }
    return true;
}

static void end_walk(walk *w)
{
    table_free(&w->submitted);
    fibers_free(&w->fibers);
    free(w->runs_fiber);
    free(w->since);
    free(w->doing);
    free(w->cpu);
    free(w->woken_at);
    free(w->loop);
}

static int by_sum(const void *one, const void *other)
{
    const name_figures *a = *(name_figures *const *)one, *b = *(name_figures *const *)other;
    return a->length.sum != b->length.sum ? (a->length.sum < b->length.sum ? 1 : -1)
                                          : (a->name > b->name) - (a->name < b->name);
}

static void put_in_order(name_list *list)
{
    if (list->count)
        qsort(list->row, list->count, sizeof *list->row, by_sum);
}

bool analyse(analysis *out, trace_file *trace)
{
    trace_event e;
    *out = (analysis){0};
    walk w = {.out = out, .trace = trace, .workers = trace_facts_of(trace)->workers};
    w.is_short = !make_room(&w);
    trace_rewind(trace);
    while (!w.is_short && trace_next(trace, &e)) {
        out->events++;
        out->by_kind[e.kind]++;
        if (reactions[e.kind].on && (!reactions[e.kind].by_worker || e.writer < w.workers))
            reactions[e.kind].on(&w, &e);
        w.is_short |= e.writer < w.workers && !regions_add(&out->regions, trace, &e);
    }
    w.is_short |= w.fibers.is_short;
    for (uint32_t i = 0; !w.is_short && i < w.workers; i++)
        spend(&w, i, trace_facts_of(trace)->length);
    end_walk(&w);
    put_in_order(&out->waits);
    put_in_order(&out->runs);
    loops_put_in_order(&out->loops);
    regions_put_in_order(&out->regions);
    stacks_fold(&out->stacks);
    if (w.is_short)
        analysis_free(out);
    return !w.is_short;
}

static void free_list(name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->row[i]);
    free(list->row);
}

void analysis_free(analysis *a)
{
    free(a->worker);
    free(a->matrix);
    free_list(&a->waits);
    free_list(&a->runs);
    loops_free(&a->loops);
    regions_free(&a->regions);
    stacks_free(&a->stacks);
    *a = (analysis){0};
}
