/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/lock.h>

#include <runtime/core/clock.h>
#include <runtime/core/futex.h>

#ifdef FILCH_TINY
enum { SPINS = 0 };
#else
enum { SPINS = 40 };
#endif

FILCH_COLD void fl_lock_slow(filch_u32 *lock)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t was = FL_LOCK_FREE;
        if (filch_u32_load(lock, FILCH_RELAXED) == FL_LOCK_FREE &&  /* a look */
            filch_u32_cas(lock, &was, FL_LOCK_HELD, FILCH_ACQUIRE)) /* K1 */
            return;
        filch_pause();
    }
    while (filch_u32_exchange(lock, FL_LOCK_WAITED_FOR, FILCH_ACQUIRE) != FL_LOCK_FREE) /* K1 */
        fl_futex_wait_until(lock, FL_LOCK_WAITED_FOR, fl_now() + FL_LOCK_NAP);
}

FILCH_COLD void fl_unlock_slow(filch_u32 *lock)
{
    fl_futex_wake(lock, 1);
}
