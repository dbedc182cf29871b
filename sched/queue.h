/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Queues: where forked tasks are kept until they are joined or taken. A queue is a table of
 * functions, one row in the registry, chosen by name when a runtime is created. For researchers who
 * compare strategies: the same program runs on all of them. The default's fork and join are inline;
 * the functions here are its slow halves. */
#ifndef FL_QUEUE_H
#define FL_QUEUE_H

#include <sched/forkstack.h>
#include <sched/mode.h>

struct filch_runtime;
struct fl_worker;
struct fl_work;

typedef struct fl_queue {
    const char *name; /* first: the registry is searched by it */
    const char *what; /* one line for people */
    /* Side of its fibers where there is an asymmetric fence; otherwise they are fenced. */
    enum fl_forkside side;
    /* The same with each fork and join out of line, where they can be recorded; NULL: it is so. */
    const struct fl_queue *outline;
    /* Forked tasks lie in queues of the runtime, also those of a worker that sleeps. */
    bool shared;
    /* With the runtime: create after rt->worker exists, destroy when all threads have ended. NULL:
     * the queue keeps no state. create: 0, or -ENOMEM as a plain errno; it stores its state in
     * rt->queue_state. */
    int (*create)(struct filch_runtime *rt);
    void (*destroy)(struct filch_runtime *rt);
    bool gives; /* owners answer requests from their fork stacks, with half a stack as well */
    bool nests; /* `take` may be called in the middle of a join: it always returns */
    /* Owner: a task was forked into self - 1; makes it visible to thieves. */
    void (*forked)(struct fl_worker *worker, filch_self self);
    /* Owner, slow join: may the caller run the task in `slot`, or is it taken? */
    enum fl_settled (*settle)(fl_forkstack *stack, filch_slot *slot);
    /* Owner, once a taken task's result is here: the slot is free again. */
    void (*take_back)(fl_forkstack *stack, filch_slot *slot);
    /* Owner, before a suspension other than a join: from now on no thread needs to look into this
     * fork stack. */
    void (*flush)(struct fl_worker *worker, fl_forkstack *stack);
    /* Owner, after a flush: moves the rest of the fork stack out of thieves' reach until a flushed
     * slot is joined. NULL: thieves take from queues only. */
    void (*close)(fl_forkstack *stack);
    /* Searcher, or a join that helps: one round over what others have forked. */
    bool (*take)(struct fl_worker *worker, struct fl_work *work);
    /* A worker other than `victim`: the oldest task that `victim` has forked, if it can be taken.
     * NULL: workers have no tasks of their own. */
    bool (*take_from)(struct fl_worker *worker, struct fl_worker *victim, struct fl_work *work);
    /* Any thread: about how many forked tasks can be taken from this worker; NULL: unknown. */
    unsigned (*length)(const struct fl_worker *worker);
    /* Any thread, after a fence: is there something to take? */
    bool (*pending)(struct filch_runtime *rt);
} fl_queue;

/* All queues, ended by NULL; the first is the default. runtime/queue/queues.c defines the list. */
extern const fl_queue *const fl_queues[];

/* Does the queue support this take mode? */
static inline bool fl_queue_supports(const fl_queue *queue, enum fl_take_mode take)
{
    return take != FL_TAKE_HALF || queue->gives;
}

#endif
