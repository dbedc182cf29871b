/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The lock inside an object that fibers and threads wait for: held for some instructions, never
 * across a suspension. A spin, then a futex (U. Drepper, Futexes Are Tricky, 2011, section 5). Any
 * thread. The spin backs off, since each look takes the cache line of the lock, and usually the
 * object with it, from the holder. So two threads that use an object all the time take turns of
 * many operations each.
 *
 * Unlocking is a plain store: a locked instruction there would be a quarter of what a send costs.
 * So a mark that a waiter sets between the holder's look and its store is lost, and no wake-up
 * comes. Therefore waiters sleep for at most FL_LOCK_NAP, and then look themselves. This is rare:
 * the holder must be held up between two instructions, and the waiter must sleep by then.
 *
 * Edges:
 *   TakeLock: CAS, or exchange, of lock, acquire    <- DropLock, unlock: store lock, release;
 *                                                      the last holder's writes are seen
 * DropLock is the holder's last touch: the futex is woken by its address alone. */
#ifndef FL_LOCK_H
#define FL_LOCK_H

#include <filch/atomic.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/assert.h>

enum { FL_LOCK_FREE, FL_LOCK_HELD, FL_LOCK_WAITED_FOR };
enum { FL_LOCK_NAP = 200000 }; /* ns */

void fl_lock_slow(filch_u32 *lock);
uint64_t fl_lock_slow_timed(filch_u32 *lock);
void fl_unlock_slow(filch_u32 *lock);

/* slow: takes a lock that is not free at once. No decision point of virtual threads, so that a trace
 * does not change what it records: no thread stops while it has such a lock. */
static inline void fl_lock_by(filch_u32 *lock, void (*slow)(filch_u32 *lock))
{
    uint32_t was = FL_LOCK_FREE;
    if (FILCH_UNLIKELY(!filch_u32_cas(lock, &was, FL_LOCK_HELD, FILCH_ACQUIRE))) /* TakeLock */
        slow(lock);
}

static inline void fl_lock(filch_u32 *lock)
{
    fl_point();
    fl_lock_by(lock, fl_lock_slow);
}

/* As fl_lock. Returns the ticks (runtime/platform/clock.h) that it spent waiting. */
static inline uint64_t fl_lock_timed(filch_u32 *lock)
{
    uint32_t was = FL_LOCK_FREE;
    fl_point();
    if (FILCH_LIKELY(filch_u32_cas(lock, &was, FL_LOCK_HELD, FILCH_ACQUIRE))) /* TakeLock */
        return 0;
    return fl_lock_slow_timed(lock);
}

static inline void fl_unlock(filch_u32 *lock)
{
    uint32_t was = filch_u32_load(lock, FILCH_RELAXED); /* a look; see above */
    FL_ASSERT(was != FL_LOCK_FREE);
    filch_u32_store(lock, FL_LOCK_FREE, FILCH_RELEASE); /* DropLock */
    if (FILCH_UNLIKELY(was == FL_LOCK_WAITED_FOR))
        fl_unlock_slow(lock);
}

#endif
