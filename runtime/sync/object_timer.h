/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An alarm starts a task of an object at a given time, or has the timer thread call a function then
 * (fl_alarm_init_call: prompt although all workers compute; the function must not wait). Objects
 * with deadlines of their own (a pool of resources, a batcher) have one. Setting it and starting
 * the task cannot fail: its timer stays with the timer thread, set to the end of time when nothing
 * is due, and the work item is part of the alarm.
 *
 *   the object, under its lock   the timer thread        the task
 *   sets an earlier time         at the time: rings,     locks the object, does all that is due,
 *                                which starts the        answers with the next time, unlocks
 *                                task
 *
 * While it rings (`rung`), it does not ring again, so a setting made meanwhile may be lost; the
 * answer, which is made under the object's lock, gives the time again. `rung` needs no order: the
 * object's lock orders answers and settings, the lock of the timer's shard orders these and rings,
 * and the work item's way to a worker orders a ring and its task.
 * Life: stopped, and not ringing, before it is freed. The runtime must exist until then. Zero bytes
 * are an alarm that was not made.
 * Locks: the shard's lock is taken under the object's; the timer thread never takes the
 * object's. */
#ifndef FL_OBJECT_TIMER_H
#define FL_OBJECT_TIMER_H

#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/sync/timer.h>

typedef struct fl_alarm {
    fl_timer timer; /* first */
    fl_work_item work_item;
    fl_runtime *rt; /* NULL: it was not made */
    filch_u32 rung; /* the task has been started, and has not answered */
    /* Under the object's lock */
    int64_t at; /* the time it is set to */
    bool stopped;
} fl_alarm;

/* Sets it to the end of time; run(self, &alarm->work_item) is its task. -EAGAIN, -EMFILE, -ENOMEM
 * through fl_fail: there is no timer thread, or no memory, and the alarm was not made. */
int fl_alarm_init(fl_alarm *alarm, fl_runtime *rt, fl_work_item_fn *run);

/* The same, but the timer thread calls call(arg), under no lock, instead of starting a task. */
int fl_alarm_init_call(fl_alarm *alarm, fl_runtime *rt, void (*call)(void *), void *arg);

/* ---- With the object's lock ---- */

/* It rings then, or earlier if it is set to an earlier time. */
void fl_alarm_set(fl_alarm *alarm, int64_t when);
/* Nothing is due any more: it does not ring unless it is about to. */
void fl_alarm_unset(fl_alarm *alarm);
/* Called by its task, which has done all that was due; the alarm rings next at `when`. */
void fl_alarm_answer(fl_alarm *alarm, int64_t when);
/* It does not ring any more. It may have rung: then its task still answers. May be called again,
 * and for an alarm that was not made. */
void fl_alarm_stop(fl_alarm *alarm);
/* After stop: is its task still to come, or running? */
bool fl_alarm_rings(const fl_alarm *alarm);
static inline bool fl_alarm_was_made(const fl_alarm *alarm)
{
    return alarm->rt;
}
/* It was stopped, and its task has not answered yet. */
static inline bool fl_alarm_dies_away(const fl_alarm *alarm)
{
    return alarm->stopped && fl_alarm_rings(alarm);
}

#endif
