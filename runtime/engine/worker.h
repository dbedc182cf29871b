/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker: a thread of a runtime that runs fibers. Fields are grouped by who writes them; groups
 * that different threads write lie on lines of their own. */
#ifndef FL_WORKER_H
#define FL_WORKER_H

#include <runtime/engine/counters.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/patience.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/thread.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/profit.h>
#include <sched/times.h>
#include <sched/warm.h>

/* Runs on the stack that was switched to, once no register holds state of `left` any more: only now
 * may others resume it. */
typedef void fl_action(fl_worker *worker, fl_fiber *left, void *arg);

/* Items for which a ready deque has room from the beginning. */
#ifdef FILCH_TINY
enum { FL_READY_FIRST = 2 };
#else
enum { FL_READY_FIRST = 256 };
#endif

enum fl_park_word {
    FL_PARK_AWAKE,
    FL_PARK_PARKED,
    FL_PARK_NAPPING, /* parked for a time, and never lent */
    FL_PARK_WOKEN,
    FL_PARK_RETIRED,
    /* Lent: its thread's loop is blocked */
    FL_PARK_LENT,    /* a guest works in its place (runtime/engine/guest.h) */
    FL_PARK_HELPING, /* a task, or a guest, sleeps in filch_help_until (runtime/engine/help.h), */
    FL_PARK_HELPED   /* and was woken */
};

static inline bool fl_is_lent(uint32_t park_word)
{
    return park_word >= FL_PARK_LENT;
}

struct fl_worker {
    /* Never changes */
    fl_runtime *rt;
    unsigned index;
    fl_place place;
    fl_thread thread;
    void *signal_stack;
    filch_u64 *thefts;   /* by victim: tasks and items taken from it; its own */
    bool carrier;        /* no worker: it carries blocking calls (runtime/sync/blocking.h) */
    bool late;           /* its slot was not active from the beginning */
    filch_u32 thread_id; /* the kernel's number of its thread; of a shared runtime */
    filch_ptr trace;     /* struct fl_traced_ring *; NULL: none (runtime/engine/events.h) */
    /* Read by thieves, written rarely */
    filch_ptr current;      /* fl_forkstack * of the fiber it runs, NULL on its native stack */
    filch_u32 park_word;    /* enum fl_park_word: the futex it sleeps on */
    filch_u32 helper_wakes; /* the futex of a helper: counts its wake-ups */
    filch_u64
        woken_at; /* ns: when a waker woke it, or FL_GAP_ASKS (runtime/engine/between_regions.h) */
    char apart1[FILCH_APART];
    /* Its own */
    fl_fiber *running;
    fl_action *action; /* of the switch under way */
    fl_fiber *left;
    void *action_arg;
    fl_fiber *spare; /* fibers kept back for the next suspension */
    unsigned spares;
    filch_u32
        tick; /* finds; others overwrite it to hasten a due one (runtime/engine/worker_set.c) */
    unsigned turn;         /* due finds: which source has its turn (runtime/engine/find_work.h) */
    unsigned capped_looks; /* for a ready fiber, while none can be had for the loop */
    unsigned inbox_finds;  /* that look into the inbox first: the rest of its turn */
    uint64_t rng;
    fl_profit profit;
    fl_patience patience;
    fl_warm warm;
    int64_t gap_began;    /* ns: when it last ran out of work, if the gap counts; else 0, */
    int64_t gap_searched; /* ns: and how long it searched then */
    int64_t vain_nap;     /* ns: the last nap after a wake-up that found nothing */
    int64_t drained_at;   /* ns: when it last took work items from the inbox, */
    unsigned drained;     /* and how many */
    unsigned victim;      /* of the last theft; its own index: none */
    fl_worker *robbed;    /* a long deque's owner, from which the last item came; NULL: none */
    unsigned misses;      /* unsuccessful rounds since */
    unsigned silences;    /* requests that it watches briefly (sched/request.h) */
    bool woken;           /* by a token, and nothing found since */
    bool stolen_lately;   /* the last work was a thief's: worth a longer look */
    fl_fiber *unpinned; /* is in filch_unpinned, and must not suspend (runtime/engine/threads.h) */
    fl_fiber native;    /* the thread's own stack; has no fork stack */
    int64_t gift_ended; /* ns: when the last gift did; 0: something has been done since */
    int64_t moved_at;   /* ns: when a guest last moved to its CPU */
    filch_u64 counters[FL_COUNTERS];
    fl_times times;
    char apart2[FILCH_APART];
    /* Written by owners that answer */
    fl_mailbox box;
    char apart3[FILCH_APART];
    fl_deque ready;
    /* Fibers that keep its thread (runtime/engine/suspend.h): how many, and those that are ready */
    filch_u32 homed;
    fl_inbox kept;
};

/* Should it retire? */
static inline bool fl_surplus(const fl_worker *worker)
{
    return FILCH_UNLIKELY(worker->index >= fl_workers(worker->rt)) &&
           !filch_u32_load(&worker->homed, FILCH_RELAXED); /* its own, or its guest's */
}

/* The worker whose thread calls, or NULL. Out of line: thread-locals must not be cached across a
 * switch. */
fl_worker *fl_worker_here(void);

/* The same, or the carrier of a blocking call on this thread. */
fl_worker *fl_carrier_here(void);
/* The fiber that calls, on its worker or in a blocking call; NULL: this is no task. */
fl_fiber *fl_fiber_here(void);
void fl_carrier_set(fl_worker *carrier);

/* Dies if the fiber is in a blocking call, where there is no worker for `what`. */
static inline void fl_refuse_carried(const fl_fiber *fiber, const char *what)
{
    if (FILCH_UNLIKELY(fiber->worker->carrier))
        filch_die("%s between filch_blocking_begin and filch_blocking_end; end the blocking call "
                  "first",
                  what);
}

/* The calling thread works as this worker, or carries its call, or does so no more: NULL. */
void fl_worker_set_here(fl_worker *worker);

/* In a child of fork(): its only thread is not a worker, even if its parent was one. */
void fl_worker_forget(void);

/* Creates rt->worker[index] with all it needs but its thread; *out untouched on failure. */
int fl_worker_create(fl_runtime *rt, unsigned index, fl_worker **out);
int fl_worker_start(fl_worker *worker);
/* Its thread has ended, or was never started. */
void fl_worker_destroy(fl_worker *worker);

#endif
