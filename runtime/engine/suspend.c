/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers stop and go on. A worker always runs some fiber's loop. If no fiber can be had, it waits
 * on its own native stack, where it starts no task and only resumes ready fibers. A foreign task on
 * top of a waiting frame could wait for that same frame.
 *
 * Switch, in this order (docs/internals/idle.md, docs/internals/design.md):
 *   AnswerThief: the fiber that leaves answers a    -> ReadReply of sched/forkstack.h
 *      waiting thief "nothing": its fork stack is
 *      empty
 *   SwapContexts: the contexts are exchanged        -> RunAction: a resumed fiber is saved
 *   SwitchFiber: exchange `current`, seq_cst;       -> ReadCurrent: a look at a worker: load
 *      seq_cst fence; if a worker sleeps, poke the     `current`, acquire: it sees the fork
 *      fiber that arrived: exchange limit, acq_rel     stack; against AnnounceSleep and LastScan
 *                                                      of sched/idle.h: one of the two sees the
 *                                                      other
 *   RunAction: the action                           -> others see, and resume, the fiber that
 *                                                      left
 * FiberArrives, of reports: runtime/engine/observe/waiting_list.h. */
#include <runtime/engine/suspend.h>

#include <filch/guest.h>
#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/events.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/fork_join.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/park.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/memory/guard.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/switch/switch_frame.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/idle.h>

#include <string.h>

enum { SPARES = 8 };

/* The C++ runtime keeps exceptions that are being handled per thread; they belong to the C stack.
 */
struct exceptions {
    void *caught;
    unsigned uncaught;
};
extern struct exceptions *__cxa_get_globals(void) __attribute__((weak));

static void exchange_exceptions(fl_fiber *from, fl_fiber *to)
{
    if (!__cxa_get_globals)
        return;
    struct exceptions *here = __cxa_get_globals();
    memcpy(from->exceptions, here, sizeof *here);
    memcpy(here, to->exceptions, sizeof *here);
}

void fl_works_on(fl_worker *worker, fl_fiber *fiber)
{
    worker->running = fiber;
    fiber->arrivals++;
    filch_u32_store(&fiber->suspended, 0, FILCH_RELAXED); /* FiberArrives; the fence below is its */
    void *stack = fiber == &worker->native ? NULL : &fiber->stack;
    filch_ptr_exchange(&worker->current, stack, FILCH_SEQ_CST); /* SwitchFiber */
    filch_fence_seq_cst();                                      /* SwitchFiber */
    if (stack && fl_idle_sleepers(fl_idle_look(&worker->rt->idle)) > 0)
        filch_ptr_exchange(&fiber->stack.front.limit, NULL, FILCH_ACQ_REL); /* SwitchFiber */
}

void fl_arrive(fl_fiber *fiber)
{
    fl_worker *worker = fiber->worker;
    fl_shadow_enter(&fiber->shadow, &worker->left->shadow);
    fl_overflow_check(worker, worker->left);
    fl_works_on(worker, fiber);
    fl_action *action = worker->action; /* RunAction */
    action(worker, worker->left, worker->action_arg);
}

void fl_switch(fl_worker *worker, fl_fiber *from, fl_fiber *to, fl_action *action, void *arg)
{
    fl_count(worker, FL_SWITCHES, 1);
    fl_event(worker, FL_TRACE_SWITCH, to->number, 0);
    if (to->worker != worker && to->worker)
        fl_count(worker, FL_MIGRATIONS, 1);
    if (from != &worker->native)
        fl_forkstack_serve(&from->stack, fl_first_slot(&from->stack)); /* AnswerThief */
    to->worker = worker;
    worker->left = from;
    worker->action = action;
    worker->action_arg = arg;
    exchange_exceptions(from, to);
    fl_shadow_leave(&from->shadow, &to->shadow);
    fl_switch_frame_swap(&from->context, &to->context); /* SwapContexts */
    fl_arrive(from);
}

fl_fiber *fl_fiber_for_loop(fl_worker *worker)
{
    fl_fiber *fiber = worker->spare;
    if (!fiber)
        return fl_fibers_get(&worker->rt->fibers, fl_fiber_loop);
    worker->spare = fiber->next;
    worker->spares--;
    return fiber;
}

void fl_fibers_return(fl_worker *worker)
{
    for (; worker->spare; worker->spares--) {
        fl_fiber *spare = worker->spare;
        worker->spare = spare->next;
        fl_fibers_put(&worker->rt->fibers, spare);
    }
}

void fl_fiber_recycle(fl_worker *worker, fl_fiber *fiber)
{
    fl_fibers *fibers = &worker->rt->fibers;
    if (FILCH_UNLIKELY(fiber->guard == FL_GUARD_NONE) && fl_fiber_overflowed(fiber))
        fl_overflow_die(worker, fiber);
    bool capped = filch_u32_load(&fibers->capped, FILCH_RELAXED); /* a hint */
    if (capped)
        fl_fibers_return(worker);
    if (capped || worker->spares >= SPARES) {
        fl_fibers_put(fibers, fiber);
        return;
    }
    fiber->next = worker->spare;
    worker->spare = fiber;
    worker->spares++;
}

/* The fiber that was made ready last, if its worker would find it next: so two that talk to each
 * other take one switch a turn, not two. When another source has its turn, the loop looks there. */
static fl_fiber *ready_fiber(fl_worker *worker)
{
    void *item = fl_deque_peek(&worker->ready);
    if (!item || fl_item_kind(item) != FL_ITEM_FIBER || fl_others_turn(worker) ||
        fl_fiber_guest(fl_item_what(item)))
        return NULL;
    fl_tick(worker);
    item = fl_deque_pop(&worker->ready);
    return item ? fl_item_what(item) : NULL;
}

static void leave(fl_worker *worker, fl_fiber *fiber, fl_action *action, void *arg)
{
    if (FILCH_UNLIKELY(fl_fiber_guest(fiber))) {
        fl_guest_wait(fiber, action, arg);
        return;
    }
    fl_fiber *next = ready_fiber(worker);
    if (!next)
        next = fl_fiber_for_loop(worker);
    fl_switch(worker, fiber, next ? next : &worker->native, action, arg);
}

void fl_leave(fl_fiber *fiber, fl_action *action, void *arg)
{
    fl_worker *worker = fiber->worker;
    if (FILCH_UNLIKELY(worker->unpinned))
        fl_unpinned_suspends(fiber);
    fl_count_suspended(worker, 1);
    fl_count(worker, FL_SUSPENSIONS, 1);
    fl_event_named(worker, FL_TRACE_WAIT, fiber->number,
                   filch_ptr_load(&fiber->waits_in, FILCH_RELAXED)); /* its own */
    fl_fiber_stops(fiber);
    leave(worker, fiber, action, arg);
    fl_fiber_goes_on(fiber);
    fl_event(fiber->worker, FL_TRACE_GO_ON, fiber->number, 0);
    fl_count_suspended(fiber->worker, -(uint64_t)1);
}

void fl_suspend(filch_self self, fl_action *action, void *arg)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_worker *worker = fiber->worker;
    worker->rt->queue->flush(worker, &fiber->stack);
    fl_leave(fiber, action, arg);
}

static void recycle_left(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)unused;
    fl_fiber_recycle(worker, left);
}

void fl_retire_into(fl_fiber *fiber, fl_fiber *next)
{
    fl_switch(fiber->worker, fiber, next, recycle_left, NULL);
}

void fl_resume(fl_runtime *rt, fl_fiber *fiber)
{
    fl_worker *here = fl_worker_here();
    fl_event_by(rt, here, FL_TRACE_RESUME, fiber->number);
    if (FILCH_UNLIKELY(fiber->stays)) {
        fl_stay_resume(fiber);
        return;
    }
    if (FILCH_UNLIKELY(fl_fiber_guest(fiber)) && fl_guest_grant(rt, fiber))
        return;
    if (here && here->rt == rt && !fl_push_ready(here, fl_item(FL_ITEM_FIBER, fiber))) {
        fl_relieve(&rt->fibers.starve);
        return;
    }
    fl_submit_across(rt, &fiber->wake, FL_WAKE_GUESS, FL_UNLESS_AWAKE);
}

/* ---- Tasks that keep their thread ---- */

void fl_stay_resume(fl_fiber *fiber)
{
    fl_worker *home = fiber->worker;
    fl_runtime *rt = home->rt;
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED); /* the put below publishes it */
    fl_thread_noted();
    fl_inbox_put(&home->kept, &fiber->wake);
    filch_fence_seq_cst(); /* PutKept */
    fl_call_back(home);
    fl_relieve(&rt->fibers.starve);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
}

static void change_homed(fl_worker *worker, uint32_t by)
{
    uint32_t homed = filch_u32_load(&worker->homed, FILCH_RELAXED); /* its own */
    filch_u32_store(&worker->homed, homed + by,
                    FILCH_RELAXED); /* for a guest: its CAS (BorrowWorker) */
}

void fl_stay_back(fl_fiber *fiber, unsigned stays)
{
    if (fiber->stays && !stays)
        change_homed(fiber->worker, (uint32_t)-1);
    fiber->stays = stays;
}

void filch_stay_begin(filch_self self)
{
    fl_refuse_stranger(self, "filch_stay_begin");
    fl_fiber *fiber = fl_fiber_of(self);
    if (fl_fiber_guest(fiber))
        return;
    if (!fiber->stays++)
        change_homed(fiber->worker, 1);
}

void filch_stay_end(filch_self self)
{
    fl_refuse_stranger(self, "filch_stay_end");
    fl_fiber *fiber = fl_fiber_of(self);
    if (fl_fiber_guest(fiber))
        return;
    unsigned outer = fiber->boundary ? fiber->boundary->stays : 0;
    if (fiber->stays == outer)
        filch_die("filch_stay_end without filch_stay_begin in the same task; call each once, in "
                  "this order");
    fl_stay_back(fiber, fiber->stays - 1);
}
