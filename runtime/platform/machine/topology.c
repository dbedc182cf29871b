/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * hwloc's tree is reduced to one array of PUs in its logical order (depth first: the PUs of a
 * core stand side by side, then those of the next core in the same cache, ...). All questions are
 * walks over that array, with the affinity mask as a filter (runtime/platform/machine/affinity.c, placement.c).
 *
 * hwloc is asked for disallowed PUs too: the mask, which the kernel keeps within the process's
 * cpuset, is decides, and is read anew for each runtime, while the topology stays. */
#include <runtime/platform/machine/topology.h>

#include <filch/atomic.h>
#include <runtime/platform/error.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/numa.h>
#include <runtime/platform/machine/quota.h>

#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

struct fl_topology {
    hwloc_topology_t hwloc; /* NULL: not read */
    bool real;
    unsigned pus;        /* length of pu[] */
    unsigned nodes;      /* NUMA nodes; rows and columns of tier[] */
    unsigned char *tier; /* of node i and node j where they share no package; NULL: FL_TIER_FAR */
    fl_place pu[];
};

static filch_ptr loaded, unread;

/* The mask belongs to this computer: of a topology that hwloc imagines, all is allowed. */
static struct fl_affinity mask_for(const fl_topology *t)
{
    return t->real ? fl_affinity_home() : (struct fl_affinity){0};
}

const fl_place *fl_topology_pus(const fl_topology *t, unsigned *count)
{
    *count = t->pus;
    return t->pu;
}

int fl_topology_place(const fl_topology *t, enum fl_bind bind, unsigned worker, fl_place *out)
{
    struct fl_affinity mask = mask_for(t);
    *out = fl_bind_place(t, &mask, bind, worker);
    fl_affinity_free(&mask);
    return 0;
}

unsigned fl_topology_cpus(const fl_topology *t)
{
    struct fl_affinity mask = fl_affinity_home();
    unsigned pus = mask.set ? (unsigned)CPU_COUNT_S(mask.size, mask.set) : t->pus;
    fl_affinity_free(&mask);
    double quota = 0;
    fl_quota_read(NULL, &quota);
    return fl_quota_cpus(pus, quota);
}

/* ---- Kinds of cores ---- */

struct fl_affinity fl_topology_empty(const fl_topology *t)
{
    int most = 0;
    for (unsigned i = 0; i < t->pus; i++)
        most = t->pu[i].cpu > most ? t->pu[i].cpu : most;
    size_t room = (size_t)most + 1;
    struct fl_affinity cpus = {CPU_ALLOC(room), CPU_ALLOC_SIZE(room)};
    if (!cpus.set)
        return (struct fl_affinity){0};
    CPU_ZERO_S(cpus.size, cpus.set);
    return cpus;
}

/* Allowed PUs of fast cores, or of efficient ones. */
static unsigned count_kind(const fl_topology *t, const struct fl_affinity *mask, bool efficient)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->pus; i++)
        n += t->pu[i].efficient == efficient && fl_affinity_allows(mask, t->pu[i].cpu);
    return n;
}

struct fl_affinity fl_topology_only(const fl_topology *t, const struct fl_affinity *mask,
                                    enum fl_cores_mode cores)
{
    if (cores == FL_CORES_ALL || !count_kind(t, mask, false) || !count_kind(t, mask, true))
        return (struct fl_affinity){0};
    struct fl_affinity only = fl_topology_empty(t);
    for (unsigned i = 0; only.set && i < t->pus; i++)
        if (t->pu[i].efficient == (cores == FL_CORES_EFFICIENT) &&
            fl_affinity_allows(mask, t->pu[i].cpu))
            CPU_SET_S((size_t)t->pu[i].cpu, only.size, only.set);
    return only;
}

/* ---- Number of workers ---- */

static unsigned units_of(const fl_topology *t, enum fl_bind bind, enum fl_cores_mode cores,
                         bool *restricted)
{
    struct fl_affinity mask = mask_for(t), only = fl_topology_only(t, &mask, cores);
    unsigned n = fl_bind_units(t, only.set ? &only : &mask, bind);
    *restricted = only.set;
    fl_affinity_free(&only);
    fl_affinity_free(&mask);
    return n ? n : 1;
}

unsigned fl_topology_units(const fl_topology *t, enum fl_bind bind)
{
    bool restricted;
    return units_of(t, bind, FL_CORES_ALL, &restricted);
}

unsigned fl_topology_default_workers(const fl_topology *t, enum fl_bind bind,
                                     enum fl_cores_mode cores, struct fl_sizing *why)
{
    bool restricted;
    struct fl_sizing s = {.units = units_of(t, bind, cores, &restricted),
                          .reason = "the whole machine"};
    int rc = t->real ? fl_quota_read(NULL, &s.quota) : 0;
    s.workers = fl_quota_workers(s.units, s.quota);
    if (restricted && s.workers == s.units)
        s.reason = cores == FL_CORES_FAST ? "the fast cores" : "the efficient cores";
    else if (!t->real)
        s.reason = "the machine description given to hwloc";
    else if (s.workers < s.units)
        s.reason = "the cgroup's CPU quota";
    else if (rc < 0)
        s.reason = "the affinity mask (the cgroup's CPU quota could not be read)";
    else if (s.units < fl_bind_units(t, &(struct fl_affinity){0}, bind))
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

/* ---- Loading ---- */

/* Reads only the parts that are used here: that saves half the time, and memory for good.
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

static bool is_small(hwloc_topology_t h, int kind)
{
    struct hwloc_info_s *info;
    unsigned count = 0;
    hwloc_cpukinds_get_info(h, (unsigned)kind, NULL, NULL, &count, &info, 0);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(info[i].name, "CoreType") == 0 && strcmp(info[i].value, "IntelAtom") == 0)
            return true;
    return false;
}

/* hwloc numbers kinds of cores from the most efficient to the fastest, if it can rank them. Returns
 * how many kinds count as efficient: the first one, and on Intel processors all small ones, of
 * which there may be two. */
static int efficient_kinds(hwloc_topology_t h)
{
    int kinds = hwloc_cpukinds_get_nr(h, 0), small = 0, efficiency = -1;
    if (kinds < 2 || hwloc_cpukinds_get_info(h, 0, NULL, &efficiency, NULL, NULL, 0) ||
        efficiency < 0)
        return 0;
    while (small < kinds && is_small(h, small))
        small++;
    return small && small < kinds ? small : 1;
}

static fl_place place_of(hwloc_topology_t h, hwloc_obj_t pu, int efficient)
{
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(h, HWLOC_OBJ_CORE, pu), cache = NULL;
    for (hwloc_obj_t up = pu->parent; up; up = up->parent)
        if (hwloc_obj_type_is_dcache(up->type))
            cache = up;
    /* Caches of several levels can be last ones on one machine; the first PU beneath names each. */
    int kind = hwloc_cpukinds_get_by_cpuset(h, pu->cpuset, 0);
    hwloc_obj_t first =
        cache ? hwloc_get_obj_inside_cpuset_by_type(h, cache->cpuset, HWLOC_OBJ_PU, 0) : NULL;
    return (fl_place){
        .cpu = (int)pu->os_index,
        .core = index_of(core ? core : pu),
        .cache = index_of(first),
        .package = index_of(hwloc_get_ancestor_obj_by_type(h, HWLOC_OBJ_PACKAGE, pu)),
        .node = index_of(
            hwloc_get_next_obj_covering_cpuset_by_type(h, pu->cpuset, HWLOC_OBJ_NUMANODE, NULL)),
        .efficient = kind >= 0 && kind < efficient,
    };
}

/* hwloc reads its variables by getenv, and loads code from the folders that HWLOC_PLUGINS_PATH names. So a setuid
 * program loses them before main(), as it loses LD_PRELOAD to the dynamic linker. */
__attribute__((constructor)) static void forget_caller(void)
{
    static const char prefix[] = "HWLOC_";
    char **kept = environ;
    if (!getauxval(AT_SECURE) || !environ)
        return;
    for (char **one = environ; *one; one++)
        if (strncmp(*one, prefix, sizeof prefix - 1) != 0)
            *kept++ = *one;
    *kept = NULL;
}

/* Environment variables that give hwloc another topology. If it cannot use them it silently reads
 * this computer's. */
static int check_imagined(hwloc_topology_t h)
{
    static const char *const variables[] = {"HWLOC_SYNTHETIC", "HWLOC_XMLFILE"};
    if (!hwloc_topology_is_thissystem(h) || secure_getenv("HWLOC_THISSYSTEM"))
        return 0;
    for (unsigned i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = secure_getenv(variables[i]);
        if (value && *value)
            return fl_fail(EINVAL, "hwloc cannot use %s=%.80s; correct or unset it", variables[i],
                           value);
    }
    return 0;
}

static void destroy(struct fl_topology *t)
{
    free(t->tier);
    if (t->hwloc)
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
    const int efficient = efficient_kinds(h);
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_PU, pu));)
        t->pu[t->pus++] = place_of(h, pu, efficient);
    int rc = t->pus ? fl_numa_tiers(h, t->nodes, &t->tier)
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
        return fl_fail(
            ENOSYS,
            "the installed hwloc has API %x, but Filch was built for %x; install that version",
            hwloc_get_api_version(), HWLOC_API_VERSION);
    if (hwloc_topology_init(&h))
        return fl_fail(ENOMEM, "cannot start hwloc (%m); free some memory");
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

/* Threads that come at once each make one, and the first to end wins: a lost millisecond, where a lock
 * would hang the child of a fork() that happens meanwhile. */
static int make_once(filch_ptr *loaded_at, int (*make)(struct fl_topology **),
                     const fl_topology **out)
{
    struct fl_topology *t = filch_ptr_load(loaded_at, FILCH_ACQUIRE); /* ReadTopology */
    if (!t) {
        int rc = make(&t);
        if (rc)
            return rc;
        void *winner = NULL;
        if (!filch_ptr_cas(loaded_at, &winner, t, FILCH_RELEASE)) { /* ShowTopology */
            destroy(t);
            t = filch_ptr_load(loaded_at, FILCH_ACQUIRE); /* ReadTopology */
        }
    }
    *out = t;
    return 0;
}

int fl_topology_load(const fl_topology **out)
{
    return make_once(&loaded, load, out);
}

static int make_flat(struct fl_topology **out)
{
    struct fl_affinity mask = fl_affinity_home();
    const size_t cpus = mask.set ? mask.size * 8 : (size_t)sysconf(_SC_NPROCESSORS_CONF);
    struct fl_topology *t = calloc(1, sizeof *t + cpus * sizeof t->pu[0]);
    if (t) {
        t->real = true;
        for (size_t i = 0; i < cpus; i++)
            if (fl_affinity_allows(&mask, (int)i))
                t->pu[t->pus++] = (fl_place){(int)i, (int)i, -1, -1, -1, false};
    }
    fl_affinity_free(&mask);
    *out = t;
    return t ? 0 : fl_fail(ENOMEM, "no memory for the machine's processors; free some");
}

int fl_topology_flat(const fl_topology **out)
{
    *out = filch_ptr_load(&loaded, FILCH_ACQUIRE); /* ReadTopology */
    return *out ? 0 : make_once(&unread, make_flat, out);
}

static void unload(filch_ptr *loaded_at)
{
    struct fl_topology *t = filch_ptr_exchange(loaded_at, NULL, FILCH_ACQUIRE); /* ReadTopology */
    if (t)
        destroy(t);
}

void fl_topology_unload(void)
{
    unload(&loaded);
    unload(&unread);
}

/* ---- Descriptions ---- */

bool fl_topology_real(const fl_topology *t)
{
    return t->real;
}

size_t fl_topology_list(const fl_topology *t, const struct fl_affinity *mask, char *text,
                        size_t size)
{
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    for (unsigned i = 0; cpus && i < t->pus; i++)
        if (fl_affinity_allows(mask, t->pu[i].cpu) &&
            hwloc_bitmap_set(cpus, (unsigned)t->pu[i].cpu))
            break;
    int length = cpus ? hwloc_bitmap_list_snprintf(text, size, cpus)
                      : snprintf(text, size, "unknown: no memory");
    hwloc_bitmap_free(cpus);
    return length < 0 ? 0 : (size_t)length;
}

size_t fl_topology_allowed(const fl_topology *t, char *text, size_t size)
{
    struct fl_affinity mask = mask_for(t);
    size_t length = fl_topology_list(t, &mask, text, size);
    fl_affinity_free(&mask);
    return length;
}

/* Empty if there is only one kind. */
static void describe_kinds(const fl_topology *t, char *text, size_t size)
{
    static const struct fl_affinity everything;
    struct fl_affinity fast = fl_topology_only(t, &everything, FL_CORES_FAST),
                       small = fl_topology_only(t, &everything, FL_CORES_EFFICIENT);
    char lists[2][128];
    *text = '\0';
    if (fast.set && small.set) {
        fl_topology_list(t, &fast, lists[0], sizeof lists[0]);
        fl_topology_list(t, &small, lists[1], sizeof lists[1]);
        snprintf(text, size, "kinds:   fast cores %u (CPUs %s), efficient cores %u (CPUs %s)\n",
                 fl_bind_units(t, &fast, FL_BIND_CORE), lists[0],
                 fl_bind_units(t, &small, FL_BIND_CORE), lists[1]);
    }
    fl_affinity_free(&fast);
    fl_affinity_free(&small);
}

/* Empty if each core has one hardware thread. */
static void describe_siblings(const fl_topology *t, unsigned cores, char *text, size_t size)
{
    fl_place first, again; /* on the first core: worker 0, and the one that begins the next round */
    fl_topology_place(t, FL_BIND_CORE, 0, &first);
    fl_topology_place(t, FL_BIND_CORE, cores, &again);
    *text = '\0';
    if (first.cpu != again.cpu)
        snprintf(text, size, "; %d and %d share a core", first.cpu, again.cpu);
}

size_t fl_topology_describe(const fl_topology *t, char *text, size_t size)
{
    char allowed[256], kinds[384], shared[64];
    const unsigned cores = fl_topology_units(t, FL_BIND_CORE);
    fl_topology_allowed(t, allowed, sizeof allowed);
    if (!t->hwloc)
        return (size_t)snprintf(text, size, "usable:  hardware threads %u (CPUs %s)\n", t->pus,
                                allowed);
    describe_kinds(t, kinds, sizeof kinds);
    describe_siblings(t, cores, shared, sizeof shared);
    int length = snprintf(text, size,
                          "machine: packages %d, NUMA nodes %u, cores %d, hardware threads %u%s\n"
                          "%susable:  cores %u, hardware threads %u (CPUs %s%s)\n",
                          hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_PACKAGE), t->nodes,
                          hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_CORE), t->pus,
                          t->real ? "" : " (imagined by hwloc)", kinds, cores,
                          fl_topology_units(t, FL_BIND_PU), allowed, shared);
    return length < 0 ? 0 : (size_t)length;
}
