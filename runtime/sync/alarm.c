/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/alarm.h>

#include <filch/wait.h>

/* Under the keeper's lock. */
static int64_t ring(fl_timer *timer, int64_t when, int64_t now)
{
    (void)when, (void)now;
    fl_alarm *alarm = (fl_alarm *)timer;
    if (!filch_u32_exchange(&alarm->rung, 1, FILCH_RELAXED)) /* see the head of alarm.h */
        fl_submit_across(alarm->rt, &alarm->job, 0, FL_UNLESS_AWAKE);
    return FILCH_FOREVER;
}

int fl_alarm_init(fl_alarm *alarm, fl_runtime *rt, fl_job_fn *run)
{
    *alarm = (fl_alarm){.rt = rt, .at = FILCH_FOREVER};
    fl_job_be_part(&alarm->job, run);
    int rc = fl_timer_start_fire(&alarm->timer, FILCH_FOREVER, ring, NULL, NULL);
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

void fl_alarm_answer(fl_alarm *alarm, int64_t when)
{
    alarm->at = when;
    filch_u32_store(&alarm->rung, 0, FILCH_RELAXED); /* see the head of alarm.h */
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
