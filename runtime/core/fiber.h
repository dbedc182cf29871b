/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers: a fork stack (a region aligned to its own size) and a C stack. A fiber that is issued
 * runs a worker's loop; the task that the loop runs may suspend, and then the fiber waits as a
 * whole while its worker goes on with another.
 *
 * Memory: fibers are made in arenas, one mapping each, and live until their runtime is destroyed;
 * only then is anything unmapped, when no worker runs any more. So a thief's stale pointer to a
 * fork stack is always readable, and stale CASes fail by their tags. Pages are committed when
 * touched; fl_fibers_trim gives back those of idle fibers. Threads: get, put and trim by any worker
 * of the runtime. */
#ifndef FL_FIBER_H
#define FL_FIBER_H

#include <runtime/core/context.h>
#include <runtime/core/job.h>
#include <runtime/core/sanitizer.h>
#include <sched/forkstack.h>

#include <pthread.h>

typedef struct fl_fiber fl_fiber;
typedef struct fl_boundary fl_boundary;
struct fl_worker;

struct fl_fiber {
    fl_forkstack stack; /* first: masking `self` finds the fiber */
    /* Whoever runs it, or holds it in hand */
    struct fl_worker
        *worker; /* runs it now, or ran it last; read anew after every call that may switch */
    fl_context context;
    fl_fiber *next;         /* in a free list */
    const filch_task *root; /* what its loop runs, for reports; NULL: has no name */
    const char *root_file;  /* where that was started, or NULL */
    int root_line;
    struct fl_child *child;   /* of a scope, that it runs (runtime/sync/scope.h) */
    struct filch_job *pooled; /* a pool's, that it runs, or tells of (runtime/pool/pool.h), */
    const char *pooled_name;  /* while there is one: its name, for reports, */
    const char *pooled_in;    /* and its pool's */
    bool on_runner;           /* none can run in the place of the job that it runs */
    unsigned arrivals;        /* times it was switched to */
    bool bare;                /* was trimmed: its C stack is empty */
    unsigned colour;          /* bytes between its C stack's end and the first frame */
    fl_shadow shadow;
    fl_boundary *boundary;      /* the innermost in which it runs: runtime/core/panic.h */
    struct filch_defer *defers; /* the newest pending cleanup */
    unsigned blocking;          /* pairs of filch_blocking_begin and _end that it is in */
    void *exceptions[2];        /* C++: what __cxa_get_globals holds for its stack */
    fl_job wake;                /* carries it through the inbox */
    /* For reports: is it suspended, in which call and for which object? */
    filch_u32 suspended;
    filch_ptr waits_in, waits_for;
};

typedef struct fl_arena fl_arena;

/* All fibers of a runtime. */
typedef struct fl_fibers {
    pthread_mutex_t lock;
    fl_fiber *free;
    unsigned count; /* in existence */
    unsigned dirty; /* of these, not bare */
    unsigned max;
    size_t stack_size;     /* whole pages, without the guard */
    enum fl_forkside side; /* to which fibers are issued */
    filch_u32 capped; /* 1: few may be made, or no further one could be; workers keep none back */
    fl_arena *arenas;
} fl_fibers;

/* max >= first; makes room for `first` fibers at once. Negative errno through fl_fail. */
int fl_fibers_init(fl_fibers *fibers, unsigned first, unsigned max, size_t stack_size,
                   enum fl_forkside side);
/* No worker runs any more. */
void fl_fibers_clear(fl_fibers *fibers);

/* A fiber that will run entry(fiber) when it is switched to, or goes on where it was put back,
 * which is as good. NULL: the cap is reached, or the system gives no more memory. */
fl_fiber *fl_fibers_get(fl_fibers *fibers, void (*entry)(void *));
/* Puts back a fiber that waits at the bottom of its loop. */
void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber);
/* Calls what(fiber, arg) for each that exists. */
void fl_fibers_each(fl_fibers *fibers, void (*what)(fl_fiber *fiber, void *arg), void *arg);
/* How many exist. */
unsigned fl_fibers_count(const fl_fibers *fibers);
/* Gives back the pages of idle fibers beyond `keep`. */
void fl_fibers_trim(fl_fibers *fibers, unsigned keep);

/* Is this address in the fiber's guard: has its C stack overflowed? Async-signal-safe. */
bool fl_fiber_guards(const fl_fiber *fiber, const void *address);

static inline void fl_fiber_runs(fl_fiber *fiber, const filch_task *root, const char *file,
                                 int line)
{
    fiber->blocking = 0;
    fiber->root = root;
    fiber->root_file = file;
    fiber->root_line = line;
}

/* The name of what it runs; NULL: it has none. */
static inline const char *fl_fiber_task(const fl_fiber *fiber)
{
    return fiber->pooled ? fiber->pooled_name : fiber->root ? fiber->root->name : NULL;
}

/* What the fiber is about to suspend for. call: a literal. */
static inline void fl_fiber_waits_in(fl_fiber *fiber, const char *call, const void *object)
{
    filch_ptr_store(&fiber->waits_in, (void *)(uintptr_t)call, FILCH_RELAXED);    /* a report's */
    filch_ptr_store(&fiber->waits_for, (void *)(uintptr_t)object, FILCH_RELAXED); /* the same */
}

static inline fl_fiber *fl_fiber_of(filch_slot *slot)
{
    return (fl_fiber *)filch_forkstack_of(slot);
}

#endif
