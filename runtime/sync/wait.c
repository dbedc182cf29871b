/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/wait.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/spin.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/timer.h>
#include <sched/assert.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <string.h>

/* ---- The waiter ---- */

void fl_waiter_here(fl_waiter *waiter)
{
    fl_worker *here = fl_worker_here();
    *waiter = (fl_waiter){0};
    if (here) {
        waiter->rt = here->rt;
        waiter->fiber = here->running;
    } else {
        fl_thread_noted();
    }
}

static void park_fiber(fl_worker *worker, fl_fiber *left, void *arg)
{
    fl_waiter *waiter = arg; /* on the stack that left */
    uint32_t was = filch_u32_or(&waiter->state, FL_PARKED, FILCH_ACQ_REL); /* ParkWaiter */
    if (was & FL_DONE)
        fl_resume(worker->rt, left);
}

/* A thread watches its deadline itself. */
static void block(fl_waiter *waiter, int64_t until)
{
    bool forever = until == FILCH_FOREVER;
    if (forever) {
        until = 0;
        fl_thread_enlist();
        fl_thread_waits();
        fl_suspect();
    }
    uint32_t state =
        filch_u32_or(&waiter->state, FL_PARKED, FILCH_ACQ_REL) | FL_PARKED; /* ParkWaiter */
    while (!(state & FL_DONE)) {
        if (fl_futex_wait_until(&waiter->state, state, until) && fl_waiter_claim(waiter)) {
            waiter->code = -ETIMEDOUT;
            return;
        }
        state = filch_u32_load(&waiter->state, FILCH_ACQUIRE); /* ReadOutcome */
        if (state & FL_CLAIMED)
            until = 0; /* it is being told */
    }
    if (forever)
        fl_thread_delist();
    else
        fl_thread_waits(); /* for the teller: runtime/sync/deadlock.h */
}

static void suspend(fl_waiter *waiter, int64_t until)
{
    fl_timer timer;
    bool timed = until != FILCH_FOREVER;
    if (timed) {
        int rc = fl_timer_start_waiter(&timer, until, waiter);
        if (rc && fl_waiter_claim(waiter)) {
            waiter->code = rc;
            return;
        }
        timed = !rc;
    }
    if (!fl_waiter_done(waiter))
        fl_suspend(fl_first_slot(&waiter->fiber->stack), park_fiber, waiter);
    bool by_timer = !waiter->winner && waiter->code == -ETIMEDOUT;
    if (timed && !by_timer)
        fl_timer_stop(&timer);
}

int fl_waiter_wait(fl_waiter *waiter, int64_t until)
{
    if (waiter->fiber)
        suspend(waiter, until);
    else
        block(waiter, until);
    /* This thread's earlier text is about something else, or is another task's; only that of a
     * refused timer is kept. */
    bool refused = !waiter->winner && waiter->code && waiter->code != -ETIMEDOUT;
    int code = waiter->code < 0 ? waiter->code : 0;
    if (!refused && (waiter->fiber || waiter->code))
        (waiter->winner ? fl_error_note_cause : fl_error_note)(code); /* only contexts time out */
    return waiter->code;
}

/* ---- Cancellation ---- */

static filch_context *context_here(void)
{
    fl_worker *here = fl_worker_here();
    fl_fiber *fiber = here ? here->running : NULL;
    return fiber && fiber->running.ends_with.context
               ? fiber->running.ends_with.context(fiber->running.ends_with.arg)
               : NULL;
}

bool fl_below_own(const filch_context *context)
{
    const filch_context *own = context ? context_here() : NULL;
    while (own && context && context != own)
        context = context->parent;
    return own && context;
}

/* The caller has claimed the waiter, or the context has. */
static int cancelled(fl_waiter *waiter, int cause)
{
    waiter->winner = NULL;
    return waiter->code = fl_fail(ECANCELED,
                                  "the wait has ended: the context of the waiting task is done "
                                  "(%s); return, or clean up in filch_shielded",
                                  strerror(-cause));
}

int fl_waiter_wait_cancellable(fl_waiter *waiter, int64_t until)
{
    filch_context *context = context_here();
    if (FILCH_LIKELY(!context))
        return fl_waiter_wait(waiter, until);
    fl_node node = {.waiter = waiter};
    fl_lock(&context->lock);
    int cause = -(int)filch_u32_load(&context->cause, FILCH_RELAXED); /* under its lock */
    if (!cause)
        fl_waiters_add(&context->waiters, &node);
    fl_unlock(&context->lock);
    if (cause && fl_waiter_claim(waiter))
        return cancelled(waiter, cause);
    int code = fl_waiter_wait(waiter, until);
    if (waiter->winner == &node)
        return cancelled(waiter, code);
    if (!cause) {
        fl_lock(&context->lock);
        fl_waiters_remove(&context->waiters, &node);
        fl_unlock(&context->lock);
    }
    return code;
}

/* ---- Who tells it ---- */

void fl_waiter_tell(fl_waiter *waiter, fl_node *winner, int code)
{
    if (waiter->told) {
        waiter->winner = winner;
        waiter->code = code;
        waiter->told(waiter);
        return;
    }
    fl_runtime *rt = waiter->rt;
    fl_fiber *fiber = waiter->fiber;
    if (!fiber)
        fl_thread_told();
    if (!fl_waiter_decide(waiter, winner, code))
        return;
    if (fiber)
        fl_resume(rt, fiber);
    else
        fl_futex_wake(&waiter->state, 1); /* by its address alone */
}

/* ---- Queues ---- */

/* Do its neighbours, or the ends of the queue, name it? */
static inline bool is_linked(const filch_waiters *queue, const fl_node *node)
{
    return (node->previous ? node->previous->next : queue->first) == node &&
           (node->next ? node->next->previous : queue->last) == node;
}

void fl_waiters_add(filch_waiters *queue, fl_node *node)
{
    node->next = NULL;
    node->previous = queue->last;
    if (node->previous)
        node->previous->next = node;
    else
        queue->first = node;
    queue->last = node;
    FL_ASSERT(is_linked(queue, node));
}

void fl_waiters_remove(filch_waiters *queue, fl_node *node)
{
    FL_ASSERT(is_linked(queue, node));
    if (node->previous)
        node->previous->next = node->next;
    else
        queue->first = node->next;
    if (node->next)
        node->next->previous = node->previous;
    else
        queue->last = node->previous;
}

fl_node *fl_waiters_claim_slow(filch_waiters *queue)
{
    for (fl_node *node = queue->first; node; node = node->next)
        if (fl_waiter_claim(node->waiter)) {
            fl_waiters_remove(queue, node);
            return node;
        }
    return NULL;
}

fl_node *fl_waiters_claim_all(filch_waiters *queue, fl_node *rest)
{
    fl_node *first = rest, **last = &first;
    for (fl_node *node = queue->first, *next; node; node = next) {
        next = node->next;
        if (!fl_waiter_claim(node->waiter))
            continue;
        fl_waiters_remove(queue, node);
        *last = node;
        last = &node->next;
    }
    *last = rest;
    return first;
}

/* ---- Waiting for one object ---- */

/* In front of the nodes in the queue. */
static void add_first(filch_waiters *queue, fl_node *node)
{
    node->previous = NULL;
    node->next = queue->first;
    if (node->next)
        node->next->previous = node;
    else
        queue->last = node;
    queue->first = node;
    FL_ASSERT(is_linked(queue, node));
}

void fl_step_aside(const char *call)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_yield_in(fl_first_slot(&here->running->stack), call);
    else
        fl_yield();
}

int fl_too_late(void)
{
    fl_worker *here = fl_worker_here();
    const char *call = fl_waits_name();
    if (here && !here->unpinned && fl_find_is_due(fl_tick(here)))
        fl_step_aside(call ? call : "filch_yield");
    return fl_late(call);
}

static inline int wait_at(fl_wait_fn *wait, void (*place)(filch_waiters *, fl_node *),
                          filch_u32 *lock, filch_waiters *queue, void *data, int64_t until)
{
    if (until <= 0 || (until != FILCH_FOREVER && until <= fl_now())) {
        fl_unlock(lock);
        return until < 0 ? fl_fail(EINVAL,
                                   "a deadline of %lld ns; give a time from filch_in(), "
                                   "FILCH_FOREVER, or 0",
                                   (long long)until)
                         : fl_too_late();
    }
    fl_waiter waiter;
    fl_waiter_here(&waiter);
    fl_node node = {.waiter = &waiter, .data = data};
    place(queue, &node);
    fl_unlock(lock);
    int rc = wait(&waiter, until);
    if (waiter.winner != &node) { /* else the teller has taken the node */
        fl_lock(lock);
        fl_waiters_remove(queue, &node);
        fl_unlock(lock);
    }
    return rc;
}

int fl_wait(filch_u32 *lock, filch_waiters *queue, void *data, int64_t until)
{
    return wait_at(fl_waiter_wait, fl_waiters_add, lock, queue, data, until);
}

int fl_wait_cancellable(filch_u32 *lock, filch_waiters *queue, void *data, int64_t until)
{
    return wait_at(fl_waiter_wait_cancellable, fl_waiters_add, lock, queue, data, until);
}

int fl_wait_at(fl_wait_how how, filch_u32 *lock, filch_waiters *queue, void *data, int64_t until)
{
    return wait_at(how & FL_WAIT_CANCELLABLE ? fl_waiter_wait_cancellable : fl_waiter_wait,
                   how & FL_WAIT_FIRST ? add_first : fl_waiters_add, lock, queue, data, until);
}

void fl_tell_one(filch_u32 *lock, filch_waiters *queue, int code)
{
    fl_node *node = fl_waiters_claim(queue);
    fl_unlock(lock);
    if (node)
        fl_waiter_tell(node->waiter, node, code);
}

void fl_tell_list(fl_node *first, int code)
{
    for (fl_node *node; (node = first);) {
        first = node->next; /* before it is told */
        fl_waiter_tell(node->waiter, node, code);
    }
}

void fl_tell_all(filch_u32 *lock, filch_waiters *queue, int code)
{
    fl_node *all = fl_waiters_claim_all(queue, NULL);
    fl_unlock(lock);
    fl_tell_list(all, code);
}

void fl_dismiss(filch_u32 *lock, filch_waiters *queue)
{
    fl_tell_all(lock, queue, -EIDRM);
    for (bool any = true; any;) { /* told by another thread: takes its node out itself */
        fl_lock(lock);
        any = fl_waiters_any(queue);
        fl_unlock(lock);
        if (any)
            fl_step_aside("filch_yield");
    }
}
