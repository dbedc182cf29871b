/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Entry points for parallel regions, barriers, tasks and cancellation, as gcc declares them. */
#ifndef FL_OPENMP_ABI_TEAM_H
#define FL_OPENMP_ABI_TEAM_H

#include <runtime/openmp/openmp.h>

FL_OMP_API void GOMP_parallel(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags);
FL_OMP_API void GOMP_parallel_start(fl_omp_fn *fn, void *data, unsigned threads);
FL_OMP_API void GOMP_parallel_end(void);
FL_OMP_API void GOMP_barrier(void);
FL_OMP_API bool GOMP_barrier_cancel(void);

FL_OMP_API void GOMP_task(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copy, long size, long align,
                          bool deferred, unsigned flags, void **depend, int priority, void *detach);
FL_OMP_API void GOMP_taskwait(void);
FL_OMP_API void GOMP_taskwait_depend(void **depend);
FL_OMP_API void GOMP_taskwait_depend_nowait(void **depend);
FL_OMP_API void GOMP_taskyield(void);
FL_OMP_API void GOMP_taskgroup_start(void);
FL_OMP_API void GOMP_taskgroup_end(void);
FL_OMP_API void GOMP_taskloop(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copy, long size,
                              long align, unsigned flags, unsigned long tasks, int priority,
                              long start, long end, long step);
FL_OMP_API void GOMP_taskloop_ull(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copy, long size,
                                  long align, unsigned flags, unsigned long tasks, int priority,
                                  unsigned long long start, unsigned long long end,
                                  unsigned long long step);
FL_OMP_API bool GOMP_cancel(int which, bool wanted);
FL_OMP_API bool GOMP_cancellation_point(int which);
FL_OMP_API void omp_fulfill_event(uintptr_t event);

#endif
