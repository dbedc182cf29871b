/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * taskloop: the compiled code fills one task, and each task of the loop is a copy of it with other bounds. */
#include <runtime/openmp/kmpc/task.h>

enum { NO_CLAUSE, GRAINSIZE, NUM_TASKS };

typedef void copy_fn(fl_kmpc_task *to, fl_kmpc_task *from, int32_t last);

/* copy: NULL, or constructs the private variables. */
static fl_kmpc_task *copy_of(fl_kmpc_task *pattern, copy_fn *copy, bool last)
{
    const fl_kmpc_header *from = fl_kmpc_header_of(pattern);
    fl_kmpc_task *task = fl_kmpc_block(from->size, from->bytes - from->size);
    fl_kmpc_header *header = fl_kmpc_header_of(task);
    header->flags = from->flags;
    header->again = false;
    header->event = NULL;
    memcpy(task, pattern, from->bytes);
    if (pattern->shared)
        task->shared = (char *)task + header->size;
    if (copy)
        copy(task, pattern, last);
    return task;
}

static uint64_t trips(uint64_t lower, uint64_t upper, int64_t step)
{
    if (step > 0)
        return (int64_t)upper < (int64_t)lower ? 0 : (upper - lower) / (uint64_t)step + 1;
    return (int64_t)upper > (int64_t)lower ? 0 : (lower - upper) / -(uint64_t)step + 1;
}

/* lower, upper: in the pattern, inclusive. */
FL_OMP_ENTRY(void, __kmpc_taskloop_5, fl_kmpc_ident *at, int32_t thread, fl_kmpc_task *pattern,
             int32_t deferred, uint64_t *lower, uint64_t *upper, int64_t step, int32_t nogroup,
             int32_t clause, uint64_t size, int32_t strict, copy_fn *copy)
{
    (void)at, (void)thread;
    fl_omp_here();
    const ptrdiff_t lower_at = (char *)lower - (char *)pattern;
    const ptrdiff_t upper_at = (char *)upper - (char *)pattern;
    const uint64_t all = trips(*lower, *upper, step), end = *upper;
    const unsigned flags =
        (clause == GRAINSIZE ? FL_OMP_GRAINSIZE : 0) | (strict ? FL_OMP_STRICT : 0);
    const fl_omp_division by =
        !all ? (fl_omp_division){0} : fl_omp_divide(all, flags, clause == NO_CLAUSE ? 0 : size);
    uint64_t from = *lower;
    if (!nogroup)
        fl_omp_group_begin();
    for (uint64_t i = 0; i < by.tasks; i++) {
        const bool last = i + 1 == by.tasks;
        const uint64_t next = from + (by.each + (i < by.longer)) * (uint64_t)step;
        fl_kmpc_task *task = copy_of(pattern, copy, last);
        *(uint64_t *)(void *)((char *)task + lower_at) = from;
        *(uint64_t *)(void *)((char *)task + upper_at) = last ? end : next - (uint64_t)step;
        fl_kmpc_submit(task, NULL, deferred);
        from = next;
    }
    if (!nogroup)
        fl_omp_group_end();
    fl_kmpc_task_destroy(pattern);
}

FL_OMP_ENTRY(void, __kmpc_taskloop, fl_kmpc_ident *at, int32_t thread, fl_kmpc_task *pattern,
             int32_t deferred, uint64_t *lower, uint64_t *upper, int64_t step, int32_t nogroup,
             int32_t clause, uint64_t size, copy_fn *copy)
{
    __kmpc_taskloop_5(at, thread, pattern, deferred, lower, upper, step, nogroup, clause, size,
                      false, copy);
}
