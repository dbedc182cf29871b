/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/panic.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/fork_join.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/switch/fpmode.h>
#include <runtime/platform/upcalls.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

/* ---- Messages ---- */

enum { SENTENCE = 224 };

/* Task, place, message. */
static void spell(const filch_failure *failure, char *text)
{
    int at = failure->task ? snprintf(text, SENTENCE, "task %.60s, ", failure->task) : 0;
    size_t left = SENTENCE - (size_t)at;
    if (failure->file)
        snprintf(text + at, left, "%s:%d: %s", fl_path_end(failure->file), failure->line,
                 failure->message);
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
    const char *text = filch_error_about(code);
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
    here.aside = fiber->aside;
    here.task = name || !here.outer ? name : here.outer->task;
    here.failure = out;
    here.stays = fiber->stays;
    here.blocking = fiber->running.blocking;
    here.unpinned = fiber->worker->unpinned == fiber;
    here.fpmode = here.outer ? fl_fpmode_now() : fiber->worker->rt->fpmode; /* the loop's */
    fiber->boundary = &here;
    if (_setjmp(here.at))
        return false; /* unwinding has put everything back */
    fl_call_barred(fn, self, arg);
    if (FILCH_UNLIKELY(fiber->defers != here.defers))
        filch_die(
            "task %s returned without ending a scope; end every scope in the task that began it",
            here.task);
    if (FILCH_UNLIKELY(fiber->aside != here.aside))
        filch_die(
            "task %s returned with unjoined forks; join everything a task forks, in that task",
            here.task);
    if (FILCH_UNLIKELY(fiber->stays != here.stays))
        filch_die("task %s ended between filch_stay_begin and filch_stay_end; call the end in the "
                  "task that called the begin",
                  here.task);
    fl_fpmode_set(here.fpmode);
    fiber->boundary = here.outer;
    return true;
}

struct call {
    const filch_task *task;
    filch_slot *slot;
};

static void run_task(filch_self self, void *arg)
{
    const struct call *call = arg;
    call->task->run(self, call->slot);
    fl_check_return(self, call->task);
}

bool fl_catch_task(filch_self self, const filch_task *task, filch_slot *slot, filch_failure *out)
{
    struct call call = {task, slot};
    return fl_catch(self, task->name, run_task, &call, out);
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

/* All slots before that place hold unjoined forks, the last one is never used. */
filch_slot *fl_first_free(filch_slot *slot)
{
    while (filch_ptr_load(&slot->task, FILCH_RELAXED)) /* the owner's own stores */
        slot++;
    return slot;
}

void filch_defer_begin(filch_self self, filch_defer *record, filch_defer_fn *fn, void *arg)
{
    FL_MUST_GIVE(record);
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
    FL_MUST_GIVE(record);
    if (!record->self) /* C++: its argument threw before it began */
        return;
    fl_fiber *fiber = fl_fiber_of(record->self);
    if (fiber->defers != record)
        filch_die("a block with a deferred cleanup ended out of order; leave such blocks in "
                  "reverse order, and not by longjmp");
    fiber->defers = record->next;
    run_cleanup(record->self, record);
}

bool fl_defer_here(filch_defer *record, filch_defer_fn *fn, void *arg)
{
    const fl_fiber *here = fl_fiber_here();
    if (!here || !here->boundary)
        return false;
    filch_defer_begin(fl_first_free(here->boundary->self), record, fn, arg);
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

/* The library call of a thread without a task that may panic; NULL: none. */
static __thread const char *doing_outside;

bool fl_catch_here(const char *what, const char *name, filch_go_fn *fn, void *arg,
                   filch_failure *out)
{
    fl_fiber *here = fl_fiber_here();
    if (here) {
        filch_self from = here->boundary ? here->boundary->self : fl_first_slot(&here->stack);
        return fl_catch(fl_first_free(from), name, fn, arg, out);
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

filch_slot *fl_drop_down_to(filch_slot *slot, filch_slot *end)
{
    while (slot > end)
        fl_drop(--slot);
    return slot;
}

static FILCH_NORETURN void unwind(fl_fiber *fiber, const filch_failure *failure)
{
    fl_boundary *to = fiber->boundary;
    fl_fpmode_set(to->fpmode); /* cleanups run in boundaries, so it stays */
    if (!to->unpinned)
        fl_unpinned_end(fiber);
    fl_excess_unwind(fiber, to->aside);
    filch_slot *slot = fl_first_free(to->self);
    while (fiber->defers != to->defers) {
        filch_defer *record = fiber->defers;
        /* The self of a record may be older than the move of slots above to the heap. */
        slot = fl_drop_down_to(slot, record->self > to->self ? record->self : to->self);
        fiber->defers = record->next;
        filch_failure later; /* of a cleanup: the first one counts */
        fl_catch(slot, NULL, run_cleanup, record, &later);
    }
    fl_drop_down_to(slot, to->self);
    fiber->boundary = to->outer;
    fiber->running.blocking = to->blocking;
    fl_stay_back(fiber, to->stays);
    *to->failure = *failure;
    longjmp(to->at, 1);
}

/* The boundary in which a panic ends; NULL: none, the caller is not a task. */
static fl_fiber *panicking(void)
{
    fl_worker *here = fl_worker_here();
    fl_fiber *fiber = here ? here->running : NULL;
    return fiber && fiber->boundary ? fiber : NULL;
}

/* No boundary is around the panic. */
static FILCH_NORETURN void die_of(const filch_failure *failure)
{
    char text[SENTENCE];
    spell(failure, text);
    if (fl_fiber_here())
        filch_die("a panic left an attached thread: %s; catch it with filch_try", text);
    if (doing_outside)
        filch_die("%s panicked on a thread that runs no task: %s; remove the panic, or let a task "
                  "release the last reference",
                  doing_outside, text);
    filch_die(
        "a panic reached a thread that runs no task: %s; catch it with filch_try, or call the "
        "task with filch_run, which returns the error",
        text);
}

static FILCH_NORETURN void panic_here(filch_failure *failure)
{
    fl_hooks.panics();
    fl_fiber *fiber = panicking();
    if (!fl_is_errno(failure->code))
        failure->code = -ENOTRECOVERABLE;
    if (fiber && !failure->task)
        failure->task = fiber->boundary->task;
    if (fiber)
        unwind(fiber, failure);
    die_of(failure);
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
    FL_MUST_GIVE(failure);
    filch_failure copy = *failure;
    panic_here(&copy);
}

/* ---- Failures that travel ---- */

/* Small enough for a slot, in the place of a result. */
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
             from->message ? from->message : "(no memory for its error message)");
    free(from->message);
    fl_fiber *fiber = fl_fiber_of(slot);
    if (!fiber->boundary) /* of an attached thread */
        die_of(&failure);
    unwind(fiber, &failure);
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
                                                                FILCH_ACQ_REL); /* SetHandler */
}

void fl_panic_report(const filch_failure *failure)
{
    filch_panic_handler *told =
        (filch_panic_handler *)(uintptr_t)filch_ptr_load(&handler, FILCH_ACQUIRE); /* ReadHandler */
    if (told) {
        fl_fpmode fpmode = fl_fpmode_now();
        told(failure);
        fl_fpmode_set(fpmode);
        return;
    }
    char text[SENTENCE];
    spell(failure, text);
    filch_die("unhandled panic in %s; catch it with filch_try, or call filch_set_panic_handler",
              text);
}

/* ---- Exceptions ---- */

/* Before anything is unwound, an unwinder asks the personality of each frame, from the newest on,
 * whether it has a handler. The frame of fl_call_barred gets a personality that reports. Passing
 * the exception on to a handler outside of the boundary would leave the fork stack and the pending
 * cleanups as they are. */

__attribute__((used, visibility("hidden"))) _Unwind_Reason_Code
fl_exception_leaves(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                    struct _Unwind_Exception *exception, struct _Unwind_Context *context);

_Unwind_Reason_Code fl_exception_leaves(int version, _Unwind_Action actions,
                                        _Unwind_Exception_Class kind,
                                        struct _Unwind_Exception *exception,
                                        struct _Unwind_Context *context)
{
    (void)version, (void)kind, (void)exception, (void)context;
    const fl_fiber *fiber = fl_fiber_here();
    const char *task = fiber && fiber->boundary ? fiber->boundary->task : NULL;
    if (actions & _UA_FORCE_UNWIND) { /* pthread_exit, pthread_cancel */
        if (fiber && fl_fiber_guest(fiber))
            filch_die("pthread_exit in task %s, which runs on the thread that called filch_run: a "
                      "worker would be lost with the thread; return from the task first",
                      task ? task : "(no name)");
        return _URC_CONTINUE_UNWIND;
    }
    fl_say("an exception left task %s; catch it in the task, and return an error or panic there",
           task ? task : "(no name)");
    return _URC_FATAL_PHASE1_ERROR;
}

void fl_call_barred(filch_go_fn *fn, filch_self self, void *arg)
{
    fn(self, arg);
    /* 0x1b: the address is relative, and has 4 bytes. After the call, which is so no tail call. */
    __asm__ volatile(".cfi_personality 0x1b, fl_exception_leaves");
}
