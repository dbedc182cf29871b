/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Placement: where each worker of a runtime may run. A pure function of the machine, the creator's
 * affinity mask, the settings, and the CPUs that other runtimes of the process occupy. Only this
 * module decides it. docs/workers.md states the rule for users.
 *
 * Why `auto` does not simply pin. Every process numbers the cores of its mask from the first one.
 * Two processes with one pinned worker each, or two pools, or containers that have a quota and no
 * cpuset, would all pin to core 0 and share it while other cores idle. Only a runtime that has a
 * worker for each core, and the CPU time for it, loses nothing by pinning.
 *
 * The rule of `auto`, with W workers and U cores in the mask:
 *   pinned     W = U, no CPU quota below U, and no other live runtime of the process is pinned:
 *              worker i is pinned as by `core`.
 *   floating   else. Each worker may run on all CPUs of one object: a last-level cache, a NUMA
 *              node, a package, or all of the mask. Of the kinds that have an object with W cores
 *              or more (and 2 or more: a single core would be a pin), the kind with most objects
 *              is taken, and of its objects with enough cores the one with the fewest workers per
 *              core, this runtime's included. `seed` decides between equal ones, since other
 *              processes cannot be asked. Only fast cores count if there are W or more (and 2 or
 *              more), and at least one for each worker of this process on them.
 *   slots      Of a floating runtime, worker i >= W may run on the smallest of these objects around
 *              the chosen one that has more than i cores. Beyond U cores, and beyond W where more
 *              are pinned, a worker may run on all of the mask: it serves when others are stuck.
 * `core` and `pu` pin W workers, fast cores first, several to a core where there are fewer, and
 * slots up to U. `none` leaves all to the system.
 *
 * Threads: any; no state except the caller's. */
#ifndef FL_PLACEMENT_H
#define FL_PLACEMENT_H

#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/topology.h>

#include <stdbool.h>
#include <stdint.h>

/* CPUs of one object that the mask allows. */
enum fl_span_of { FL_SPAN_CPU, FL_SPAN_CACHE, FL_SPAN_NODE, FL_SPAN_PACKAGE, FL_SPAN_ALL };
typedef struct fl_span {
    enum fl_span_of of;
    int id;         /* as in fl_place; 0 for FL_SPAN_ALL */
    bool fast;      /* without the efficient cores */
    unsigned cores; /* in it, that the mask allows */
} fl_span;

/* The input: facts at the creation of a runtime. */
struct fl_placing {
    const fl_topology *topology;
    const struct fl_affinity *mask; /* the creator's, or part of it; outlives the placement */
    enum fl_bind bind;
    unsigned workers;
    double quota;       /* CPUs that the cgroup grants, 0: no limit */
    bool others_pinned; /* a live runtime of this process is pinned */
    const double
        *load; /* for each PU of the topology, the workers of live runtimes there; NULL: none */
    uint64_t seed;
};

enum { FL_PLACEMENT_STEPS = 4 };

typedef struct fl_placement {
    const fl_topology *topology;
    const struct fl_affinity *mask;
    enum fl_bind bind; /* as asked for */
    bool pinned;
    unsigned workers, units;          /* W; U, or PUs for FL_BIND_PU */
    fl_span step[FL_PLACEMENT_STEPS]; /* floating: the chosen object, then larger ones around it */
    unsigned steps;
    const char *why; /* of `auto`; text for reports */
} fl_placement;

void fl_placement_make(fl_placement *out, const struct fl_placing *in);

/* Where worker 0, 1, 2 ... may run; any index. */
fl_span fl_placement_span(const fl_placement *p, unsigned worker);
/* Whether the PU is in the span. */
bool fl_placement_has(const fl_placement *p, fl_span span, const fl_place *pu);
/* Whether the span is all of the mask. */
static inline bool fl_placement_is_mask(fl_span span)
{
    return span.of == FL_SPAN_ALL && !span.fast;
}
/* The span as a mask, which the caller frees. {0}: there is no memory, or the span is
 * all of an unknown mask. */
struct fl_affinity fl_placement_cpus(const fl_placement *p, fl_span span);
/* The same as a list of OS indexes, "0-3,8". Returns the length of the whole, as snprintf. */
size_t fl_placement_list(const fl_placement *p, fl_span span, char *text, size_t size);
/* The worker's place for distances: the indexes that all CPUs of its span have in common. With
 * FL_BIND_NONE: all -1. */
fl_place fl_placement_place(const fl_placement *p, unsigned worker);
/* Adds `workers` workers of the runtime to load. */
void fl_placement_load(const fl_placement *p, unsigned workers, double *load);

#endif
