/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fiber's life: find something, run it, again. What it runs may suspend in the middle; then the
 * whole loop waits, and goes on perhaps on another worker. */
#include <runtime/core/call.h>
#include <runtime/core/clock.h>
#include <runtime/core/panic.h>
#include <runtime/sync/scope.h>

#include <filch/task.h>

void fl_run_slot(filch_self self, filch_slot *slot, const filch_task *task)
{
    fl_fiber *waiter; /* finishing is the last touch of the slot */
    filch_failure failure;
    if (fl_fiber_of(self)->worker->rt->settings.wait == FL_WAIT_HELP_OWN)
        fl_slot_begin(slot, fl_forkstack_of(self));
    fl_count(fl_fiber_of(self)->worker, FL_TASKS_TAKEN, 1);
    if (fl_catch_task(self, task, slot, &failure)) {
        waiter = fl_slot_finish(slot);
    } else {
        fl_slot_put_failure(slot, &failure);
        waiter = fl_slot_fail(slot);
    }
    if (waiter)
        fl_resume(fl_fiber_of(self)->worker->rt, waiter);
}

/* A gift of many: while there is more than one, fork the upper half, always. So nothing that was
 * not started is ever held in a C variable, where a slot that suspends would hide it. */
FILCH_VOID_TASK(range, (filch_slot *, first), (uint32_t, count))
{
    unsigned forks = 0;
    for (; count > 1; forks++) {
        uint32_t upper = count / 2;
        count -= upper;
        FILCH_FORK(range, first + count, upper);
    }
    fl_run_slot(self, first, first->claimed);
    for (; forks; forks--)
        FILCH_JOIN_VOID(range);
}

static void run_gift(filch_self self, const fl_work *work)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_worker *worker = fiber->worker;
    unsigned arrivals = fiber->arrivals;
    int64_t start = fl_now();
    fl_turn_at(worker, FL_WORKING, start);
    if (work->kind == FL_WORK_RANGE)
        range(self, work->slot, work->count);
    else
        fl_run_slot(self, work->slot, work->task);
    bool switched = fiber->arrivals != arrivals;
    int64_t tasks = work->kind == FL_WORK_RANGE ? work->count : 1;
    if (switched) /* this may be another worker; whose profit it was is no matter */
        worker = fiber->worker;
    worker->gift_ended = fl_now();
    fl_profit_gift(&worker->profit, worker->gift_ended - start, tasks, switched);
    if (!worker->profit.nap)
        worker->vain_nap = 0;
}

void fl_run_forked(filch_self self, const fl_work *work)
{
    fl_fiber_runs(fl_fiber_of(self), work->task, NULL, 0);
    if (work->gift)
        run_gift(self, work);
    else
        fl_run_slot(self, work->slot, work->task);
}

static void run_job(filch_self self, fl_job *job)
{
    if (job->kind == FL_JOB_AWAITED) {
        fl_call_run(self, job->as.awaited);
        return;
    }
    if (job->kind == FL_JOB_PART) {
        job->as.part(self, job);
        return;
    }
    if (job->kind == FL_JOB_CHILD) {
        fl_child_run(self, job);
        return;
    }
    const filch_task *detached = &job->as.detached.place->task;
    filch_go_fn *fn = job->as.detached.fn;
    void *arg = job->as.detached.arg;
    fl_job_give(job);
    filch_failure failure;
    if (fl_catch(self, detached->name, fn, arg, &failure))
        filch_check_return(self, detached);
    else
        fl_panic_report(&failure);
}

/* For reports: who is it, and where was it started? */
static void note_job(fl_fiber *fiber, const fl_job *job)
{
    switch (job->kind) {
    case FL_JOB_AWAITED:
        fl_fiber_runs(fiber, job->as.awaited->task, NULL, 0);
        break;
    case FL_JOB_DETACHED: {
        const filch_place *place = job->as.detached.place;
        fl_fiber_runs(fiber, &place->task, place->file, place->line);
        break;
    }
    case FL_JOB_CHILD: {
        const filch_child *what = job->as.child.what;
        fl_fiber_runs(fiber, &what->task, what->file, what->line);
        break;
    }
    default:
        fl_fiber_runs(fiber, NULL, NULL, 0);
    }
}

static void execute(fl_fiber *fiber, filch_self self, const fl_work *work)
{
    switch (work->kind) {
    case FL_WORK_FIBER:
        fl_retire_into(fiber, work->fiber);
        break;
    case FL_WORK_JOB:
        fl_count(fiber->worker, FL_JOBS_RUN, 1);
        note_job(fiber, work->job);
        run_job(self, work->job);
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
    filch_self self = fl_first_slot(&fiber->stack);
    for (;;) {
        fl_work work;
        if (fl_find(fiber->worker, &work))
            execute(fiber, self, &work);
        else
            fl_switch(fiber->worker, fiber, &fiber->worker->native, go_native, NULL);
    }
}
