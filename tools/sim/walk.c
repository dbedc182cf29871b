/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>

typedef struct visit {
    node at;
    uint32_t phase, next, children; /* the next child of this phase, of so many */
    picoseconds span, longest;      /* up to this phase; of its children so far */
    picoseconds ahead;              /* computed in this phase behind its first fork */
} visit;

typedef struct path {
    visit *visit;
    size_t depth, room;
} path;

static int enter(path *p, const node *at, extent *out)
{
    out->tasks++;
    if (p->depth == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        visit *more = reallocarray(p->visit, room, sizeof *more);
        if (!more)
            return -ENOMEM;
        p->visit = more;
        p->room = room;
    }
    p->visit[p->depth++] = (visit){.at = *at};
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
    phase next;
    v->span += v->longest;
    v->longest = v->ahead = 0;
    if (!g->shape->phase(g, &v->at, v->phase, &next)) {
        leave(p, out);
        return;
    }
    v->phase++;
    v->next = 0;
    v->children = next.children + next.calls;
    v->span += next.before;
    out->work += next.before;
    out->forks += next.children;
}

int walk(const generator *g, uint64_t most, extent *out)
{
    path p = {0};
    node at;
    *out = (extent){0};
    g->shape->root(g, &at);
    int rc = enter(&p, &at, out);
    while (!rc && p.depth) {
        visit *v = &p.visit[p.depth - 1];
        if (v->next == v->children) {
            next_phase(g, &p, out);
        } else {
            picoseconds gap = generator_gap(g, &v->at, v->phase - 1, v->next);
            v->ahead += gap;
            out->work += gap;
            g->shape->child(g, &v->at, v->phase - 1, v->next++, &at);
            rc = out->tasks < most ? enter(&p, &at, out) : -E2BIG;
        }
    }
    free(p.visit);
    return rc;
}
