/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * OpenMP on Filch: the private header of this folder. libgomp.so.1, built from here, has the entry
 * points that gcc calls for #pragma omp, so programs built by `gcc -fopenmp` run on Filch unchanged. libomp.so.5
 * adds clang's, in kmpc/.
 *
 * The constructs follow the OpenMP API Specification 5.1; the entry points, the declarations that gcc
 * has for them (gcc -fdump-tree-omplower shows the calls).
 *
 * A team of more than one thread has a runtime without threads (runtime/engine/guest.h). Each of its
 * threads sits in one of its seats on its own stack, and never changes its seat or runs on another
 * stack: threadprivate data, pthread_self and tied tasks rely on that. A task is a forked task of its
 * thread's fork stack, which other threads of the team may steal.
 *
 * Threads: thread.c, team.c (parallel regions), barrier.c. Tasks: task.c, taskloop.c, depend.c, detach.c,
 * names.c. Work sharing: share.c, plan.c, loop*.c, ordered.c, sections.c, reduction.c. Settings: icv.c,
 * query.c, fortran.c. */
#ifndef FL_OPENMP_H
#define FL_OPENMP_H

#include <filch/atomic.h>
#include <filch/base.h>
#include <filch/fork.h>
#include <runtime/openmp/icv.h>
#include <runtime/openmp/share.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An entry point. The version script says in which version it is exported. */
#define FL_OMP_API __attribute__((visibility("default")))
#define FL_OMP_TLS __attribute__((tls_model("initial-exec")))

typedef void fl_omp_fn(void *data);
typedef void fl_omp_copy_fn(void *to, void *from);

typedef struct fl_omp_team fl_omp_team;
typedef struct fl_omp_task fl_omp_task;
typedef struct fl_omp_group fl_omp_group;

/* A taskgroup: tasks that GOMP_taskgroup_end waits for. */
struct fl_omp_group {
    fl_omp_group *outer;
    fl_omp_task *task;            /* that opened it */
    filch_slot *mark;             /* the slots of its task from here on are in the group */
    uintptr_t *reductions;        /* of its task reductions (reduction.c); NULL: none */
    struct fl_omp_copies *copies; /* of the work-sharing construct that has opened it; NULL: none */
    struct fl_kmpc_reductions *combined; /* of clang's task reductions; NULL: none */
    filch_u32 cancelled;                 /* 1: tasks that have not begun are discarded */
    filch_u32 pending;                   /* events of its tasks that are not fulfilled (detach.c) */
};

/* The group that `cancel taskgroup` means: not one that a work-sharing construct has opened within another. */
static inline fl_omp_group *fl_omp_group_meant(fl_omp_group *group)
{
    return group && group->copies && group->outer ? group->outer : group;
}

/* A task that runs: an explicit one, the implicit one of a thread of a team, or the initial task of
 * a thread that is in no parallel region. On the stack of its thread. */
struct fl_omp_task {
    /* The next free slot, and the first of its own; NULL: it has no seat, so its tasks run at once */
    filch_slot *self, *base;
    fl_omp_group *group;            /* the innermost, or NULL; a task inherits its parent's */
    struct fl_omp_depends *depends; /* of its children (depend.c); NULL: none */
    struct fl_omp_events *events;   /* of its children (detach.c); NULL: none */
    fl_omp_icv *icv;
    bool owns_icv; /* icv is a copy of its own */
    bool final, implicit;
};

/* A team. Of one thread: on the stack of that thread. */
struct fl_omp_team {
    unsigned size;
    unsigned level;        /* nested parallel regions, with this one; 0: none */
    unsigned active_level; /* those with more than one thread */
    fl_omp_team *outer;    /* of the thread that met `parallel`; NULL: level is 0 */
    unsigned outer_number; /* and its number there */
    fl_omp_shares shares;  /* share.h */
    filch_u32 *serving;    /* threads of the contention group, without its initial one: */
    filch_u32 serving_own; /* the count of a group whose initial thread has this team */
    void *state;           /* team.c */
    fl_omp_icv *icv;       /* of its implicit tasks */
    filch_u32 cancelled;   /* 1: the parallel region is cancelled */
    filch_u32 pending;     /* events of its tasks that are not fulfilled (detach.c) */
};

/* The state of a thread. */
typedef struct fl_omp_thread {
    fl_omp_team *team; /* never NULL once fl_omp_here has been called */
    unsigned number;   /* in the team */
    fl_omp_task *task; /* that it runs; never NULL likewise */
    fl_omp_sharing sharing;
} fl_omp_thread;

extern __thread fl_omp_thread fl_omp_this FL_OMP_TLS;

/* thread.c: makes the calling thread an initial thread, with a team of one. */
void fl_omp_enter(void);

static inline fl_omp_thread *fl_omp_here(void)
{
    if (FILCH_UNLIKELY(!fl_omp_this.team))
        fl_omp_enter();
    return &fl_omp_this;
}

/* team.c */

/* Begins a parallel region with up to `threads` threads; 0: as many as the ICVs say. The calling
 * thread becomes its thread 0 and has to run fn(data) itself; the others run it now. first: NULL, or
 * makes the first work-sharing construct before any thread runs (share.h). */
typedef struct fl_omp_first {
    void (*open)(fl_omp_share *share, const void *how);
    const void *how;
} fl_omp_first;
void fl_omp_fork(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags,
                 const fl_omp_first *first);
/* Ends it: waits for all threads, and their tasks. true: it was cancelled. */
bool fl_omp_join(void);
/* Ends the threads that the calling thread has used, and those that wait for a region. false: the thread is
 * in a parallel region. */
bool fl_omp_pause(void);

/* barrier.c: waits for all threads of the team and for all their tasks; runs tasks meanwhile. true: the
 * parallel region is cancelled. */
bool fl_omp_barrier(void);

/* task.c */

/* Waits for all children of the calling task. */
void fl_omp_taskwait(void);
/* The same for slots from `mark` on. */
void fl_omp_join_to(fl_omp_task *task, filch_slot *mark);

/* task.c */

/* The groups that the task has opened begin at that slot at the latest: its slots from there on are free
 * again, or its older children have to end with the group. */
void fl_omp_group_lower(const fl_omp_task *task, filch_slot *slot);
void fl_omp_group_begin(void);
void fl_omp_group_end(void);

#endif
