/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Below runtime/sync, for models of what waits: threads of the model are foreign threads, or fibers,
 * each alone on a worker. A fiber that suspends does its action and rests until it is resumed; that
 * its context is saved before is a plain word, which whoever resumes it reads. Timers lie in the
 * real heap; the keeper is a thread of the model that takes them as runtime/sync/keeper.c does, at
 * any moment: whatever has a deadline, it can come. */
#ifndef MC_WAITING_H
#define MC_WAITING_H

#include <runtime/sync/wait.h>

/* A deadline that only the keeper, or a futex, calls past. */
#define WAITING_LATER (FILCH_FOREVER - 1)

/* Setup. fibers: the threads that are fibers, as bits; parties: how many come to an end. */
void waiting_setup(unsigned fibers, unsigned parties);
/* Setup: timers are played; else they are the library's. */
void waiting_setup_timers(void);
/* At the end of a party's body. */
void waiting_ends(void);
/* For may_rest: all parties have ended; the keeper waits for more. */
bool waiting_rests(void);
/* After a call that may have waited, from the function that called it: what the call had on the
 * stack is gone. */
void waiting_returned(void);

/* Objects of mc_alloc that are the keeper's own. */
unsigned waiting_objects(void);

/* Bodies of threads. */
void waiting_keeper(void);
/* Does the action of the first suspension, beside the fiber, as the stack that was switched to. */
void waiting_aside(void);
/* Setup: such a thread is there. */
void waiting_setup_aside(void);

#endif
