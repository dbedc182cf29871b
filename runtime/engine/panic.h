/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Boundaries: where panics end. Code that runs a task for another one runs it in a boundary: stolen
 * slots, calls from outside, detached tasks, filch_try. They are nested, on the C stack of a fiber;
 * the fiber knows the innermost, and the newest of its deferred cleanups.
 *
 * Unwinding uses the panicking stack, since children may use its frames: from the first free slot
 * down to the boundary's self, newest first, it joins slots and runs cleanups; then it jumps. On
 * the way the fiber may suspend and continue on another worker.
 *
 * A stolen task's failure goes to its joiner through the slot, in the place of the result:
 * FinishTask and ReadResult of sched/forkstack.h, with state PANICKED. The joiner panics with it.
 *
 * Edges:
 *   SetHandler: exchange handler, acq_rel           -> ReadHandler, report: load handler,
 *                                                      acquire */
#ifndef FL_PANIC_H
#define FL_PANIC_H

#include <filch/panic.h>
#include <filch/runtime.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/switch/fpmode.h>

#include <setjmp.h>

struct fl_boundary {
    fl_boundary *outer;
    filch_self self;              /* the fork stack goes back to here, */
    filch_defer *defers;          /* the cleanups to these, */
    const struct fl_aside *aside; /* and slots on the heap to here (runtime/engine/fork_join.h) */
    const char *task;             /* its name */
    unsigned stays;               /* as it began: runtime/engine/suspend.h */
    unsigned blocking;            /* the pairs that are around it: runtime/sync/blocking.h */
    bool unpinned;                /* filch_unpinned is around it */
    fl_fpmode fpmode; /* in which it begins and ends: runtime/platform/switch/fpmode.h */
    filch_failure *failure;
    jmp_buf at;
};

/* Calls fn(self, arg). false: it panicked, and *out has the failure. name: of the task for which it
 * is done; NULL: the name of the enclosing boundary. */
bool fl_catch(filch_self self, const char *name, filch_go_fn *fn, void *arg, filch_failure *out);
/* The same for callers without `self`. On a thread that runs no task fn(NULL, arg) is called, and a
 * panic dies, naming `what` panicked (such as "drop of work item") and its name. */
bool fl_catch_here(const char *what, const char *name, filch_go_fn *fn, void *arg,
                   filch_failure *out);
/* The same as fl_catch for a typed task, whose arguments and result lie in slot. */
bool fl_catch_task(filch_self self, const filch_task *task, filch_slot *slot, filch_failure *out);

/* For the library's own cleanups: defers fn(arg) in the calling task, for callers without `self`.
 * false: the caller is not a task, nothing is deferred. */
bool fl_defer_here(filch_defer *record, filch_defer_fn *fn, void *arg);
/* Takes a cleanup of the calling task out of its list, at any position. false: it is not the
 * calling task's. */
bool fl_undefer_here(const filch_defer *record);

/* The slot of the next fork of a task whose self was `slot` some time before. */
filch_slot *fl_first_free(filch_slot *slot);
/* Drops the unjoined forks from the one before `slot` down to `end`; returns the lower one of
 * both. */
filch_slot *fl_drop_down_to(filch_slot *slot, filch_slot *end);

/* Leaves a failure in a stolen slot, which is about to be finished. */
void fl_slot_put_failure(filch_slot *slot, const filch_failure *failure);
/* Joiner: panics with the failure that was left there. */
FILCH_NORETURN FILCH_COLD void fl_panic_from_slot(filch_slot *slot);
/* Joiner that panics already: drops it. */
void fl_slot_drop_failure(filch_slot *slot);

/* In a block of a function with `self`: calls fn(arg) if a panic leaves the block; does nothing if
 * the block is left otherwise. */
#define FL_ON_PANIC(fn, arg) FL_ON_PANIC_NAMED(FL_CAT(fl_on_panic_, __COUNTER__), fn, arg)
#define FL_ON_PANIC_NAMED(name, fn, arg)                                                           \
    filch_defer name                                                                               \
        __attribute__((cleanup(fl_on_panic_end))) = {fl_fiber_of(self)->defers, self, fn, arg};    \
    fl_fiber_of(self)->defers = &name
static inline void fl_on_panic_end(filch_defer *record)
{
    fl_fiber_of(record->self)->defers = record->next;
}

/* Returns the failure's code, with task, place and message for filch_error(). */
FILCH_COLD int fl_panic_tell(const filch_failure *failure);

/* Sets the message of a failure with `code`: the one of filch_error() for it, else the errno's. */
void fl_failure_explain(filch_failure *failure, int code);

/* A task without a waiter has failed: tells the handler, or dies. */
FILCH_COLD void fl_panic_report(const filch_failure *failure);

/* ---- Exceptions ---- */

/* The end of C++ exceptions: none may leave a task, and one that does ends the process and names
 * the task. Tasks only. */

/* Calls fn(self, arg), in the innermost boundary of the calling task. An
 * exception for which no frame below has a handler is reported with the boundary's task. Then
 * std::terminate is called, which says what was thrown. */
void fl_call_barred(filch_go_fn *fn, filch_self self, void *arg);

#endif
