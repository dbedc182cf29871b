/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The detector of deadlocks from within. It has no thread: where the last thing may just have gone to
 * rest (a worker that was the last one awake, a thread that begins to wait or ends), suspicion is
 * raised, and the keeper looks a grace time later. It looks twice; between the two looks nothing may
 * have changed, by counters of changes. While timers are pending it looks again after the next one,
 * so that it costs nothing where nothing happens.
 *
 * Threads that are no workers are counted: those that have called Filch, and those of them that
 * wait. A thread's wait ends when somebody tells it, not when it runs again, so that a thread that
 * was told and has no processor yet counts as awake: who waits without a deadline adds one, who
 * tells it takes one away. A wait with a deadline counts as none: the thread adds its one
 * afterwards, if it was told. Where threads wait and no task does, that is a deadlock by the same
 * reasons, but only if there are no strangers: programs that call Filch from threads of other
 * libraries wait for those.
 *
 * All of it is off the paths that matter: it costs a load where the last worker falls asleep, and
 * additions where a thread blocks. */
#ifndef FL_DEADLOCK_H
#define FL_DEADLOCK_H

#include <filch/deadlock.h>
#include <runtime/core/worker.h>

/* 1: somebody wants to hear of deadlocks. */
extern filch_u32 fl_detector_on;

void fl_suspect_slow(void);
/* All may be at rest now. No lock is held. Any thread. */
static inline void fl_suspect(void)
{
    if (FILCH_UNLIKELY(filch_u32_load(&fl_detector_on, FILCH_RELAXED))) /* a look */
        fl_suspect_slow();
}

/* The runtime works; it is about to be freed. */
void fl_detector_enlist(fl_runtime *rt);
void fl_detector_strike_off(fl_runtime *rt);
/* In a child of fork(): there is one thread and no runtime. */
void fl_detector_forget(void);

/* The calling thread, which is no worker, can wake others from now on until it ends. */
void fl_thread_noted(void);
/* The calling thread is the library's own, and wakes nobody of its own accord. */
void fl_thread_exempt(void);
/* A thread that is no worker waits from now on; it is awake again. */
void fl_thread_waits(void);
void fl_thread_told(void);

/* Tasks that wait for what happens outside of the process, one more or less. */
void fl_outside_expected(int change);

#endif
