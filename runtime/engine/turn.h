/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Turns: every FL_FIND_TURN-th find of a worker is *due*, and begins with the next of several
 * sources.
 *
 * A worker with its own supply, such as two fibers that talk to each other, finds the newest item
 * of its ready deque again and again. Without due finds it would never look anywhere else, and an
 * item that another worker has put down before a long task would wait for the end of that task. So
 * due finds serve the sources below in rotation: the n-th due find begins with source n %
 * FL_TURN_SOURCES. If that one is empty, the sources on this worker's side (`near` in turn.c)
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
#ifndef FL_TURN_H
#define FL_TURN_H

#include <runtime/engine/work.h>
#include <runtime/engine/worker.h>

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

#endif
