/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An alarm: a task of an object that is started at a time. What waits for ages of its own (a pool
 * of resources, a batcher) has one. Setting it and starting the task cannot fail: the timer stays
 * among the keeper's, for the end of time when nothing is due, and the job is part of the alarm.
 *
 *   the object, under its lock        the keeper              the task
 *   sets an earlier time              at the time: rings,     locks the object, does what is due,
 *                                     which starts the        answers with the next time, unlocks
 *                                     task
 *
 * While it rings (`rung`), it is not rung again; so what is set meanwhile may be swallowed, and the
 * answer, which is made under the object's lock, says it anew.
 * `rung` needs no order: the object's lock orders answers and settings, the keeper's lock orders
 * these and rings, the job's way to a worker orders a ring and its task.
 * Life: stopped, and not ringing, before it is freed. The runtime has to be there until then. Zero
 * bytes are an alarm that was not made.
 * Locks: the keeper's is taken under the object's; the object's is not taken by the keeper. */
#ifndef FL_ALARM_H
#define FL_ALARM_H

#include <runtime/core/worker.h>
#include <runtime/sync/timer.h>

typedef struct fl_alarm {
    fl_timer timer; /* first */
    fl_job job;
    fl_runtime *rt; /* NULL: it was not made */
    filch_u32 rung; /* the task has been started, and has not answered */
    /* Under the object's lock */
    int64_t at; /* what it is set to */
    bool stopped;
} fl_alarm;

/* Set for the end of time; run(self, &alarm->job) is its task. -EAGAIN, -EMFILE, -ENOMEM through
 * fl_fail: there is no keeper, or no memory, and it was not made. */
int fl_alarm_init(fl_alarm *alarm, fl_runtime *rt, fl_job_fn *run);

/* ---- With the object's lock ---- */

/* It rings then, or earlier if that is what it is set to. */
void fl_alarm_set(fl_alarm *alarm, int64_t when);
/* Its task: what was due is done; it rings next at `when`. */
void fl_alarm_answer(fl_alarm *alarm, int64_t when);
/* It does not ring any more. It may have rung: then its task answers. May be called again, and for one
 * that was not made. */
void fl_alarm_stop(fl_alarm *alarm);
/* After stop: will the task still come, or is it there? */
bool fl_alarm_rings(const fl_alarm *alarm);
static inline bool fl_alarm_was_made(const fl_alarm *alarm)
{
    return alarm->rt;
}
/* It was stopped, and its task is still to answer. */
static inline bool fl_alarm_dies_away(const fl_alarm *alarm)
{
    return alarm->stopped && fl_alarm_rings(alarm);
}

#endif
