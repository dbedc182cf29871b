/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks as clang lays them out: the library allocates a block, the compiled code fills it and hands it over. A task
 * of the core (runtime/openmp/task.h) holds its address only. */
#ifndef FL_OPENMP_KMPC_TASK_H
#define FL_OPENMP_KMPC_TASK_H

#include <runtime/openmp/kmpc/kmpc.h>

typedef struct fl_kmpc_task fl_kmpc_task;
typedef int32_t fl_kmpc_task_fn(int32_t thread, fl_kmpc_task *task);

/* The part that the compiled code sees. The task's private variables follow. */
struct fl_kmpc_task {
    void *shared; /* addresses of its shared variables, or NULL */
    fl_kmpc_task_fn *fn;
    int32_t part;             /* untied: where it goes on */
    fl_kmpc_task_fn *destroy; /* of its private variables, with FL_KMPC_DESTROYS */
    void *unused;
};

/* clang's flags. */
enum { FL_KMPC_FINAL = 2, FL_KMPC_DESTROYS = 8 };

enum { FL_KMPC_ALIGN = 64 }; /* of tasks, so that private variables may be vectors */

/* Before it in its block. */
typedef struct fl_kmpc_header {
    _Alignas(FL_KMPC_ALIGN)
        size_t size; /* of the task with its private variables, rounded up: shared ones follow */
    size_t bytes;    /* of all these */
    int32_t flags;
    void *event;          /* of a detachable task, until it begins; or NULL */
    bool again;           /* an untied task has asked to go on */
    fl_omp_task *before;  /* if(0): the task that has created it, */
    fl_kmpc_task *within; /* which the compiled code laid out, or NULL; */
    fl_omp_task frame;    /* and its own */
} fl_kmpc_header;

static inline fl_kmpc_header *fl_kmpc_header_of(fl_kmpc_task *task)
{
    return (fl_kmpc_header *)(void *)task - 1;
}

/* block.c: memory for a task, after a header that is filled. */
fl_kmpc_task *fl_kmpc_block(size_t size, size_t shared);
void fl_kmpc_block_free(fl_kmpc_task *task);

/* ---- depend.c ---- */

/* As clang lays out one dependence. */
typedef struct fl_kmpc_depend {
    uintptr_t address;
    size_t length; /* not used */
    uint8_t kind;
} fl_kmpc_depend;

/* The dependences in gcc's form, which the core reads; NULL: there are none. The caller frees the block. */
void **fl_kmpc_depends(const fl_kmpc_depend *first, int32_t firsts, const fl_kmpc_depend *second,
                       int32_t seconds);

/* ---- task.c ---- */

/* The calling task creates it. depend: NULL, or in gcc's form. */
void fl_kmpc_submit(fl_kmpc_task *task, void **depend, bool deferred);
/* An fl_omp_fn; data: the task's address is there. */
void fl_kmpc_run_task(void *data);
/* Its private variables are destroyed, and its block is freed. */
void fl_kmpc_task_destroy(fl_kmpc_task *task);

#endif
