/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bindings: the CPUs of a worker, and the PU of a worker that is pinned. Pure functions of
 * a topology and an affinity mask. Threads: any. */
#ifndef FL_BIND_H
#define FL_BIND_H

struct fl_affinity;
typedef struct fl_topology fl_topology;

/* FL_BIND_AUTO: runtime/platform/placement.h decides. Else a core, a hardware thread of one (PU),
 * or any CPU that the mask allows. */
enum fl_bind { FL_BIND_AUTO, FL_BIND_CORE, FL_BIND_PU, FL_BIND_NONE };

/* A worker's place. Logical indexes are hwloc's: 0, 1, 2 ... over the whole machine; -1 means
 * unknown, or not the same for all CPUs that the worker may run on. */
typedef struct fl_place {
    int cpu;     /* OS index of the PU the worker is pinned to, -1: not pinned */
    int core;    /* logical index; a machine without cores has PUs in their place */
    int cache;   /* its last-level cache: the logical index of the first PU in it */
    int package; /* logical index */
    int node;    /* logical index of the NUMA node its memory comes from */
} fl_place;

/* Cores (FL_BIND_PU: PUs) that the mask allows. */
unsigned fl_bind_units(const fl_topology *t, const struct fl_affinity *mask, enum fl_bind bind);

/* The place of worker 0, 1, 2 ... if it is pinned. Neighbours in number are neighbours on the
 * machine; every core gets a worker before one gets two. FL_BIND_CORE and FL_BIND_AUTO have one
 * worker per core, then go round again, on the cores' further PUs where there are some; FL_BIND_PU
 * goes over all first PUs, then all second ones, then round again. FL_BIND_NONE: all -1, as also
 * where mask and hwloc have no PU in common. */
fl_place fl_bind_place(const fl_topology *t, const struct fl_affinity *mask, enum fl_bind bind,
                       unsigned worker);

/* "auto", "core", "pu", "none", and back: -EINVAL for another word, with the valid ones in
 * filch_error(). */
const char *fl_bind_name(enum fl_bind bind);
int fl_bind_find(const char *name, enum fl_bind *out);

#endif
