/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The out-of-line halves of fork and join, their exported twins, what a panic does for a join, and
 * the checks of a debug build. J1 and J2 are edges of include/filch/fork.h. */
#include <runtime/core/help.h>
#include <runtime/core/panic.h>

enum { SPINS_BEFORE_SUSPEND = 100 }; /* pauses: a thief is often about to finish */

static const filch_task *task_in(const filch_slot *slot)
{
    return (const filch_task *)filch_ptr_load(&slot->task,
                                              FILCH_RELAXED); /* the owner's own store */
}

void filch_fork_slow(filch_self self)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_refuse_carried(fiber, "a fork");
    if (self >= fl_last_slot(&fiber->stack)) {
        const filch_task *task = task_in(self - 1);
        filch_die("%u unjoined forks in task %s: its fork stack is full; join sooner, or fork "
                  "halves of the "
                  "range instead of its elements",
                  (unsigned)FL_SLOTS, task->name); /* owner's own store */
    }
    fl_count(fiber->worker, FL_FORKS, 1);
    fiber->worker->rt->discipline->forked(fiber->worker, self);
}

static void leave_waiter(fl_worker *worker, fl_fiber *left, void *slot)
{
    /* Done already: it goes on as soon as this worker looks at its ready deque. */
    if (!fl_slot_await(slot, left))
        fl_resume(worker->rt, left);
}

static void wait_until_done(fl_fiber *fiber, filch_slot *slot)
{
    unsigned spins = fl_may_spin(fiber->worker->rt) ? SPINS_BEFORE_SUSPEND : 1;
    for (unsigned i = 0; i < spins; i++) {
        if (fl_slot_done(slot))
            return;
        filch_pause();
    }
    if (fl_help(fiber, slot))
        return;
    fl_count(fiber->worker, FL_JOINS_WAITED, 1);
    fl_fiber_waits_in(fiber, "the join of a fork", slot);
    fl_leave(fiber, leave_waiter, slot);
    if (!fl_slot_done(slot))
        filch_die("a joining fiber was resumed before its task was done; this is an error in the "
                  "library");
}

/* Whose is the task that was in `slot`, and how did it end if it was stolen? Then it is waited for, else
 * counted as `kept`. */
enum outcome { KEPT, DONE, FAILED };

static enum outcome settle(filch_slot *slot, enum fl_counter kept)
{
    fl_fiber *fiber = fl_fiber_of(slot);
    fl_refuse_carried(fiber, "a join");
    const fl_discipline *discipline = fiber->worker->rt->discipline;
    bool stays = discipline->settle(&fiber->stack, slot) == FL_KEPT;
    fl_count(fiber->worker, stays ? kept : FL_JOINS_TAKEN, 1);
    if (stays)
        return KEPT;
    wait_until_done(fiber, slot);
    bool failed = fl_slot_failed(slot);
    discipline->take_back(&fiber->stack, slot);
    return failed ? FAILED : DONE;
}

int filch_join_slow(filch_slot *slot)
{
    if (slot < fl_first_slot(fl_forkstack_of(slot)))
        filch_die(
            "a join without a fork; every join belongs to the last unjoined fork of its task");
    enum outcome outcome = settle(slot, FL_JOINS_KEPT);
    if (FILCH_UNLIKELY(outcome == FAILED))
        fl_panic_from_slot(slot);
    return outcome == KEPT;
}

void fl_drop(filch_slot *slot)
{
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED); /* J1 */
    filch_fence_light();                               /* J2 */
    if (settle(slot, FL_JOINS_DROPPED) == FAILED)
        fl_slot_drop_failure(slot);
}

filch_self filch_fork(filch_self self, const filch_task *task)
{
    return filch_fork_inline(self, task);
}

int filch_join(filch_slot *slot)
{
    return filch_join_inline(slot, task_in(slot));
}

void *filch_arguments(filch_slot *slot)
{
    return slot->args;
}

void fl_refuse_stranger(filch_self self, const char *what)
{
    fl_refuse_carried(fl_fiber_of(self), what);
    const fl_worker *here = fl_worker_here();
    if (!here || &here->running->stack != fl_forkstack_of(self))
        filch_die("%s with the self of a task that does not run on this thread; only the task that "
                  "was given self may use it",
                  what);
}

void filch_check_fork(filch_self self, const filch_task *task)
{
    fl_refuse_stranger(self, "a fork");
    const filch_task *left = task_in(self);
    if (left)
        filch_die("fork of %s where a fork of %s was never joined; a task returned, broke out or "
                  "jumped between "
                  "fork and join",
                  task->name, left->name);
}

void filch_check_join(filch_slot *slot, const filch_task *task)
{
    fl_refuse_stranger(slot, "a join");
    const filch_task *last = task_in(slot);
    if (!last)
        filch_die(
            "join of %s without a fork; every join belongs to the last unjoined fork of its task",
            task->name);
    if (last != task)
        filch_die(
            "join of %s, but the last unjoined fork is %s; join in the reverse order of forking",
            task->name, last->name);
}

void filch_check_return(filch_self self, const filch_task *task)
{
    fl_refuse_carried(fl_fiber_of(self), "the end of a task");
    const filch_task *left = task_in(self);
    if (left)
        filch_die("task %s returned with an unjoined fork of %s; join everything a task forks, in "
                  "that task",
                  task->name, left->name);
}
