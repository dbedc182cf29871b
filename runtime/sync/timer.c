/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Timers that start a task. The work item is made when the timer is started, and handed over under
 * the lock of its shard. So starting the task needs nothing that could be refused, and a timer that
 * is not pending has handed it over. */
#include <filch/timer.h>
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/timer.h>

#include <errno.h>

FILCH_STATIC_ASSERT(sizeof(fl_timer) <= sizeof(filch_timer), "no room for a timer");

static fl_timer *within(filch_timer *timer)
{
    return (fl_timer *)(void *)timer->reserved;
}

static int refuse(int64_t when)
{
    return fl_fail(EINVAL, "a timer for %lld ns; give a time from filch_in()", (long long)when);
}

int filch_timer_start_from(filch_timer *timer, filch_runtime *rt, int64_t when, filch_go_fn *fn,
                           void *arg, const filch_place *place)
{
    FL_GIVEN(timer);
    int rc = fl_runtime_meant(&rt, "filch_timer_start");
    if (rc)
        return rc;
    if (!fn)
        return fl_fail(EINVAL, "filch_timer_start without a function; give it one");
    if (when < 0)
        return refuse(when);
    fl_work_item *work_item = fl_work_item_detached(fn, arg, place);
    if (!work_item)
        return fl_fail(ENOMEM, "no memory for the task of a timer; wait for some to end");
    rc = fl_timer_start_work_item(within(timer), when, rt, work_item);
    if (rc)
        fl_work_item_give(work_item);
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
    FL_MUST_GIVE(timer);
    void *work_item;
    bool stopped = fl_timer_take_back(within(timer), &work_item);
    if (stopped)
        fl_work_item_give(work_item);
    return stopped;
}

int filch_timer_reset(filch_timer *timer, int64_t when)
{
    FL_GIVEN(timer);
    if (when < 0)
        return refuse(when);
    return fl_timer_reset(within(timer), when)
               ? 0
               : fl_fail(ENOENT, "this timer is not pending; start it");
}
