/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The lock as one step, for models that do not check the lock itself: tests/model/lock.c shows that
 * it keeps its promises, and models of the code it guards stay small. */
#ifndef SHIM_LOCK_H
#define SHIM_LOCK_H

#define fl_lock fl_lock_real
#define fl_lock_by fl_lock_by_real
#define fl_lock_timed fl_lock_timed_real
#define fl_unlock fl_unlock_real
#include_next <runtime/platform/lock.h>

#include <runtime/platform/lock.h>

#undef fl_lock
#undef fl_lock_by
#undef fl_lock_timed
#undef fl_unlock

#include <tests/model/checker/check.h>

/* Setup. */
extern unsigned locks_are_played;

static inline void shim_lock(filch_u32 *lock, const char *where)
{
    if (locks_are_played)
        mc_lock(lock, where);
    else
        fl_lock_real(lock);
}

static inline void shim_unlock(filch_u32 *lock, const char *where)
{
    if (locks_are_played)
        mc_unlock(lock, where);
    else
        fl_unlock_real(lock);
}

#define fl_lock(lock) shim_lock(lock, MC_HERE)
#define fl_lock_by(lock, slow) ((void)(slow), shim_lock(lock, MC_HERE))
#define fl_lock_timed(lock) (shim_lock(lock, MC_HERE), UINT64_C(0))
#define fl_unlock(lock) shim_unlock(lock, MC_HERE)

#endif
