/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work from outside: filch_run, filch_go, and filch_yield, which goes through the same inbox since
 * that is the one queue that is first in, first out. PostDone to AnnounceWait are edges of
 * runtime/engine/external.h. */
#include <runtime/engine/external.h>

#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/events.h>
#include <runtime/engine/fork_join.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/park.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/given.h>
#include <sched/forkstack.h>
#include <sched/idle.h>

#include <errno.h>

enum { CALL_RUNNING, CALL_WAITED_FOR, CALL_DONE };

static int refuse_if_forked(const fl_runtime *rt)
{
    if (rt->fork_generation == fl_fork_generation())
        return 0;
    return fl_fail(ECHILD, "this runtime belongs to the parent process, and its workers do not run "
                           "in the child; create a runtime in the child after fork()");
}

void fl_call_run(filch_self self, fl_call *call)
{
    fl_catch_task(self, call->task, call->slot, &call->failure);
    if (call->waiter)
        fl_resume(call->home, call->waiter);
    else if (filch_u32_exchange(&call->state, CALL_DONE, FILCH_ACQ_REL) ==
             CALL_WAITED_FOR) { /* PostDone */
        fl_thread_told();
        fl_futex_wake(&call->state, 1); /* by its address alone: the waiter may have gone */
    }
}

static void wait_as_thread(fl_call *call)
{
    uint32_t state = CALL_RUNNING;
    fl_thread_names("filch_run", NULL);
    fl_thread_enlist();
    if (filch_u32_cas(&call->state, &state, CALL_WAITED_FOR, FILCH_ACQ_REL)) { /* AnnounceWait */
        fl_thread_waits(); /* perhaps it has been notified already: until then it counts as awake */
        fl_suspect();
    }
    while (filch_u32_load(&call->state, FILCH_ACQUIRE) != CALL_DONE) /* AwaitDone */
        fl_futex_wait_until(&call->state, CALL_WAITED_FOR, 0);
    fl_thread_delist();
}

struct handover {
    fl_runtime *rt;
    fl_call *call;
};

static void submit_after_switch(fl_worker *worker, fl_fiber *left, void *arg)
{
    (void)left;
    struct handover *handover = arg; /* on the stack that left; gone once it is submitted */
    fl_event_by(handover->rt, worker, FL_TRACE_SUBMIT, fl_event_item(&handover->call->work_item));
    fl_submit_across(handover->rt, &handover->call->work_item, FL_WAKE_GUESS, FL_UNLESS_AWAKE);
}

static int refuse_here(const fl_runtime *rt, const filch_task *task)
{
    rt = fl_runtime_asked(rt, "filch_run");
    FL_MAY_LIVE_IN("filch_run", "rt", rt);
    int rc = rt ? refuse_if_forked(rt) : -EINVAL;
    if (rc)
        return rc;
    fl_worker *here = fl_worker_here();
    if (here && here->rt == rt)
        return fl_fail(EDEADLK,
                       "filch_run(%s) on a worker of the same runtime; call %s(self, ...), "
                       "or fork it",
                       task->name, task->name);
    return 0;
}

/* The caller is a task of another runtime, which goes on with other work. */
static void run_across(fl_runtime *rt, fl_call *call, fl_worker *here)
{
    call->home = here->rt;
    call->waiter = here->running;
    struct handover handover = {rt, call};
    fl_fiber_waits_in(call->waiter, "filch_run", NULL);
    fl_suspend(fl_first_slot(&here->running->stack), submit_after_switch, &handover);
}

static void run(fl_runtime *rt, fl_call *call)
{
    call->work_item.kind = FL_WORK_ITEM_AWAITED;
    call->work_item.as.awaited = call;
    fl_worker *here = fl_worker_here();
    if (here) {
        run_across(rt, call, here);
        return;
    }
    if (fl_guest_run(rt, &call->work_item))
        return;
    fl_event_by(rt, NULL, FL_TRACE_SUBMIT, fl_event_item(&call->work_item));
    fl_submit_across(rt, &call->work_item, FL_WAKE_HERE, FL_UNLESS_AWAKE);
    wait_as_thread(call);
}

int fl_run_at(filch_runtime *rt, const filch_task *task, filch_slot *slot, const char *file,
              int line)
{
    int rc = refuse_here(rt, task);
    if (rc)
        return rc;
    fl_call call = {.task = task, .slot = slot, .file = file, .line = line};
    run(rt, &call);
    return call.failure.code ? fl_panic_tell(&call.failure) : 0;
}

int(filch_run)(filch_runtime *rt, const filch_task *task, filch_slot *slot)
{
    return fl_run_at(rt, task, slot, NULL, 0);
}

void fl_run_or_die(filch_runtime *rt, const filch_task *task, filch_slot *slot, const char *file,
                   int line)
{
    if (refuse_here(rt, task))
        filch_die("%s", filch_error());
    fl_call call = {.task = task, .slot = slot, .file = file, .line = line};
    run(rt, &call);
    if (call.failure.code)
        filch_panic_again(&call.failure);
}

int fl_runtime_meant(fl_runtime **rt, const char *call)
{
    if (!*rt)
        *rt = filch_runtime_here();
    FL_MAY_LIVE_IN(call, "rt", *rt);
    return *rt ? refuse_if_forked(*rt)
               : fl_fail(EINVAL, "%s without a runtime outside a task; name one", call);
}

const fl_runtime *fl_runtime_asked(const fl_runtime *rt, const char *call)
{
    FL_MAY_LIVE_IN(call, "rt", rt);
    fl_runtime *own = NULL;
    return rt ? rt : fl_runtime_meant(&own, call) ? NULL : own;
}

static void start(fl_runtime *rt, fl_work_item *work_item, fl_unless unless)
{
    fl_worker *here = fl_worker_here();
    fl_event_by(rt, here, FL_TRACE_SUBMIT, fl_event_item(work_item));
    if (here && here->rt == rt && !fl_push_ready(here, fl_item(FL_ITEM_WORK, work_item)))
        fl_count(here, FL_JOBS_STARTED, 1);
    else
        fl_submit_across(rt, work_item, FL_WAKE_GUESS, unless);
}

void fl_start(fl_runtime *rt, fl_work_item *work_item)
{
    start(rt, work_item, FL_UNLESS_AWAKE);
}

void fl_start_patient(fl_runtime *rt, fl_work_item *work_item)
{
    start(rt, work_item, FL_UNLESS_SEARCHING);
}

int fl_go_at(filch_runtime *rt, filch_go_fn *fn, void *arg, const filch_place *place)
{
    int rc = fl_runtime_meant(&rt, "filch_go");
    if (rc)
        return rc;
    if (!fn)
        return fl_fail(EINVAL, "filch_go without a function; pass one");
    fl_work_item *work_item = fl_work_item_detached(fn, arg, place);
    if (!work_item)
        return fl_fail(ENOMEM, "no memory for a detached task; wait for some to end");
    fl_start(rt, work_item);
    return 0;
}

int(filch_go)(filch_runtime *rt, filch_go_fn *fn, void *arg)
{
    static const filch_place nowhere = {.task.name = "(filch_go)"};
    return fl_go_at(rt, fn, arg, &nowhere);
}

void fl_start_all(fl_runtime *rt, fl_work_item *const *work_items, unsigned count)
{
    fl_worker *here = fl_worker_here();
    for (unsigned i = 0; i < count; i++)
        fl_event_by(rt, here, FL_TRACE_SUBMIT, fl_event_item(work_items[i]));
    unsigned pushed = here && here->rt == rt ? fl_push_ready_all(here, work_items, count) : 0;
    if (pushed)
        fl_count(here, FL_JOBS_STARTED, pushed);
    if (pushed < count)
        fl_submit_all_across(rt, work_items + pushed, count - pushed, FL_WAKE_GUESS);
}

static void to_the_end_of_the_line(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)unused;
    if (FILCH_UNLIKELY(left->stays))
        fl_stay_resume(left);
    else
        fl_submit(worker->rt, &left->wake, worker->index + 1);
}

void fl_yield_in(filch_self self, const char *call)
{
    fl_refuse_stranger(self, call);
    if (FILCH_UNLIKELY(fl_fiber_guest(fl_fiber_of(self))) && fl_guest_alone(self))
        return;
    fl_fiber_waits_in(fl_fiber_of(self), call, NULL);
    fl_suspend(self, to_the_end_of_the_line, NULL);
}

void filch_yield(filch_self self)
{
    fl_yield_in(self, "filch_yield");
}
