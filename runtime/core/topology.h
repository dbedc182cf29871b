/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The machine as this process may use it: how many workers to start, which core each of them sits
 * on, how far apart two of them are. What the machine is made of is read once per process through
 * hwloc and shared by all runtimes; what this process may use of it (affinity mask, CPU quota) is
 * read anew each time.
 *
 * Life: load, use for as long as the process lives; unload when nobody uses it any more.
 * Threads: any. The affinity mask is that of the calling thread, which new threads inherit: a
 * runtime's creator asks, before it pins anything. Other machines: where hwloc was told to imagine
 * one (HWLOC_SYNTHETIC, HWLOC_XMLFILE), all of that counts; affinity mask and quota belong to this
 * machine and are left out; nothing may be pinned (fl_topology_real).
 *
 * Edges:
 *   L1 publish: CAS loaded, release    -> L2 load loaded, acquire; its fields are there */
#ifndef FL_TOPOLOGY_H
#define FL_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fl_topology fl_topology;

/* What a worker is given: a core, a hardware thread of one (PU), or whatever the system decides. */
enum fl_bind { FL_BIND_CORE, FL_BIND_PU, FL_BIND_NONE };

/* A worker's place. Logical indexes are hwloc's: 0, 1, 2 ... over the whole machine; -1 means
 * unknown. */
typedef struct fl_place {
    int cpu;     /* OS index of the PU the worker is to be pinned to, -1: not pinned */
    int core;    /* logical index; a machine without cores has PUs in their place */
    int cache;   /* its last-level cache: the logical index of the first PU in it */
    int package; /* logical index */
    int node;    /* logical index of the NUMA node its memory comes from */
} fl_place;

/* How many workers a runtime gets by default, and why. */
struct fl_sizing {
    unsigned units;     /* cores (or PUs) that the calling thread may use */
    double quota;       /* CPUs that the cgroup grants, 0: no limit */
    unsigned workers;   /* the outcome; fl_quota_workers tells how it is rounded */
    const char *reason; /* what decided; for a person to read */
};

/* Distance tiers. Beyond FL_TIER_FAR there is one for each larger NUMA latency that hwloc knows of.
 */
enum { FL_TIER_CORE, FL_TIER_CACHE, FL_TIER_NODE, FL_TIER_FAR };

/* Loads the topology, or finds it loaded: then it costs one atomic load. Takes no lock, so that
 * fork() finds none held. -ENOSYS no usable topology, or an hwloc of another ABI; -EINVAL
 * HWLOC_SYNTHETIC or HWLOC_XMLFILE is not understood; -ENOMEM. A failure leaves nothing behind; the
 * next call tries again. */
int fl_topology_load(const fl_topology **out);

/* Frees it. Nobody may use it any more, nor be loading it. */
void fl_topology_unload(void);

/* Whether this is the machine that the process runs on: only then may a worker be pinned to its
 * place. */
bool fl_topology_real(const fl_topology *t);

/* Cores (FL_BIND_PU: hardware threads) that the calling thread may use; at least 1. */
unsigned fl_topology_units(const fl_topology *t, enum fl_bind bind);

/* CPUs that truly run this process side by side: PUs in the calling thread's affinity mask, no more
 * than the quota rounded down; at least 1. Of this machine, even where the topology is of another
 * one. */
unsigned fl_topology_cpus(const fl_topology *t);

/* The place of worker 0, 1, 2 ... Neighbours in number are neighbours on the machine; every core
 * gets a worker before one gets two. FL_BIND_CORE has one worker per core, then goes round again,
 * on the cores' further PUs where there are some; FL_BIND_PU goes over all first PUs, then all
 * second ones, then round again. FL_BIND_NONE: all -1, as also where mask and hwloc have no PU in
 * common. 0, always. */
int fl_topology_place(const fl_topology *t, enum fl_bind bind, unsigned worker, fl_place *out);

/* How far b is from a: FL_TIER_CORE same core, FL_TIER_CACHE same last-level cache, FL_TIER_NODE
 * same NUMA node or package, FL_TIER_FAR and up: farther, or not known. Symmetric. */
unsigned fl_topology_distance(const fl_topology *t, const fl_place *a, const fl_place *b);

/* One more than the largest distance there can be. */
unsigned fl_topology_tiers(const fl_topology *t);

/* Workers of a runtime that was not told how many: fl_topology_units, no more than the quota
 * rounded up. why may be NULL. A quota that cannot be read counts as none, and the reason says so.
 */
unsigned fl_topology_default_workers(const fl_topology *t, enum fl_bind bind,
                                     struct fl_sizing *why);

/* A few lines of text: the machine, and what the calling thread may use of it. Returns the length
 * of the whole, as snprintf. */
size_t fl_topology_describe(const fl_topology *t, char *text, size_t size);

/* The affinity mask as a list of OS indexes, "0-3,8". The same return value. */
size_t fl_topology_allowed(const fl_topology *t, char *text, size_t size);

/* "core", "pu", "none", and back: -EINVAL for another word, and the explanation lists the known
 * ones. */
const char *fl_bind_name(enum fl_bind bind);
int fl_bind_find(const char *name, enum fl_bind *out);

/* hwloc's own view (an hwloc_topology_t), for those who draw it. Must not be changed. */
struct hwloc_topology *fl_topology_hwloc(const fl_topology *t);

#endif
