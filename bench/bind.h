/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where measured workers run: one per core, so that runs are comparable, unless the environment
 * says otherwise, or the system refuses CPU affinity. */
#ifndef BENCH_BIND_H
#define BENCH_BIND_H

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A filter of system calls refuses sched_setaffinity: some answer EPERM, others ENOSYS. */
static inline bool bench_affinity_refused(void)
{
    cpu_set_t mask; /* of up to 1024 CPUs; of more, pinning will show the truth */
    return sched_getaffinity(0, sizeof mask, &mask) == 0 &&
           sched_setaffinity(0, sizeof mask, &mask) != 0;
}

static inline bool bench_bind_chosen(void)
{
    const char *bind = getenv("FILCH_BIND");
    return bind && *bind;
}

/* Unpinned workers are not the user's choice. */
static inline bool bench_unpinned(void)
{
    return !bench_bind_chosen() && bench_affinity_refused();
}

/* filch_config.bind */
static inline const char *bench_bind(void)
{
    return bench_bind_chosen() ? NULL : bench_affinity_refused() ? "none" : "core";
}

/* The same for programs that cannot mark their figures: says it on stderr. */
static inline const char *bench_bind_told(void)
{
    static bool told;
    if (!told && bench_unpinned()) {
        fputs("not pinned: the system refuses sched_setaffinity; FILCH_BIND=none chooses that\n",
              stderr);
        told = true;
    }
    return bench_bind();
}

#endif
