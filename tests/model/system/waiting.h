/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The layer below runtime/sync, for models of waiting: threads of the model are foreign threads, or
 * fibers, each alone on a worker. A fiber that suspends does its action and rests until it is
 * resumed; a plain word, which the resuming thread reads, stands for its context being saved
 * before. Timers lie in the real heap. The timer thread is a thread of the model that takes them as
 * runtime/sync/timer_thread.c does, at any moment: any deadline can come. */
#ifndef MC_WAITING_H
#define MC_WAITING_H

#include <runtime/sync/wait.h>

/* A deadline that only the timer thread, or a futex, calls past. */
#define WAITING_LATER (FILCH_FOREVER - 1)

/* Setup. fibers: the threads that are fibers, as bits; parties: how many come to an end. */
void waiting_setup(unsigned fibers, unsigned parties);
/* Setup: timers are played; else they are the library's. */
void waiting_setup_timers(void);
/* At the end of a party's body. */
void waiting_ends(void);
/* For may_rest: all parties have ended; the timer thread waits for more. */
bool waiting_rests(void);
/* A fiber is parked, and nobody has resumed it. */
bool waiting_parked(unsigned fiber);
/* The thread that has resumed it last; -1: nobody has, but itself as it parked. */
int waiting_resumed_by(unsigned fiber);
/* After a call that may have waited, from the function that called it: the call's stack frame is
 * gone. */
void waiting_returned(void);

/* For `reaches`: how a call comes out that may wait. Without a wait, or after it was parked. */
typedef struct waiting_ways {
    const char *at_once, *told, *refused, *ended, *late; /* refused, ended: other errors */
} waiting_ways;
extern const waiting_ways waiting_ways_usual;
/* Notes how the call came out that has just returned rc; a NULL is not noted. Returns how often it
 * was parked; of a thread, at most 1. */
unsigned waiting_came_out(int rc, const waiting_ways *ways);

/* Objects of mc_alloc that are the timer thread's own. */
unsigned waiting_objects(void);

/* Bodies of threads. */
void waiting_timer_thread(void);
/* Does the action of the first suspension, beside the fiber, as the stack that was switched to. */
void waiting_aside(void);
/* Setup: such a thread is there. */
void waiting_setup_aside(void);

#endif
