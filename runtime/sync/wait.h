/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The one wake protocol: every wait goes through it. A waiter (a fiber, a foreign thread, or a
 * function to be called) waits once, for the first of one or several things: objects, in whose
 * queues it has a node each, and a deadline. Exactly one of them decides the outcome.
 *
 *   the waiter                                  its teller
 *   puts nodes into queues, under their locks   finds a node in its queue, under the lock
 *   starts a timer                              ClaimWaiter; lost: the next node
 *   parks, once it can be resumed               takes the node out, moves its data
 *   is resumed, or ReadOutcome finds it done    sets the outcome; NotifyWaiter, the last touch of
 *   takes the timer and all nodes back but      waiter, node and data; parked: resumes it
 *   the winner's
 *
 * state: CLAIMED | DONE | PARKED.
 * Edges:
 *   ClaimWaiter: or CLAIMED into state, acq_rel     |  ClaimWaiter of another: one of them wins
 *   NotifyWaiter: or DONE into state, acq_rel       -> ReadOutcome, waiter: load state, acquire;
 *                                                      it sees the outcome and the data
 *   ParkWaiter: or PARKED into state, acq_rel       |  NotifyWaiter; one of the two sees the
 *                                                      other: the waiter DONE, or its teller
 *                                                      PARKED
 * A fiber parks in the action of its switch, on the stack that it switched to: from then on it may
 * be running elsewhere. The object that decided takes the winning node out; the waiter takes out
 * all others before it returns. So no former waiter touches an object whose queues are empty
 * (fl_dismiss).
 * Cancellation: a task that waits in fl_waiter_wait_cancellable has a node in the queue of its
 * context, too (fl_fiber.ends_with), while it is parked. The context's cancellation claims it like
 * any other teller (ClaimWaiter). So a permit that is granted at the same time is kept if the grant
 * wins the claim, and goes to the next waiter if the cancellation does. To its object, a cancelled
 * waiter is one whose time is over. A wait that need not park does not look at the context.
 * Life: everything here lies on the waiter's stack. Threads: as each comment says. */
#ifndef FL_WAIT_H
#define FL_WAIT_H

#include <filch/wait.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>

#include <errno.h>

typedef struct fl_waiter fl_waiter;
typedef struct fl_node fl_node;

/* Called, by the teller, in place of resuming a waiter that is neither fiber nor thread. */
typedef void fl_told_fn(fl_waiter *waiter);

struct fl_waiter {
    filch_u32 state;
    int code;         /* the outcome: 0 or a negative errno */
    fl_node *winner;  /* its object decided the outcome; NULL: the deadline */
    fl_runtime *rt;   /* the runtime of the waiting */
    fl_fiber *fiber;  /* fiber; NULL: a thread waits */
    fl_told_fn *told; /* of a waiter that is neither */
};

struct fl_node {
    fl_node *next, *previous;
    fl_waiter *waiter;
    void *data; /* the object's: where to or where from */
};

/* DONE keeps it claimed: late claims of other objects must fail. */
enum { FL_CLAIMED = 1, FL_DONE = 2, FL_PARKED = 4 };

/* ---- The waiter ---- */

/* The calling fiber or thread is about to wait. */
void fl_waiter_here(fl_waiter *waiter);
/* Has it been told? Does not read the outcome. */
static inline bool fl_waiter_done(const fl_waiter *waiter)
{
    return filch_u32_load(&waiter->state, FILCH_ACQUIRE) & FL_DONE; /* ReadOutcome */
}
/* Waits until it is told, or until `until`: -ETIMEDOUT. Suspends, or blocks. Its nodes are queued,
 * the locks free. Returns waiter->code. */
int fl_waiter_wait(fl_waiter *waiter, int64_t until);
/* The same, or until the context of the calling task is done: -ECANCELED through fl_fail, and no
 * winner. */
int fl_waiter_wait_cancellable(fl_waiter *waiter, int64_t until);
typedef int fl_wait_fn(fl_waiter *waiter, int64_t until); /* of the two */
/* Is it the context of the calling task, or below it? Then it is done soon after that one, and a wait
 * that it ends, with its cause, need not be cancellable. context NULL: no. */
bool fl_below_own(const struct filch_context *context);

/* ---- Its teller ---- */

/* Only one claimer decides the waiter's outcome, and must then tell it. */
static inline bool fl_waiter_claim(fl_waiter *waiter)
{
    return !(filch_u32_or(&waiter->state, FL_CLAIMED, FILCH_ACQ_REL) &
             FL_CLAIMED); /* ClaimWaiter */
}
/* After claiming it: sets the outcome of a fiber or a thread. true: it is parked, and the caller
 * wakes it. */
static inline bool fl_waiter_decide(fl_waiter *waiter, fl_node *winner, int code)
{
    waiter->winner = winner;
    waiter->code = code;
    return filch_u32_or(&waiter->state, FL_DONE, FILCH_ACQ_REL) & FL_PARKED; /* NotifyWaiter */
}
/* The same, and wakes it. The caller holds no lock that a waiter needs. */
void fl_waiter_tell(fl_waiter *waiter, fl_node *winner, int code);

/* ---- An object's queue; the object's lock is held ---- */

static inline bool fl_waiters_any(const filch_waiters *queue)
{
    return queue->first;
}
void fl_waiters_add(filch_waiters *queue, fl_node *node);
void fl_waiters_remove(filch_waiters *queue, fl_node *node);
/* Takes out the first node whose waiter could be claimed; NULL: none. */
fl_node *fl_waiters_claim_slow(filch_waiters *queue);
static inline fl_node *fl_waiters_claim(filch_waiters *queue)
{
    return FILCH_LIKELY(!queue->first) ? NULL : fl_waiters_claim_slow(queue);
}

/* Takes out all nodes whose waiters could be claimed, as a list before `rest`, for fl_tell_list
 * when the lock is free. */
fl_node *fl_waiters_claim_all(filch_waiters *queue, fl_node *rest);
void fl_tell_list(fl_node *first, int code);

/* For reports: if the calling task or thread waits, it does so in `call`, a literal, for this object. */
static inline void fl_waits_in(const char *call, const void *object)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_fiber_waits_in(here->running, call, object);
    else
        fl_thread_names(call, object);
}

/* The call that fl_waits_in has named, which does not begin to wait; NULL: none. */
static inline const char *fl_waits_name(void)
{
    fl_worker *here = fl_worker_here();
    const char *call =
        here ? filch_ptr_load(&here->running->waits_in, FILCH_RELAXED) /* its own store */
             : fl_thread_call();
    fl_waits_in(NULL, NULL);
    return call;
}

/* ---- Waiting for one object. Its lock is held, and is released ---- */

/* Waits in the queue until told an outcome; `data` is for the teller. Suspends, or blocks.
 * -ETIMEDOUT (at once if until is past); -ENOMEM, -EAGAIN no timer; -EINVAL a negative `until`. */
int fl_wait(filch_u32 *lock, filch_waiters *queue, void *data, int64_t until);
/* The same, or until the context of the calling task is done: -ECANCELED through fl_fail. For calls
 * that can return it, and whose caller may then leave: the head of this file says more. */
int fl_wait_cancellable(filch_u32 *lock, filch_waiters *queue, void *data, int64_t until);
/* The same for callers that choose. FIRST: in front of all others in the queue, for a waiter that
 * has waited there before. */
typedef enum fl_wait_how { FL_WAIT_CANCELLABLE = 1, FL_WAIT_FIRST = 2 } fl_wait_how;
int fl_wait_at(fl_wait_how how, filch_u32 *lock, filch_waiters *queue, void *data, int64_t until);
/* A wait does not begin, since its time is past; the result is -ETIMEDOUT. A task that polls so is
 * due like one that finds work (runtime/engine/find_work.h), and then yields. No lock is held. */
int fl_too_late(void);
/* The calling task lets others go first, as in filch_yield, in `call`, a literal, for reports; a
 * thread yields its CPU. */
void fl_step_aside(const char *call);
/* The result of a call that only tries: -EAGAIN, explained by a literal, where a wait until 0
 * returns -ETIMEDOUT. */
static inline int fl_tried(int rc, const char *says)
{
    return rc == -ETIMEDOUT ? fl_explained_by(-EAGAIN, says) : rc;
}
/* Tells all waiters `code`. */
void fl_tell_all(filch_u32 *lock, filch_waiters *queue, int code);
/* Tells the first, if any. */
void fl_tell_one(filch_u32 *lock, filch_waiters *queue, int code);
/* Tells all waiters -EIDRM, and returns when none that waited in the queue touches the object any
 * more. May suspend. */
void fl_dismiss(filch_u32 *lock, filch_waiters *queue);

#endif
