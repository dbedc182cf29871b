/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/line.h>

#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/sync/cancellation.h>

#include <errno.h>

void fl_line_unlock(fl_line *line)
{
    if (line->closed && !line->inside)
        fl_tell_one(&line->lock, &line->closer, 0);
    else
        fl_unlock(&line->lock);
}

/* The same waiter stands in the context's queue, too. No lock is held. */
static int wait_unless_done(fl_waiter *waiter, int64_t until, filch_context *context)
{
    fl_node node = {.waiter = waiter};
    fl_lock(&context->lock);
    int cause = filch_context_cause(context);
    if (!cause)
        fl_waiters_add(&context->waiters, &node);
    fl_unlock(&context->lock);
    if (cause && fl_waiter_claim(waiter))
        return fl_plainly(cause);
    int code = fl_waiter_wait(waiter, until);
    if (!cause && waiter->winner != &node) {
        fl_lock(&context->lock);
        fl_waiters_remove(&context->waiters, &node);
        fl_unlock(&context->lock);
    }
    return code;
}

int fl_line_wait(fl_line *line, void *data, int64_t until, filch_context *context)
{
    if (line->closed)
        return fl_plainly(-EIDRM);
    if (until != FILCH_FOREVER && until <= fl_now())
        return fl_plainly(-ETIMEDOUT);
    fl_waiter waiter;
    fl_waiter_here(&waiter);
    fl_node node = {.waiter = &waiter, .data = data};
    fl_waiters_add(&line->waiters, &node);
    line->inside++;
    fl_unlock(&line->lock);
    int code = context ? wait_unless_done(&waiter, until, context) : fl_waiter_wait(&waiter, until);
    fl_lock(&line->lock);
    if (waiter.winner != &node)
        fl_waiters_remove(&line->waiters, &node);
    line->inside--;
    return code;
}

void fl_line_close(fl_line *line)
{
    fl_lock(&line->lock);
    line->closed = true;
    fl_tell_all(&line->lock, &line->waiters, -EIDRM);
}

void fl_line_await(fl_line *line)
{
    fl_lock(&line->lock);
    while (line->inside) {
        fl_wait(&line->lock, &line->closer, NULL, FILCH_FOREVER);
        fl_lock(&line->lock);
    }
    fl_unlock(&line->lock);
}
