/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The internal control variables of a task. Tasks share those of their parents until they change
 * one, since few tasks ever do. */
#include <runtime/openmp/icv.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/openmp.h>

fl_omp_global fl_omp_globals = {.processors = 1, .thread_limit = ~0U, .spins = -1};
fl_omp_icv fl_omp_initial_icv = {
    .threads = 1,
    .schedule = {FL_OMP_DYNAMIC, false, 1},
    .max_active_levels = 1,
    .thread_limit = ~0U,
    .allocator = (void *)1, /* omp_default_mem_alloc */
};

const fl_omp_icv *fl_omp_icv_here(void)
{
    return fl_omp_here()->task->icv;
}

fl_omp_icv *fl_omp_icv_own(void)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (!task->owns_icv) {
        fl_omp_icv *copy = fl_omp_allocate(sizeof *copy);
        *copy = *task->icv;
        task->icv = copy;
        task->owns_icv = true;
    }
    return task->icv;
}

void fl_omp_icv_nest(fl_omp_icv *icv)
{
    const unsigned next = ++icv->depth;
    if (next < fl_omp_globals.threads_listed)
        icv->threads = fl_omp_globals.threads_list[next];
    if (next < fl_omp_globals.bind_listed)
        icv->bind = (int)fl_omp_globals.bind_list[next];
}
