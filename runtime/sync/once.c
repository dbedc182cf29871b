/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Once. Edges:
 *   MarkCalled: store state, release                -> ReadCalled: load state, acquire; sees the
 *                                                      function's writes. Waiters: over the
 *                                                      edges of runtime/sync/wait.h */
#include <filch/sync.h>
#include <runtime/platform/given.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/wait.h>

enum { NEW, CALLING, CALLED };

/* The calling fiber, or the thread if it is no worker's. */
static const void *caller(void)
{
    static __thread char thread;
    const fl_fiber *here = fl_fiber_here();
    return here ? (const void *)here : &thread;
}

static void end(void *arg)
{
    filch_once_flag *flag = arg;
    fl_lock(&flag->lock);
    filch_u32_store(&flag->state, CALLED, FILCH_RELEASE); /* MarkCalled */
    fl_tell_all(&flag->lock, &flag->waiters, 0);
}

/* A panic counts as a call, too: nobody waits forever. */
static void call(filch_once_flag *flag, void (*fn)(void *arg), void *arg)
{
    flag->caller = caller();
    filch_u32_store(&flag->state, CALLING, FILCH_RELAXED); /* under the lock */
    fl_unlock(&flag->lock);
    filch_defer ending;
    bool deferred = fl_defer_here(&ending, end, flag);
    fn(arg);
    if (deferred)
        filch_defer_end(&ending);
    else
        end(flag);
}

static FILCH_COLD void once_slow(filch_once_flag *flag, void (*fn)(void *arg), void *arg)
{
    fl_lock(&flag->lock);
    uint32_t state = filch_u32_load(&flag->state, FILCH_RELAXED); /* under the lock */
    if (state == NEW)
        call(flag, fn, arg);
    else if (state == CALLED)
        fl_unlock(&flag->lock);
    else if (flag->caller == caller())
        filch_die("filch_once: its function calls filch_once on the same flag; use another");
    else {
        fl_waits_in("filch_once", flag);
        fl_wait(&flag->lock, &flag->waiters, NULL, FILCH_FOREVER);
    }
}

void filch_once(filch_once_flag *flag, void (*fn)(void *arg), void *arg)
{
    FL_MUST_GIVE(flag);
    fl_point();
    if (FILCH_UNLIKELY(filch_u32_load(&flag->state, FILCH_ACQUIRE) != CALLED)) /* ReadCalled */
        once_slow(flag, fn, arg);
}
