/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/panic.h>

#include <runtime/core/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- For people ---- */

enum { SENTENCE = 224 };

/* Task, place, message. */
static void spell(const filch_failure *failure, char *text)
{
    int at = failure->task ? snprintf(text, SENTENCE, "task %.60s, ", failure->task) : 0;
    size_t left = SENTENCE - (size_t)at;
    if (failure->file)
        snprintf(text + at, left, "%s:%d: %s", failure->file, failure->line, failure->message);
    else
        snprintf(text + at, left, "%s", failure->message);
}

int fl_panic_tell(const filch_failure *failure)
{
    char text[SENTENCE];
    spell(failure, text);
    return fl_fail(-failure->code, "a panic in %s", text);
}

void fl_failure_explain(filch_failure *failure, int code)
{
    const char *text = fl_error_about(code);
    if (*text)
        snprintf(failure->message, sizeof failure->message, "%s", text);
    else if (fl_is_errno(code))
        snprintf(failure->message, sizeof failure->message, "%s", strerror(-code));
    else
        snprintf(failure->message, sizeof failure->message,
                 "it returned %d; 0 or a negative errno was expected", code);
}

/* ---- Boundaries ---- */

bool fl_catch(filch_self self, const char *name, filch_go_fn *fn, void *arg, filch_failure *out)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_boundary here;
    here.outer = fiber->boundary;
    here.self = self;
    here.defers = fiber->defers;
    here.task = name || !here.outer ? name : here.outer->task;
    here.failure = out;
    here.blocking = fiber->blocking;
    fiber->boundary = &here;
    if (_setjmp(here.at))
        return false; /* unwinding has put everything back */
    fn(self, arg);
    if (FILCH_UNLIKELY(fiber->defers != here.defers))
        filch_die("task %s ended with a scope open; close every scope in the task that opened it",
                  here.task);
    fiber->boundary = here.outer;
    return true;
}

struct errand {
    const filch_task *task;
    filch_slot *slot;
};

static void run_task(filch_self self, void *arg)
{
    const struct errand *errand = arg;
    errand->task->run(self, errand->slot);
    filch_check_return(self, errand->task);
}

bool fl_catch_task(filch_self self, const filch_task *task, filch_slot *slot, filch_failure *out)
{
    struct errand errand = {task, slot};
    return fl_catch(self, task->name, run_task, &errand, out);
}

int filch_try(filch_self self, filch_go_fn *fn, void *arg, filch_failure *out)
{
    filch_failure failure;
    if (fl_catch(self, NULL, fn, arg, &failure))
        return 0;
    if (out)
        *out = failure;
    return failure.code;
}

/* ---- Defer ---- */

/* Where the task that runs here would fork next; `slot` is its self of some time before. All slots
 * before that place hold unjoined forks, the last one is never used. */
static filch_slot *first_free(filch_slot *slot)
{
    while (filch_ptr_load(&slot->task, FILCH_RELAXED)) /* the owner's own stores */
        slot++;
    return slot;
}

void filch_defer_begin(filch_self self, filch_defer *record, filch_defer_fn *fn, void *arg)
{
    fl_fiber *fiber = fl_fiber_of(self);
    *record = (filch_defer){fiber->defers, self, fn, arg};
    fiber->defers = record;
}

static void run_cleanup(filch_self self, void *arg)
{
    (void)self;
    const filch_defer *record = arg;
    if (record->fn)
        record->fn(record->arg);
}

void filch_defer_end(filch_defer *record)
{
    if (!record->self) /* C++: its argument threw before it began */
        return;
    fl_fiber *fiber = fl_fiber_of(record->self);
    if (fiber->defers != record)
        filch_die("a cleanup ends that is not the newest of its task; leave blocks with deferred "
                  "cleanups in the reverse order, and not by longjmp");
    fiber->defers = record->next;
    run_cleanup(record->self, record);
}

bool fl_defer_here(filch_defer *record, filch_defer_fn *fn, void *arg)
{
    const fl_fiber *here = fl_fiber_here();
    if (!here || !here->boundary)
        return false;
    filch_defer_begin(first_free(here->boundary->self), record, fn, arg);
    return true;
}

bool fl_undefer_here(const filch_defer *record)
{
    fl_fiber *here = fl_fiber_here();
    filch_defer **at = here ? &here->defers : NULL;
    while (at && *at && *at != record)
        at = &(*at)->next;
    if (!at || !*at)
        return false;
    *at = record->next;
    for (fl_boundary *around = here->boundary; around; around = around->outer)
        if (around->defers == record) /* it began after the record did */
            around->defers = record->next;
    return true;
}

/* What a thread without a task does for the library that may panic; NULL: nothing. */
static __thread const char *doing_outside;

bool fl_catch_here(const char *what, const char *name, filch_go_fn *fn, void *arg,
                   filch_failure *out)
{
    fl_fiber *here = fl_fiber_here();
    if (here) {
        filch_self from = here->boundary ? here->boundary->self : fl_first_slot(&here->stack);
        return fl_catch(first_free(from), name, fn, arg, out);
    }
    char text[96];
    const char *before = doing_outside;
    snprintf(text, sizeof text, "%s %.64s", what, name);
    doing_outside = text;
    fn(NULL, arg);
    doing_outside = before;
    return true;
}

/* ---- Unwinding ---- */

static filch_slot *drop_down_to(filch_slot *slot, const filch_slot *end)
{
    while (slot > end)
        fl_drop(--slot);
    return slot;
}

static FILCH_NORETURN void unwind(fl_fiber *fiber, const filch_failure *failure)
{
    fl_boundary *to = fiber->boundary;
    filch_slot *slot = first_free(to->self);
    while (fiber->defers != to->defers) {
        filch_defer *record = fiber->defers;
        slot = drop_down_to(slot, record->self);
        fiber->defers = record->next;
        filch_failure later; /* of a cleanup: the first one counts */
        fl_catch(record->self, NULL, run_cleanup, record, &later);
    }
    drop_down_to(slot, to->self);
    fiber->boundary = to->outer;
    fiber->blocking = to->blocking;
    *to->failure = *failure;
    longjmp(to->at, 1);
}

/* Where may a panic end? NULL: nowhere, no task calls. */
static fl_fiber *panicking(void)
{
    fl_worker *here = fl_worker_here();
    fl_fiber *fiber = here ? here->running : NULL;
    return fiber && fiber->boundary ? fiber : NULL;
}

static FILCH_NORETURN void panic_here(filch_failure *failure)
{
    fl_blocking_abandon();
    fl_fiber *fiber = panicking();
    if (failure->code >= 0)
        failure->code = -ENOTRECOVERABLE;
    if (fiber && !failure->task)
        failure->task = fiber->boundary->task;
    if (fiber)
        unwind(fiber, failure);
    char text[SENTENCE];
    spell(failure, text);
    if (doing_outside)
        filch_die("%s panicked on a thread that runs no task: %s; let it not panic, or have a task "
                  "be the last to release",
                  doing_outside, text);
    filch_die("a panic came to a thread that runs no task: %s; catch it by filch_try, or call the "
              "task by filch_run, which returns it",
              text);
}

void filch_panic(const char *file, int line, int code, const char *format, ...)
{
    filch_failure failure = {code, line, file, NULL, ""};
    va_list list;
    va_start(list, format);
    vsnprintf(failure.message, sizeof failure.message, format, list);
    va_end(list);
    panic_here(&failure);
}

void filch_panic_again(const filch_failure *failure)
{
    filch_failure copy = *failure;
    panic_here(&copy);
}

/* ---- Failures that travel ---- */

/* As a slot has room for it, in the place of a result. */
typedef struct packed {
    int code, line;
    const char *file, *task;
    char *message; /* on the heap; NULL: there was no memory for it */
} __attribute__((may_alias)) packed;

_Static_assert(sizeof(packed) <= FILCH_SLOT_BYTES, "a failure fits a slot");

void fl_slot_put_failure(filch_slot *slot, const filch_failure *failure)
{
    size_t size = strlen(failure->message) + 1;
    packed *to = (packed *)slot->args;
    to->code = failure->code;
    to->line = failure->line;
    to->file = failure->file;
    to->task = failure->task;
    to->message = malloc(size);
    if (to->message)
        memcpy(to->message, failure->message, size);
}

void fl_panic_from_slot(filch_slot *slot)
{
    const packed *from = (const packed *)slot->args;
    filch_failure failure = {from->code, from->line, from->file, from->task, ""};
    snprintf(failure.message, sizeof failure.message, "%s",
             from->message ? from->message : "(no memory for what it said)");
    free(from->message);
    unwind(fl_fiber_of(slot), &failure);
}

void fl_slot_drop_failure(filch_slot *slot)
{
    free(((packed *)slot->args)->message);
}

/* ---- The handler ---- */

static filch_ptr handler; /* filch_panic_handler * */

filch_panic_handler *filch_set_panic_handler(filch_panic_handler *next)
{
    return (filch_panic_handler *)(uintptr_t)filch_ptr_exchange(&handler, (void *)(uintptr_t)next,
                                                                FILCH_ACQ_REL); /* N2 */
}

void fl_panic_report(const filch_failure *failure)
{
    filch_panic_handler *told =
        (filch_panic_handler *)(uintptr_t)filch_ptr_load(&handler, FILCH_ACQUIRE); /* N3 */
    if (told) {
        told(failure);
        return;
    }
    char text[SENTENCE];
    spell(failure, text);
    filch_die("a panic for which nobody waits, in %s; catch it by filch_try, or set a handler by "
              "filch_set_panic_handler",
              text);
}
