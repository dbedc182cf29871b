/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/object_timer.h>
#include <tests/support/engine.h>

void occupy(filch_self self, void *arg)
{
    occupation *it = arg;
    signpost_raise(&it->begun);
    signpost_wait(&it->over, 1);
}

filch_runtime *occupied_runtime(occupation *it)
{
    filch_runtime *rt = config_runtime(0, 0);
    *it = (occupation){{0}, {0}};
    if (filch_go(rt, occupy, it))
        filch_die("%s", filch_error());
    signpost_wait(&it->begun, 1);
    return rt;
}

void occupied_ring(filch_u32 *lock, struct fl_alarm *alarm)
{
    fl_lock(lock);
    fl_alarm_set(alarm, 1);
    fl_unlock(lock);
    WAIT_WHILE(!fl_alarm_rings(alarm));
}
