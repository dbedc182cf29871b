/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Timers that start a task. The job is made when the timer is started, and submitted under the
 * keeper's lock: so starting the task needs nothing that could be refused, and a timer that is not
 * pending has submitted it. */
#include <filch/timer.h>
#include <runtime/core/error.h>
#include <runtime/core/worker.h>
#include <runtime/sync/timer.h>

#include <errno.h>

FILCH_STATIC_ASSERT(sizeof(fl_timer) <= sizeof(filch_timer), "no room for a timer");

static fl_timer *within(filch_timer *timer)
{
    return (fl_timer *)(void *)timer->reserved;
}

static int64_t submit(fl_timer *timer, int64_t when, int64_t now)
{
    (void)when, (void)now;
    fl_submit_across(timer->where, timer->arg, 0, FL_UNLESS_AWAKE);
    return 0;
}

static int refuse(int64_t when)
{
    return fl_fail(EINVAL, "a timer for %lld ns; give a time from filch_in()", (long long)when);
}

int filch_timer_start_from(filch_timer *timer, filch_runtime *rt, int64_t when, filch_go_fn *fn,
                           void *arg, const filch_place *place)
{
    int rc = fl_runtime_meant(&rt, "filch_timer_start");
    if (rc)
        return rc;
    if (!fn)
        return fl_fail(EINVAL, "filch_timer_start without a function; give it one");
    if (when < 0)
        return refuse(when);
    fl_job *job = fl_job_detached(fn, arg, place);
    if (!job)
        return fl_fail(ENOMEM, "no memory for the task of a timer; wait for some to end");
    rc = fl_timer_start_fire(within(timer), when, submit, job, rt);
    if (rc)
        fl_job_give(job);
    return rc;
}

int(filch_timer_start)(filch_timer *timer, filch_runtime *rt, int64_t when, filch_go_fn *fn,
                       void *arg)
{
    static const filch_place nowhere = {.task.name = "(filch_timer_start)"};
    return filch_timer_start_from(timer, rt, when, fn, arg, &nowhere);
}

bool filch_timer_stop(filch_timer *timer)
{
    void *job;
    bool stopped = fl_timer_take_back(within(timer), &job);
    if (stopped)
        fl_job_give(job);
    return stopped;
}

int filch_timer_reset(filch_timer *timer, int64_t when)
{
    if (when < 0)
        return refuse(when);
    return fl_timer_reset(within(timer), when)
               ? 0
               : fl_fail(ENOENT, "this timer is not pending; start it");
}
