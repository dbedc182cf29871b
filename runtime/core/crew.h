/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Which of a runtime's worker slots work: the first `active` ones; filch_runtime_resize changes that
 * number at any time, up to `most`. A slot's worker structure exists from the beginning, so that
 * whoever walks over the workers needs no protection; its thread is created when the slot becomes
 * active for the first time, and kept: a slot that is never used costs some kilobytes, one that is
 * used no more a thread that sleeps. `reach` counts the slots with a thread; beyond it there is
 * nothing to look at, so that slots in reserve cost a search nothing.
 *
 * A worker whose index is not below `active` is surplus. Nobody waits for it: it goes on with what
 * it runs, and retires when it looks for work the next time. A retired worker is no sleeper: it is
 * counted in R of the word I (sched/idle.h), no token is made for it, and its bell is never PARKED,
 * so that no waker chooses it.
 *
 * What it leaves behind. Its fiber is at the bottom of its loop: the fork stack is empty. Fibers that
 * stopped on it belong to what they wait for. Its ready deque may hold items; nothing is handed over,
 * they stay where thieves look, since all looks go up to `reach`: searches, what comes before sleep
 * and the end. As thieves are those that have nothing else to do, a busy worker, too, takes an item
 * from a surplus one now and then (runtime/core/find.c).
 *
 * Why no wake-up is lost. What a surplus worker has published before J3 was published as by any
 * worker; but publishers, and it itself, may have woken nobody because it was searching. At J3 it
 * becomes a publisher of all that lies about: J3, P5, P6. Either P6 finds a searcher, whose looks come
 * after J3 (its next change of I does), or wakes a sleeper, who searches and before it sleeps again
 * pokes and looks everywhere; or nobody sleeps: whoever runs will come to I1 after J3 and look, and
 * so does a worker that returns (J6, then Q1). What is published after J3 finds Q, S as they are
 * without the retired one. It keeps no token: it comes from a search, and who leaves I4 passes on
 * what it was rung for (B3 of runtime/core/park.c). A surplus sleeper that takes a token comes to J3
 * and wakes another in its place; resizing rings it only so that this does not have to be.
 *
 * Edges, besides J3 and J6 of sched/idle.h; those of resizing are made under `lock`:
 *   J4 retired: exchange bell RETIRED, seq_cst;    | J5; one of the two sees the other: it does not
 *      load active, seq_cst; futex wait while        sleep on, or is rung
 *      RETIRED
 *   J5 resize: store active, seq_cst; load bell,   | J4, and B1, after which a sleeper looks whether
 *      CAS it to RUNG, seq_cst; futex wake            it is surplus
 *   J7 resize: store reach, release, before a      -> J8 who looks at all: load reach, acquire; after
 *      worker below it becomes active (J5)           I1, or a wake-up's CAS, it sees all that publish
 * `finished` is to a retired worker what it is to a sleeper: E3, E4 of runtime/core/park.c. */
#ifndef FL_CREW_H
#define FL_CREW_H

#include <filch/atomic.h>

#include <stdbool.h>

struct fl_worker;

typedef struct fl_crew {
    unsigned most;    /* slots; never changes */
    filch_u32 active; /* how many of them ought to work, 1 .. most */
    filch_u32 reach;  /* how many have a thread; never falls */
    filch_u32 lock;   /* of who resizes */
} fl_crew;

/* `active` threads will be there before anybody looks. */
static inline void fl_crew_init(fl_crew *crew, unsigned active, unsigned most)
{
    crew->most = most;
    filch_u32_store(&crew->active, active, FILCH_SEQ_CST); /* not yet shared */
    filch_u32_store(&crew->reach, active, FILCH_RELEASE);  /* not yet shared */
    filch_u32_store(&crew->lock, 0, FILCH_RELEASE);        /* not yet shared */
}

/* The caller, a searcher and surplus, retires until its slot is active again; then it is a searcher.
 * false: the runtime is finished. */
bool fl_retire(struct fl_worker *worker);
/* What the thread of a slot does that was not active when its runtime was created, before all else;
 * the worker counts as retired. true: as running. */
bool fl_wait_for_turn(struct fl_worker *worker);

#endif
