/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "causal.h"

#include <stdlib.h>

typedef struct line {
    trace_event *event;
    size_t at, count, room;
} line;

struct causal {
    trace_file *trace;
    causal_ready_fn *is_ready;
    void *arg;
    uint32_t workers;
    size_t held;   /* events in lines */
    uint64_t lost; /* events without memory */
    line line[];   /* of each worker, and of the threads outside */
};

/* The sum of all workers' times stays below 2^63 ns. */
static const int64_t LONGEST = INT64_C(1) << 52;

const char *causal_refusal(trace_file *trace)
{
    const char *why = NULL;
    if (trace_facts_of(trace)->level != FL_TRACE_TASKS)
        return "its level is steals; record it with FILCH_TRACE=FILE,tasks";
    if (trace_facts_of(trace)->length > LONGEST)
        return "it is longer than 50 days";
    return trace_is_whole(trace, &why) ? NULL : why;
}

causal *causal_begin(trace_file *trace, causal_ready_fn *is_ready, void *arg)
{
    uint32_t workers = trace_facts_of(trace)->workers;
    causal *c = calloc(1, sizeof *c + (workers + 1) * sizeof *c->line);
    if (!c)
        return NULL;
    c->trace = trace;
    c->is_ready = is_ready;
    c->arg = arg;
    c->workers = workers;
    trace_rewind(trace);
    return c;
}

static line *line_of(causal *c, uint32_t writer)
{
    return &c->line[writer < c->workers ? writer : c->workers];
}

static bool is_empty(const line *l)
{
    return l->at == l->count;
}

static void hold(causal *c, line *l, const trace_event *e)
{
    if (is_empty(l))
        l->at = l->count = 0;
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        trace_event *more = realloc(l->event, room * sizeof *more);
        if (!more) {
            c->lost++;
            return;
        }
        l->event = more;
        l->room = room;
    }
    l->event[l->count++] = *e;
    c->held++;
}

/* Of the held events that are ready, the earliest: one event may free several, such as two arrivals on one fiber. */
static bool let_go(causal *c, trace_event *out)
{
    line *earliest = NULL;
    for (uint32_t i = 0; c->held && i <= c->workers; i++) {
        line *l = &c->line[i];
        if (is_empty(l) || (earliest && l->event[l->at].ns >= earliest->event[earliest->at].ns))
            continue;
        if (c->is_ready(c->arg, &l->event[l->at]))
            earliest = l;
    }
    if (!earliest)
        return false;
    *out = earliest->event[earliest->at++];
    c->held--;
    return true;
}

bool causal_next(causal *c, trace_event *out)
{
    trace_event e;
    if (let_go(c, out))
        return true;
    while (trace_next(c->trace, &e)) {
        line *l = line_of(c, e.writer);
        if (is_empty(l) && c->is_ready(c->arg, &e)) {
            *out = e;
            return true;
        }
        hold(c, l, &e);
    }
    return false;
}

uint64_t causal_end(causal *c)
{
    uint64_t never = c->held + c->lost;
    for (uint32_t i = 0; i <= c->workers; i++)
        free(c->line[i].event);
    free(c);
    return never;
}
