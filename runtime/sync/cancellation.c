/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/cancellation.h>

#include <filch/timer.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/sleep.h>

#include <errno.h>
#include <stdlib.h>

/* ---- Life ---- */

static void drop(filch_context *context)
{
    if (filch_u32_add(&context->refs, (uint32_t)-1, FILCH_ACQ_REL) == 1) { /* DropUser */
        fl_life_end(&context->life);
        free(context);
    }
}

/* false: its last user has gone, or is going. Under the parent's lock. */
static bool hold(filch_context *context)
{
    uint32_t users = filch_u32_load(&context->users, FILCH_RELAXED); /* the CAS decides */
    while (users &&
           !filch_u32_cas(&context->users, &users, users + 1, FILCH_ACQUIRE)) /* HoldUser */
        ;
    return users;
}

static void unlink_from_parent(filch_context *context)
{
    filch_context *parent = context->parent;
    fl_lock(&parent->lock);
    if (context->previous)
        context->previous->next = context->next;
    else
        parent->children = context->next;
    if (context->next)
        context->next->previous = context->previous;
    fl_unlock(&parent->lock);
}

/* Its own children hold it, so that it has none. Up the tree without recursion. */
void filch_context_release(filch_context *context)
{
    FL_MAY_LIVE(context);
    while (context &&
           filch_u32_add(&context->users, (uint32_t)-1, FILCH_ACQ_REL) == 1) { /* DropUser */
        filch_context *parent = context->parent;
        if (parent)
            unlink_from_parent(context);
        if (context->let_go)
            context->let_go(context->value);
        if (context->timed && fl_timer_stop(&context->timer))
            drop(context); /* else the timer thread will */
        drop(context);
        context = parent;
    }
}

filch_context *filch_context_retain(filch_context *context)
{
    FL_MAY_LIVE(context);
    if (context)
        filch_u32_add(&context->users, 1, FILCH_RELAXED); /* the caller is one */
    return context;
}

/* Returns the parent's errno, which its child has from the start. */
static uint32_t link_to_parent(filch_context *context, filch_context *parent)
{
    filch_context_retain(parent);
    fl_lock(&parent->lock);
    context->next = parent->children;
    if (context->next)
        context->next->previous = context;
    parent->children = context;
    uint32_t cause = filch_u32_load(&parent->cause, FILCH_RELAXED); /* under its lock */
    if (cause)
        filch_u32_store(&context->cause, cause,
                        FILCH_RELAXED); /* not yet shared, but with HoldUser */
    fl_unlock(&parent->lock);
    return cause;
}

static void expire(void *arg)
{
    filch_context *context = arg;
    filch_context_cancel(context, -ETIMEDOUT);
    drop(context);
}

static int start_timer(filch_context *context)
{
    filch_u32_add(&context->refs, 1, FILCH_RELAXED); /* the caller is a user: there is one */
    int rc = fl_timer_start_call(&context->timer, context->deadline, expire, context);
    context->timed = !rc;
    if (rc)
        drop(context);
    return rc;
}

/* A past deadline needs no timer thread, which may be late with the parent's. */
static int mind_deadline(filch_context *context, int64_t until, bool own)
{
    if (until == FILCH_FOREVER)
        return 0;
    if (until <= fl_now()) {
        filch_context_cancel(context, -ETIMEDOUT);
        return 0;
    }
    return own ? start_timer(context) : 0;
}

static int create(filch_context **out, filch_context *parent, filch_context as)
{
    if (!out)
        return fl_fail(EINVAL, "filch_context_create without an address for the context; pass one");
    filch_context *context = malloc(sizeof *context);
    if (!context)
        return fl_fail(ENOMEM, "no memory for a context; release some");
    *context = as;
    fl_life_begin(&context->life);
    filch_u32_store(&context->users, 1, FILCH_RELAXED); /* both: not yet shared */
    filch_u32_store(&context->refs, 1, FILCH_RELAXED);
    context->parent = parent;
    int64_t above = filch_context_deadline(parent);
    bool own = as.deadline < above;
    if (!own)
        context->deadline = above;
    uint32_t cause = parent ? link_to_parent(context, parent) : 0;
    int rc = cause ? 0 : mind_deadline(context, as.deadline, own);
    if (rc)
        filch_context_release(context);
    else
        *out = context;
    return rc;
}

int filch_context_create(filch_context **out, filch_context *parent)
{
    FL_GIVEN(out);
    FL_MAY_LIVE(parent);
    return create(out, parent, (filch_context){.deadline = FILCH_FOREVER});
}

int filch_context_create_until(filch_context **out, filch_context *parent, int64_t until)
{
    FL_GIVEN(out);
    FL_MAY_LIVE(parent);
    if (until < 0)
        return fl_fail(EINVAL, "a context with a deadline of %lld ns; give a time from filch_in()",
                       (long long)until);
    return create(out, parent, (filch_context){.deadline = until});
}

int filch_context_create_value(filch_context **out, filch_context *parent, const void *key,
                               void *value)
{
    FL_GIVEN(out);
    FL_MAY_LIVE(parent);
    if (!key)
        return fl_fail(EINVAL, "a context with a value and no key; give it an address of yours");
    return create(out, parent,
                  (filch_context){.deadline = FILCH_FOREVER, .key = key, .value = value});
}

int fl_context_create_owner(filch_context **out, filch_context *parent, const void *key,
                            void *value, void (*let_go)(void *value))
{
    return create(
        out, parent,
        (filch_context){.deadline = FILCH_FOREVER, .key = key, .value = value, .let_go = let_go});
}

/* ---- Cancelling ---- */

/* Sets the cause and tells the waiters; its children go before `others`, all of them held. false:
 * it was done. */
static bool cancel_one(filch_context *context, uint32_t cause, filch_context **others)
{
    fl_lock(&context->lock);
    if (filch_u32_load(&context->cause, FILCH_RELAXED)) { /* under its lock */
        fl_unlock(&context->lock);
        return false;
    }
    filch_u32_store(&context->cause, cause, FILCH_RELEASE); /* SetCancelled */
    for (filch_context *child = context->children; child; child = child->next)
        if (hold(child)) {
            child->doomed = *others;
            *others = child;
        }
    fl_tell_all(&context->lock, &context->waiters, -(int)cause);
    return true;
}

int filch_context_cancel(filch_context *context, int cause)
{
    FL_MAY_LIVE(context);
    if (!context)
        return fl_fail(EINVAL, "filch_context_cancel without a context; pass one");
    if (cause && !fl_is_errno(cause))
        return fl_fail(EINVAL, "a context cancelled with cause %d; give a negative errno, or 0",
                       cause);
    uint32_t code = cause ? (uint32_t)-cause : ECANCELED;
    filch_context *below = NULL;
    if (!cancel_one(context, code, &below))
        return fl_plainly(-EALREADY);
    for (filch_context *one; (one = below);) {
        below = one->doomed;
        cancel_one(one, code, &below);
        filch_context_release(one);
    }
    return 0;
}

int fl_context_wait(const char *call, filch_context *context, int64_t until)
{
    fl_wait_how how = fl_below_own(context) ? 0 : FL_WAIT_CANCELLABLE;
    fl_lock(&context->lock);
    uint32_t cause = filch_u32_load(&context->cause, FILCH_RELAXED); /* under its lock */
    if (!cause) {
        fl_waits_in(call, context);
        return fl_wait_at(how, &context->lock, &context->waiters, NULL, until);
    }
    fl_unlock(&context->lock);
    return fl_refused_by(-(int)cause);
}

int filch_context_wait(filch_context *context, int64_t until)
{
    FL_MAY_LIVE(context);
    return context ? fl_context_wait("filch_context_wait", context, until)
                   : fl_fail(EINVAL, "filch_context_wait without a context; pass one");
}

int fl_context_sleep(const char *call, filch_context *context, int64_t ns)
{
    int64_t until = filch_in(ns);
    bool passes = !context || (ns > 0 && until <= fl_now());
    int rc = passes ? fl_sleep_until(call, until) : fl_context_wait(call, context, until);
    int cause = filch_context_cause(context);
    return cause ? cause : rc == -ETIMEDOUT ? 0 : rc;
}

int filch_context_sleep(filch_context *context, int64_t ns)
{
    FL_MAY_LIVE(context);
    return fl_context_sleep("filch_context_sleep", context, ns);
}

/* ---- Contexts of a task's waits ---- */

typedef struct change {
    fl_fiber *fiber;
    fl_ends_with was;
} change;

static void restore(void *arg)
{
    const change *one = arg;
    one->fiber->running.ends_with = one->was;
}

int filch_with_context(filch_context_fn *context, void (*fn)(void *arg), void *arg)
{
    FL_GIVEN(fn);
    change one = {.fiber = fl_fiber_here()};
    filch_defer ending;
    bool in_task = fl_defer_here(&ending, restore, &one);
    if (in_task) {
        one.was = one.fiber->running.ends_with;
        one.fiber->running.ends_with = (fl_ends_with){context, arg};
    }
    fn(arg);
    if (in_task)
        filch_defer_end(&ending);
    return 0;
}

int filch_shielded(void (*fn)(void *arg), void *arg)
{
    FL_GIVEN(fn);
    return filch_with_context(NULL, fn, arg);
}

/* ---- Queries ---- */

int filch_context_cause(const filch_context *context)
{
    FL_MAY_LIVE(context);
    fl_point();
    return context ? -(int)filch_u32_load(&context->cause, FILCH_ACQUIRE) : 0; /* ReadCancelled */
}

int64_t filch_context_deadline(const filch_context *context)
{
    FL_MAY_LIVE(context);
    return context ? context->deadline : FILCH_FOREVER;
}

void *filch_context_value(const filch_context *context, const void *key)
{
    FL_MAY_LIVE(context);
    for (; context; context = context->parent)
        if (context->key == key)
            return context->value;
    return NULL;
}
