/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * hwloc's tree is boiled down to one array of PUs in its logical order (depth first: the PUs of a
 * core stand side by side, then those of the next core in the same cache, ...). All questions are
 * walks over that array, with the affinity mask as a filter.
 *
 * hwloc is asked for disallowed PUs too: the mask, which the kernel keeps within the process's
 * cpuset, is the one judge, and it is asked again for each runtime, while the topology stays. */
#include <filch/atomic.h>
#include <runtime/core/affinity.h>
#include <runtime/core/error.h>
#include <runtime/core/numa.h>
#include <runtime/core/quota.h>
#include <runtime/core/topology.h>

#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fl_topology {
    hwloc_topology_t hwloc;
    bool real;
    unsigned pus;   /* length of pu[] */
    unsigned nodes; /* NUMA nodes; rows and columns of tier[] */
    unsigned tiers;
    unsigned char *tier; /* of node i and node j where they share no package; NULL: FL_TIER_FAR */
    fl_place pu[];
};

static filch_ptr loaded;

/* ---- Walks over the allowed PUs ---- */

/* The mask belongs to this machine: of an imagined one, all is allowed. */
static struct fl_affinity mask_for(const fl_topology *t)
{
    return t->real ? fl_affinity_read() : (struct fl_affinity){0};
}

struct walk {
    const fl_topology *t;
    const struct fl_affinity *mask;
    unsigned next;
    const fl_place *pu; /* where the walk stands */
    unsigned rank;      /* how many allowed PUs of the same core came before it */
    unsigned core;      /* how many cores with an allowed PU came before its core */
};

static bool walk_on(struct walk *w)
{
    while (w->next < w->t->pus) {
        const fl_place *pu = &w->t->pu[w->next++];
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
    for (struct walk w = {.t = t, .mask = mask}; walk_on(&w);)
        n += rank < 0 || w.rank == (unsigned)rank;
    return n;
}

/* The n-th allowed PU of that rank, counted from 0. */
static const fl_place *pick(const fl_topology *t, const struct fl_affinity *mask, unsigned rank,
                            unsigned n)
{
    for (struct walk w = {.t = t, .mask = mask}; walk_on(&w);)
        if (w.rank == rank && n-- == 0)
            return w.pu;
    return NULL;
}

static const fl_place *place_by_core(const fl_topology *t, const struct fl_affinity *mask,
                                     unsigned worker)
{
    unsigned cores = count(t, mask, 0), siblings = 0;
    if (!cores)
        return NULL;
    unsigned core = worker % cores, turn = worker / cores;
    for (struct walk w = {.t = t, .mask = mask}; walk_on(&w);)
        siblings += w.core == core;
    for (struct walk w = {.t = t, .mask = mask}; walk_on(&w);)
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
    [FL_BIND_CORE] = {"core", 0, place_by_core},
    [FL_BIND_PU] = {"pu", -1, place_by_pu},
    [FL_BIND_NONE] = {"none", 0, place_nowhere},
};

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
    return fl_fail(EINVAL, "there is no binding \"%.40s\"; known are core, pu, none", name);
}

unsigned fl_topology_units(const fl_topology *t, enum fl_bind bind)
{
    struct fl_affinity mask = mask_for(t);
    unsigned n = count(t, &mask, binds[bind].rank);
    fl_affinity_free(&mask);
    return n ? n : 1;
}

int fl_topology_place(const fl_topology *t, enum fl_bind bind, unsigned worker, fl_place *out)
{
    static const fl_place nowhere = {-1, -1, -1, -1, -1};
    struct fl_affinity mask = mask_for(t);
    const fl_place *place = binds[bind].place(t, &mask, worker);
    fl_affinity_free(&mask);
    *out = place ? *place : nowhere;
    return 0;
}

unsigned fl_topology_cpus(const fl_topology *t)
{
    struct fl_affinity mask = fl_affinity_read();
    unsigned pus = mask.set ? (unsigned)CPU_COUNT_S(mask.size, mask.set) : t->pus;
    fl_affinity_free(&mask);
    double quota = 0;
    fl_quota_read(NULL, &quota);
    return fl_quota_cpus(pus, quota);
}

unsigned fl_topology_default_workers(const fl_topology *t, enum fl_bind bind, struct fl_sizing *why)
{
    struct fl_sizing s = {.units = fl_topology_units(t, bind), .reason = "the whole machine"};
    int rc = t->real ? fl_quota_read(NULL, &s.quota) : 0;
    s.workers = fl_quota_workers(s.units, s.quota);
    if (!t->real)
        s.reason = "the machine that hwloc was told to imagine";
    else if (s.workers < s.units)
        s.reason = "the cgroup's CPU quota";
    else if (rc < 0)
        s.reason = "the affinity mask (the cgroup's CPU quota could not be read)";
    else if (s.units < count(t, &(struct fl_affinity){0}, binds[bind].rank))
        s.reason = "the affinity mask";
    if (why)
        *why = s;
    return s.workers;
}

/* ---- Distances ---- */

static bool same(int a, int b)
{
    return a >= 0 && a == b;
}

unsigned fl_topology_distance(const fl_topology *t, const fl_place *a, const fl_place *b)
{
    if (same(a->core, b->core))
        return FL_TIER_CORE;
    if (same(a->cache, b->cache))
        return FL_TIER_CACHE;
    if (same(a->node, b->node) || same(a->package, b->package))
        return FL_TIER_NODE;
    if (!t->tier || a->node < 0 || b->node < 0)
        return FL_TIER_FAR;
    return t->tier[(unsigned)a->node * t->nodes + (unsigned)b->node];
}

unsigned fl_topology_tiers(const fl_topology *t)
{
    return t->tiers;
}

/* ---- Loading ---- */

/* What nothing here looks at is not read: half the time, and memory that the process keeps.
 * hwloc must not move the calling thread from CPU to CPU to look at each: another thread may be
 * pinning it. */
static int configure(hwloc_topology_t h)
{
    static const struct {
        hwloc_obj_type_t type;
        enum hwloc_type_filter_e filter;
    } filters[] = {
        {HWLOC_OBJ_L1CACHE, HWLOC_TYPE_FILTER_KEEP_NONE},
        {HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE},
        {HWLOC_OBJ_MEMCACHE, HWLOC_TYPE_FILTER_KEEP_NONE},
        {HWLOC_OBJ_DIE, HWLOC_TYPE_FILTER_KEEP_STRUCTURE},
        {HWLOC_OBJ_GROUP, HWLOC_TYPE_FILTER_KEEP_STRUCTURE},
    };
    for (unsigned i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (hwloc_topology_set_type_filter(h, filters[i].type, filters[i].filter))
            return -1;
    if (hwloc_topology_set_io_types_filter(h, HWLOC_TYPE_FILTER_KEEP_NONE) ||
        hwloc_topology_set_icache_types_filter(h, HWLOC_TYPE_FILTER_KEEP_NONE))
        return -1;
    return hwloc_topology_set_flags(h, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
                                           HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING);
}

static int index_of(hwloc_obj_t object)
{
    return object ? (int)object->logical_index : -1;
}

static fl_place place_of(hwloc_topology_t h, hwloc_obj_t pu)
{
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(h, HWLOC_OBJ_CORE, pu), cache = NULL;
    for (hwloc_obj_t up = pu->parent; up; up = up->parent)
        if (hwloc_obj_type_is_dcache(up->type))
            cache = up;
    /* Caches of several levels can be last ones on one machine; the first PU beneath names each. */
    hwloc_obj_t first =
        cache ? hwloc_get_obj_inside_cpuset_by_type(h, cache->cpuset, HWLOC_OBJ_PU, 0) : NULL;
    return (fl_place){
        .cpu = (int)pu->os_index,
        .core = index_of(core ? core : pu),
        .cache = index_of(first),
        .package = index_of(hwloc_get_ancestor_obj_by_type(h, HWLOC_OBJ_PACKAGE, pu)),
        .node = index_of(
            hwloc_get_next_obj_covering_cpuset_by_type(h, pu->cpuset, HWLOC_OBJ_NUMANODE, NULL)),
    };
}

/* Environment variables by which hwloc is given another machine. It goes on with this one when it
 * cannot use them. */
static int check_imagined(hwloc_topology_t h)
{
    static const char *const variables[] = {"HWLOC_SYNTHETIC", "HWLOC_XMLFILE"};
    if (!hwloc_topology_is_thissystem(h) || getenv("HWLOC_THISSYSTEM"))
        return 0;
    for (unsigned i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            return fl_fail(EINVAL, "hwloc cannot use %s=%.80s; correct or unset it", variables[i],
                           value);
    }
    return 0;
}

static void destroy(struct fl_topology *t)
{
    free(t->tier);
    hwloc_topology_destroy(t->hwloc);
    free(t);
}

/* Takes h over, also where it fails. */
static int boil_down(hwloc_topology_t h, struct fl_topology **out)
{
    int pus = hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_PU);
    int nodes = hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_NUMANODE);
    struct fl_topology *t = calloc(1, sizeof *t + (pus > 0 ? (size_t)pus : 0) * sizeof t->pu[0]);
    if (!t) {
        hwloc_topology_destroy(h);
        return fl_fail(ENOMEM, "no memory for the machine's topology; free some");
    }
    t->hwloc = h;
    t->real = hwloc_topology_is_thissystem(h);
    t->nodes = nodes > 0 ? (unsigned)nodes : 0;
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_PU, pu));)
        t->pu[t->pus++] = place_of(h, pu);
    int rc = t->pus ? fl_numa_tiers(h, t->nodes, &t->tier, &t->tiers)
                    : fl_fail(ENOSYS, "hwloc finds no processor; is /sys mounted?");
    if (rc)
        destroy(t);
    else
        *out = t;
    return rc;
}

static int load(struct fl_topology **out)
{
    hwloc_topology_t h;
    if (hwloc_get_api_version() >> 16 != HWLOC_API_VERSION >> 16)
        return fl_fail(ENOSYS, "hwloc here has API %x, Filch was built for %x; install that one",
                       hwloc_get_api_version(), HWLOC_API_VERSION);
    if (hwloc_topology_init(&h))
        return fl_fail(ENOMEM, "hwloc cannot begin (%m); free some memory");
    int rc;
    if (configure(h) || hwloc_topology_load(h))
        rc = fl_fail(errno == ENOMEM ? ENOMEM : ENOSYS,
                     "hwloc cannot read the machine (%m); is /sys mounted?");
    else
        rc = check_imagined(h);
    if (rc) {
        hwloc_topology_destroy(h);
        return rc;
    }
    return boil_down(h, out);
}

int fl_topology_load(const fl_topology **out)
{
    struct fl_topology *t = filch_ptr_load(&loaded, FILCH_ACQUIRE); /* L2 */
    if (!t) {
        int rc = load(&t);
        if (rc)
            return rc;
        /* Threads that come at once each load one, and the first to end wins: a lost millisecond,
         * where a lock would hang the child of a fork() that happens meanwhile. */
        void *winner = NULL;
        if (!filch_ptr_cas(&loaded, &winner, t, FILCH_RELEASE)) { /* L1 */
            destroy(t);
            t = filch_ptr_load(&loaded, FILCH_ACQUIRE); /* L2 */
        }
    }
    *out = t;
    return 0;
}

void fl_topology_unload(void)
{
    struct fl_topology *t = filch_ptr_exchange(&loaded, NULL, FILCH_ACQUIRE); /* L2 */
    if (t)
        destroy(t);
}

/* ---- Telling ---- */

bool fl_topology_real(const fl_topology *t)
{
    return t->real;
}

struct hwloc_topology *fl_topology_hwloc(const fl_topology *t)
{
    return t->hwloc;
}

size_t fl_topology_allowed(const fl_topology *t, char *text, size_t size)
{
    struct fl_affinity mask = mask_for(t);
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    for (struct walk w = {.t = t, .mask = &mask}; cpus && walk_on(&w);)
        if (hwloc_bitmap_set(cpus, (unsigned)w.pu->cpu))
            break;
    int length = cpus ? hwloc_bitmap_list_snprintf(text, size, cpus)
                      : snprintf(text, size, "unknown: no memory");
    hwloc_bitmap_free(cpus);
    fl_affinity_free(&mask);
    return length < 0 ? 0 : (size_t)length;
}

size_t fl_topology_describe(const fl_topology *t, char *text, size_t size)
{
    char allowed[256];
    fl_topology_allowed(t, allowed, sizeof allowed);
    int length = snprintf(text, size,
                          "machine: packages %d, NUMA nodes %u, cores %d, hardware threads %u%s\n"
                          "usable:  cores %u, hardware threads %u (CPUs %s)\n",
                          hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_PACKAGE), t->nodes,
                          hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_CORE), t->pus,
                          t->real ? "" : " (imagined by hwloc)", fl_topology_units(t, FL_BIND_CORE),
                          fl_topology_units(t, FL_BIND_PU), allowed);
    return length < 0 ? 0 : (size_t)length;
}
