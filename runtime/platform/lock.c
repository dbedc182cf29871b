/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/lock.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/spin.h>

#ifdef FILCH_TINY
enum { FIRST_PAUSE = 0, SPIN = 0 };
#else
enum { FIRST_PAUSE = 60, SPIN = 4000 }; /* ns */
#endif

FILCH_COLD void fl_lock_slow(filch_u32 *lock)
{
    for (fl_backoff backoff = fl_backoff_begin(FIRST_PAUSE, SPIN); fl_back_off(&backoff);) {
        uint32_t was = FL_LOCK_FREE;
        if (filch_u32_load(lock, FILCH_RELAXED) == FL_LOCK_FREE &&  /* a look */
            filch_u32_cas(lock, &was, FL_LOCK_HELD, FILCH_ACQUIRE)) /* TakeLock */
            return;
    }
    while (filch_u32_exchange(lock, FL_LOCK_WAITED_FOR, FILCH_ACQUIRE) !=
           FL_LOCK_FREE) /* TakeLock */
        fl_futex_wait_until(lock, FL_LOCK_WAITED_FOR, fl_now() + FL_LOCK_NAP);
}

FILCH_COLD uint64_t fl_lock_slow_timed(filch_u32 *lock)
{
    const uint64_t began = fl_ticks();
    fl_lock_slow(lock);
    return fl_ticks() - began;
}

FILCH_COLD void fl_unlock_slow(filch_u32 *lock)
{
    fl_futex_wake(lock, 1);
}
