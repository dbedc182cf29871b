/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/future.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/virtual/virtual.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { SPINS = 40, NAP = 50000 /* ns */ };

const filch_failure fl_future_broken = {.code = -EPIPE,
                                        .message =
                                            "the promise was broken: nobody will set this future"};

/* ---- Its stage ---- */

/* Beside SETTING the setter is about to be done, or was held up: then a nap lets it go on. */
static FILCH_COLD uint32_t look_again(const filch_future *future)
{
    for (unsigned i = 0;; i++) {
        uint32_t stage = filch_u32_load(&future->stage, FILCH_ACQUIRE); /* ReadStage */
        if (!(stage & FL_FUTURE_SETTING))
            return stage;
        filch_u32 never = {0};
        if (i < SPINS)
            fl_pause();
        else
            fl_futex_wait_until(&never, 0, fl_now() + NAP);
    }
}

static inline uint32_t look(const filch_future *future)
{
    uint32_t stage = filch_u32_load(&future->stage, FILCH_ACQUIRE); /* ReadStage */
    return FILCH_LIKELY(!(stage & FL_FUTURE_SETTING)) ? stage : look_again(future);
}

/* With the lock: a settler from now on looks for waiters. Returns the stage, which may be done. */
static uint32_t say_that_one_waits(filch_future *future)
{
    uint32_t stage;
    do
        stage = look(future);
    while (!(stage & (FL_FUTURE_DONE | FL_FUTURE_WAITED)) &&
           !filch_u32_cas(&future->stage, &stage, stage | FL_FUTURE_WAITED,
                          FILCH_ACQUIRE)); /* MarkWaited */
    return stage;
}

/* It was seen done: waits for the settler's unlocking, its last touch. */
static void let_settler_go(filch_future *future, uint32_t stage)
{
    if (stage & FL_FUTURE_WAITED) {
        fl_lock(&future->lock);
        fl_unlock(&future->lock);
    }
}

/* ---- Settling it ---- */

int fl_future_claim(filch_future *future)
{
    uint32_t stage =
        filch_u32_load(&future->stage, FILCH_RELAXED); /* a look; ClaimFuture decides */
    while (!(stage & ~(uint32_t)FL_FUTURE_WAITED))
        if (filch_u32_cas(&future->stage, &stage, stage | FL_FUTURE_OWNED,
                          FILCH_ACQUIRE)) /* ClaimFuture */
            return 0;
    return fl_fail(EALREADY,
                   "this future is done, or a started task will set it; use another, or reset it");
}

static void settle(filch_future *future, uint32_t as, int told)
{
    uint32_t stage =
        filch_u32_load(&future->stage, FILCH_RELAXED); /* a look; SettleFuture decides */
    if (stage == FL_FUTURE_OWNED &&
        filch_u32_cas(&future->stage, &stage, as, FILCH_RELEASE)) /* SettleFuture */
        return;
    fl_lock(&future->lock);
    filch_u32_store(&future->stage, as | FL_FUTURE_WAITED, FILCH_RELEASE); /* SettleFuture */
    fl_tell_all(&future->lock, &future->waiters, told);
}

void fl_future_settle(filch_future *future)
{
    settle(future, FL_FUTURE_VALUE, FL_FUTURE_TOLD);
}

void fl_future_fail_with(filch_future *future, const filch_failure *failure)
{
    memcpy(future->room, failure, sizeof *failure);
    settle(future, FL_FUTURE_FAILED, FL_FUTURE_TOLD);
}

static inline void put_value(filch_future *future, const void *value, size_t size)
{
    future->size = size;
    if (size == sizeof(uint64_t))
        memcpy(future->room, value, sizeof(uint64_t));
    else if (size)
        memcpy(future->room, value, size);
}

static FILCH_COLD int set_waited_for(filch_future *future, const void *value, size_t size)
{
    int rc = fl_future_claim(future);
    if (rc)
        return rc;
    put_value(future, value, size);
    fl_future_settle(future);
    return 0;
}

int filch_future_set(filch_future *future, const void *value, size_t size)
{
    FL_GIVEN(future);
    if (FILCH_UNLIKELY(size > FILCH_FUTURE_BYTES))
        return fl_fail(EINVAL,
                       "a value of %zu bytes for a future, which has room for %d; give it "
                       "a pointer",
                       size, FILCH_FUTURE_BYTES);
    uint32_t stage = 0;
    fl_point();
    if (FILCH_UNLIKELY(!filch_u32_cas(&future->stage, &stage, FL_FUTURE_SETTING,
                                      FILCH_ACQUIRE))) /* ClaimFuture */
        return set_waited_for(future, value, size);
    fl_point();
    put_value(future, value, size);
    filch_u32_store(&future->stage, FL_FUTURE_VALUE, FILCH_RELEASE); /* SettleFuture */
    return 0;
}

int filch_future_fail(filch_future *future, const char *file, int line, int code,
                      const char *format, ...)
{
    FL_GIVEN(future);
    if (!fl_is_errno(code))
        return fl_fail(EINVAL, "a future fails with code %d; give a negative errno", code);
    int rc = fl_future_claim(future);
    if (rc)
        return rc;
    filch_failure failure = {.code = code, .file = file, .line = line};
    va_list list;
    va_start(list, format);
    vsnprintf(failure.message, sizeof failure.message, format, list);
    va_end(list);
    fl_future_fail_with(future, &failure);
    return 0;
}

int filch_future_break(filch_future *future)
{
    FL_GIVEN(future);
    int rc = fl_future_claim(future);
    if (!rc) {
        memcpy(future->room, &fl_future_broken, sizeof fl_future_broken);
        settle(future, FL_FUTURE_FAILED, FL_FUTURE_BROKEN);
    } else if (!(look(future) & FL_FUTURE_DONE)) {
        return fl_fail(EBUSY, "this future's promise cannot be broken: a started task will set it; "
                              "await it");
    }
    fl_lock(&future->lock);
    fl_dismiss(&future->lock, &future->waiters); /* only waiters that have timed out are left */
    return rc;
}

/* An empty one is left as it is: somebody may be about to wait. */
int filch_future_reset(filch_future *future)
{
    FL_GIVEN(future);
    uint32_t stage = look(future);
    bool busy = stage & FL_FUTURE_OWNED;
    if (stage & FL_FUTURE_WAITED) {
        fl_lock(&future->lock);
        busy |= fl_waiters_any(&future->waiters);
        fl_unlock(&future->lock);
    }
    if (busy)
        return fl_fail(EBUSY, "a future in use cannot be reset; await it first");
    if (stage & FL_FUTURE_DONE)
        filch_u32_store(&future->stage, 0, FILCH_RELAXED); /* nobody else uses it */
    return 0;
}

/* ---- Tasks that set it ---- */

/* In the future's room. */
typedef struct started {
    fl_work_item work_item;
    const filch_task *task;
    const char *file; /* where it was started, or NULL */
    int line;
    uint64_t args[FILCH_SLOT_BYTES / 8];
} started;
FILCH_STATIC_ASSERT(sizeof(started) <= FILCH_FUTURE_BYTES, "no room for a task");

static void run_started(filch_self self, fl_work_item *work_item)
{
    const started *what = (started *)work_item;
    filch_future *future = fl_future_around(work_item);
    filch_failure failure;
    filch_slot slot;
    memcpy(slot.args, what->args, sizeof slot.args);
    fl_fiber_runs(fl_fiber_of(self), what->task, what->file, what->line);
    if (fl_catch_task(self, what->task, &slot, &failure)) {
        memcpy(future->room, slot.args, sizeof slot.args);
        fl_future_settle(future);
    } else {
        fl_future_fail_with(future, &failure);
    }
}

int filch_async(filch_runtime *rt, filch_future *future, const filch_task *task, filch_slot *slot,
                size_t size, const char *file, int line)
{
    FL_GIVEN(future);
    int rc = fl_runtime_meant(&rt, "filch_async");
    if (!rc)
        rc = fl_future_claim(future);
    if (rc)
        return rc;
    future->size = size;
    started *what = (started *)(void *)future->room;
    fl_work_item_be_part(&what->work_item, run_started);
    what->task = task;
    what->file = file;
    what->line = line;
    memcpy(what->args, slot->args, sizeof what->args);
    fl_start(rt, &what->work_item);
    return 0;
}

/* ---- Awaiting it ---- */

bool fl_future_attach(filch_future *future, fl_node *node)
{
    fl_lock(&future->lock);
    bool waits = !(say_that_one_waits(future) & FL_FUTURE_DONE);
    if (waits)
        fl_waiters_add(&future->waiters, node);
    fl_unlock(&future->lock);
    return waits;
}

bool fl_future_detach(filch_future *future, fl_node *node)
{
    if (!fl_waiter_claim(node->waiter))
        return false;
    fl_lock(&future->lock); /* it is there: the node is in its queue */
    fl_waiters_remove(&future->waiters, node);
    fl_unlock(&future->lock);
    return true;
}

static int tell_failure(const filch_failure *failure)
{
    return fl_fail(-failure->code, "%s", failure->message);
}

static int outcome(const filch_future *future, uint32_t stage)
{
    return stage & FL_FUTURE_VALUE ? 0 : tell_failure((const filch_failure *)future->room);
}

static FILCH_COLD int await_slow(filch_future *future, int64_t until, fl_wait_how how)
{
    uint32_t stage = look(future);
    if (!(stage & FL_FUTURE_DONE)) {
        if (until == 0)
            return fl_too_late();
        fl_lock(&future->lock);
        stage = say_that_one_waits(future);
        if (!(stage & FL_FUTURE_DONE)) {
            fl_waits_in("filch_await", future);
            int rc = fl_wait_at(how, &future->lock, &future->waiters, NULL, until);
            return rc == FL_FUTURE_TOLD     ? outcome(future, look(future))
                   : rc == FL_FUTURE_BROKEN ? tell_failure(&fl_future_broken)
                                            : rc;
        }
        fl_unlock(&future->lock);
    }
    let_settler_go(future, stage);
    return outcome(future, stage);
}

static inline int await(filch_future *future, int64_t until, fl_wait_how how)
{
    FL_GIVEN_IN("filch_await", future);
    fl_point();
    if (FILCH_LIKELY(filch_u32_load(&future->stage, FILCH_ACQUIRE) ==
                     FL_FUTURE_VALUE)) /* ReadStage */
        return 0;
    return await_slow(future, until, how);
}

int filch_await_until(filch_future *future, int64_t until)
{
    return await(future, until, FL_WAIT_CANCELLABLE);
}

int filch_await(filch_future *future)
{
    return await(future, FILCH_FOREVER, 0);
}

int filch_await_value(filch_future *future, void *to, size_t size)
{
    FL_GIVEN(future);
    int rc = filch_await(future);
    if (rc)
        return rc;
    if (size != future->size)
        return fl_fail(EINVAL, "awaited a value of %zu bytes, but this future has one of %zu", size,
                       future->size);
    if (size)
        memcpy(to, future->room, size);
    return 0;
}

/* ---- Queries ---- */

bool filch_future_done(const filch_future *future)
{
    FL_MUST_GIVE(future);
    fl_point();
    return filch_u32_load(&future->stage, FILCH_ACQUIRE) & FL_FUTURE_DONE; /* ReadStage */
}

const void *filch_future_value(const filch_future *future, size_t size)
{
    FL_MUST_GIVE(future);
    if (!(filch_u32_load(&future->stage, FILCH_ACQUIRE) & FL_FUTURE_VALUE)) /* ReadStage */
        filch_die("took the value of a future that has none; await it first, and check the result "
                  "of the await");
    if (size != future->size)
        filch_die("took a value of %zu bytes from a future that has one of %zu; name the type that "
                  "was set",
                  size, future->size);
    return future->room;
}

const filch_failure *filch_future_failure(const filch_future *future)
{
    FL_MUST_GIVE(future);
    bool failed = filch_u32_load(&future->stage, FILCH_ACQUIRE) & FL_FUTURE_FAILED; /* ReadStage */
    return failed ? (const filch_failure *)future->room : NULL;
}
