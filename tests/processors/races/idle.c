/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fork against the thief that sees it, and against the last sleeper. */
#include "races.h"

RACE void fork_rob_begin(void)
{
    begin(FL_SIDE_INLINE);
}
RACE long fork_rob_0(void)
{
    forked(0, 1);
    return NOTHING;
}
RACE long fork_rob_1(void)
{
    return robbed(false);
}
RACE bool fork_rob_end(long owner, long thief)
{
    return owner == 0 && (thief == 0 || thief == SECOND);
}

/* A look without a fence: PublishTask and RobberFence alone hand over the arguments. */
RACE void fork_take_begin(void)
{
    begin(FL_SIDE_INLINE);
}
RACE long fork_take_0(void)
{
    return fork_rob_0();
}
RACE long fork_take_1(void)
{
    uint64_t top = filch_u64_load(&region.stack.front.top, FILCH_RELAXED);
    filch_slot *slot;
    const filch_task *task = fl_forkstack_rob_take(&region.stack, top, &slot);
    if (!task)
        return NOTHING;
    return slot->args[0] == SECOND ? SECOND : 7;
}
RACE bool fork_take_end(long owner, long thief)
{
    return fork_rob_end(owner, thief);
}

RACE void fork_sleep_begin(void)
{
    begin(FL_SIDE_INLINE);
    fl_idle_search(&idle);
}
RACE long fork_sleep_0(void)
{
    forked(0, 0);
    return NOTHING;
}
RACE long fork_sleep_1(void)
{
    fl_idle_sleep(&idle);
    filch_fence_seq_cst(); /* LastScan */
    fl_forkstack_call(&region.stack);
    heavy_fence(); /* LastScan */
    return fl_forkstack_offers(&region.stack);
}
/* The sleeper has seen the task, or the owner has woken it. */
RACE bool fork_sleep_end(long owner, long seen)
{
    return owner == 0 && (seen || filch_u32_load(&woken, FILCH_RELAXED));
}

/* A poke that comes while the owner answers an earlier one: RearmLimit and PublisherFence against
 * AnnounceSleep and LastScan. */
RACE void slow_sleep_begin(void)
{
    fork_sleep_begin();
    fl_forkstack_call(&region.stack);
}
RACE long slow_sleep_0(void)
{
    forked(0, 0);
    return NOTHING;
}
RACE long slow_sleep_1(void)
{
    fl_idle_sleep(&idle);
    filch_fence_seq_cst(); /* LastScan */
    if (filch_ptr_load(&region.stack.front.limit, FILCH_RELAXED))
        fl_forkstack_call(&region.stack);
    heavy_fence(); /* LastScan */
    return fl_forkstack_offers(&region.stack);
}
RACE bool slow_sleep_end(long owner, long seen)
{
    return fork_sleep_end(owner, seen);
}

/* The last searcher finds other work (EndSearch) while an owner that was called forks. */
RACE void slow_found_begin(void)
{
    slow_sleep_begin();
    fl_idle_search(&idle);
    fl_idle_sleep(&idle);
}
RACE long slow_found_0(void)
{
    return slow_sleep_0();
}
RACE long slow_found_1(void)
{
    if (!fl_idle_was_last(fl_idle_found(&idle)))
        return 2;
    filch_fence_seq_cst(); /* EndSearch */
    if (filch_ptr_load(&region.stack.front.limit, FILCH_RELAXED))
        fl_forkstack_call(&region.stack);
    filch_fence_seq_cst(); /* EndSearch */
    return fl_forkstack_offers(&region.stack);
}
RACE bool slow_found_end(long owner, long seen)
{
    return fork_sleep_end(owner, seen);
}
