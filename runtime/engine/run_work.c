/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fiber's life: find a task, run it, repeat. The task may suspend in the middle; then the whole
 * loop waits, and may continue on another worker. */
#include <runtime/engine/run_work.h>

#include <filch/scope.h>
#include <filch/task.h>
#include <runtime/engine/events.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/switch/fpmode.h>
#include <sched/forkstack.h>
#include <sched/mode.h>
#include <sched/profit.h>
#include <sched/times.h>

void fl_run_slot(filch_self self, filch_slot *slot, const filch_task *task)
{
    fl_fiber *waiter; /* finishing is the last touch of the slot */
    filch_failure failure;
    if (fl_fiber_of(self)->worker->rt->settings.wait == FL_WAIT_HELP_OWN ||
        fl_forkstack_of(slot)->followed)
        fl_slot_begin(slot, fl_forkstack_of(self));
    fl_count(fl_fiber_of(self)->worker, FL_TASKS_TAKEN, 1);
    fl_event_task(fl_fiber_of(self)->worker, FL_TRACE_RUN, slot, task);
    bool ended = fl_catch_task(self, task, slot, &failure);
    fl_event_task_ends(fl_fiber_of(self)->worker, FL_TRACE_RUN_END, slot, task, 0);
    if (ended) {
        waiter = fl_slot_finish(slot, task);
    } else {
        fl_slot_put_failure(slot, &failure);
        waiter = fl_slot_fail(slot, task);
    }
    if (waiter)
        fl_resume(fl_fiber_of(self)->worker->rt, waiter);
}

/* A gift of many: fork the upper half while there is more than one. So no C variable ever holds a
 * task that was not started: a suspension would hide it there. */
FILCH_VOID_TASK(range, (filch_slot *, first), (uint32_t, count), (bool, offered))
{
    unsigned forks = 0;
    for (; count > 1; forks++) {
        uint32_t upper = count / 2;
        count -= upper;
        FILCH_FORK(range, first + count, upper, offered);
    }
    if (!offered || fl_slot_take(first)) /* else its owner has taken it back */
        fl_run_slot(self, first, first->claimed);
    for (; forks; forks--)
        FILCH_JOIN_VOID(range);
}

const filch_task *const fl_own_task = &range_task;

static void run_gift(filch_self self, const fl_work *work)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_worker *worker = fiber->worker;
    unsigned arrivals = fiber->arrivals;
    int64_t start = fl_now();
    fl_turn_at(worker, FL_WORKING, start);
    if (work->kind == FL_WORK_RANGE)
        range(self, work->slot, work->count, work->offered);
    else
        fl_run_slot(self, work->slot, work->task);
    bool switched = fiber->arrivals != arrivals;
    int64_t tasks = work->kind == FL_WORK_RANGE ? work->count : 1;
    if (switched) /* this may be another worker; either may count the profit */
        worker = fiber->worker;
    worker->gift_ended = fl_now();
    fl_profit_gift(&worker->profit, worker->gift_ended - start, tasks, switched);
    if (!worker->profit.nap)
        worker->vain_nap = 0;
}

void fl_run_forked(filch_self self, const fl_work *work)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_fiber_runs(fiber, work->task, NULL, 0);
    fl_event_named(fiber->worker, FL_TRACE_TASK, work->count, work->task->name);
    if (work->gift)
        run_gift(self, work);
    else
        fl_run_slot(self, work->slot, work->task);
    fl_event(fiber->worker, FL_TRACE_TASK_END, fiber->number, 0);
}

/* A caller's region is over. If it comes back soon it works in the place of a sleeper, so this worker
 * does not wait for more. */
static void leave_to_guests(fl_worker *worker)
{
    if (worker->rt->settings.guest)
        worker->stolen_lately = false;
}

static void run_job(filch_self self, fl_work_item *work_item)
{
    if (work_item->kind == FL_WORK_ITEM_AWAITED) {
        fl_call_run(self, work_item->as.awaited);
        leave_to_guests(fl_fiber_of(self)->worker);
        return;
    }
    if (work_item->kind == FL_WORK_ITEM_PART) {
        work_item->as.part(self, work_item);
        fl_fpmode_set(fl_fiber_of(self)->worker->rt->fpmode);
        return;
    }
    if (work_item->kind == FL_WORK_ITEM_CHILD) {
        work_item->as.child.run(self, work_item);
        return;
    }
    const filch_task *detached = &work_item->as.detached.place->task;
    filch_go_fn *fn = work_item->as.detached.fn;
    void *arg = work_item->as.detached.arg;
    fl_work_item_give(work_item);
    filch_failure failure;
    if (fl_catch(self, detached->name, fn, arg, &failure))
        fl_check_return(self, detached);
    else
        fl_panic_report(&failure);
}

/* For reports: the task's name, and where it was started. */
static void note_job(fl_fiber *fiber, const fl_work_item *work_item)
{
    switch (work_item->kind) {
    case FL_WORK_ITEM_AWAITED: {
        const fl_call *call = work_item->as.awaited;
        fl_fiber_runs(fiber, call->task, call->file, call->line);
        break;
    }
    case FL_WORK_ITEM_DETACHED: {
        const filch_place *place = work_item->as.detached.place;
        fl_fiber_runs(fiber, &place->task, place->file, place->line);
        break;
    }
    case FL_WORK_ITEM_CHILD: {
        const filch_child *what = work_item->as.child.what;
        fl_fiber_runs(fiber, &what->task, what->file, what->line);
        break;
    }
    default:
        fl_fiber_runs(fiber, NULL, NULL, 0);
    }
}

void fl_run_job(filch_self self, fl_work_item *work_item)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_count(fiber->worker, FL_JOBS_RUN, 1);
    note_job(fiber, work_item);
    fl_event_named(fiber->worker, FL_TRACE_JOB, fl_event_item(work_item), fl_fiber_task(fiber));
    run_job(self, work_item);
    fl_event(fiber->worker, FL_TRACE_JOB_END, fiber->number, 0);
}

static void execute(fl_fiber *fiber, filch_self self, const fl_work *work)
{
    switch (work->kind) {
    case FL_WORK_FIBER:
        if (FILCH_UNLIKELY(fl_fiber_guest(work->fiber)))
            fl_guest_lend(fiber->worker, work->fiber);
        else
            fl_retire_into(fiber, work->fiber);
        break;
    case FL_WORK_JOB:
        fl_run_job(self, work->work_item);
        break;
    default:
        fl_run_forked(self, work);
    }
}

static void go_native(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)unused;
    fl_fiber_recycle(worker, left);
}

void fl_fiber_loop(void *arg)
{
    fl_fiber *fiber = arg;
    fl_arrive(fiber);
    fl_fpmode_set(fiber->worker->rt->fpmode);
    filch_self self = fl_first_slot(&fiber->stack);
    for (;;) {
        fl_work work;
        if (fl_find(fiber->worker, &work))
            execute(fiber, self, &work);
        else
            fl_switch(fiber->worker, fiber, &fiber->worker->native, go_native, NULL);
    }
}
