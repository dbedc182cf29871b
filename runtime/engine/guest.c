/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/guest.h>

#include <runtime/engine/count.h>
#include <runtime/engine/event.h>
#include <runtime/engine/execute.h>
#include <runtime/engine/find.h>
#include <runtime/engine/guest_cpu.h>
#include <runtime/engine/park.h>
#include <runtime/engine/stay.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/work_item.h>
#include <runtime/platform/foreign.h>
#include <runtime/platform/fpmode.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/sanitizer.h>
#include <runtime/platform/uncancelled.h>
#include <sched/forkstack.h>
#include <sched/times.h>

enum turn { NONE, AWAITED, GRANTED };

/* ---- A turn ---- */

/* The worker is the guest's, which is a visitor from now on; U5 and U6 publish that. */
void fl_guest_begin_turn(fl_fiber *fiber, fl_worker *worker)
{
    filch_u32_add(&worker->rt->inbox.visitors, 1, FILCH_RELAXED); /* see above */
    fl_fiber_guest(fiber)->host = worker->running;
    fiber->worker = worker;
    if (worker->carrier)
        fl_carrier_set(worker);
    else
        fl_worker_set_here(worker);
    fl_guest_keep_apart(worker);
    fl_turn(worker, FL_WORKING);
    fl_event(worker, FL_TRACE_SWITCH, fiber->number, 0);
    fl_works_on(worker, fiber); /* W3 */
}

/* Its fork stack is empty. The thread is still the worker. */
void fl_guest_end_turn(fl_fiber *fiber)
{
    fl_worker *worker = fiber->worker;
    fl_forkstack_serve(&fiber->stack, fl_first_slot(&fiber->stack)); /* W1 */
    fl_event(worker, FL_TRACE_SWITCH, fl_fiber_guest(fiber)->host->number, 0);
    worker->gift_ended = 0;                           /* a gift of a join that helped */
    fl_works_on(worker, fl_fiber_guest(fiber)->host); /* W3 */
}

/* own: the carrier that the thread is otherwise. */
static void give_up(fl_worker *worker, bool borrowed, fl_worker *own)
{
    fl_runtime *rt = worker->rt;
    fl_worker_set_here(NULL);
    fl_carrier_set(own);
    if (borrowed)
        fl_park_return(worker); /* U5 */
    else
        fl_park_hand_back(worker);                                   /* U6 */
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* E5 */
}

/* ---- Waiting ---- */

static void await_turn(fl_guest *guest)
{
    uint32_t turn = NONE;
    if (filch_u32_cas(&guest->turn, &turn, AWAITED, FILCH_ACQ_REL)) { /* U8 */
        fl_thread_waits(); /* perhaps it is told already: until then it counts as awake */
        fl_suspect();
    }
    while (filch_u32_load(&guest->turn, FILCH_ACQUIRE) != GRANTED) /* U8 */
        fl_futex_wait_until(&guest->turn, AWAITED, 0);
    filch_u32_store(&guest->turn, NONE, FILCH_RELAXED); /* its own, until it waits again */
}

void fl_guest_wait(fl_fiber *fiber, fl_action *action, void *arg)
{
    fl_guest *guest = fl_fiber_guest(fiber);
    fl_worker *worker = fiber->worker;
    bool borrowed = guest->borrowed;
    fl_guest_end_turn(fiber);
    action(worker, fiber, arg); /* W4: another worker may lend itself from now on */
    give_up(worker, borrowed, guest->carrier);
    await_turn(guest);
    guest->borrowed = false;
    fl_guest_begin_turn(fiber, guest->lent);
}

void fl_guest_lend(fl_worker *worker, fl_fiber *fiber)
{
    fl_guest *guest = fl_fiber_guest(fiber);
    fl_park_lend(worker);
    guest->lent = worker;
    if (filch_u32_exchange(&guest->turn, GRANTED, FILCH_ACQ_REL) == AWAITED) { /* U7 */
        fl_thread_told();
        fl_futex_wake(&guest->turn, 1); /* by its address alone: its region may be over */
    }
    fl_park_await(worker);
}

bool fl_guest_alone(filch_self self)
{
    if (!fl_forkstack_empty(self))
        return false;
    fl_worker *worker = fl_fiber_of(self)->worker;
    fl_look_begin();
    bool alone = !fl_work_anywhere(worker->rt) && !fl_stay_offers(worker);
    fl_look_end();
    return alone;
}

/* ---- A region ---- */

/* The C stack of the calling thread. false: it has less room left than a fiber's, or the program calls
 * on a stack of its own, of which nothing is known. */
static bool has_stack(const fl_runtime *rt)
{
    const fl_foreign *foreign = fl_foreign_here();
    size_t left = (size_t)((const char *)__builtin_frame_address(0) - foreign->low);
    return left < foreign->size && left >= rt->settings.stack_size;
}

/* The fiber's fork stack goes with the thread's C stack. */
void fl_guest_take_fiber(fl_guest *guest, fl_fiber *fiber)
{
    const fl_foreign *foreign = fl_foreign_here();
    guest->fiber = fiber;
    guest->shadow = fiber->shadow;
    filch_ptr_store(&fiber->guest, guest, FILCH_RELAXED); /* fiber.h */
    fiber->shadow = (fl_shadow){.low = foreign->low, .size = foreign->size};
    fiber->stack.followed = true;
}

void fl_guest_put_fiber(fl_guest *guest, fl_fibers *fibers)
{
    fl_fiber *fiber = guest->fiber;
    fiber->stack.followed = false;
    fiber->shadow = guest->shadow;
    filch_ptr_store(&fiber->guest, NULL, FILCH_RELAXED); /* fiber.h */
    fl_fibers_put_more(fibers, fiber);
}

static fl_worker *borrow(fl_runtime *rt, fl_guest *guest)
{
    fl_worker *worker = fl_park_borrow(rt); /* U3, U4 */
    fl_fiber *fiber = worker ? fl_fibers_get_more(&rt->fibers, fl_fiber_loop) : NULL;
    if (fiber)
        fl_guest_take_fiber(guest, fiber);
    else if (worker)
        fl_park_return(worker);
    return fiber ? worker : NULL;
}

enum fl_admission fl_guest_begin(fl_runtime *rt, fl_guest *guest)
{
    if (!rt->settings.guest)
        return FL_GUEST_OFF;
    if (!has_stack(rt))
        return FL_GUEST_NARROW;
    *guest = (fl_guest){.borrowed = true, .carrier = fl_carrier_here(), .cancel = fl_cancel_hold()};
    fl_thread_noted();
    fl_worker *worker = borrow(rt, guest);
    if (!worker) {
        fl_cancel_release(guest->cancel);
        return FL_GUEST_NO_PLACE;
    }
    guest->fpmode = fl_fpmode_now();
    fl_fpmode_set(rt->fpmode);
    fl_guest_begin_turn(guest->fiber, worker);
    fl_count(worker, FL_JOBS_STARTED, 1);
    return FL_GUEST_WORKS;
}

void fl_guest_end(fl_guest *guest)
{
    fl_worker *worker = guest->fiber->worker;
    fl_guest_end_turn(guest->fiber);
    fl_fpmode_set(guest->fpmode);
    fl_guest_put_fiber(guest, &worker->rt->fibers);
    give_up(worker, guest->borrowed, guest->carrier);
    fl_cancel_release(guest->cancel);
}

bool fl_guest_run(fl_runtime *rt, fl_work_item *work_item)
{
    fl_guest guest;
    if (fl_guest_begin(rt, &guest) != FL_GUEST_WORKS)
        return false;
    fl_event(guest.fiber->worker, FL_TRACE_SUBMIT, fl_event_item(work_item), 0);
    fl_run_job(fl_first_slot(&guest.fiber->stack), work_item);
    fl_guest_end(&guest);
    return true;
}
