/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/guest.h>

#include <filch/guest.h>
#include <runtime/engine/events.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/guest_cpu.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/error.h>
#include <runtime/platform/foreign.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/given.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/switch/fpmode.h>
#include <runtime/platform/uncancelled.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/times.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>

enum turn { NONE, AWAITED, GRANTED };

/* ---- A turn ---- */

/* The worker is the guest's, which is a visitor from now on; ReturnWorker and HandBack publish
 * that. */
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
    fl_works_on(worker, fiber); /* SwitchFiber */
}

/* Its fork stack is empty. The thread is still the worker. */
void fl_guest_end_turn(fl_fiber *fiber)
{
    fl_worker *worker = fiber->worker;
    fl_forkstack_serve(&fiber->stack, fl_first_slot(&fiber->stack)); /* AnswerThief */
    fl_event(worker, FL_TRACE_SWITCH, fl_fiber_guest(fiber)->host->number, 0);
    worker->gift_ended = 0;                           /* a gift of a join that helped */
    fl_works_on(worker, fl_fiber_guest(fiber)->host); /* SwitchFiber */
}

/* own: the carrier that the thread is otherwise. */
static void give_up(fl_worker *worker, bool borrowed, fl_worker *own)
{
    fl_runtime *rt = worker->rt;
    fl_worker_set_here(NULL);
    fl_carrier_set(own);
    if (borrowed)
        fl_park_return(worker); /* ReturnWorker */
    else
        fl_park_hand_back(worker);                                   /* HandBack */
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
}

/* ---- Waiting ---- */

/* patience: ns. */
static void await_turn(fl_guest *guest, unsigned patience)
{
    uint32_t turn = NONE;
    fl_spin spin = fl_spin_begin(patience);
    while (filch_u32_load(&guest->turn, FILCH_ACQUIRE) != GRANTED && fl_spin_on(&spin))
        ;                                                             /* AwaitTurn */
    if (filch_u32_cas(&guest->turn, &turn, AWAITED, FILCH_ACQ_REL)) { /* AwaitTurn */
        fl_thread_waits(); /* perhaps it has been notified already: until then it counts as awake */
        fl_suspect();
    }
    while (filch_u32_load(&guest->turn, FILCH_ACQUIRE) != GRANTED) /* AwaitTurn */
        fl_futex_wait_until(&guest->turn, AWAITED, 0);
    filch_u32_store(&guest->turn, NONE, FILCH_RELAXED); /* its own, until it waits again */
}

void fl_guest_wait(fl_fiber *fiber, fl_action *action, void *arg)
{
    fl_guest *guest = fl_fiber_guest(fiber);
    fl_worker *worker = fiber->worker;
    bool borrowed = guest->borrowed;
    fl_guest_end_turn(fiber);
    unsigned patience = fl_pace_wait(&guest->pace, worker);
    action(worker, fiber, arg); /* RunAction: from now on it may have its next turn */
    give_up(worker, borrowed, guest->carrier);
    await_turn(guest, patience);
    fl_pace_turn(&guest->pace);
    fl_guest_begin_turn(fiber, guest->lent);
}

/* Returns a lender's patience, in ns. */
static unsigned give_turn(fl_guest *guest, fl_worker *worker, bool borrowed)
{
    unsigned patience = fl_pace_give(&guest->pace, worker);
    guest->lent = worker;
    guest->borrowed = borrowed;
    if (filch_u32_exchange(&guest->turn, GRANTED, FILCH_ACQ_REL) ==
        AWAITED) { /* LendWorker, GrantTurn */
        fl_thread_told();
        fl_futex_wake(&guest->turn, 1); /* by its address alone: its region may be over */
    }
    return patience;
}

void fl_guest_lend(fl_worker *worker, fl_fiber *fiber)
{
    fl_park_lend(worker);
    unsigned patience = give_turn(fl_fiber_guest(fiber), worker, false);
    fl_park_await(worker, patience);
}

bool fl_guest_grant(fl_runtime *rt, fl_fiber *fiber)
{
    fl_worker *worker = fl_park_borrow(rt); /* BorrowWorker, CountBorrowed */
    if (!worker)
        return false;
    fl_thread_noted();
    give_turn(fl_fiber_guest(fiber), worker, true);
    return true;
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
    fl_worker *worker = fl_park_borrow(rt); /* BorrowWorker, CountBorrowed */
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
    fl_pace_turn(&guest->pace);
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

/* ---- Attached threads ---- */

/* Guests for longer than a call (runtime/engine/guest.h). A thread that ends attached would take
 * its worker along, so it dies: a key's destructor notices it. */

/* As the program's structure has it. */
typedef struct attached {
    fl_guest guest;
    fl_runtime *rt;
} attached;

FILCH_STATIC_ASSERT(sizeof(attached) <= sizeof((filch_guest){0}.opaque), "it has room there");
FILCH_STATIC_ASSERT(_Alignof(attached) <= _Alignof(filch_guest), "and is aligned");

static const filch_task attached_task = {.name = "(filch_guest_attach)"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;
static bool keyed;

static attached *attached_of(filch_guest *guest)
{
    return (attached *)(void *)guest->opaque;
}

/* In a child of fork() it has no worker any more. */
static bool is_forked(filch_guest *guest)
{
    return attached_of(guest)->rt->fork_generation != fl_fork_generation();
}

/* Destructors of the program's own keys may detach, so they come first. The last round is thread
 * sanitizer's. */
static void thread_ended(void *guest)
{
    static __thread unsigned rounds;
    if (is_forked(guest) ||
        (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1 && !pthread_setspecific(ending, guest)))
        return;
    filch_die("a thread ended between filch_guest_attach and filch_guest_detach: a worker would be "
              "lost with it; detach first");
}

static void make_key(void)
{
    keyed = pthread_key_create(&ending, thread_ended) == 0;
}

static int refuse(const fl_runtime *rt, enum fl_admission why)
{
    switch (why) {
    case FL_GUEST_OFF:
        return fl_fail(ENOTSUP, "the runtime takes no guests; create it with guest \"1\" and queue "
                                "\"chase-lev\", or call filch_run");
    case FL_GUEST_NARROW:
        return fl_fail(ENOMEM,
                       "the thread's C stack has fewer than the %zu bytes of a fiber left, or its "
                       "size is unknown; give it a larger one, or the runtime a smaller stack_size",
                       rt->settings.stack_size);
    default:
        return fl_fail(EAGAIN, "no sleeping worker whose place the thread could take, or no free "
                               "fiber; call filch_run, or try later");
    }
}

int filch_guest_attach(filch_runtime *rt, filch_guest *guest)
{
    int rc = !rt || !guest ? fl_fail(EINVAL, "filch_guest_attach without %s; pass one",
                                     rt ? "a guest" : "a runtime")
                           : fl_runtime_meant(&rt, "filch_guest_attach");
    if (rc)
        return rc;
    if (fl_worker_here())
        return fl_fail(EDEADLK, "filch_guest_attach on a thread that already works for a runtime; "
                                "pass on the self of its task");
    pthread_once(&once, make_key);
    if (!keyed || pthread_setspecific(ending, guest))
        return fl_fail(ENOMEM, "no memory to attach a thread; free some");
    attached *one = attached_of(guest);
    enum fl_admission admission = fl_guest_begin(rt, &one->guest);
    if (admission != FL_GUEST_WORKS) {
        pthread_setspecific(ending, NULL);
        return refuse(rt, admission);
    }
    fl_fiber *fiber = one->guest.fiber;
    one->rt = rt;
    guest->self = fl_first_slot(&fiber->stack);
    fl_count(fiber->worker, FL_JOBS_RUN, 1);
    fl_fiber_runs(fiber, &attached_task, NULL, 0);
    fl_event_named(fiber->worker, FL_TRACE_JOB, 0, fl_fiber_task(fiber));
    return 0;
}

void filch_guest_detach(filch_guest *guest)
{
    FL_MUST_GIVE(guest);
    pthread_once(&once, make_key);
    if (!keyed || pthread_getspecific(ending) != guest)
        filch_die("filch_guest_detach of a guest that is not attached to the calling thread; call "
                  "it once, on the thread that attached");
    pthread_setspecific(ending, NULL);
    if (is_forked(guest))
        return;
    fl_guest *one = &attached_of(guest)->guest;
    fl_check_return(fl_first_slot(&one->fiber->stack), &attached_task);
    if (one->fiber->defers)
        filch_die("filch_guest_detach in a block with a deferred cleanup; detach after the block");
    fl_event(one->fiber->worker, FL_TRACE_JOB_END, one->fiber->number, 0);
    fl_guest_end(one);
}

/* ---- Seats ---- */

/* ParkRetired is an edge of runtime/engine/worker_set.h, LeaveVisit of runtime/engine/park.c,
 * the others of sched/idle.h. */

int fl_seat_take(fl_runtime *rt, unsigned index, fl_seat *seat)
{
    fl_worker *worker = rt->worker[index];
    fl_fiber *fiber = fl_fibers_get_more(&rt->fibers, fl_fiber_loop);
    if (!fiber)
        return fl_fail(ENOMEM, "no memory for the fork stack of seat %u; free some", index);
    *seat = (fl_seat){.guest = {.fiber = NULL}};
    fl_thread_noted();
    fl_guest_take_fiber(&seat->guest, fiber);
    filch_u32_exchange(&worker->park_word, FL_PARK_AWAKE, FILCH_SEQ_CST); /* ParkRetired */
    fl_idle_return(&rt->idle);                                            /* ReturnToWork */
    fl_guest_begin_turn(fiber, worker);
    return 0;
}

void fl_seat_leave(fl_seat *seat)
{
    fl_worker *worker = seat->guest.fiber->worker;
    fl_runtime *rt = worker->rt;
    fl_guest_end_turn(seat->guest.fiber);
    fl_guest_put_fiber(&seat->guest, &rt->fibers);
    fl_worker_set_here(NULL);
    fl_turn(worker, FL_RETIRED);
    filch_u32_exchange(&worker->park_word, FL_PARK_RETIRED, FILCH_SEQ_CST); /* ParkRetired */
    fl_idle_search(&rt->idle);                                              /* BeginSearch */
    fl_idle_retire(&rt->idle);                                              /* RetireWorker */
    filch_fence_seq_cst();                                                  /* PublisherFence */
    fl_wake_one(rt, worker->index + 1, FL_UNLESS_SEARCHING);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
}

void fl_seat_begin(fl_seat *seat, const filch_task *task)
{
    fl_fiber *fiber = seat->guest.fiber;
    fl_count(fiber->worker, FL_JOBS_RUN, 1);
    fl_fiber_runs(fiber, task, NULL, 0);
    fl_event_named(fiber->worker, FL_TRACE_JOB, 0, fl_fiber_task(fiber));
}

void fl_seat_end(fl_seat *seat)
{
    const fl_fiber *fiber = seat->guest.fiber;
    fl_event(fiber->worker, FL_TRACE_JOB_END, fiber->number, 0);
}
