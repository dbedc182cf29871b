/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker that is kept busy, so that tasks started on its runtime wait. */
#ifndef SUPPORT_OCCUPIED_H
#define SUPPORT_OCCUPIED_H

#include <filch/filch.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/object_timer.h>
#include <tests/support/configs.h>
#include <tests/support/patience.h>
#include <tests/support/signpost.h>

typedef struct occupation {
    signpost begun, over;
} occupation;

static inline void occupy(filch_self self, void *arg)
{
    occupation *it = arg;
    signpost_raise(&it->begun);
    signpost_wait(&it->over, 1);
}

/* A runtime of one worker, which has nothing else to do until signpost_raise(&it->over). */
static inline filch_runtime *occupied_runtime(occupation *it)
{
    filch_runtime *rt = config_runtime(0, 0);
    *it = (occupation){{0}, {0}};
    if (filch_go(rt, occupy, it))
        filch_die("%s", filch_error());
    signpost_wait(&it->begun, 1);
    return rt;
}

/* Returns when it has rung, and its task waits for the worker. */
static inline void occupied_ring(filch_u32 *lock, fl_alarm *alarm)
{
    fl_lock(lock);
    fl_alarm_set(alarm, 1);
    fl_unlock(lock);
    WAIT_WHILE(!fl_alarm_rings(alarm));
}

#endif
