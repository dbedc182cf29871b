/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/scope.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/sync/scope_open.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kept {
    filch_failure failure; /* first: a failure is its record, which has the next */
    struct kept *next;
} kept;

static int wait_until(const char *call, filch_scope *scope, int64_t until);

/* ---- Life ---- */

static int close_scope(filch_scope *scope)
{
    int rc = wait_until("filch_scope_end", scope, FILCH_FOREVER);
    for (kept *one; (one = scope->kept);) {
        scope->kept = one->next;
        free(one);
    }
    scope->last = NULL;
    filch_context_release(scope->context);
    scope->context = NULL;
    return rc;
}

/* Its opener panics. */
static void abandon(void *arg)
{
    filch_scope *scope = arg;
    filch_context_cancel(scope->context, 0);
    close_scope(scope);
}

int filch_scope_begin_as(filch_scope *scope, filch_runtime *rt, filch_context *parent,
                         filch_scope_mode mode)
{
    if (!scope)
        return fl_fail(EINVAL, "filch_scope_begin without an address for the scope; pass one");
    if ((unsigned)mode > FILCH_SCOPE_COLLECT)
        return fl_fail(EINVAL, "a scope of mode %d; choose FILCH_SCOPE_FIRST or _COLLECT",
                       (int)mode);
    FL_CHECK(fl_scope_refuse_open(scope));
    int rc = fl_runtime_meant(&rt, "filch_scope_begin");
    filch_context *context = NULL;
    if (!rc)
        rc = filch_context_create(&context, parent);
    if (rc)
        return rc;
    *scope = (filch_scope){.runtime = rt, .context = context, .mode = mode};
    fl_defer_here(&scope->defer, abandon, scope);
    fl_scope_opened(scope);
    return 0;
}

int filch_scope_begin(filch_scope *scope, filch_runtime *rt, filch_context *parent)
{
    return filch_scope_begin_as(scope, rt, parent, FILCH_SCOPE_FIRST);
}

/* ---- Failures ---- */

/* With the lock held. Without memory for another it is only counted. */
static void keep(filch_scope *scope, const filch_failure *failure)
{
    kept *one = scope->failures < FILCH_SCOPE_KEPT ? malloc(sizeof *one) : NULL;
    if (!one)
        return;
    *one = (kept){.failure = *failure};
    if (scope->last)
        ((kept *)scope->last)->next = one;
    else
        scope->kept = one;
    scope->last = one;
}

void fl_scope_child_failed(filch_scope *scope, const filch_failure *failure)
{
    fl_lock(&scope->lock);
    bool first = !scope->failures;
    if (first)
        scope->first = *failure;
    else if (scope->mode == FILCH_SCOPE_COLLECT)
        keep(scope, failure);
    scope->failures++;
    fl_unlock(&scope->lock);
    if (first && scope->mode == FILCH_SCOPE_FIRST)
        filch_context_cancel(scope->context, failure->code);
}

/* The calling task, if it is a child of the scope. */
static fl_child *child_here(const filch_scope *scope)
{
    const fl_fiber *here = fl_fiber_here();
    fl_child *child = here ? here->running.child : NULL;
    return child && child->scope == scope ? child : NULL;
}

static filch_failure failure_of(const fl_child *child, int code)
{
    filch_failure failure = {.code = fl_is_errno(code) ? code : -EINVAL};
    if (child) {
        failure.line = child->what->line;
        failure.file = child->what->file;
        failure.task = child->what->task.name;
    }
    return failure;
}

int filch_scope_fail(filch_scope *scope, int code, const char *format, ...)
{
    FL_GIVEN(scope);
    fl_child *child = child_here(scope);
    filch_failure failure = failure_of(child, code);
    va_list list;
    va_start(list, format);
    vsnprintf(failure.message, sizeof failure.message, format, list);
    va_end(list);
    if (child)
        child->told = true;
    fl_scope_child_failed(scope, &failure);
    fl_scope_says(&failure);
    return failure.code;
}

/* ---- Children ---- */

static void leave(filch_scope *scope)
{
    uint32_t children = filch_u32_load(&scope->children, FILCH_RELAXED); /* the CAS decides */
    while (children > 1)
        if (filch_u32_cas(&scope->children, &children, children - 1,
                          FILCH_RELEASE)) /* LeaveScope */
            return;
    fl_lock(&scope->lock);
    if (filch_u32_add(&scope->children, (uint32_t)-1, FILCH_ACQ_REL) == 1) /* LeaveLast */
        fl_tell_all(&scope->lock, &scope->waiters, 0);
    else
        fl_unlock(&scope->lock);
}

static void run_child(filch_self self, void *arg)
{
    fl_child *child = arg;
    child->code = child->what->fn(self, child->scope, child->arg);
    fl_check_return(self, &child->what->task);
}

/* A child's work item; lies in a work item's cell. */
typedef struct spawned {
    fl_work_item work_item; /* first */
    filch_scope *scope;
    void *arg;
} spawned;
FILCH_STATIC_ASSERT(sizeof(spawned) <= FL_CELL_LINE, "a cell holds a child's work item");

static filch_context *context_of(void *child)
{
    return ((fl_child *)child)->scope->context;
}

/* Runs a work item that filch_scope_spawn made, and frees it. */
static void run_spawned(filch_self self, fl_work_item *work_item)
{
    const spawned *given = (const spawned *)work_item;
    fl_child child = {.what = work_item->as.child.what, .scope = given->scope, .arg = given->arg};
    fl_work_item_give(work_item);
    fl_fiber *fiber = fl_fiber_of(self);
    fiber->running.child = &child;
    fiber->running.ends_with = (fl_ends_with){context_of, &child};
    fl_error_forget();
    filch_failure failure;
    bool panicked = !fl_catch(self, child.what->task.name, run_child, &child, &failure);
    fiber->running.child = NULL;
    fiber->running.ends_with = (fl_ends_with){0};
    if (panicked) {
        fl_scope_child_failed(child.scope, &failure);
    } else if (child.code && !child.told) {
        failure = failure_of(&child, child.code);
        fl_failure_explain(&failure, child.code);
        fl_scope_child_failed(child.scope, &failure);
    }
    leave(child.scope);
}

int filch_scope_spawn(filch_scope *scope, const filch_child *child, void *arg)
{
    FL_GIVEN(child);
    if (!scope || !child || !child->fn)
        return fl_fail(EINVAL, "filch_scope_spawn without a %s; pass one",
                       scope ? "function" : "scope");
    if (!scope->context)
        return fl_fail(EPIPE,
                       "%s was not spawned: its scope has ended or was never begun; spawn before "
                       "filch_scope_end",
                       child->task.name);
    int rc = fl_runtime_meant(&scope->runtime, "filch_scope_spawn");
    if (rc)
        return rc;
    int cause = filch_context_cause(scope->context);
    if (cause)
        return fl_fail(ECANCELED, "%s was not spawned: its scope is done (%s); stop spawning",
                       child->task.name, strerror(-cause));
    fl_work_item *work_item = fl_work_item_take();
    if (!work_item)
        return fl_fail(ENOMEM, "no memory for child %s; wait for some to end", child->task.name);
    work_item->kind = FL_WORK_ITEM_CHILD;
    work_item->as.child.run = run_spawned;
    work_item->as.child.what = child;
    ((spawned *)work_item)->scope = scope;
    ((spawned *)work_item)->arg = arg;
    filch_u32_add(&scope->children, 1, FILCH_RELAXED); /* the caller keeps the scope open */
    fl_start(scope->runtime, work_item);
    return 0;
}

/* ---- Waiting ---- */

static int refuse_to_wait(const filch_scope *scope)
{
    if (!scope)
        return fl_fail(EINVAL, "a wait without a scope; pass one");
    const fl_child *child = child_here(scope);
    return child ? fl_fail(EDEADLK,
                           "child %s waits for its own scope; let the task that began it wait",
                           child->what->task.name)
                 : 0;
}

/* The lock is held, and is released. */
static int result(filch_scope *scope)
{
    filch_failure first = scope->first;
    fl_unlock(&scope->lock);
    if (first.task && first.file)
        fl_fail(-first.code, "%.60s (%s:%d): %s", first.task, fl_path_end(first.file), first.line,
                first.message);
    else if (first.code)
        fl_fail(-first.code, "%s", first.message);
    return first.code;
}

static int wait_until(const char *call, filch_scope *scope, int64_t until)
{
    int rc = refuse_to_wait(scope);
    if (rc)
        return rc;
    fl_lock(&scope->lock);
    if (filch_u32_load(&scope->children, FILCH_RELAXED)) { /* falls to 0 under the lock */
        fl_waits_in(call, scope);
        rc = fl_wait(&scope->lock, &scope->waiters, NULL, until);
        if (rc)
            return rc;
        fl_lock(&scope->lock);
    }
    return result(scope);
}

int filch_scope_wait(filch_scope *scope, int64_t until)
{
    FL_GIVEN(scope);
    return wait_until("filch_scope_wait", scope, until);
}

int filch_scope_end(filch_scope *scope)
{
    FL_GIVEN(scope);
    int rc = refuse_to_wait(scope);
    if (rc)
        return rc;
    fl_scope_closed(scope);
    rc = close_scope(scope);
    if (scope->defer.self && !fl_undefer_here(&scope->defer))
        filch_die("filch_scope_end: another task began this scope; end it in that task");
    scope->defer.self = NULL;
    return rc;
}

/* ---- Queries ---- */

filch_context *filch_scope_context(const filch_scope *scope)
{
    FL_MUST_GIVE(scope);
    return scope->context;
}

unsigned filch_scope_children(const filch_scope *scope)
{
    FL_MUST_GIVE(scope);
    return filch_u32_load(&scope->children, FILCH_RELAXED); /* may be out of date when it is read */
}

const filch_failure *filch_scope_failure(const filch_scope *scope)
{
    FL_MUST_GIVE(scope);
    return scope->failures ? &scope->first : NULL;
}

const filch_failure *filch_scope_next_failure(const filch_scope *scope,
                                              const filch_failure *previous)
{
    FL_MUST_GIVE(scope);
    if (!previous)
        return filch_scope_failure(scope);
    const kept *next = previous == &scope->first ? scope->kept : ((const kept *)previous)->next;
    return next ? &next->failure : NULL;
}

size_t filch_scope_failures(const filch_scope *scope)
{
    FL_MUST_GIVE(scope);
    return scope->failures;
}
