/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * libomp.so.5 on Filch: the private header of this folder. It has the entry points that clang calls for
 * #pragma omp, so programs built by `clang -fopenmp` run on Filch unchanged. Teams, tasks and work sharing are
 * those of libgomp.so.1 (runtime/openmp/openmp.h); the files here only translate.
 *
 * The constructs follow the OpenMP API Specification 5.1; the entry points, the calls in the code that clang emits
 * (clang -fopenmp -S -emit-llvm shows them).
 *
 * Regions and teams: parallel.c. Barriers, critical, single, cancellation: sync.c. Loops: loop.c, doacross.c, reduce.c.
 * Tasks: task.c, block.c, taskloop.c, depend.c, reduction.c. Others: threadprivate.c, locks.c, atomic.c; extras.c,
 * with memory and settings; names.c; missing.c, with the entry points that are not there. */
#ifndef FL_OPENMP_KMPC_H
#define FL_OPENMP_KMPC_H

#include <runtime/openmp/openmp.h>
#include <runtime/openmp/task.h>
#include <runtime/openmp/worksharing.h>

/* The place of a construct in the source, as clang describes it. */
typedef struct fl_kmpc_ident {
    int32_t unused1;
    int32_t flags; /* FL_KMPC_ATOMIC ... */
    int32_t unused2, unused3;
    const char *source;
} fl_kmpc_ident;

enum { FL_KMPC_ATOMIC = 0x10 }; /* a reduction that could use atomic operations */

/* A parallel region: the addresses of its numbers, and then of its variables. */
typedef void fl_kmpc_region(int32_t *thread, int32_t *bound, ...);

/* Of a thread, within one region. */
typedef struct fl_kmpc_state {
    unsigned threads;      /* num_threads of the next region; 0: not given */
    int bind;              /* proc_bind of it (icv.h); 0: not given */
    unsigned teams, limit; /* num_teams and thread_limit of the next league; 0: not given */
    filch_u32 *reducing;   /* the lock of the reduction that it is in; NULL: none, or no lock */
    struct fl_omp_share *across;  /* of its doacross loop; NULL: none */
    struct fl_kmpc_task *task;    /* that it runs, to know an untied one that goes on */
    struct fl_kmpc_task *created; /* that it creates, for its name (names.c); else NULL */
} fl_kmpc_state;

extern __thread fl_kmpc_state fl_kmpc_here FL_OMP_TLS;

/* parallel.c: the calling thread's number in the process. */
int32_t fl_kmpc_thread(void);

/* parallel.c: a thread runs a region; and which one that is, by the same argument. */
void fl_kmpc_run_region(void *data);
fl_kmpc_region *fl_kmpc_region_of(const void *data);

/* sync.c: a loop that was cancelled has not been left. */
static inline void fl_kmpc_leave_loop(fl_omp_thread *thread)
{
    if (FILCH_UNLIKELY(thread->sharing.share != NULL))
        fl_omp_share_leave(thread);
}

/* Entry points of libgomp that are declared where they are defined. */
FL_OMP_API bool GOMP_single_start(void);
FL_OMP_API void GOMP_ordered_start(void);
FL_OMP_API void GOMP_ordered_end(void);

#endif
