/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/object_timer.h>

#include <filch/wait.h>
#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <sched/idle.h>

/* Under the lock of the timer's shard. */
static int64_t ring(fl_timer *timer, int64_t when, int64_t now)
{
    (void)when, (void)now;
    fl_alarm *alarm = (fl_alarm *)timer;
    if (!filch_u32_exchange(&alarm->rung, 1, FILCH_RELAXED)) /* see the head of object_timer.h */
        fl_submit_across(alarm->rt, &alarm->work_item, FL_WAKE_HERE, FL_UNLESS_AWAKE);
    return FILCH_FOREVER;
}

/* Under the lock of the timer's shard, before the timer thread calls. */
static int64_t ring_only(fl_timer *timer, int64_t when, int64_t now)
{
    (void)when, (void)now;
    fl_alarm *alarm = (fl_alarm *)timer;
    filch_u32_exchange(&alarm->rung, 1, FILCH_RELAXED); /* see the head of object_timer.h */
    return FILCH_FOREVER;
}

int fl_alarm_init(fl_alarm *alarm, fl_runtime *rt, fl_work_item_fn *run)
{
    *alarm = (fl_alarm){.rt = rt, .at = FILCH_FOREVER};
    fl_work_item_be_part(&alarm->work_item, run);
    int rc = fl_timer_start_fire(&alarm->timer, FILCH_FOREVER, ring);
    if (rc)
        alarm->rt = NULL;
    return rc;
}

int fl_alarm_init_call(fl_alarm *alarm, fl_runtime *rt, void (*call)(void *), void *arg)
{
    *alarm = (fl_alarm){.rt = rt, .at = FILCH_FOREVER};
    int rc = fl_timer_start_both(&alarm->timer, FILCH_FOREVER, ring_only, call, arg);
    if (rc)
        alarm->rt = NULL;
    return rc;
}

void fl_alarm_set(fl_alarm *alarm, int64_t when)
{
    if (when >= alarm->at)
        return;
    alarm->at = when;
    fl_timer_reset(&alarm->timer, when);
}

void fl_alarm_unset(fl_alarm *alarm)
{
    if (alarm->at == FILCH_FOREVER)
        return;
    alarm->at = FILCH_FOREVER;
    fl_timer_reset(&alarm->timer, FILCH_FOREVER);
}

void fl_alarm_answer(fl_alarm *alarm, int64_t when)
{
    alarm->at = when;
    filch_u32_store(&alarm->rung, 0, FILCH_RELAXED); /* see the head of object_timer.h */
    fl_timer_reset(&alarm->timer, when);
}

void fl_alarm_stop(fl_alarm *alarm)
{
    if (alarm->stopped || !fl_alarm_was_made(alarm))
        return;
    alarm->stopped = true;
    fl_timer_stop(&alarm->timer);
}

bool fl_alarm_rings(const fl_alarm *alarm)
{
    return filch_u32_load(&alarm->rung, FILCH_RELAXED); /* under the object's lock */
}
