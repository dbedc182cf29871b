/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The word inside omp_lock_t and critical regions: a short spin, then a futex (U. Drepper, Futexes Are
 * Tricky, 2011, section 5). A program may hold it for any time, so unlike runtime/platform/lock.h it
 * is released by an exchange: no wake-up is lost, and sleepers need not look for themselves.
 *
 * A lock costs a CAS, and an unlock an exchange, when no other thread wants it.
 *
 * Edges:
 *   TakeOmpLock: CAS, or exchange, of held or       <- DropOmpLock, unlock: exchange of held or
 *      holder, acquire                                 holder, release; the last holder's writes
 *                                                      are seen
 * Old nest locks (locks.c) have their owner's number in that word. */
#ifndef FL_OPENMP_LOCKS_H
#define FL_OPENMP_LOCKS_H

#include <filch/atomic.h>
#include <runtime/platform/virtual/virtual.h>

#include <stdbool.h>

enum { FL_OMP_FREE, FL_OMP_HELD, FL_OMP_WAITED_FOR };

void fl_omp_lock_slow(filch_u32 *held, const char *call);
void fl_omp_unlock_slow(filch_u32 *held);

static inline bool fl_omp_try_lock(filch_u32 *held)
{
    uint32_t was = FL_OMP_FREE;
    fl_point();
    return filch_u32_cas(held, &was, FL_OMP_HELD, FILCH_ACQUIRE); /* TakeOmpLock */
}

/* call: for reports of deadlocks, a literal. */
static inline void fl_omp_lock(filch_u32 *held, const char *call)
{
    if (FILCH_UNLIKELY(!fl_omp_try_lock(held)))
        fl_omp_lock_slow(held, call);
}

static inline void fl_omp_unlock(filch_u32 *held)
{
    if (FILCH_UNLIKELY(filch_u32_exchange(held, FL_OMP_FREE, FILCH_RELEASE) == /* DropOmpLock */
                       FL_OMP_WAITED_FOR))
        fl_omp_unlock_slow(held);
}

#endif
