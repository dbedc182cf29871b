/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The affinity mask of the calling thread, however many CPUs the kernel knows of: which PUs it, and
 * threads it creates, may run on. Narrowed by taskset, by sched_setaffinity and by the process's
 * cpuset. Any thread. */
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

/* The calling thread's mask as it is now. Where the system will not tell, or memory is short,
 * everything counts as allowed: pinning will show. */
struct fl_affinity fl_affinity_read(void);
/* The same of another thread; of a process: of its first. */
struct fl_affinity fl_affinity_read_of(pid_t thread);
/* The calling thread may run wherever the process's first thread may: not only where the worker is
 * pinned that created it. */
void fl_affinity_go_anywhere(void);
void fl_affinity_free(struct fl_affinity *mask);

static inline bool fl_affinity_allows(const struct fl_affinity *mask, int cpu)
{
    return !mask->set || CPU_ISSET_S((size_t)cpu, mask->size, mask->set);
}

#endif
