/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Internal control variables (OpenMP 5.1, 2.4). Those of a data environment are inherited from task to
 * task, and copied when a task changes one. The others belong to the process, and are set once, by the
 * environment. */
#ifndef FL_OPENMP_ICV_H
#define FL_OPENMP_ICV_H

#include <stdbool.h>
#include <stddef.h>

enum { FL_OMP_LEVELS = 255 }; /* supported active levels */

/* Kinds of schedule, as omp_sched_t has them; it adds FL_OMP_MONOTONIC to one. */
enum { FL_OMP_STATIC = 1, FL_OMP_DYNAMIC, FL_OMP_GUIDED, FL_OMP_AUTO };
#define FL_OMP_MONOTONIC 0x80000000U

/* As omp_proc_bind_t has them. */
enum {
    FL_OMP_BIND_FALSE,
    FL_OMP_BIND_TRUE,
    FL_OMP_BIND_PRIMARY,
    FL_OMP_BIND_CLOSE,
    FL_OMP_BIND_SPREAD
};

/* OMP_TARGET_OFFLOAD. */
enum { FL_OMP_OFFLOAD_DEFAULT, FL_OMP_OFFLOAD_MANDATORY, FL_OMP_OFFLOAD_DISABLED };

/* A schedule and its chunk; 0: the default chunk. */
typedef struct fl_omp_schedule {
    int kind;       /* FL_OMP_STATIC ... */
    bool monotonic; /* as omp_get_schedule reports it */
    int chunk;
} fl_omp_schedule;

/* Of a data environment. */
typedef struct fl_omp_icv {
    unsigned threads;         /* nthreads-var of this level: the size of the next team */
    unsigned depth;           /* place in OMP_NUM_THREADS's list that `threads` came from */
    fl_omp_schedule schedule; /* run-sched-var */
    bool dynamic;             /* dyn-var */
    unsigned char max_active_levels;
    unsigned thread_limit;
    int default_device;
    int bind;        /* bind-var of this level: omp_proc_bind_t */
    void *allocator; /* def-allocator-var: omp_allocator_handle_t */
    unsigned teams;  /* of the league that the task belongs to; 0: none */
    unsigned team;   /* and the number of its team */
} fl_omp_icv;

/* Of the process. */
typedef struct fl_omp_global {
    unsigned processors;    /* CPUs that the process may use */
    unsigned thread_limit;  /* OMP_THREAD_LIMIT */
    size_t stack_size;      /* OMP_STACKSIZE, bytes; 0: the system's default */
    bool passive;           /* OMP_WAIT_POLICY=passive */
    bool active;            /* OMP_WAIT_POLICY=active */
    long long spins;        /* GOMP_SPINCOUNT; LLONG_MAX: infinite; -1: not given */
    bool cancellation;      /* OMP_CANCELLATION */
    int max_task_priority;  /* OMP_MAX_TASK_PRIORITY */
    unsigned *threads_list; /* OMP_NUM_THREADS; NULL: not given */
    unsigned threads_listed;
    unsigned *bind_list; /* OMP_PROC_BIND, if it has more than one value */
    unsigned bind_listed;
    unsigned teams;             /* OMP_NUM_TEAMS, or 0 */
    unsigned teams_limit;       /* OMP_TEAMS_THREAD_LIMIT, or 0 */
    int offload;                /* OMP_TARGET_OFFLOAD */
    bool display_affinity;      /* OMP_DISPLAY_AFFINITY */
    bool schedule_nonmonotonic; /* OMP_SCHEDULE has that modifier */
} fl_omp_global;

extern fl_omp_global fl_omp_globals;
/* Of the initial task. */
extern fl_omp_icv fl_omp_initial_icv;

/* Reads the environment, once, before any entry point: a constructor calls it. */
void fl_omp_read_environment(void);

/* Those of the calling task, to read; and a copy of its own, to change. */
const fl_omp_icv *fl_omp_icv_here(void);
fl_omp_icv *fl_omp_icv_own(void);

/* Moves nthreads-var and bind-var on to the next value in their lists, for the implicit tasks of a
 * parallel region. */
void fl_omp_icv_nest(fl_omp_icv *icv);

#endif
