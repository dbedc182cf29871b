/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/affinity.h>
#include <runtime/platform/bind.h>
#include <runtime/platform/error.h>
#include <runtime/platform/topology.h>

#include <errno.h>
#include <string.h>

/* ---- Walks over the allowed PUs ---- */

struct walk {
    const fl_place *next, *end;
    const struct fl_affinity *mask;
    const fl_place *pu; /* where the walk stands */
    unsigned rank;      /* how many allowed PUs of the same core came before it */
    unsigned core;      /* how many cores with an allowed PU came before its core */
};

static struct walk walk_over(const fl_topology *t, const struct fl_affinity *mask)
{
    unsigned count;
    const fl_place *first = fl_topology_pus(t, &count);
    return (struct walk){.next = first, .end = first + count, .mask = mask};
}

static bool walk_on(struct walk *w)
{
    while (w->next < w->end) {
        const fl_place *pu = w->next++;
        if (!fl_affinity_allows(w->mask, pu->cpu))
            continue;
        bool sibling = w->pu && w->pu->core == pu->core;
        w->rank = sibling ? w->rank + 1 : 0;
        w->core += w->pu && !sibling;
        w->pu = pu;
        return true;
    }
    return false;
}

/* Allowed PUs of that rank within their core; of any rank where rank is negative. */
static unsigned count(const fl_topology *t, const struct fl_affinity *mask, int rank)
{
    unsigned n = 0;
    for (struct walk w = walk_over(t, mask); walk_on(&w);)
        n += rank < 0 || w.rank == (unsigned)rank;
    return n;
}

/* The n-th allowed PU of that rank, counted from 0. */
static const fl_place *pick(const fl_topology *t, const struct fl_affinity *mask, unsigned rank,
                            unsigned n)
{
    for (struct walk w = walk_over(t, mask); walk_on(&w);)
        if (w.rank == rank && n-- == 0)
            return w.pu;
    return NULL;
}

/* ---- Pinned workers ---- */

static const fl_place *place_by_core(const fl_topology *t, const struct fl_affinity *mask,
                                     unsigned worker)
{
    unsigned cores = count(t, mask, 0), siblings = 0;
    if (!cores)
        return NULL;
    unsigned core = worker % cores, turn = worker / cores;
    for (struct walk w = walk_over(t, mask); walk_on(&w);)
        siblings += w.core == core;
    for (struct walk w = walk_over(t, mask); walk_on(&w);)
        if (w.core == core && w.rank == turn % siblings)
            return w.pu;
    return NULL;
}

static const fl_place *place_by_pu(const fl_topology *t, const struct fl_affinity *mask,
                                   unsigned worker)
{
    unsigned all = count(t, mask, -1);
    if (!all)
        return NULL;
    unsigned n = worker % all, rank = 0;
    for (unsigned here; n >= (here = count(t, mask, (int)rank)); rank++)
        n -= here;
    return pick(t, mask, rank, n);
}

static const fl_place *place_nowhere(const fl_topology *t, const struct fl_affinity *mask,
                                     unsigned worker)
{
    (void)t, (void)mask, (void)worker;
    return NULL;
}

static const struct {
    const char *name;
    int rank; /* of the PUs that count as units: see count() */
    const fl_place *(*place)(const fl_topology *, const struct fl_affinity *, unsigned worker);
} binds[] = {
    [FL_BIND_AUTO] = {"auto", 0, place_by_core},
    [FL_BIND_CORE] = {"core", 0, place_by_core},
    [FL_BIND_PU] = {"pu", -1, place_by_pu},
    [FL_BIND_NONE] = {"none", 0, place_nowhere},
};

unsigned fl_bind_units(const fl_topology *t, const struct fl_affinity *mask, enum fl_bind bind)
{
    return count(t, mask, binds[bind].rank);
}

fl_place fl_bind_place(const fl_topology *t, const struct fl_affinity *mask, enum fl_bind bind,
                       unsigned worker)
{
    static const fl_place nowhere = {-1, -1, -1, -1, -1};
    const fl_place *place = binds[bind].place(t, mask, worker);
    return place ? *place : nowhere;
}

/* ---- Names ---- */

const char *fl_bind_name(enum fl_bind bind)
{
    return binds[bind].name;
}

int fl_bind_find(const char *name, enum fl_bind *out)
{
    for (unsigned i = 0; i < sizeof binds / sizeof binds[0]; i++) {
        if (strcmp(name, binds[i].name) == 0) {
            *out = (enum fl_bind)i;
            return 0;
        }
    }
    return fl_fail(EINVAL, "unknown binding \"%.40s\" (valid: auto, core, pu, none)", name);
}
