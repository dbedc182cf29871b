/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Affinity masks of threads, for any number of CPUs: the PUs on which a thread, and threads that it
 * creates, may run. Narrowed by taskset, by sched_setaffinity and by the process's cpuset.
 *
 * A worker is bound by its runtime, and threads and processes started from its tasks would inherit
 * that. So each worker's thread knows its *home*: the mask of the thread that created its runtime.
 * Runtimes and threads for blocking calls that Filch starts from a task get the home, as do
 * children of fork(), and a task can go home for a while (filch_unpinned).
 *
 * A mask that is no longer the one Filch set was changed from outside: by taskset -a, a cpuset, or
 * a task. That change was intended, so from then on Filch keeps the mask unchanged.
 *
 * Threads: any; each function is about the calling thread, except where it says otherwise. */
#ifndef FL_AFFINITY_H
#define FL_AFFINITY_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* {0}: everything is allowed. */
struct fl_affinity {
    cpu_set_t *set;
    size_t size;
};

/* The current mask. If the system does not tell it, or memory is short, everything counts as
 * allowed: pinning will show the truth. */
struct fl_affinity fl_affinity_read(void);
/* The same of another thread; of a process: of its first. */
struct fl_affinity fl_affinity_read_of(pid_t thread);
/* The CPU on which the thread runs now. {0}: there is no memory. */
struct fl_affinity fl_affinity_here(void);
void fl_affinity_free(struct fl_affinity *mask);
/* {0}: there is no memory, or everything is allowed. */
struct fl_affinity fl_affinity_copy(const struct fl_affinity *mask);
/* The same CPUs, and both are known. */
bool fl_affinity_equal(const struct fl_affinity *a, const struct fl_affinity *b);

/* The thread may run wherever the process's first thread may, not only on the CPUs of the worker
 * that created it. */
void fl_affinity_go_anywhere(void);
/* The same, wherever the mask allows; {0}: changes nothing. 0, or a negative errno. */
int fl_affinity_go(const struct fl_affinity *mask);
/* Moves to one of these CPUs now, if the thread's mask allows it, and leaves the mask as it is. */
void fl_affinity_move(const struct fl_affinity *cpus);

/* ---- A worker's thread ---- */

/* The thread is bound as it is now; `home`, which outlives it, is its mask when unbound. */
void fl_affinity_bound(const struct fl_affinity *home);
/* The thread is no longer a worker's. */
void fl_affinity_forget(void);
/* A copy of the home mask, for threads and processes started here; of the current mask, if the
 * thread is no worker's or its mask was changed from outside. */
struct fl_affinity fl_affinity_home(void);
/* Goes home, and back to its bound CPUs; does nothing if the mask was changed from outside. 0, or a
 * negative errno: the system refused. Going back serves speed only, so a refusal is ignored. */
int fl_affinity_widen(void);
void fl_affinity_narrow(void);
/* In a child of fork(): its only thread goes home, and is no longer a worker's. */
void fl_affinity_forked(void);

static inline bool fl_affinity_allows(const struct fl_affinity *mask, int cpu)
{
    return !mask->set || CPU_ISSET_S((size_t)cpu, mask->size, mask->set);
}

/* ---- Binding ---- */

/* Bindings: the CPUs of a worker, and the PU of a worker that is pinned. Pure functions of
 * a topology and an affinity mask. Threads: any. */

struct fl_affinity;
typedef struct fl_topology fl_topology;

/* FL_BIND_AUTO: runtime/platform/machine/placement.h decides. Else a core, a hardware thread of one (PU),
 * or any CPU that the mask allows. */
enum fl_bind { FL_BIND_AUTO, FL_BIND_CORE, FL_BIND_PU, FL_BIND_NONE };

/* A worker's place. Logical indexes are hwloc's: 0, 1, 2 ... over the whole machine; -1 means
 * unknown, or not the same for all CPUs that the worker may run on. */
typedef struct fl_place {
    int cpu;        /* OS index of the PU the worker is pinned to, -1: not pinned */
    int core;       /* logical index; a machine without cores has PUs in their place */
    int cache;      /* its last-level cache: the logical index of the first PU in it */
    int package;    /* logical index */
    int node;       /* logical index of the NUMA node its memory comes from */
    bool efficient; /* its core is; false where all cores are of one kind */
} fl_place;

/* Cores (FL_BIND_PU: PUs) that the mask allows. */
unsigned fl_bind_units(const fl_topology *t, const struct fl_affinity *mask, enum fl_bind bind);

/* The place of worker 0, 1, 2 ... if it is pinned. Fast cores come before efficient ones; apart
 * from that, neighbours in number are neighbours on the machine. Every core gets a worker before
 * one gets two. FL_BIND_CORE and FL_BIND_AUTO have one worker per core, then go round again, on the
 * cores' further PUs where there are some. FL_BIND_PU goes over all first PUs, then all second
 * ones, then round again. FL_BIND_NONE: all -1, as also where mask and hwloc have no PU in
 * common. */
fl_place fl_bind_place(const fl_topology *t, const struct fl_affinity *mask, enum fl_bind bind,
                       unsigned worker);

/* "auto", "core", "pu", "none". */
const char *fl_bind_name(enum fl_bind bind);
/* The rows, in the order of the enum, ended by NULL; each begins with its name. */
extern const void *const fl_binds[];

#endif
