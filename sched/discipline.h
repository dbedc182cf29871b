/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where forked tasks are kept until they are joined or taken: a discipline is a table of functions,
 * one row in the registry, chosen by name when a runtime is created. For researchers who compare
 * strategies: the same program runs on all of them. The default's fork and join are inline; the
 * functions here are its slow halves. */
#ifndef FL_DISCIPLINE_H
#define FL_DISCIPLINE_H

#include <sched/forkstack.h>

struct filch_runtime;
struct fl_worker;
struct fl_work;

typedef struct fl_discipline {
    const char *name; /* first: the registry is searched by it */
    const char *what; /* one line for people */
    /* Of its fibers, where there is an asymmetric fence; else they are fenced. */
    enum fl_forkside side;
    /* Forked tasks lie in queues of the runtime, also those of a worker that sleeps. */
    bool shared;
    /* With the runtime: the first after rt->worker is there, the last when all threads have ended. NULL:
     * it keeps nothing of its own. create: 0, or -ENOMEM as a plain errno; what is kept goes into
     * rt->queue. */
    int (*create)(struct filch_runtime *rt);
    void (*destroy)(struct filch_runtime *rt);
    bool gives; /* owners hand over, from fork stacks, what thieves ask for: half as well */
    bool nests; /* `take` may be called in the middle of a join: it always returns */
    /* Owner: a task has been forked into self - 1 and wants to be found. */
    void (*forked)(struct fl_worker *worker, filch_self self);
    /* Owner, slow join: may the caller run the task in `slot`, or has somebody taken it? */
    enum fl_settled (*settle)(fl_forkstack *stack, filch_slot *slot);
    /* Owner, once a taken task's result is here: the slot is free again. */
    void (*take_back)(fl_forkstack *stack, filch_slot *slot);
    /* Owner, before a suspension other than a join: nobody has to look into this fork stack from
     * now on. */
    void (*flush)(struct fl_worker *worker, fl_forkstack *stack);
    /* Searcher, or a join that helps: one round over what others have forked. */
    bool (*take)(struct fl_worker *worker, struct fl_work *work);
    /* Anybody: about how many of its forked tasks could be taken from this worker; NULL: nobody knows. */
    unsigned (*length)(const struct fl_worker *worker);
    /* Anybody, after a fence: is there something to take? */
    bool (*pending)(struct filch_runtime *rt);
} fl_discipline;

#endif
