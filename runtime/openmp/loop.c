/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops over `long`, the ends of all loops, and parallel loops. */
#include <runtime/openmp/loop.h>

#define NUMBER long
#define LOOP(name) GOMP_loop_##name
#define DIRECTION
#define DIRECTED
#define UP (step > 0)

#include <runtime/openmp/loop_template.h>

FL_OMP_ENTRY(void, GOMP_loop_end, void)
{
    fl_omp_share_end(fl_omp_here());
}

FL_OMP_ENTRY(bool, GOMP_loop_end_cancel, void)
{
    return fl_omp_share_end(fl_omp_here());
}

FL_OMP_ENTRY(void, GOMP_loop_end_nowait, void)
{
    fl_omp_share_leave(fl_omp_here());
}

/* ---- parallel for ---- */

static void fork_loop(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags,
                      const fl_omp_plan *plan)
{
    const fl_omp_first first = {fl_omp_open_plan, plan};
    fl_omp_fork(fn, data, threads, flags, &first);
}

static void run_loop(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags,
                     const fl_omp_plan *plan)
{
    fork_loop(fn, data, threads, flags, plan);
    fn(data);
    fl_omp_join();
}

#define PARALLEL(name, sched)                                                                      \
    FL_OMP_ENTRY(void, GOMP_parallel_loop_##name, fl_omp_fn *fn, void *data, unsigned threads,     \
                 long start, long end, long step, long chunk, unsigned flags)                      \
    {                                                                                              \
        const fl_omp_plan plan = plan_loop(start, end, step, sched, chunk, false);                 \
        run_loop(fn, data, threads, flags, &plan);                                                 \
    }

#define PARALLEL_RUNTIME(name, sched)                                                              \
    FL_OMP_ENTRY(void, GOMP_parallel_loop_##name, fl_omp_fn *fn, void *data, unsigned threads,     \
                 long start, long end, long step, unsigned flags)                                  \
    {                                                                                              \
        const fl_omp_plan plan = plan_loop(start, end, step, sched, 0, false);                     \
        run_loop(fn, data, threads, flags, &plan);                                                 \
    }

/* Before gcc 4.9: the caller runs fn itself, and calls GOMP_parallel_end. */
#define PARALLEL_START(name, sched)                                                                \
    FL_OMP_ENTRY(void, GOMP_parallel_loop_##name##_start, fl_omp_fn *fn, void *data,               \
                 unsigned threads, long start, long end, long step, long chunk)                    \
    {                                                                                              \
        const fl_omp_plan plan = plan_loop(start, end, step, sched, chunk, false);                 \
        fork_loop(fn, data, threads, 0, &plan);                                                    \
    }

PARALLEL(static, FL_OMP_STATIC)
PARALLEL(dynamic, FL_OMP_DYNAMIC | FL_OMP_MONOTONIC)
PARALLEL(guided, FL_OMP_GUIDED)
PARALLEL(nonmonotonic_dynamic, FL_OMP_DYNAMIC)
PARALLEL(nonmonotonic_guided, FL_OMP_GUIDED)
PARALLEL_RUNTIME(runtime, FL_OMP_RUNTIME | FL_OMP_MONOTONIC)
PARALLEL_RUNTIME(nonmonotonic_runtime, FL_OMP_RUNTIME)
PARALLEL_RUNTIME(maybe_nonmonotonic_runtime, FL_OMP_RUNTIME)
PARALLEL_START(static, FL_OMP_STATIC)
PARALLEL_START(dynamic, FL_OMP_DYNAMIC | FL_OMP_MONOTONIC)
PARALLEL_START(guided, FL_OMP_GUIDED)

FL_OMP_ENTRY(void, GOMP_parallel_loop_runtime_start, fl_omp_fn *fn, void *data, unsigned threads,
             long start, long end, long step)
{
    const fl_omp_plan plan = plan_loop(start, end, step, FL_OMP_RUNTIME, 0, false);
    fork_loop(fn, data, threads, 0, &plan);
}
