/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Finding work: the result of a search, the search itself, and the order of its sources. */
#ifndef FL_FIND_WORK_H
#define FL_FIND_WORK_H

#include <filch/task.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>

/* ---- The result ---- */

/* The result of a search: filled in by find_work, steal and the queues, and run by run_work. */

enum fl_work_kind { FL_WORK_SLOT, FL_WORK_RANGE, FL_WORK_FIBER, FL_WORK_JOB };
typedef struct fl_work {
    enum fl_work_kind kind;
    filch_slot *slot;        /* SLOT, RANGE: the first */
    const filch_task *task;  /* SLOT */
    uint32_t count;          /* RANGE */
    bool gift;               /* SLOT, RANGE: given by an owner; counts for the profit rule */
    bool offered;            /* RANGE: each slot must be taken before it is run */
    fl_fiber *fiber;         /* FIBER */
    fl_work_item *work_item; /* JOB */
} fl_work;

/* ---- The search ---- */

/* Finding work: a worker's own, then others', then sleep (runtime/engine/park.h). */

/* The next thing to do; searches and sleeps. false: the runtime is finished. */
bool fl_find(fl_worker *worker, fl_work *work);
/* The work that an item of a ready deque stands for. false: an offered slot that another
 * worker has taken. */
bool fl_work_from_item(fl_work *work, void *item);
/* Is there anything to do for any worker? A look without fences. */
bool fl_work_anywhere(fl_runtime *rt);
/* The part of it that lies in inbox and ready deques. */
bool fl_work_ready(fl_runtime *rt);

/* ---- Turns ---- */

/* Turns: every FL_FIND_TURN-th find of a worker is *due*, and begins with the next of several
 * sources.
 *
 * A worker with its own supply, such as two fibers that talk to each other, finds the newest item
 * of its ready deque again and again. Without due finds it would never look anywhere else, and an
 * item that another worker has put down before a long task would wait for the end of that task. So
 * due finds serve the sources below in rotation: the n-th due find begins with source n %
 * FL_TURN_SOURCES. If that one is empty, the sources on this worker's side (`near` in find_work.c)
 * follow, in the same order. Looking at another worker costs that worker a cache miss, so it is
 * done only once in a rotation.
 *
 * The bound. Let T = FL_FIND_TURN * FL_TURN_SOURCES finds be one rotation, and let k items lie
 * ahead of a ready item in its source. Any one worker that keeps finding begins the item, or has
 * seen another one take it, within c * (k + 1) of its own finds:
 *
 *   source                          order                          c
 *   inbox                           FIFO                           T; 64 T for one moved (below)
 *   own ready deque                 oldest first                   T
 *   shared queue (central-*,        FIFO                           T
 *     one's own of sharing)
 *   deques of surplus workers       oldest first, of each          T * surplus workers
 *   ready deques of others          oldest first, of each          T * (reach - 1)
 *   forked tasks of others          oldest first, of each          T * FL_TURN_FORKED * (reach - 1)
 *
 * A turn takes one item, and skips entries whose task was taken already. It takes none if the
 * source is empty or another worker takes from it at that moment: then an item ahead, or the item,
 * is begun there. The only item of another worker's ready deque is left to its owner for half a
 * microsecond. Either the owner takes it, so the item is begun, or it still lies there and is
 * taken, a fiber as well as a work item. (Only a worker that has nothing else to do leaves a fiber
 * alone for longer: runtime/engine/patience.h.) Items that the private queues (private-split,
 * private-request) keep to their owners are ready once shown.
 *
 * Forked tasks have their turn only in one rotation of FL_TURN_FORKED: an owner that forks and
 * joins begins them itself, and each one that is taken costs it more than a look does.
 *
 * The inbox is moved in batches of up to INBOX_MOST onto the worker's own deque, if that holds at
 * most as many: moved items have at most 2 * INBOX_MOST - 2 items ahead of them there. Beside a
 * longer deque nothing is moved: the turn of the inbox lasts for up to INBOX_MOST finds.
 *
 * The thief of a long deque moves some of its oldest items to its own, empty one
 * (fl_steal_ready_again): moved items have at most FL_AGAIN_MOST - 1 moved ones ahead of them there.
 *
 * Not bounded. A running task is not preempted, so a worker in a long task finds nothing. A thread
 * that the system stops in the middle of taking from the inbox, or of putting into it, holds up the
 * items behind. A worker without a fiber (max_fibers is reached) only resumes ready fibers. It
 * takes the oldest of its own; in every FL_FIND_TURN-th look it begins with the inbox or another
 * worker in turn (runtime/engine/worker.c). Tasks that it passes go to the end of their queue.
 *
 * Joins that help (runtime/engine/help.h) count what they take as finds, and leave due ones to the
 * loop. Only the worker itself calls what is below; nothing here orders anything. */

enum {
#ifdef FILCH_TINY
    FL_FIND_TURN = 3,
    FL_TURN_FORKED = 2,
#else
    FL_FIND_TURN = 61,  /* a prime, so that it does not beat with a program's own rhythm */
    FL_TURN_FORKED = 8, /* rotations between two looks at the forked tasks of others */
#endif
    FL_TURN_SOURCES = 6
};

/* The number of the next find. */
static inline unsigned fl_next_tick(const fl_worker *worker)
{
    return filch_u32_load(&worker->tick, FILCH_RELAXED) + 1; /* its own, but for a hint */
}

/* Counts a find; returns its number. */
static inline unsigned fl_tick(fl_worker *worker)
{
    unsigned tick = fl_next_tick(worker);
    filch_u32_store(&worker->tick, tick, FILCH_RELAXED); /* its own, but for a hint */
    return tick;
}

static inline bool fl_find_is_due(unsigned tick)
{
    return tick % FL_FIND_TURN == 0;
}

/* Does the next find begin elsewhere than with the newest of the worker's own items? */
static inline bool fl_others_turn(const fl_worker *worker)
{
    return fl_find_is_due(fl_next_tick(worker)) || worker->inbox_finds;
}

/* A due find. false: nothing was there. */
bool fl_take_in_turn(fl_worker *worker, fl_work *work);
/* Other finds while the turn of the inbox lasts. */
bool fl_take_rest_of_turn(fl_worker *worker, fl_work *work);
/* The oldest of the inbox; may move those behind it to the worker's ready deque. */
bool fl_take_inbox(fl_worker *worker, fl_work *work);

/* The number `round` % (reach - 1) of the other workers, or NULL. */
fl_worker *fl_other_worker(const fl_worker *worker, unsigned round);

/* ---- Workers that stay awake ---- */

/* Idle modes `yield` and `spin`: idle workers stay awake, as those of Cilk-5, Lace and most
 * textbooks do. For researchers who measure the costs and savings of sleeping, and for dedicated
 * computers where a wake-up would take too long.
 *
 * Protocol. A worker that stays awake never ends its search: it remains counted in Q of the word I
 * (BeginSearch of sched/idle.h), and never meets AnnounceSleep, a token or a park word. The
 * invariants of docs/internals/idle.md require a searcher to look again at everything after the
 * stores of all publishers that saw it search, and it always does. Publishers find Q > 0 or no
 * sleeper, and wake nobody. Owners are not poked: no sleeper needs them to take their slow path. If
 * the last searcher finds work (EndSearch), there is no sleeper either, so there is nothing to hand
 * on.
 *
 * The end. A worker that sees `stopping` (RequestStop of runtime/engine/park.c) goes to sleep by
 * the protocol (AnnounceSleep, LastScan, ReadStop), and the last one ends the runtime as usual. The
 * look is relaxed: the store becomes visible in the end, and once a worker has seen it, its own
 * ReadStop does, too.
 *
 * A sleeper's other duties. The worker first gives up the fibers that it keeps back, as another
 * worker may wait for one. During a nap (sched/profit.h) it asks no owners, but still looks at
 * inbox and ready deques. A surplus worker retires, and sleeps (runtime/engine/worker_set.h).
 *
 * Other threads. `yield` calls sched_yield between two searches; so does `spin` where workers
 * outnumber CPUs, since it could keep the very worker that it waits for off its CPU. Otherwise the
 * system takes the CPU away when the worker's time slice is over. The detector of deadlocks
 * (runtime/sync/deadlock.h) sees nothing while a worker of the process stays awake. */

/* After an unsuccessful search of the caller. true: search again; false: sleep, since the mode says
 * so or the runtime ends. nap: ns in which owners are not to be asked; 0: none. */
bool fl_stay_awake(fl_worker *worker, int64_t nap);

#endif
