/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The out-of-line halves of fork and join, their exported twins, joins during a panic, and the
 * checks of a debug build. EraseTask and ReadTop are edges of include/filch/fork.h. */
#include <runtime/engine/fork_join.h>

#include <filch/detail/join_order.h>
#include <runtime/engine/events.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/guest_cpu.h>
#include <runtime/engine/help.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/switch/fpmode.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/forkstack.h>
#include <sched/queue.h>

#include <stdlib.h>
#include <string.h>

enum { SPIN_BEFORE_SUSPEND = 2000 }; /* ns: a thief is often about to finish */

static const filch_task *task_in(const filch_slot *slot)
{
    return (const filch_task *)filch_ptr_load(&slot->task,
                                              FILCH_RELAXED); /* the owner's own store */
}

void fl_fork_slow(filch_self self)
{
    fl_fiber *fiber = fl_fiber_of(self);
    fl_point();
    fl_refuse_carried(fiber, "a fork");
    fl_count(fiber->worker, FL_FORKS, 1);
    fl_event_task(fiber->worker, FL_TRACE_FORK, self - 1, task_in(self - 1));
    if (FILCH_UNLIKELY(fl_fiber_guest(fiber)))
        fl_guest_keep_apart(fiber->worker);
    if (FILCH_UNLIKELY(fl_in_reserve(self - 1)))
        fl_excess_run(self);
    else
        fiber->worker->rt->queue->forked(fiber->worker, self);
}

filch_self fl_fork_moves(filch_self self)
{
    fl_fork_slow(self);
    return fl_excess_make_room(self);
}

static FILCH_NORETURN void die_out_of_order(const filch_task *joined, const filch_task *newest)
{
    filch_die("join of %s, but the last unjoined fork is %s; join in the reverse order of forking",
              joined->name, newest->name);
}

void fl_join_out_of_order(filch_self self, const filch_task *joined)
{
    die_out_of_order(joined, task_in(self - 1));
}

static void leave_waiter(fl_worker *worker, fl_fiber *left, void *slot)
{
    /* Done already: it goes on as soon as this worker looks at its ready deque. */
    if (!fl_slot_await(slot, left))
        fl_resume(worker->rt, left);
}

static void wait_until_done(fl_fiber *fiber, filch_slot *slot)
{
    fl_spin spin = fl_spin_begin(fl_may_spin(fiber->worker->rt) ? SPIN_BEFORE_SUSPEND : 0);
    do
        if (fl_slot_done(slot))
            return;
    while (fl_spin_on(&spin));
    if (fl_help(fiber, slot, NULL))
        return;
    fl_count(fiber->worker, FL_JOINS_WAITED, 1);
    fl_fiber_waits_in(fiber, "the join of a fork", slot);
    fl_leave(fiber, leave_waiter, slot);
    if (!fl_slot_done(slot))
        filch_die("a joining fiber was resumed before its task was done; this is an error in the "
                  "library");
}

enum fl_outcome fl_settle(filch_slot *slot, const filch_task *joined, enum fl_counter kept)
{
    fl_fiber *fiber = fl_fiber_of(slot);
    fl_refuse_carried(fiber, "a join");
    const fl_queue *queue = fiber->worker->rt->queue;
    bool excess = fl_in_reserve(slot) && fl_excess_closed(fiber);
    bool stays = !excess && queue->settle(&fiber->stack, slot) == FL_KEPT;
    fl_count(fiber->worker, stays || excess ? kept : FL_JOINS_TAKEN, 1);
    if (stays)
        return FL_JOIN_KEPT;
    if (!excess) {
        fl_event_task_ends(fiber->worker, FL_TRACE_JOIN, slot, joined, 0);
        wait_until_done(fiber, slot);
        while (FILCH_UNLIKELY(!fl_slot_done(slot))) { /* a helper in a seat has handed it on */
            if (queue->settle(&fiber->stack, slot) == FL_KEPT)
                return FL_JOIN_KEPT;
            wait_until_done(fiber, slot);
        }
    }
    fl_event_task_ends(fiber->worker, FL_TRACE_JOINED, slot, joined, 0);
    if (FILCH_UNLIKELY(joined && joined != fl_slot_ran(slot)))
        die_out_of_order(joined, fl_slot_ran(slot));
    bool failed = fl_slot_failed(slot);
    if (excess)
        filch_ptr_store(&slot->state, NULL, FILCH_RELAXED); /* the owner's alone */
    else
        queue->take_back(&fiber->stack, slot);
    return failed ? FL_JOIN_FAILED : FL_JOIN_DONE;
}

static FILCH_NORETURN void die_without_fork(void)
{
    filch_die("a join without a fork; every join belongs to the last unjoined fork of its task");
}

static FILCH_NORETURN void die_unmoved(void)
{
    filch_die(
        "join of a task that ran at once because the fork stack was full, by a caller whose self "
        "cannot be moved; join with FILCH_JOIN the tasks that FILCH_FORK forks in a loop");
}

/* The caller would run it as a plain call, which nobody could record. */
static void run_recorded(filch_slot *slot, const filch_task *task)
{
    fl_event_task(fl_fiber_of(slot)->worker, FL_TRACE_RUN, slot, task);
    task->run(slot, slot);
    fl_event_task_ends(fl_fiber_of(slot)->worker, FL_TRACE_RUN_END, slot, task, 1);
}

int fl_join_slow(filch_slot *slot, const char *const *name)
{
    fl_point();
    if (slot < fl_first_slot(fl_forkstack_of(slot)))
        die_without_fork();
    const filch_task *joined =
        (const filch_task *)(const void *)((const char *)name - offsetof(filch_task, name));
    fl_fiber *fiber = fl_fiber_of(slot);
    if (FILCH_UNLIKELY(fiber->joined_instead))
        die_unmoved();
    filch_slot *newest = fl_excess_put_back(slot);
    enum fl_outcome outcome = fl_settle(newest, joined, FL_JOINS_KEPT);
    if (FILCH_UNLIKELY(outcome == FL_JOIN_FAILED))
        fl_panic_from_slot(newest);
    if (FILCH_UNLIKELY(newest != slot))
        fiber->joined_instead = newest;
    if (outcome == FL_JOIN_KEPT && fl_traced_task(fiber->worker, joined)) {
        run_recorded(slot, joined);
        return 0;
    }
    return outcome == FL_JOIN_KEPT;
}

filch_self fl_join_moves(filch_slot *slot)
{
    fl_fiber *fiber = fl_fiber_of(slot);
    filch_slot *instead = fiber->joined_instead;
    fiber->joined_instead = NULL;
    return instead ? instead : slot;
}

void fl_drop(filch_slot *slot)
{
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED); /* EraseTask */
    filch_fence_light();                               /* ReadTop */
    if (fl_settle(slot, NULL, FL_JOINS_DROPPED) == FL_JOIN_FAILED)
        fl_slot_drop_failure(slot);
}

filch_self filch_fork(filch_self self, const filch_task *task)
{
    return filch_fork_inline(self, task);
}

int filch_join(filch_slot *slot)
{
    const filch_task *task = task_in(slot);
    if (!task)
        die_without_fork();
    if (fl_excess_aside(slot))
        die_unmoved();
    return filch_join_inline(slot, task);
}

void *filch_arguments(filch_slot *slot)
{
    return slot->args;
}

void fl_refuse_stranger(filch_self self, const char *what)
{
    fl_refuse_carried(fl_fiber_of(self), what);
    const fl_worker *here = fl_worker_here();
    if (!here || &here->running->stack != fl_forkstack_of(self))
        filch_die("%s with the self of a task that does not run on this thread; only the task that "
                  "was given self may use it",
                  what);
}

void fl_check_any_fpmode(filch_self self)
{
    fl_refuse_stranger(self, "FILCH_ANY_FPMODE");
    fl_fiber_of(self)->running.forks_in = fl_fpmode_now();
}

/* A thief would run it in the runtime's mode, its joiner in its own. */
static void check_fpmode(const fl_fiber *fiber, const filch_task *task)
{
    fl_fpmode here = fl_fpmode_now();
    if (here != fiber->worker->rt->fpmode && here != fiber->running.forks_in)
        filch_die("fork of %s in a floating-point mode other than its runtime's: a thief would run "
                  "it in the runtime's mode; set the mode within %s, and write FILCH_ANY_FPMODE() "
                  "before the fork",
                  task->name, task->name);
}

void fl_check_fork(filch_self self, const filch_task *task)
{
    fl_refuse_stranger(self, "a fork");
    const filch_task *left = task_in(self);
    if (left)
        filch_die("fork of %s where a fork of %s was never joined; a task returned, broke out or "
                  "jumped between "
                  "fork and join",
                  task->name, left->name);
    check_fpmode(fl_fiber_of(self), task);
}

void fl_check_join(filch_slot *slot, const filch_task *task)
{
    fl_refuse_stranger(slot, "a join");
    const filch_task *aside = fl_excess_aside(slot), *last = aside ? aside : task_in(slot);
    if (!last)
        filch_die(
            "join of %s without a fork; every join belongs to the last unjoined fork of its task",
            task->name);
    if (last != task)
        die_out_of_order(task, last);
}

void fl_check_return(filch_self self, const filch_task *task)
{
    fl_refuse_carried(fl_fiber_of(self), "the end of a task");
    const filch_task *left = task_in(self);
    if (left)
        filch_die("task %s returned with an unjoined fork of %s; join everything a task forks, in "
                  "that task",
                  task->name, left->name);
}

/* ---- Forks that find the stack full ---- */

/* EraseTask and ReadTop are edges of include/filch/fork.h. */

/* The content of a slot; the state also names the task. */
typedef struct kept {
    void *state;
    uint64_t args[FILCH_SLOT_BYTES / sizeof(uint64_t)];
} kept;

struct fl_aside {
    struct fl_aside *older;
    const filch_task *below; /* of the slot below the reserve, which a join erases */
    size_t count;
    kept slot[];
};

static const filch_task *task_of(void *state)
{
    return (const filch_task *)((uintptr_t)state & ~(FL_STATE_DONE | FL_STATE_PANICKED));
}

static void set_task(filch_slot *slot, const filch_task *task)
{
    filch_ptr_store(&slot->task, (void *)(uintptr_t)task, FILCH_RELEASE); /* MarkTask */
}

static void set_state(filch_slot *slot, void *state)
{
    filch_ptr_store(&slot->state, state, FILCH_RELEASE); /* MarkState */
}

/* The newest task is the caller's now, or a thief has run it; all older ones are offered. */
static enum fl_outcome close(fl_fiber *fiber, filch_slot *slot)
{
    const fl_queue *queue = fiber->worker->rt->queue;
    set_task(slot, NULL); /* EraseTask */
    if (fl_excess_closed(fiber))
        return FL_JOIN_KEPT;
    filch_fence_light(); /* ReadTop */
    enum fl_outcome outcome = fl_settle(slot, NULL, FL_JOINS_KEPT);
    queue->flush(fiber->worker, &fiber->stack);
    queue->close(&fiber->stack);
    return outcome;
}

static bool run(filch_self self, const filch_task *task)
{
    filch_failure failure;
    if (fl_catch_task(self, task, self - 1, &failure))
        return true;
    fl_slot_put_failure(self - 1, &failure);
    return false;
}

void fl_excess_run(filch_self self)
{
    filch_slot *slot = self - 1;
    const filch_task *task =
        (const filch_task *)filch_ptr_load(&slot->task, FILCH_RELAXED); /* owner's own */
    if (self >= fl_last_slot(fl_forkstack_of(self)))
        filch_die("%u unjoined forks in task %s: its fork stack is full; join sooner, or fork "
                  "halves of the range instead of its elements",
                  (unsigned)FL_SLOTS, task->name);
    enum fl_outcome outcome = close(fl_fiber_of(self), slot);
    if (outcome == FL_JOIN_KEPT) {
        fl_event_task(fl_fiber_of(self)->worker, FL_TRACE_RUN, slot, task);
        outcome = run(self, task) ? FL_JOIN_DONE : FL_JOIN_FAILED;
        fl_event_task_ends(fl_fiber_of(self)->worker, FL_TRACE_RUN_END, slot, task, 0);
    }
    uintptr_t how = outcome == FL_JOIN_DONE ? FL_STATE_DONE : FL_STATE_PANICKED;
    set_state(slot, (void *)((uintptr_t)task | how));
    set_task(slot, task);
}

filch_self fl_excess_make_room(filch_self self)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_slot *first = fl_excess_slot(&fiber->stack);
    if (self < first + FL_ASIDE)
        return self;
    size_t count = (size_t)(self - first);
    struct fl_aside *aside = malloc(sizeof *aside + count * sizeof *aside->slot);
    if (!aside)
        return self;
    *aside =
        (struct fl_aside){.older = fiber->aside,
                          .below = (const filch_task *)filch_ptr_load(&first[-1].task,
                                                                      FILCH_RELAXED), /* its own */
                          .count = count};
    for (size_t i = 0; i < count; i++) {
        aside->slot[i].state = filch_ptr_load(&first[i].state, FILCH_RELAXED); /* owner's own */
        memcpy(aside->slot[i].args, first[i].args, sizeof first[i].args);
        set_state(first + i, NULL);
        set_task(first + i, NULL);
    }
    fiber->aside = aside;
    return first;
}

/* Returns the slot past them. */
static filch_slot *put_back(fl_fiber *fiber)
{
    struct fl_aside *aside = fiber->aside;
    filch_slot *first = fl_excess_slot(&fiber->stack), *past = first + aside->count;
    for (size_t i = 0; i < aside->count; i++) {
        memcpy(first[i].args, aside->slot[i].args, sizeof first[i].args);
        set_state(first + i, aside->slot[i].state);
        set_task(first + i, task_of(aside->slot[i].state));
    }
    set_task(first - 1, aside->below);
    fiber->aside = aside->older;
    free(aside);
    return past;
}

const filch_task *fl_excess_aside(filch_slot *slot)
{
    const struct fl_aside *aside = fl_fiber_of(slot)->aside;
    return aside && fl_in_reserve(slot + 1) && !fl_in_reserve(slot)
               ? task_of(aside->slot[aside->count - 1].state)
               : NULL;
}

filch_slot *fl_excess_put_back(filch_slot *slot)
{
    if (!fl_excess_aside(slot))
        return slot;
    filch_slot *newest = put_back(fl_fiber_of(slot)) - 1;
    set_task(newest, NULL);
    return newest;
}

void fl_excess_unwind(fl_fiber *fiber, const struct fl_aside *end)
{
    filch_slot *first = fl_excess_slot(&fiber->stack);
    while (fiber->aside != end) {
        fl_drop_down_to(fl_first_free(first), first);
        put_back(fiber);
    }
}
