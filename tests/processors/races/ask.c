/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A thief that asks, and the state of a stolen slot. */
#include "races.h"

static fl_mailbox box;

static long asked(void)
{
    fl_gift gift;
    box.most = 1;
    if (fl_forkstack_ask(&region.stack, &box) == FL_ASK_BUSY)
        return 7;
    if (!fl_mailbox_answered(&region.stack, &box, &gift)) {
        if (fl_forkstack_withdraw(&region.stack, &box))
            return 1;
        if (!fl_mailbox_answered(&region.stack, &box, &gift))
            return 2; /* the answer is on its way */
    }
    if (!gift.count)
        return 3;
    return gift.first->claimed == &tasks[0] ? (long)gift.first->args[0] : 7;
}

RACE void fork_ask_begin(void)
{
    begin(FL_SIDE_INLINE);
}
RACE long fork_ask_0(void)
{
    forked(0, 0);
    return NOTHING;
}
RACE long fork_ask_1(void)
{
    return asked();
}
RACE bool fork_ask_end(long owner, long thief)
{
    uint64_t index = fl_top_index(filch_u64_load(&region.stack.front.top, FILCH_RELAXED));
    bool given = index != fl_slot_index(&region.slot[0]);
    bool waits = filch_ptr_load(&region.stack.request, FILCH_RELAXED);
    return owner == 0 && !waits && (thief == 10 ? given : thief == 2 || (thief == 1 && !given));
}

RACE void join_ask_begin(void)
{
    begin(FL_SIDE_INLINE);
    forked(0, 0);
    forked(1, 0);
}
RACE long join_ask_0(void)
{
    return joined(1, 0);
}
RACE long join_ask_1(void)
{
    return asked();
}
RACE bool join_ask_end(long owner, long thief)
{
    uint64_t index = fl_top_index(filch_u64_load(&region.stack.front.top, FILCH_RELAXED));
    bool given = index != fl_slot_index(&region.slot[0]);
    return owner == 11 && (thief == 10 ? given : thief == 2 || (thief == 1 && !given));
}

static int waiter[4];

RACE void finish_join_begin(void)
{
    begin(FL_SIDE_INLINE);
    forked(0, 0);
    robbed(false);
    joined(0, 0);
}
/* The joiner of a stolen task: it sees the result, or leaves a waiter. */
RACE long finish_join_0(void)
{
    filch_slot *slot = &region.slot[0];
    if (!fl_slot_done(slot) && fl_slot_await(slot, waiter))
        return 1;
    return fl_slot_done(slot) && fl_slot_ran(slot) == &tasks[0] ? (long)slot->args[0] : 7;
}
RACE long finish_join_1(void)
{
    region.slot[0].args[0] = 42;
    return fl_slot_finish(&region.slot[0], &tasks[0]) == (void *)waiter;
}
RACE bool finish_join_end(long owner, long woke)
{
    return woke ? owner == 1 : owner == 42;
}

RACE void offer_take_begin(void)
{
    begin(FL_SIDE_INLINE);
    forked(0, 0);
    robbed(false);
}
RACE long offer_take_0(void)
{
    region.slot[0].args[0] = 33;
    fl_slot_offer(&region.slot[0]);
    return fl_slot_reclaim(&region.slot[0]) ? 33 : NOTHING;
}
RACE long offer_take_1(void)
{
    return fl_slot_take(&region.slot[0]) ? (long)region.slot[0].args[0] : NOTHING;
}
RACE bool offer_take_end(long owner, long taker)
{
    return owner + taker == 33;
}
