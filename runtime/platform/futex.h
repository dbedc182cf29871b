/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Linux futexes, private to the process; under FILCH_VIRTUAL the waits of virtual threads. */
#ifndef FL_FUTEX_H
#define FL_FUTEX_H

#include <filch/atomic.h>
#include <runtime/platform/clock.h>

#include <stdbool.h>

/* Sleeps while *word is `value`; wakes spuriously, too. until: ns of fl_now(), 0: no limit. true:
 * the time has come. */
bool fl_futex_wait_until(filch_u32 *word, uint32_t value, int64_t until);
void fl_futex_wake(filch_u32 *word, int count);

/* Sleeps for that time: ns. Nobody wakes the caller. */
static inline void fl_futex_nap(int64_t ns)
{
    filch_u32 unchanged = {0};
    fl_futex_wait_until(&unchanged, 0, fl_now() + ns);
}

/* The system's, in any case. */
bool fl_futex_system_wait(filch_u32 *word, uint32_t value, int64_t until);
void fl_futex_system_wake(filch_u32 *word, int count);

#endif
