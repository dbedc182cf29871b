/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Explicit tasks. A task is forked: its slot in the fork stack of its thread holds the function and up to
 * FL_OMP_INLINE bytes of its data, else a block of memory. So creating one costs no allocation where gcc
 * captures four words or fewer.
 *
 * A task joins its children before it ends, in the reverse order of their creation. taskwait joins all of
 * them, and so do barriers and the end of a region. The scheduling constraint of tied tasks (OpenMP 5.1,
 * 2.12.6) holds: a join runs only its own task and tasks that descend from it (runtime/engine/help.h), and
 * a barrier is exempt.
 *
 * A task runs at once, as if it had the clause if(0), in a team of one thread, below a final task, and
 * where the fork stack is nearly full. */
#ifndef FL_OPENMP_TASK_H
#define FL_OPENMP_TASK_H

#include <runtime/openmp/openmp.h>

#include <string.h>

enum { FL_OMP_INLINE = FILCH_SLOT_BYTES - sizeof(void *) }; /* less a word in a taskgroup */

/* gcc's flags of GOMP_task and GOMP_taskloop. */
enum {
    FL_OMP_UNTIED = 1 << 0,
    FL_OMP_FINAL = 1 << 1,
    FL_OMP_MERGEABLE = 1 << 2,
    FL_OMP_DEPEND = 1 << 3,
    FL_OMP_PRIORITY = 1 << 4,
    FL_OMP_UP = 1 << 8, /* of a taskloop: the step is positive */
    FL_OMP_GRAINSIZE = 1 << 9,
    FL_OMP_IF = 1 << 10,
    FL_OMP_NOGROUP = 1 << 11,
    FL_OMP_REDUCTION = 1 << 12,
    FL_OMP_DETACH = 1 << 13,
    FL_OMP_STRICT = 1 << 14
};

/* A function and its data, as gcc captures them. copy: NULL, or copies the data; they are copied bit by
 * bit else. */
typedef struct fl_omp_closure {
    fl_omp_fn *fn;
    void *data;
    fl_omp_copy_fn *copy;
    size_t size, align;
    bool copied; /* they are such a copy already */
} fl_omp_closure;

/* Creates a child of the calling task. */
void fl_omp_task_create(const fl_omp_closure *closure, bool final);
/* Runs one at once. The data are copied if the closure has a `copy`. */
void fl_omp_task_include(const fl_omp_closure *closure, bool final);
/* May the calling task fork another child? Joins some if its fork stack is full. */
bool fl_omp_task_may_fork(fl_omp_task *task);

/* taskloop.c: the tasks of a loop: `longer` of `each` + 1 iterations, then others of `each`. The last one has what
 * is left. */
typedef struct fl_omp_division {
    unsigned long long tasks, each, longer;
} fl_omp_division;
/* Of n iterations. flags: FL_OMP_GRAINSIZE, FL_OMP_STRICT. wanted: grain size or number of tasks; 0: not given. */
fl_omp_division fl_omp_divide(unsigned long long n, unsigned flags, unsigned long long wanted);

/* The task's function has returned: waits for its children, and frees what it has. */
void fl_omp_task_end(fl_omp_task *task);

/* gcc passes NULL where it captures nothing. */
static inline void fl_omp_copy(void *to, const void *from, size_t size)
{
    if (size)
        memcpy(to, from, size);
}

/* Copies the data to that place. */
static inline void fl_omp_closure_fill(const fl_omp_closure *closure, void *to)
{
    if (closure->copy)
        closure->copy(to, closure->data);
    else
        fl_omp_copy(to, closure->data, closure->size);
}
/* A block with room for the data, at *data. */
void *fl_omp_closure_block(const fl_omp_closure *closure, void **data);
/* Both: *data lies in *block. */
void fl_omp_closure_copy(const fl_omp_closure *closure, void **block, void **data);

#endif
