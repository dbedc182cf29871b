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

#endif
