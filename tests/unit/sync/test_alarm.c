/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Alarms: their task comes at the time, never twice at once, and nothing that is set is lost. */
#include <runtime/engine/panic.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/object_timer.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

/* An object that minds a time. */
static struct owner {
    fl_alarm alarm;
    filch_u32 lock;
    int64_t due; /* FILCH_FOREVER: nothing is */
    signpost came, there, early;
} it;

static void come(filch_self self, fl_work_item *work_item)
{
    cr_assert_eq(work_item, &it.alarm.work_item);
    if (signpost_count(&it.there))
        signpost_raise(&it.early); /* twice at once */
    signpost_raise(&it.there);
    fl_lock(&it.lock);
    if (it.due <= filch_now())
        it.due = FILCH_FOREVER;
    signpost_raise(&it.came);
    filch_u32_store(&it.there, 0, FILCH_RELEASE);
    fl_alarm_answer(&it.alarm, it.due);
    fl_unlock(&it.lock);
}

static void set(int64_t when)
{
    fl_lock(&it.lock);
    it.due = when;
    fl_alarm_set(&it.alarm, when);
    fl_unlock(&it.lock);
}

static bool is_due(void)
{
    fl_lock(&it.lock);
    bool due = it.due != FILCH_FOREVER;
    fl_unlock(&it.lock);
    return due;
}

static void begin(filch_runtime *rt)
{
    it = (struct owner){.due = FILCH_FOREVER};
    cr_assert_eq(fl_alarm_init(&it.alarm, rt, come), 0);
}

static void end(void)
{
    fl_lock(&it.lock);
    fl_alarm_stop(&it.alarm);
    fl_unlock(&it.lock);
    WAIT_WHILE(fl_alarm_rings(&it.alarm));
    fl_lock(&it.lock); /* the task's last touch is unlocking */
    fl_unlock(&it.lock);
    cr_assert_eq(signpost_count(&it.early), 0);
}

Test(alarm, task_runs_when_due)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        begin(rt);
        for (unsigned i = 0; i < 20; i++) {
            int64_t when = filch_in(i % 4 * MS / 4);
            uint32_t before = signpost_count(&it.came);
            set(when);
            signpost_wait(&it.came, before + 1);
            cr_assert_geq(filch_now(), when, "not early");
            WAIT_WHILE(is_due());
        }
        end();
        OK(filch_runtime_destroy(rt));
    }
}

Test(alarm, only_earlier_time_replaces_pending_one)
{
    filch_runtime *rt = config_runtime(2, 0);
    begin(rt);
    set(filch_in(3000 * FILCH_SECOND));
    set(filch_in(MS));
    fl_lock(&it.lock);
    fl_alarm_set(&it.alarm, filch_in(2000 * FILCH_SECOND));
    fl_unlock(&it.lock);
    signpost_wait(&it.came, 1);
    end();
    OK(filch_runtime_destroy(rt));
}

Test(alarm, ringing_alarm_defers_new_times)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        begin(rt);
        for (unsigned i = 0; i < 10; i++) {
            uint32_t before = signpost_count(&it.came);
            fl_lock(&it.lock); /* its task waits for it */
            it.due = filch_now();
            fl_alarm_set(&it.alarm, it.due);
            WAIT_WHILE(!fl_alarm_rings(&it.alarm));
            for (unsigned j = 1; j < 5; j++) {
                it.due -= 1;
                fl_alarm_set(&it.alarm, it.due);
                filch_sleep(MS / 20); /* the timer thread looks */
            }
            fl_unlock(&it.lock);
            WAIT_WHILE(is_due());
            cr_assert_geq(signpost_count(&it.came), before + 1);
        }
        end();
        OK(filch_runtime_destroy(rt));
    }
}

Test(alarm, stopping_unmade_alarm_is_harmless)
{
    fl_alarm none = {.at = 0};
    fl_alarm_stop(&none);
    cr_assert(!fl_alarm_was_made(&none) && !fl_alarm_dies_away(&none));
}

Test(alarm, stopped_it_does_not_ring)
{
    filch_runtime *rt = config_runtime(2, 0);
    begin(rt);
    set(filch_in(MS));
    fl_lock(&it.lock);
    fl_alarm_stop(&it.alarm);
    bool rings = fl_alarm_rings(&it.alarm);
    fl_unlock(&it.lock);
    filch_sleep(2 * MS);
    cr_assert_eq(signpost_count(&it.came), rings);
    fl_lock(&it.lock);
    fl_alarm_set(&it.alarm, 1); /* of no effect, */
    fl_alarm_stop(&it.alarm);   /* nor has this */
    fl_unlock(&it.lock);
    end();
    cr_assert_eq(signpost_count(&it.came), rings);
    OK(filch_runtime_destroy(rt));
}
