/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops: from a plan to a share, for all types of loop variables. */
#ifndef FL_OPENMP_LOOP_H
#define FL_OPENMP_LOOP_H

#include <runtime/openmp/reduction.h>
#include <runtime/openmp/worksharing.h>

/* Puts kind and chunk into the plan. sched: FL_OMP_RUNTIME ..., with FL_OMP_MONOTONIC or without. */
void fl_omp_plan_schedule(fl_omp_plan *plan, unsigned sched, uint64_t chunk);

/* The compiled code's memory and reductions, when the construct is entered. mem: NULL, or has the size,
 * and gets the address. */
static inline void fl_omp_plan_extras(fl_omp_plan *plan, const uintptr_t *reductions, void **mem)
{
    plan->reductions = reductions;
    plan->memory = mem ? (size_t)*mem : 0;
}

static inline void fl_omp_share_extras(fl_omp_thread *thread, uintptr_t *reductions, void **mem)
{
    if (reductions)
        fl_omp_reductions_begin(thread, reductions);
    if (mem)
        *mem = thread->sharing.share->memory;
}

#endif
