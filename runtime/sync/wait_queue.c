/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/wait_queue.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/cancellation.h>
#include <sched/assert.h>

#include <errno.h>

void fl_wait_queue_unlock(fl_wait_queue *wait_queue)
{
    if (wait_queue->closed && !wait_queue->inside)
        fl_tell_one(&wait_queue->lock, &wait_queue->closer, 0);
    else
        fl_unlock(&wait_queue->lock);
}

/* The waiter also stands in the context's queue, if there is one. No lock is held. */
static int wait_unless_done(fl_waiter *waiter, int64_t until, filch_context *context)
{
    fl_node node = {.waiter = waiter};
    fl_wait_fn *wait = fl_below_own(context) ? fl_waiter_wait : fl_waiter_wait_cancellable;
    if (!context)
        return wait(waiter, until);
    fl_lock(&context->lock);
    int cause = filch_context_cause(context);
    if (!cause)
        fl_waiters_add(&context->waiters, &node);
    fl_unlock(&context->lock);
    if (cause && fl_waiter_claim(waiter))
        return fl_refused_by(cause);
    int code = wait(waiter, until);
    if (!cause && waiter->winner != &node) {
        fl_lock(&context->lock);
        fl_waiters_remove(&context->waiters, &node);
        fl_unlock(&context->lock);
    }
    return code;
}

/* Only the first wait's time is over; its node is still in the wait queue, and nobody else can
 * claim it. */
static bool may_look(const fl_waiter *waiter, int64_t look, const fl_wait_queue *wait_queue)
{
    return waiter->code == -ETIMEDOUT && !waiter->winner && look <= fl_now() && !wait_queue->closed;
}

/* The lock is held, and again on return. */
static int late(fl_wait_queue *wait_queue)
{
    fl_unlock(&wait_queue->lock);
    int rc = fl_too_late();
    fl_lock(&wait_queue->lock);
    return rc;
}

int fl_wait_queue_wait(fl_wait_queue *wait_queue, void *data, int64_t until, filch_context *context)
{
    return fl_wait_queue_wait_looking(wait_queue, data, until, NULL, until, context);
}

int fl_wait_queue_wait_looking(fl_wait_queue *wait_queue, void *data, int64_t look,
                               void (*looks)(void *data), int64_t until, filch_context *context)
{
    if (wait_queue->closed)
        return fl_plainly(-EIDRM);
    if (until != FILCH_FOREVER && until <= fl_now())
        return late(wait_queue);
    fl_waiter waiter;
    fl_waiter_here(&waiter);
    fl_node node = {.waiter = &waiter, .data = data};
    fl_waiters_add(&wait_queue->waiters, &node);
    wait_queue->inside++;
    fl_unlock(&wait_queue->lock);
    bool looks_first = looks && look < until;
    int code = wait_unless_done(&waiter, looks_first ? look : until, context);
    fl_lock(&wait_queue->lock);
    if (looks_first && may_look(&waiter, look, wait_queue)) {
        fl_waiter_here(&waiter);
        looks(data);
        code = wait_unless_done(&waiter, until, context);
        fl_lock(&wait_queue->lock);
    }
    if (waiter.winner != &node)
        fl_waiters_remove(&wait_queue->waiters, &node);
    FL_ASSERT(wait_queue->inside);
    wait_queue->inside--;
    return code;
}

void fl_wait_queue_close(fl_wait_queue *wait_queue)
{
    fl_lock(&wait_queue->lock);
    wait_queue->closed = true;
    fl_tell_all(&wait_queue->lock, &wait_queue->waiters, -EIDRM);
}

void fl_wait_queue_await(const char *call, fl_wait_queue *wait_queue)
{
    fl_lock(&wait_queue->lock);
    while (wait_queue->inside) {
        fl_waits_in(call, wait_queue);
        fl_wait(&wait_queue->lock, &wait_queue->closer, NULL, FILCH_FOREVER);
        fl_lock(&wait_queue->lock);
    }
    fl_unlock(&wait_queue->lock);
}
