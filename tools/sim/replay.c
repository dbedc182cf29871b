/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "replay.h"

#include <tools/trace/dag.h>
#include <tools/trace/ops.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- The graph ---- */

static const replay *replay_of(const generator *g)
{
    return g->data;
}

static void root(const generator *g, node *out)
{
    *out = (node){.state = replay_of(g)->root};
}

static const replay_phase *phase_at(const generator *g, const node *parent, uint32_t number)
{
    const replay *r = replay_of(g);
    const replay_row *row = &r->row[parent->state];
    return number < row->phases ? &r->phase[row->first + number] : NULL;
}

static bool next_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    const replay_phase *p = phase_at(g, parent, number);
    if (p)
        *out = (phase){.before = p->before, .children = p->children, .calls = p->called};
    return p;
}

static void child(const generator *g, const node *parent, uint32_t number, uint32_t which,
                  node *out)
{
    const replay *r = replay_of(g);
    const replay_phase *p = phase_at(g, parent, number);
    uint32_t row = which == p->children ? p->called : r->row_of[r->child[p->first + which].task];
    *out = (node){.state = row, .depth = parent->depth + 1};
}

static picoseconds gap(const generator *g, const node *parent, uint32_t number, uint32_t which)
{
    const replay_phase *p = phase_at(g, parent, number);
    if (which == p->children) /* the called row has it */
        return 0;
    return replay_of(g)->child[p->first + which].gap;
}

void replay_graph(const replay *r, generator *out)
{
    static const shape replayed = {.name = "trace",
                                   .what = "a traced run",
                                   .root = root,
                                   .phase = next_phase,
                                   .child = child,
                                   .gap = gap};
    *out = (generator){.shape = &replayed, .data = r};
}

/* ---- Reading ---- */

static bool has_ended(const trace_ops *ops)
{
    for (size_t i = 0; i < ops->roots; i++)
        if (ops->root[i].ended < ops->root[i].began || !ops->root[i].ended)
            return false;
    return true;
}

/* Picoseconds of all tasks, twice, fit into a number. */
static bool is_short_enough(const trace_ops *ops)
{
    picoseconds sum = 0;
    for (size_t i = 0; i < ops->count; i++)
        sum += ops->list[i].ns;
    return sum < INT64_MAX / 4 / PICOSECONDS;
}

static int build(replay *out, trace_file *trace, const char **why)
{
    trace_ops ops = {0};
    dag d;
    int rc = dag_build_noted(&d, &ops, trace, why);
    if (!rc)
        dag_free(&d);
    if (!rc && ops.refusal) {
        *why = ops.refusal;
        rc = -EINVAL;
    }
    if (!rc && !ops.roots) {
        *why = "no task ran";
        rc = -EINVAL;
    }
    if (!rc && !has_ended(&ops)) {
        *why = "a call from outside has not ended";
        rc = -EINVAL;
    }
    if (!rc && !is_short_enough(&ops)) {
        *why = "its tasks ran for more than 25 days";
        rc = -EINVAL;
    }
    if (!rc && (rc = replay_build(out, &ops)) == -EINVAL)
        *why = "its forks and joins do not belong together";
    for (size_t i = 0; !rc && i < ops.roots; i++)
        out->makespan += (ops.root[i].ended - ops.root[i].began) * PICOSECONDS;
    ops_free(&ops);
    return rc;
}

int replay_read(replay *out, const char *path, char *error, size_t size)
{
    const char *why = NULL;
    *out = (replay){0};
    trace_file *trace = trace_open(path, error, size);
    if (!trace)
        return -EINVAL;
    out->workers = trace_facts_of(trace)->workers;
    int rc = build(out, trace, &why);
    trace_close(trace);
    if (!rc)
        return 0;
    snprintf(error, size, "trace '%s' cannot be simulated: %s", path, why ? why : strerror(-rc));
    replay_free(out);
    return rc;
}

void replay_free(replay *r)
{
    free(r->phase);
    free(r->child);
    free(r->row);
    free(r->row_of);
    *r = (replay){0};
}
