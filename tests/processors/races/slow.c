/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The words that races share, and slow paths of fork and join without a runtime: RearmLimit to
 * ReadSleepers of sched/idle.h in a fork, settling in a join. */
#include "races.h"

struct race_region region __attribute__((aligned(1 << 20)));
fl_idle idle;
filch_u32 woken;

/* The compiler knows nothing of it. */
__asm__(".text\n.globl heavy_fence\nheavy_fence: ret\n");

static void run_task(filch_self self, filch_slot *slot)
{
    (void)self;
    (void)slot;
}
const filch_task tasks[2] = {{run_task, "one"}, {run_task, "two"}};

void fl_fork_slow(filch_self self)
{
    fl_forkstack *stack = fl_forkstack_of(self - 1);
    fl_forkstack_rearm(stack);
    fl_forkstack_serve(stack, self);
    filch_fence_seq_cst(); /* PublisherFence */
    if (fl_idle_claim(&idle, FL_UNLESS_SEARCHING))
        filch_u32_store(&woken, 1, FILCH_RELAXED);
}

filch_self fl_fork_moves(filch_self self)
{
    fl_fork_slow(self);
    return self;
}

int fl_join_slow(filch_slot *slot, const char *const *name)
{
    (void)name;
    return fl_forkstack_settle(fl_forkstack_of(slot), slot) == FL_KEPT;
}
