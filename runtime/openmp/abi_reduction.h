/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Entry points for task reductions, as gcc declares them. */
#ifndef FL_OPENMP_ABI_REDUCTION_H
#define FL_OPENMP_ABI_REDUCTION_H

#include <runtime/openmp/openmp.h>

FL_OMP_API void GOMP_taskgroup_reduction_register(uintptr_t *reductions);
FL_OMP_API void GOMP_taskgroup_reduction_unregister(uintptr_t *reductions);
FL_OMP_API void GOMP_task_reduction_remap(size_t count, size_t originals, void **addresses);
FL_OMP_API void GOMP_workshare_task_reduction_unregister(bool cancelled);
FL_OMP_API unsigned GOMP_parallel_reductions(fl_omp_fn *fn, void *data, unsigned threads,
                                             unsigned flags);
FL_OMP_API void GOMP_scope_start(uintptr_t *reductions);

#endif
