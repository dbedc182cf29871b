/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guests: a thread of the program that calls filch_run, or is attached (runtime/engine/guest.c), works
 * in the place of a sleeping worker. For
 * libraries whose parallel regions last some microseconds: handing the region over would cost two
 * wake-ups, and the calling thread would sleep while a worker does what it could do itself.
 *
 * A guest borrows a worker: its structure with ready deque, mailbox, counters and trace, and its
 * place among the victims. The worker's thread stays asleep meanwhile, so guests add no running
 * thread, and no array, search or count grows with them. The guest's fiber is one of the runtime's, of
 * which it uses the fork stack only: the region runs on the thread's own C stack. If no worker sleeps,
 * no fiber can be had, or the thread has less stack left than a fiber's, the call is handed over as
 * before.
 *
 * A region's fiber never moves to another thread.
 *   A join whose task was stolen helps with tasks forked by that task (runtime/engine/help.h), spins a
 *   little, and waits. A gift of many is offered slot by slot, so the join takes back what its thief
 *   has not begun (sched/forkstack.h).
 *   A fiber that waits, in a join or in any other call, returns its worker, which sleeps or goes on.
 *   Its thread sleeps until its turn. The thread that resumes the fiber borrows a sleeping worker for
 *   it; that worker's thread stays asleep. If no worker sleeps, the fiber becomes ready like any other, and the
 *   worker that finds it lends itself. The lender's thread sleeps until the guest hands it back.
 *   Guest and lender spin briefly before they sleep, if their last wait was short
 *   (runtime/engine/guest_cpu.h).
 * filch_unpinned has nothing to do, since the thread is not bound. A blocking call
 * (runtime/sync/blocking.h) returns the worker, and the thread that carries the call is the one that
 * is lent meanwhile. pthread_cancel is held off until the region ends; pthread_exit dies.
 *
 * The park word decides which thread is the worker (ParkSleeper to LeavePark, FinishRuntime and
 * LeaveVisit of runtime/engine/park.c; ResizeActive of runtime/engine/worker_set.h; BeginSearch,
 * AnnounceSleep to RetractSleep, ReadSleepers, TakeNap and CountBorrowed of sched/idle.h;
 * AnswerThief to RunAction of runtime/engine/suspend.c):
 *   BorrowWorker: CAS park word PARKED -> LENT,     |  UnparkSleeper, LeavePark: one of waker,
 *      seq_cst; it sees what its thread did            sleeper and guest gets it
 *   ReturnWorker: BeginSearch, AnnounceSleep, and   |  UnparkSleeper: a waker that passed over
 *      LastScan if it is the last searcher; then,      LENT made its tokens before: they are
 *      or if CountBorrowed fails: exchange park        seen here. FinishRuntime, ResizeActive:
 *      word PARKED, seq_cst; look for tokens; if       so are `finished` and a smaller `active`
 *      there are, UnparkSleeper
 *   HandBack: exchange park word AWAKE, seq_cst;    -> LeavePark, and a lender: load park word,
 *      futex wake                                      seq_cst; its thread sees what the guest
 *                                                      did
 * The turn of a guest that waits:
 *   LendWorker: exchange park word LENT, seq_cst;   -> AwaitTurn load turn, acquire; it sees the
 *      exchange turn GRANTED, acq_rel; futex wake      worker
 *   GrantTurn: BorrowWorker, CountBorrowed;         -> AwaitTurn, the same; it sees what the
 *      exchange turn GRANTED, acq_rel; futex wake      worker's thread did (BorrowWorker)
 *   AwaitTurn, guest: CAS turn NONE -> AWAITED,     |  LendWorker, GrantTurn: one of the two
 *      acq_rel; load turn, acquire                     sees the other; the giver then wakes the
 *                                                      guest
 * GrantTurn may come as soon as the action has run (RunAction), before the guest has given up its own
 * worker (ReturnWorker, HandBack). The guest then gets another one. The fiber counts as suspended until the
 * exchange, so the runtime cannot end before. Afterwards GrantTurn touches the turn's address alone. It
 * publishes no work, so it needs no PublisherFence.
 * A napper (park word NAPPING) is never borrowed: pushes rely on its next look (TakeNap).
 *
 * Between CountBorrowed and ReturnWorker the guest is the worker, and all edges of a worker hold
 * for it. SwitchFiber comes after CountBorrowed and before ReturnWorker. So a last look (LastScan)
 * that does not see the region's fork stack comes before SwitchFiber, which then sees the sleeper.
 * A borrowed worker is not counted as sleeping: a runtime cannot end beneath a guest, nor be taken
 * for a standstill. While a guest waits, its fiber is counted as suspended, and its thread as
 * waiting (runtime/engine/threads.h). While it has a worker it is a visitor (LeaveVisit), so
 * destroy returns when it has left.
 *
 * A shrink (ResizeActive) leaves a lent worker to its guest until ReturnWorker or HandBack. A child
 * of fork() has no worker, even if its only thread was a guest (fl_worker_forget).
 *
 * Rejected: places for guests beside the workers. Every search, look and count would have to know
 * them, and an awake worker would have to sleep for each guest that works. Rejected: a fiber that
 * migrates to a worker at its first stolen join. The caller's thread would sleep as before, and code
 * that relies on its thread (thread-locals, a C stack of 8 MiB) would break there. */
#ifndef FL_GUEST_H
#define FL_GUEST_H

#include <runtime/engine/fiber.h>
#include <runtime/engine/guest_cpu.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/switch/fpmode.h>
#include <sched/forkstack.h>

/* A region, on the stack of its thread. */
typedef struct fl_guest {
    fl_worker *lent;    /* the worker of the current turn */
    bool borrowed;      /* it was a sleeper, whose thread sleeps on; else its own thread lent it */
    filch_u32 turn;     /* the futex its thread sleeps on (guest.c) */
    fl_fiber *host;     /* which the worker's thread runs */
    fl_worker *carrier; /* that its thread is between its turns, or NULL */
    fl_fiber *fiber;    /* its own, and how that was before */
    fl_shadow shadow;
    fl_pace pace;
    /* Of its thread, before */
    fl_fpmode fpmode;
    int cancel;
} fl_guest;

enum fl_admission {
    FL_GUEST_WORKS,
    FL_GUEST_OFF,     /* by a setting */
    FL_GUEST_NARROW,  /* its C stack has less room left than a fiber's, or is not known */
    FL_GUEST_NO_PLACE /* no worker sleeps, or no fiber can be had */
};

/* The calling thread, which is not a worker, becomes a guest, until the end. */
enum fl_admission fl_guest_begin(fl_runtime *rt, fl_guest *guest);
/* It has joined all its forks. */
void fl_guest_end(fl_guest *guest);
/* The same around a work item of kind AWAITED. false: it is to be handed over. */
bool fl_guest_run(fl_runtime *rt, fl_work_item *work_item);
/* The calling fiber, a guest's, waits, as in fl_switch: action(worker, fiber, arg) runs once others may
 * make it ready. */
void fl_guest_wait(fl_fiber *fiber, fl_action *action, void *arg);
/* The worker, whose thread calls, found this fiber ready: it is the guest's until that waits or ends. */
void fl_guest_lend(fl_worker *worker, fl_fiber *fiber);
/* The fiber, a guest's that waits, goes on in the place of a sleeping worker. false: none sleeps.
 * Any thread. */
bool fl_guest_grant(fl_runtime *rt, fl_fiber *fiber);
/* Has nobody else anything to do, so that a yield would only wake a thread? self: of a guest's task. */
bool fl_guest_alone(filch_self self);

/* ---- Shared with seats ---- */

/* The fiber's fork stack goes with the calling thread's C stack, until it is put back. */
void fl_guest_take_fiber(fl_guest *guest, fl_fiber *fiber);
void fl_guest_put_fiber(fl_guest *guest, fl_fibers *fibers);
/* The worker is the guest's, until the end of the turn. */
void fl_guest_begin_turn(fl_fiber *fiber, fl_worker *worker);
void fl_guest_end_turn(fl_fiber *fiber);

/* ---- Seats ---- */

/* Seats: the workers of a runtime without threads. For runtimes of other languages, whose threads have
 * to be their own (runtime/openmp): each takes a seat, and is that worker until it leaves it.
 *
 * A seat's thread works on its own stack, like a guest, and its fiber never
 * leaves it. No thread runs a worker's loop, so a fiber cannot suspend.
 *   A join whose task was stolen helps with tasks forked by that task, for as long as it takes
 *   (runtime/engine/help.h).
 *   filch_help_until runs forked tasks, and sleeps in its seat; tasks that joins have put into a ready
 *   deque are run there, too.
 *   Any other call that waits would wait forever; the seat's owner makes none.
 * There are no jobs: nothing is submitted to such a runtime.
 *
 * A seat that nobody has taken is a retired worker. It is counted in R, holds nothing, and no
 * wake-up goes to it. To take it is ReturnToWork of sched/idle.h, to leave it BeginSearch and
 * RetireWorker; its thread stores the park word, which nobody else changes meanwhile (ResizeActive
 * is for resizing, which such a runtime does not). Which thread takes which seat, and when, is for
 * the owner to say: two threads must not take one.
 *
 * Rejected: guests in a runtime with threads. A guest that waits in a join gives its worker back, and the
 * worker's thread would run tasks that have to stay with the threads of the program. */

typedef struct fl_seat {
    fl_guest guest;
} fl_seat;

/* A runtime of config->workers seats. Errors: as filch_runtime_create. */
int fl_seats_create(fl_runtime **out, const filch_config *config);
/* All seats have been left. */
void fl_seats_destroy(fl_runtime *rt);

/* The calling thread takes that seat, and works there (fl_worker_here) until the owner says otherwise: it
 * may have seats of other runtimes as well. -ENOMEM. */
int fl_seat_take(fl_runtime *rt, unsigned index, fl_seat *seat);
/* It has joined all its forks there. It works nowhere then. */
void fl_seat_leave(fl_seat *seat);

/* For reports and traces: the thread begins such a task in its seat, or has ended it. */
void fl_seat_begin(fl_seat *seat, const filch_task *task);
void fl_seat_end(fl_seat *seat);

static inline fl_worker *fl_seat_worker(const fl_seat *seat)
{
    return seat->guest.fiber->worker;
}

static inline filch_self fl_seat_self(const fl_seat *seat)
{
    return fl_first_slot(&seat->guest.fiber->stack);
}

#endif
