/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime, as the engine sees it (how many workers: ReadReach of runtime/engine/worker_set.h).
 * Groups of fields that different threads write lie on lines of their own. */
#ifndef FL_RUNTIME_H
#define FL_RUNTIME_H

#include <filch/atomic.h>
#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/settings.h>
#include <runtime/engine/worker_set.h>
#include <runtime/platform/live_runtimes.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/topology.h>
#include <runtime/platform/switch/fpmode.h>
#include <sched/idle.h>
#include <sched/queue.h>

#include <stdbool.h>
#include <sys/select.h> /* sigset_t */

/* ---- Carriers of blocking calls ---- */

/* A runtime's state for the threads that carry its blocking calls. runtime/sync/blocking.h, above
 * the engine, has their protocol and all functions on it. */

struct fl_blocked;
struct fl_carrier;

/* Zero bytes: no call was made yet. */
typedef struct fl_blocking {
    filch_u32 lock; /* of what follows */
    bool closing;
    unsigned threads;                /* in existence, without those about to end */
    unsigned calls;                  /* announced, and not over */
    unsigned open;                   /* the same, until the waiter has been told */
    struct fl_blocked *first, *last; /* wait for a carrier */
    struct fl_carrier *idle;         /* last in, first out */
    struct fl_carrier *ended;        /* the last to end joins the one before */
} fl_blocking;

/* ---- Runtime ---- */

/* runtime/sync/deadlock.h. */
typedef struct fl_standstill {
    int64_t since; /* ns: when it was first seen; 0: it is not */
    uint64_t seen; /* the progress then */
    int64_t next;  /* ns: how long it lasts until the next report */
} fl_standstill;

typedef struct fl_standstill_watch {
    filch_u32 lock;
    fl_standstill last;
} fl_standstill_watch;

/* Of waiting tasks (runtime/engine/observe/waiting_list.h). */
typedef struct fl_waits_report {
    filch_u32 lock;    /* of the reader */
    filch_u32 reading; /* 1: fibers that go on wait for the lock */
} fl_waits_report;

typedef struct fl_worker fl_worker;
typedef struct filch_runtime fl_runtime;

struct filch_runtime {
    /* Never changes */
    fl_settings settings;
    const fl_queue *queue;
    const fl_topology *topology;
    unsigned cpus;            /* that the process has */
    struct fl_affinity home;  /* the affinity mask of the thread that created it */
    struct fl_affinity only;  /* fl_topology_only of it */
    unsigned fork_generation; /* of the process that created it */
    uint32_t life;            /* runtime/platform/given.h */
    bool asymmetric;          /* fences: membarrier, or full */
    bool seats;               /* it has no threads (runtime/engine/guest.h) */
    unsigned join_yields;     /* ns that joins in seats yield before they nap */
    filch_u32 seats_waiting;  /* for the detector of deadlocks (runtime/engine/help.h) */
    fl_fpmode fpmode;         /* of the thread that created it: its tasks begin in it */
    fl_worker **worker;       /* worker_set.most of them */
    fl_worker_set worker_set; /* changes on a resize */
    fl_resident resident;     /* among the process's runtimes; with it, where workers may run */
    sigset_t signals;         /* blocked in its workers: as in the thread that created it */
    void *queue_state;        /* the queue's own */
    filch_u64 *thefts;        /* the workers', a row each */
    filch_ptr policy;         /* const fl_policy * */
    filch_u32 stopping;       /* destroy was called */
    filch_u32 finished;       /* and nothing is left to do */
    filch_u32 phases;  /* that are open: filch_phase_begin (runtime/engine/between_regions.h) */
    filch_u32 tenants; /* its users' objects that start tasks on it by themselves */
    filch_ptr tracing; /* fl_tracing *; NULL: none */
    struct fl_work_span *work_span; /* NULL: it is not measured. Never changes */
    filch_u32 trace_lock;           /* of its outside ring, and of starting and stopping it */
    filch_u32 unbound; /* the last errno for which a worker started without its CPUs, or 0 */
    char apart1[FILCH_APART];
    fl_idle idle;
    fl_near near;
    fl_inbox inbox;
    fl_fibers fibers;
    fl_blocking blocking;
    fl_waits_report report;
    fl_standstill_watch standstill;
    struct fl_share
        *share; /* NULL: its statistics are not shared (runtime/engine/observe/page_writer.h) */
    fl_runtime *next; /* in the list of the detector of deadlocks */
};

/* How many workers there should be. */
static inline unsigned fl_workers(const fl_runtime *rt)
{
    return filch_u32_load(&rt->worker_set.active,
                          FILCH_RELAXED); /* a number; nothing depends on it */
}

/* How many workers may have something to take: a search of all workers looks at these. */
static inline unsigned fl_reach(const fl_runtime *rt)
{
    return filch_u32_load(&rt->worker_set.reach, FILCH_ACQUIRE); /* ReadReach */
}

/* Is there a CPU for each worker of the process, of all its runtimes? Then a short wait may
 * spin. */
static inline bool fl_may_spin(const fl_runtime *rt)
{
    return filch_u32_load(&fl_residents_workers, FILCH_RELAXED) <= rt->cpus; /* a number */
}

/* A pool, or another object that starts tasks by itself, begins or ends its use of rt;
 * filch_runtime_destroy refuses meanwhile. A count against misuse; it orders nothing. */
static inline void fl_move_in(fl_runtime *rt)
{
    filch_u32_add(&rt->tenants, 1, FILCH_RELAXED); /* see above */
}
static inline void fl_move_out(fl_runtime *rt)
{
    filch_u32_add(&rt->tenants, (uint32_t)-1, FILCH_RELAXED); /* see above */
}

/* ---- Description ---- */

/* Describes a runtime's decisions and their reasons: FILCH_INFO and filch_runtime_describe. */

/* As snprintf. */
size_t fl_describe(const fl_runtime *rt, char *text, size_t size);
/* To stderr. */
void fl_describe_print(const fl_runtime *rt);

#endif
