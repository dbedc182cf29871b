/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The system below the library, for all models: clock, futexes, membarrier, errors, memory, grace
 * periods. */
#ifndef MC_SYSTEM_H
#define MC_SYSTEM_H

#include <tests/model/checker/check.h>

#include <sched/forkstack.h>
#include <stdio.h>

/* ---- system.c: the clock, membarrier, what traces spell ---- */

/* Setup. The system has none: registering says so, and nobody may use it. */
void membarrier_setup(bool is_refused);

/* Setup. A wait by the clock is over at the next look; may_be_short: or 10 ns have passed, both are
 * tried (at random only: a wait may never end). */
void clock_setup(bool may_be_short);

/* Setup. The time limit of a wait may come at any moment. From now on the next one of a thread
 * comes only when something has changed: a thread that spins until another has done its part would
 * never end. Without any, a wait that relies on its time limit never ends. */
void timeouts_setup(bool are_there);

/* Setup: no thread has waited for a futex. */
void futexes_setup(void);
/* Since it last asked: has the calling thread waited for a futex? *over: until a time limit. */
bool futex_waited(bool *over);

/* Setup. The library's thread-local words begin anew; all threads of the model share them. */
void thread_locals_setup(void);

/* For traces: the meaning of the word I of the idle protocol, and of a fork stack's top. */
void spell_idle_word(uint64_t word, char *text, size_t size);
void spell_top(uint64_t top, char *text, size_t size);
/* Names the parts of a fork stack's first slots, after its own name. */
void name_slots(fl_forkstack *stack, const char *name, unsigned count);

/* ---- heap.c: malloc and free of the library and of models ---- */

/* Setup. may_fail: an allocation by a thread may find no memory; both are tried. */
void heap_setup(bool may_fail);

/* ---- rcu.c: grace periods ---- */

/* Setup. readers: the threads whose read-side sections are waited for, as bits; 0: none, but that
 * no thread sleeps in one is still checked. */
void rcu_setup(unsigned readers);
/* Is the calling thread in a section? */
bool rcu_reads(void);
/* Body of the thread that runs callbacks; it waits forever, so the model needs may_rest. */
void rcu_reclaimer(void);
/* For may_rest: no callback waits. */
bool rcu_rests(void);

#endif
