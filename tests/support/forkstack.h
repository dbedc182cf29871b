/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fork stack without a runtime: one thread plays its owner and its thieves in turn. Their
 * concurrent steps are the model checker's part. */
#ifndef SUPPORT_FORKSTACK_H
#define SUPPORT_FORKSTACK_H

#include <sched/forkstack.h>
#include <tests/support/test.h>

static inline void never_run(filch_self self, filch_slot *slot)
{
    abort();
}

static FILCH_UNUSED const filch_task red = {never_run, "red"}, blue = {never_run, "blue"};
static void *region;
static fl_forkstack *stack; /* in it */
static filch_slot *slots;

/* A new, empty one. */
static inline void lay_out(void)
{
    free(region);
    region = aligned_alloc(FILCH_REGION_SIZE, FILCH_REGION_SIZE);
    cr_assert_not_null(region);
    memset(region, 0, FILCH_REGION_SIZE);
    stack = (fl_forkstack *)((char *)region + FILCH_HEADER_AT);
    fl_forkstack_init(stack);
    fl_forkstack_issue(stack, FL_SIDE_INLINE);
    slots = fl_first_slot(stack);
}

static inline void clear(void)
{
    free(region);
    region = NULL;
}

/* The inline halves, without the way to a runtime that is not there. */
static inline filch_self fork_one(filch_self self, const filch_task *task)
{
    filch_ptr_store(&self->task, (void *)(uintptr_t)task, FILCH_RELEASE);
    return self + 1;
}

static inline filch_self fork_many(filch_self self, unsigned count)
{
    while (count--)
        self = fork_one(self, &red);
    return self;
}

static inline bool joins_inline(filch_slot *slot)
{
    return filch_u64_load(&stack->front.top, FILCH_RELAXED) < filch_position(slot);
}

static inline enum fl_settled join_slow(filch_slot *slot)
{
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED);
    return fl_forkstack_settle(stack, slot);
}

static inline uint64_t top(void)
{
    return filch_u64_load(&stack->front.top, FILCH_RELAXED);
}

static inline void *limit(void)
{
    return filch_ptr_load(&stack->front.limit, FILCH_RELAXED);
}

/* Everything from the oldest slot on, with the answer that a thief reads. */
static inline fl_gift ask_and_serve(fl_mailbox *box, filch_self self)
{
    fl_gift gift = {0};
    cr_assert_neq(fl_forkstack_ask(stack, box), FL_ASK_BUSY);
    fl_forkstack_serve(stack, self);
    cr_assert(fl_mailbox_answered(stack, box, &gift));
    return gift;
}

static inline filch_slot *rob(void)
{
    uint64_t look;
    filch_slot *slot = NULL;
    return fl_forkstack_rob_look(stack, &look) && fl_forkstack_rob_take(stack, look, &slot) ? slot
                                                                                            : NULL;
}

#endif
