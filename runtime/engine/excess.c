/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * J1 and J2 are edges of include/filch/fork.h. */
#include <runtime/engine/excess.h>

#include <runtime/engine/event.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/forkjoin.h>
#include <runtime/engine/panic.h>
#include <sched/forkstack.h>
#include <sched/queue.h>

#include <stdlib.h>
#include <string.h>

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
    filch_ptr_store(&slot->task, (void *)(uintptr_t)task, FILCH_RELEASE); /* F8 */
}

static void set_state(filch_slot *slot, void *state)
{
    filch_ptr_store(&slot->state, state, FILCH_RELEASE); /* F7 */
}

/* The newest task is the caller's now, or a thief has run it; all older ones are offered. */
static enum fl_outcome close(fl_fiber *fiber, filch_slot *slot)
{
    const fl_queue *queue = fiber->worker->rt->queue;
    set_task(slot, NULL); /* J1 */
    if (fl_excess_closed(fiber))
        return FL_JOIN_KEPT;
    filch_fence_light(); /* J2 */
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
