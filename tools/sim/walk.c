/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>

typedef struct visit {
    node at;
    walked is;
    uint32_t next, forked, children; /* the next child of this phase, of so many */
    picoseconds span, longest;       /* up to this phase; of its children so far */
    picoseconds ahead;               /* computed in this phase behind its first fork */
} visit;

typedef struct path {
    visit *visit;
    size_t depth, room;
    walk_seen *seen;
    void *context;
} path;

static int enter(path *p, const node *at, walked is, extent *out)
{
    is.task = out->tasks++;
    if (p->depth == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        visit *more = reallocarray(p->visit, room, sizeof *more);
        if (!more)
            return -ENOMEM;
        p->visit = more;
        p->room = room;
    }
    p->visit[p->depth++] = (visit){.at = *at, .is = is};
    if (p->depth > out->depth)
        out->depth = p->depth;
    return 0;
}

/* A task has ended: its span may be the longest among its siblings. */
static void leave(path *p, extent *out)
{
    picoseconds span = p->visit[--p->depth].span;
    if (!p->depth)
        out->span = span;
    else if (p->visit[p->depth - 1].longest < p->visit[p->depth - 1].ahead + span)
        p->visit[p->depth - 1].longest = p->visit[p->depth - 1].ahead + span;
}

/* All children of the current phase have ended, or it is the first: the next one. */
static void next_phase(const generator *g, path *p, extent *out)
{
    visit *v = &p->visit[p->depth - 1];
    phase next = {0};
    v->span += v->longest;
    v->longest = v->ahead = 0;
    bool has_ended = !g->shape->phase(g, &v->at, v->is.phase, &next);
    v->is.before = has_ended ? 0 : next.before;
    if (p->seen && (!has_ended || !v->is.phase)) /* a task without phases: an empty one */
        p->seen(&v->is, p->context);
    if (has_ended) {
        leave(p, out);
        return;
    }
    v->is.phase++;
    v->next = 0;
    v->forked = next.children;
    v->children = next.children + next.calls;
    v->span += next.before;
    out->work += next.before;
    out->forks += next.children;
}

/* The next child of the current phase. */
static int descend(const generator *g, path *p, extent *out)
{
    visit *v = &p->visit[p->depth - 1];
    node at;
    walked is = {.parent = v->is.task,
                 .of = v->is.phase - 1,
                 .is_forked = v->next < v->forked,
                 .gap = generator_gap(g, &v->at, v->is.phase - 1, v->next)};
    v->ahead += is.gap;
    out->work += is.gap;
    g->shape->child(g, &v->at, is.of, v->next++, &at);
    return enter(p, &at, is, out);
}

int walk_seeing(const generator *g, uint64_t most, extent *out, walk_seen *seen, void *context)
{
    path p = {.seen = seen, .context = context};
    node at;
    *out = (extent){0};
    g->shape->root(g, &at);
    int rc = enter(&p, &at, (walked){0}, out);
    while (!rc && p.depth) {
        const visit *v = &p.visit[p.depth - 1];
        if (v->next == v->children)
            next_phase(g, &p, out);
        else
            rc = out->tasks < most ? descend(g, &p, out) : -E2BIG;
    }
    free(p.visit);
    return rc;
}

int walk(const generator *g, uint64_t most, extent *out)
{
    return walk_seeing(g, most, out, NULL, NULL);
}
