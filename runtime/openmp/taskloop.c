/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * taskloop (OpenMP 5.1, 2.12.2): the iterations are divided into tasks, of which each gets a copy of the
 * data with its first iteration and its end in the first two words. */
#include <runtime/openmp/abi.h>
#include <runtime/openmp/task.h>

#include <stdlib.h>

fl_omp_division fl_omp_divide(unsigned long long n, unsigned flags, unsigned long long wanted)
{
    unsigned long long tasks = wanted;
    if (flags & FL_OMP_GRAINSIZE && flags & FL_OMP_STRICT)
        return (fl_omp_division){n / wanted + (n % wanted != 0), wanted, 0};
    if (flags & FL_OMP_GRAINSIZE)
        tasks = n / wanted ? n / wanted : 1;
    else if (!wanted)
        tasks = fl_omp_here()->team->size;
    if (tasks > n)
        tasks = n;
    return (fl_omp_division){tasks, n / tasks, n % tasks};
}

/* Data for one task after another; their first two words are set by the caller. */
typedef struct copies {
    void *block;
    fl_omp_closure of; /* its data lie in the block */
} copies;

static copies copies_begin(const fl_omp_closure *closure)
{
    copies it = {.of = *closure};
    it.block = fl_omp_closure_block(closure, &it.of.data);
    it.of.copied = closure->copy;
    it.of.copy = NULL;
    return it;
}

static void begin_group(const fl_omp_closure *closure, unsigned flags, size_t bounds)
{
    if (flags & FL_OMP_NOGROUP)
        return;
    fl_omp_group_begin();
    if (flags & FL_OMP_REDUCTION)
        GOMP_taskgroup_reduction_register(*(uintptr_t **)(void *)((char *)closure->data + bounds));
}

static void end_group(unsigned flags)
{
    if (!(flags & FL_OMP_NOGROUP))
        fl_omp_group_end();
}

static void start(const fl_omp_closure *closure, unsigned flags)
{
    fl_omp_task *task = fl_omp_this.task;
    const bool final = task->final || flags & FL_OMP_FINAL;
    if (flags & FL_OMP_IF && fl_omp_task_may_fork(task))
        fl_omp_task_create(closure, final);
    else
        fl_omp_task_include(closure, final);
}

/* COUNT: the number of iterations from `start` to `end`, which is not 0. */
#define TASKLOOP(name, type, utype, is_empty, count)                                               \
    void name(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copier, long size, long align,            \
              unsigned flags, unsigned long tasks, int priority, type begin, type end, type step)  \
    {                                                                                              \
        (void)priority;                                                                            \
        fl_omp_here();                                                                             \
        const fl_omp_closure closure = {fn, data, copier, (size_t)size, (size_t)align, false};     \
        begin_group(&closure, flags, 2 * sizeof(type)); /* compiled code uses its reductions */    \
        if (is_empty) {                                                                            \
            end_group(flags);                                                                      \
            return;                                                                                \
        }                                                                                          \
        const fl_omp_division by = fl_omp_divide(count, flags, tasks);                             \
        copies one = copies_begin(&closure);                                                       \
        utype at = (utype)begin;                                                                   \
        for (unsigned long long i = 0; i < by.tasks; i++) {                                        \
            fl_omp_closure_fill(&closure, one.of.data);                                            \
            type *bounds = one.of.data;                                                            \
            bounds[0] = (type)at;                                                                  \
            at += (utype)(by.each + (i < by.longer)) * (utype)step;                                \
            bounds[1] = i + 1 < by.tasks ? (type)at : end;                                         \
            start(&one.of, flags);                                                                 \
        }                                                                                          \
        free(one.block);                                                                           \
        end_group(flags);                                                                          \
    }

TASKLOOP(GOMP_taskloop, long, unsigned long, step > 0 ? begin >= end : begin <= end,
         step > 0 ? ((unsigned long)end - (unsigned long)begin - 1) / (unsigned long)step + 1
                  : ((unsigned long)begin - (unsigned long)end - 1) / -(unsigned long)step + 1)

TASKLOOP(GOMP_taskloop_ull, unsigned long long, unsigned long long,
         flags &FL_OMP_UP ? begin >= end : begin <= end,
         flags &FL_OMP_UP ? (end - begin - 1) / step + 1 : (begin - end - 1) / -step + 1)
