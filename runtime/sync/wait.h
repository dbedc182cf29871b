/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The one wake protocol: whoever waits, for whatever, waits through it. A waiter (a fiber, a
 * foreign thread, or a function to be called) waits once, for the first of one or several things:
 * objects, in whose queues it has a node each, and a deadline. Exactly one of them decides the
 * outcome.
 *
 *   the waiter                                    who tells it
 *   puts nodes into queues, under their locks     finds a node in its queue, under the lock
 *   starts a timer                                claims the waiter (V1); lost: the next node
 *   parks, once it can be resumed (V3)            takes the node out, moves its data
 *   is resumed, or sees that it is done (V4)      sets the outcome, tells it (V2): the last touch
 *   takes the timer and all nodes back but the    of waiter, node and data; parked: resumes it
 *   winner's
 *
 * state: CLAIMED | DONE | PARKED.
 * Edges:
 *   V1 claim: or CLAIMED into state, acq_rel     | V1 of another: one of them wins
 *   V2 tell: or DONE into state, acq_rel         -> V4 waiter: load state, acquire; it sees the
 *                                                   outcome and the data
 *   V3 park: or PARKED into state, acq_rel       | V2; one of the two sees the other: the waiter
 *                                                   DONE, or its teller PARKED
 * A fiber parks in the action of its switch, on the stack that it switched to: from then on it may
 * be running elsewhere. A node is taken out by the object that decided, else by its own waiter,
 * which does not return before; so an object whose queues are empty is touched by nobody who
 * waited for it (fl_dismiss).
 * Life: everything here lies on the waiter's stack. Threads: as each comment says. */
#ifndef FL_WAIT_H
#define FL_WAIT_H

#include <filch/wait.h>
#include <runtime/core/error.h>
#include <runtime/core/worker.h>
#include <runtime/sync/lock.h>

#include <errno.h>

typedef struct fl_waiter fl_waiter;
typedef struct fl_node fl_node;

/* A waiter that nobody resumes is called, by whoever tells it. */
typedef void fl_told_fn(fl_waiter *waiter);

struct fl_waiter {
    filch_u32 state;
    int code;         /* the outcome: 0 or a negative errno */
    fl_node *winner;  /* whose object decided it, NULL: the deadline */
    fl_runtime *rt;   /* a fiber of it waits, */
    fl_fiber *fiber;  /* this one; NULL: a thread */
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
/* Is there anything for it? A look without the outcome. */
static inline bool fl_waiter_done(const fl_waiter *waiter)
{
    return filch_u32_load(&waiter->state, FILCH_ACQUIRE) & FL_DONE; /* V4 */
}
/* Waits until it is told, or until then: -ETIMEDOUT. Suspends, or blocks. Its nodes are queued, the
 * locks free. Returns waiter->code. */
int fl_waiter_wait(fl_waiter *waiter, int64_t until);

/* ---- Who tells it ---- */

/* Of all that claim a waiter one may decide what comes of it. Then it must tell it. */
static inline bool fl_waiter_claim(fl_waiter *waiter)
{
    return !(filch_u32_or(&waiter->state, FL_CLAIMED, FILCH_ACQ_REL) & FL_CLAIMED); /* V1 */
}
/* After claiming it. Wakes: under no lock that a waiter needs. */
void fl_waiter_tell(fl_waiter *waiter, fl_node *winner, int code);

/* ---- An object's queue; the object's lock is held ---- */

static inline bool fl_waiters_any(const filch_waiters *queue)
{
    return queue->first;
}
void fl_waiters_add(filch_waiters *queue, fl_node *node);
void fl_waiters_remove(filch_waiters *queue, fl_node *node);
/* The first whose waiter could be claimed, out of the queue; NULL: nobody. */
fl_node *fl_waiters_claim_slow(filch_waiters *queue);
static inline fl_node *fl_waiters_claim(filch_waiters *queue)
{
    return FILCH_LIKELY(!queue->first) ? NULL : fl_waiters_claim_slow(queue);
}

/* All whose waiters could be claimed, out of the queue, as a list before `rest`; for fl_tell_list
 * when the lock is free. */
fl_node *fl_waiters_claim_all(filch_waiters *queue, fl_node *rest);
void fl_tell_list(fl_node *first, int code);

/* For reports: the calling task waits, if it does, in `call`, a literal, for this object. */
static inline void fl_waits_in(const char *call, const void *object)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_fiber_waits_in(here->running, call, object);
}

/* ---- Waiting for one object. Its lock is held, and is released ---- */

/* Waits in the queue until somebody tells it what comes of it; `data` is for who does. Suspends, or
 * blocks. -ETIMEDOUT (at once if until is past); -ENOMEM, -EAGAIN no timer; -EINVAL a negative
 * `until`. */
int fl_wait(filch_u32 *lock, filch_waiters *queue, void *data, int64_t until);
/* The same, before everybody else in the queue: for who has waited there before. */
int fl_wait_first(filch_u32 *lock, filch_waiters *queue, void *data, int64_t until);
/* What a call that tries answers, where one that waits until 0 says that it was in vain. */
static inline int fl_tried(int rc)
{
    return rc == -ETIMEDOUT ? fl_plainly(-EAGAIN) : rc;
}
/* Tells everybody `code`. */
void fl_tell_all(filch_u32 *lock, filch_waiters *queue, int code);
/* Tells the first, if any. */
void fl_tell_one(filch_u32 *lock, filch_waiters *queue, int code);
/* Tells everybody -EIDRM, and returns when nobody who waited in the queue touches the object any
 * more. May suspend. */
void fl_dismiss(filch_u32 *lock, filch_waiters *queue);

#endif
