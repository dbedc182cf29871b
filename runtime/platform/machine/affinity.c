/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/machine/affinity.h>

#include <runtime/platform/machine/topology.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct fl_affinity fl_affinity_read_of(pid_t thread)
{
    /* The kernel wants room for every possible CPU, and returns EINVAL until the set is large
     * enough. */
    for (size_t cpus = 1024; cpus <= (size_t)1 << 20; cpus *= 2) {
        struct fl_affinity mask = {CPU_ALLOC(cpus), CPU_ALLOC_SIZE(cpus)};
        if (!mask.set || sched_getaffinity(thread, mask.size, mask.set) == 0)
            return mask;
        int error = errno;
        CPU_FREE(mask.set);
        if (error != EINVAL)
            break;
    }
    return (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_read(void)
{
    return fl_affinity_read_of(0);
}

struct fl_affinity fl_affinity_here(void)
{
    int cpu = sched_getcpu();
    size_t room = cpu < 0 ? 1 : (size_t)cpu + 1;
    struct fl_affinity mask = {CPU_ALLOC(room), CPU_ALLOC_SIZE(room)};
    if (!mask.set)
        return (struct fl_affinity){0};
    CPU_ZERO_S(mask.size, mask.set);
    CPU_SET_S(room - 1, mask.size, mask.set);
    return mask;
}

void fl_affinity_free(struct fl_affinity *mask)
{
    CPU_FREE(mask->set);
    *mask = (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_copy(const struct fl_affinity *mask)
{
    struct fl_affinity made = {mask->set ? CPU_ALLOC(8 * mask->size) : NULL, mask->size};
    if (!made.set)
        return (struct fl_affinity){0};
    memcpy(made.set, mask->set, mask->size);
    return made;
}

static bool has(const struct fl_affinity *mask, size_t cpu)
{
    return cpu < 8 * mask->size && CPU_ISSET_S(cpu, mask->size, mask->set);
}

bool fl_affinity_equal(const struct fl_affinity *a, const struct fl_affinity *b)
{
    if (!a->set || !b->set)
        return false;
    size_t most = 8 * (a->size > b->size ? a->size : b->size);
    for (size_t cpu = 0; cpu < most; cpu++)
        if (has(a, cpu) != has(b, cpu))
            return false;
    return true;
}

int fl_affinity_go(const struct fl_affinity *mask)
{
    return mask->set && sched_setaffinity(0, mask->size, mask->set) ? -errno : 0;
}

void fl_affinity_go_anywhere(void)
{
    struct fl_affinity mask = fl_affinity_read_of(getpid());
    fl_affinity_go(&mask);
    fl_affinity_free(&mask);
}

void fl_affinity_move(const struct fl_affinity *cpus)
{
    struct fl_affinity own = fl_affinity_read(), common = fl_affinity_copy(&own);
    for (size_t cpu = 0; common.set && cpu < 8 * common.size; cpu++)
        if (!has(cpus, cpu))
            CPU_CLR_S(cpu, common.size, common.set);
    if (common.set && cpus->set && fl_affinity_go(&common) == 0) /* none is left: EINVAL */
        fl_affinity_go(&own);
    fl_affinity_free(&common);
    fl_affinity_free(&own);
}

/* ---- A worker's thread ---- */

static __thread struct {
    const struct fl_affinity *home; /* NULL: the thread is no worker's */
    struct fl_affinity bound;       /* the mask its runtime set, as the system reports it */
    struct fl_affinity wide;        /* the same of its home, while it is there */
} here;

static bool is_now(const struct fl_affinity *mask)
{
    struct fl_affinity now = fl_affinity_read();
    bool same = fl_affinity_equal(&now, mask);
    fl_affinity_free(&now);
    return same;
}

void fl_affinity_bound(const struct fl_affinity *home)
{
    here.home = home;
    here.bound = fl_affinity_read();
}

void fl_affinity_forget(void)
{
    here.home = NULL;
    fl_affinity_free(&here.bound);
    fl_affinity_free(&here.wide);
}

struct fl_affinity fl_affinity_home(void)
{
    bool worker = here.home && here.home->set && is_now(&here.bound);
    return worker ? fl_affinity_copy(here.home) : fl_affinity_read();
}

int fl_affinity_widen(void)
{
    if (!here.home || !here.home->set || !is_now(&here.bound))
        return 0;
    int rc = fl_affinity_go(here.home);
    if (!rc)
        here.wide = fl_affinity_read();
    return rc;
}

void fl_affinity_narrow(void)
{
    if (here.wide.set && is_now(&here.wide))
        fl_affinity_go(&here.bound);
    fl_affinity_free(&here.wide);
}

void fl_affinity_forked(void)
{
    fl_affinity_widen();
    fl_affinity_forget();
}

/* ---- Binding ---- */

/* ---- Walks over the allowed PUs ---- */

/* Fast cores come first, then the efficient ones; all PUs of a core are of one kind. */
struct walk {
    const fl_place *first, *next, *end;
    const struct fl_affinity *mask;
    bool efficient;     /* the fast ones are done */
    const fl_place *pu; /* where the walk stands */
    unsigned rank;      /* how many allowed PUs of the same core came before it */
    unsigned core;      /* how many cores with an allowed PU came before its core */
};

static struct walk walk_over(const fl_topology *t, const struct fl_affinity *mask)
{
    unsigned count;
    const fl_place *first = fl_topology_pus(t, &count);
    return (struct walk){.first = first, .next = first, .end = first + count, .mask = mask};
}

/* The next allowed PU; NULL: none is left. */
static const fl_place *next_pu(struct walk *w)
{
    for (;;) {
        for (; w->next < w->end; w->next++)
            if (w->next->efficient == w->efficient && fl_affinity_allows(w->mask, w->next->cpu))
                return w->next++;
        if (w->efficient)
            return NULL;
        w->efficient = true;
        w->next = w->first;
    }
}

static bool walk_on(struct walk *w)
{
    const fl_place *pu = next_pu(w);
    if (!pu)
        return false;
    bool sibling = w->pu && w->pu->core == pu->core;
    w->rank = sibling ? w->rank + 1 : 0;
    w->core += w->pu && !sibling;
    w->pu = pu;
    return true;
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
    for (unsigned found; n >= (found = count(t, mask, (int)rank)); rank++)
        n -= found;
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
    static const fl_place nowhere = {-1, -1, -1, -1, -1, false};
    const fl_place *place = binds[bind].place(t, mask, worker);
    return place ? *place : nowhere;
}

/* ---- Names ---- */

const char *fl_bind_name(enum fl_bind bind)
{
    return binds[bind].name;
}

const void *const fl_binds[] = {&binds[FL_BIND_AUTO], &binds[FL_BIND_CORE], &binds[FL_BIND_PU],
                                &binds[FL_BIND_NONE], NULL};
