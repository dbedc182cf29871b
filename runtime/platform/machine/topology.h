/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Topology of the processors that this process may use: how many workers to start, the core of
 * each, and the distance between two of them. The hardware is read once per process through hwloc
 * and shared by all runtimes. The part that this process may use (affinity mask, CPU quota) is read
 * anew each time.
 *
 * Life: load, use for as long as the process lives; unload when it is no longer used.
 * Threads: any. The affinity mask is that of the calling thread, or, on a worker, that of the
 * thread that created its runtime (fl_affinity_home). Other machines: where hwloc was told to
 * imagine one (HWLOC_SYNTHETIC, HWLOC_XMLFILE), all of that counts; affinity mask and quota belong
 * to this machine and are left out; nothing may be pinned (fl_topology_real).
 *
 * Edges:
 *   ShowTopology: CAS loaded, release               -> ReadTopology: load loaded, acquire; its
 *                                                      fields are there */
#ifndef FL_TOPOLOGY_H
#define FL_TOPOLOGY_H

#include <runtime/platform/machine/affinity.h>
#include <sched/mode.h>

#include <stdbool.h>
#include <stddef.h>

/* How many workers a runtime gets by default, and why. */
struct fl_sizing {
    unsigned units;     /* cores (or PUs) that the calling thread may use */
    double quota;       /* CPUs that the cgroup grants, 0: no limit */
    unsigned workers;   /* the result; fl_quota_workers has the rounding */
    const char *reason; /* the deciding fact; text for reports */
};

/* Distance tiers. Beyond FL_TIER_FAR there is one for each larger NUMA latency that hwloc knows of.
 */
enum { FL_TIER_CORE, FL_TIER_CACHE, FL_TIER_NODE, FL_TIER_FAR };

/* Loads the topology, or finds it loaded: then it costs one atomic load. Takes no lock, so that
 * fork() finds none held. -ENOSYS no usable topology, or an hwloc of another ABI; -EINVAL
 * HWLOC_SYNTHETIC or HWLOC_XMLFILE is not understood; -ENOMEM. A failure leaves nothing behind; the
 * next call tries again. */
int fl_topology_load(const fl_topology **out);

/* The same without hwloc, whose start takes milliseconds: the PUs of the first caller's affinity mask, in the
 * order of their numbers, each a core, all equally far. A topology that is loaded already is returned instead. -ENOMEM. */
int fl_topology_flat(const fl_topology **out);

/* Frees both. No thread may use or load them. */
void fl_topology_unload(void);

/* Whether this is the machine that the process runs on: only then may a worker be pinned to its
 * place. */
bool fl_topology_real(const fl_topology *t);

/* All PUs in hwloc's logical order: those of a core stand side by side, then those of the next core
 * in the same cache, and so on. */
const fl_place *fl_topology_pus(const fl_topology *t, unsigned *count);

/* Cores (FL_BIND_PU: hardware threads) that the calling thread may use; at least 1. */
unsigned fl_topology_units(const fl_topology *t, enum fl_bind bind);

/* CPUs that truly run this process side by side: PUs in the calling thread's affinity mask, no more
 * than the quota rounded down; at least 1. Of this machine, even where the topology is of another
 * one. */
unsigned fl_topology_cpus(const fl_topology *t);

/* fl_bind_place with the calling thread's mask: the place of a pinned worker
 * (runtime/platform/machine/placement.h places the others). Always 0. */
int fl_topology_place(const fl_topology *t, enum fl_bind bind, unsigned worker, fl_place *out);

/* The CPUs of the mask that belong to cores of that kind. {0}: use the mask itself, since all cores
 * are wanted, or its cores are of one kind, or there is no memory. */
struct fl_affinity fl_topology_only(const fl_topology *t, const struct fl_affinity *mask,
                                    enum fl_cores_mode cores);
/* A mask with room for all PUs, and none of them. {0}: there is no memory. */
struct fl_affinity fl_topology_empty(const fl_topology *t);

/* How far b is from a: FL_TIER_CORE same core, FL_TIER_CACHE same last-level cache, FL_TIER_NODE
 * same NUMA node or package, FL_TIER_FAR and up: farther, or not known. Symmetric. */
unsigned fl_topology_distance(const fl_topology *t, const fl_place *a, const fl_place *b);

/* The default number of workers: fl_topology_units of these cores, no more than the quota rounded
 * up. why may be NULL. A quota that cannot be read counts as none, and the reason says so. */
unsigned fl_topology_default_workers(const fl_topology *t, enum fl_bind bind,
                                     enum fl_cores_mode cores, struct fl_sizing *why);

/* A few lines of text: the machine, and what the calling thread may use of it. Returns the length
 * of the whole, as snprintf. */
size_t fl_topology_describe(const fl_topology *t, char *text, size_t size);

/* The PUs that a mask allows as a list of OS indexes, "0-3,8"; fl_topology_allowed: the calling
 * thread's affinity mask. The same return value. */
size_t fl_topology_list(const fl_topology *t, const struct fl_affinity *mask, char *text,
                        size_t size);
size_t fl_topology_allowed(const fl_topology *t, char *text, size_t size);

#endif
