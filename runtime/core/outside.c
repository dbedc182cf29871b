/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work from outside: filch_run, filch_go, and filch_yield, which goes through the same inbox since
 * that is the one queue that is first in, first out. C1 to C3 are edges of runtime/core/call.h. */
#include <runtime/core/atfork.h>
#include <runtime/core/call.h>
#include <runtime/core/error.h>
#include <runtime/core/futex.h>

#include <errno.h>
#include <sched.h>

enum { CALL_RUNNING, CALL_WAITED_FOR, CALL_DONE };

/* The worker pinned to the CPU on which this thread runs: it is the cheapest to wake for a thread
 * that is about to block, the worst for one that goes on computing. */
static unsigned worker_near(const fl_runtime *rt)
{
    int cpu = sched_getcpu();
    for (unsigned i = 0; i < rt->workers; i++)
        if (rt->worker[i]->place.cpu == cpu)
            return i;
    return 0;
}

static int refuse_if_forked(const fl_runtime *rt)
{
    if (rt->fork_generation == fl_fork_generation())
        return 0;
    return fl_fail(ECHILD, "this runtime belongs to the parent process, its workers are not here; "
                           "create one of its own in the child after fork()");
}

void fl_call_run(filch_self self, fl_call *call)
{
    call->task->run(self, call->slot);
    filch_check_return(self, call->task);
    if (call->waiter)
        fl_resume(call->home, call->waiter);
    else if (filch_u32_exchange(&call->state, CALL_DONE, FILCH_ACQ_REL) == CALL_WAITED_FOR) /* C1 */
        fl_futex_wake(&call->state, 1); /* by its address alone: the waiter may have gone */
}

static void wait_as_thread(fl_call *call)
{
    uint32_t state = CALL_RUNNING;
    filch_u32_cas(&call->state, &state, CALL_WAITED_FOR, FILCH_ACQ_REL); /* C3 */
    while (filch_u32_load(&call->state, FILCH_ACQUIRE) != CALL_DONE)     /* C2 */
        fl_futex_wait_until(&call->state, CALL_WAITED_FOR, 0);
}

struct handover {
    fl_runtime *rt;
    fl_call *call;
};

static void submit_after_switch(fl_worker *worker, fl_fiber *left, void *arg)
{
    (void)left;
    struct handover *handover = arg; /* on the stack that left; gone once it is submitted */
    fl_submit_across(handover->rt, &handover->call->job, worker->index);
}

int filch_run(filch_runtime *rt, const filch_task *task, filch_slot *slot)
{
    int rc = refuse_if_forked(rt);
    if (rc)
        return rc;
    fl_worker *here = fl_worker_here();
    if (here && here->rt == rt)
        return fl_fail(EDEADLK,
                       "filch_run(%s) on a worker of the same runtime; call %s(self, ...), "
                       "or fork it",
                       task->name, task->name);
    fl_call call = {.job.kind = FL_JOB_AWAITED, .task = task, .slot = slot};
    call.job.as.awaited = &call;
    if (here) { /* a task of another runtime: that one goes on with other work */
        call.home = here->rt;
        call.waiter = here->running;
        struct handover handover = {rt, &call};
        fl_suspend(fl_first_slot(&here->running->stack), submit_after_switch, &handover);
        return 0;
    }
    fl_submit_across(rt, &call.job, worker_near(rt));
    wait_as_thread(&call);
    return 0;
}

void filch_run_or_die(filch_runtime *rt, const filch_task *task, filch_slot *slot)
{
    if (filch_run(rt, task, slot))
        filch_die("%s", filch_error());
}

int filch_go(filch_runtime *rt, filch_go_fn *fn, void *arg)
{
    int rc = refuse_if_forked(rt);
    if (rc)
        return rc;
    if (!fn)
        return fl_fail(EINVAL, "filch_go without a function; give it one");
    fl_job *job = fl_job_take();
    if (!job)
        return fl_fail(ENOMEM, "no memory for a detached task; wait for some to end");
    job->kind = FL_JOB_DETACHED;
    job->as.detached.fn = fn;
    job->as.detached.arg = arg;
    fl_worker *here = fl_worker_here();
    if (here && here->rt == rt && !fl_push_ready(here, fl_item(FL_ITEM_JOB, job)))
        return 0;
    fl_submit_across(rt, job, worker_near(rt) + 1);
    return 0;
}

static void to_the_end_of_the_line(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)unused;
    fl_submit(worker->rt, &left->wake, worker->index + 1);
}

void filch_yield(filch_self self)
{
    fl_suspend(self, to_the_end_of_the_line, NULL);
}
