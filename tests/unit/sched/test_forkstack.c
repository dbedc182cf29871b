/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck */
#include <tests/support/forkstack.h>

TestSuite(forkstack, .init = lay_out, .fini = clear);

Test(forkstack, position_is_slot_index_in_top)
{
    for (unsigned i = 0; i <= FL_SLOTS; i++) {
        cr_assert_eq(fl_slot_at(stack, fl_slot_index(slots + i)), slots + i);
        cr_assert_eq(filch_position(slots + i) & FL_TOP_TAG, 0);
        cr_assert_eq(filch_position(slots + i) & FL_TOP_ASKED, 0);
    }
    cr_assert_eq((char *)(fl_last_slot(stack) + 1), (char *)stack + FL_FORKSTACK_SIZE);
}

Test(forkstack, fresh_stack_offers_nothing)
{
    uint64_t look;
    cr_assert_not(fl_forkstack_offers(stack));
    cr_assert_not(fl_forkstack_rob_look(stack, &look));
    cr_assert_eq(limit(), fl_excess_slot(stack) + 1);
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots));
}

Test(forkstack, all_but_the_oldest_join_inline)
{
    fork_many(slots, 3);
    cr_assert(joins_inline(slots + 2));
    cr_assert(joins_inline(slots + 1));
    cr_assert_not(joins_inline(slots));
    cr_assert_eq(join_slow(slots), FL_KEPT);
}

Test(forkstack, thief_takes_oldest_leaving_claimed_untouched)
{
    fork_many(fork_one(slots, &blue), 2);
    uint64_t look;
    filch_slot *slot = NULL;
    cr_assert(fl_forkstack_rob_look(stack, &look));
    cr_assert_eq(fl_forkstack_rob_take(stack, look, &slot), &blue);
    cr_assert_eq(slot, slots);
    cr_assert_null(slot->claimed);
    cr_assert_eq(rob(), slots + 1);
    cr_assert_eq(rob(), slots + 2);
    cr_assert_null(rob());
}

Test(forkstack, only_one_racing_thief_gets_task)
{
    fork_many(slots, 2);
    uint64_t look;
    filch_slot *slot = NULL;
    cr_assert(fl_forkstack_rob_look(stack, &look));
    cr_assert_not_null(fl_forkstack_rob_take(stack, look, &slot));
    cr_assert_null(fl_forkstack_rob_take(stack, look, &slot));
}

Test(forkstack, stale_thief_fails_by_tag)
{
    fork_many(slots, 1);
    uint64_t look;
    filch_slot *slot = NULL;
    cr_assert(fl_forkstack_rob_look(stack, &look));
    cr_assert_eq(join_slow(slots), FL_KEPT);
    cr_assert_null(fl_forkstack_rob_take(stack, look, &slot), "the task is erased");
    fork_one(slots, &blue);
    cr_assert_null(fl_forkstack_rob_take(stack, look, &slot), "a later task of the same slot");
    cr_assert_null(slot);
    cr_assert_eq(rob(), slots);
}

Test(forkstack, taking_back_lowers_top_frees_slot)
{
    fork_many(slots, 2);
    cr_assert_eq(rob(), slots);
    cr_assert_eq(rob(), slots + 1);
    for (filch_slot *slot = slots + 1; slot >= slots; slot--) {
        uint64_t stale = top();
        cr_assert_eq(join_slow(slot), FL_STOLEN);
        cr_assert_null(fl_slot_finish(slot, &blue));
        fl_forkstack_take_back(stack, slot);
        cr_assert_eq(fl_top_index(top()), fl_slot_index(slot));
        cr_assert_neq(top() & FL_TOP_TAG, stale & FL_TOP_TAG);
        cr_assert_not(fl_slot_done(slot));
    }
    fork_one(slots, &blue);
    cr_assert_eq(rob(), slots);
}

Test(forkstack, taking_back_keeps_pending_request)
{
    fl_mailbox box = {.most = 1};
    fork_many(slots, 1);
    cr_assert_eq(rob(), slots);
    cr_assert_eq(join_slow(slots), FL_STOLEN);
    fl_slot_finish(slots, &blue);
    fl_forkstack_ask(stack, &box);
    fl_forkstack_take_back(stack, slots);
    cr_assert(top() & FL_TOP_ASKED);
}

Test(forkstack, unasked_joins_leave_top_alone)
{
    const uint64_t before = top();
    fork_many(slots, 1);
    cr_assert_eq(join_slow(slots), FL_KEPT);
    cr_assert_eq(top(), before);
}

Test(forkstack, tag_wraps_without_carrying_into_index)
{
    const uint64_t at = filch_position(slots) | FL_TOP_TAG;
    fork_many(slots, 1);
    filch_u64_store(&stack->front.top, at | FL_TOP_ASKED, FILCH_RELAXED);
    cr_assert_eq(join_slow(slots), FL_KEPT);
    cr_assert_eq(top(), filch_position(slots));

    fork_many(slots, 1);
    filch_u64_store(&stack->front.top, at, FILCH_RELAXED);
    cr_assert_eq(rob(), slots);
    cr_assert_eq(join_slow(slots), FL_STOLEN);
    fl_slot_finish(slots, &blue);
    fl_forkstack_take_back(stack, slots);
    cr_assert_eq(top(), filch_position(slots) + 1,
                 "the robber was heeded, and its slot taken back");

    filch_u64_store(&stack->front.top, at, FILCH_RELAXED);
    fl_forkstack_issue(stack, FL_SIDE_INLINE);
    cr_assert_eq(top() & ~FL_TOP_TAG, filch_position(slots));
}

Test(forkstack, issuing_makes_stale_robbers_fail)
{
    for (int side = FL_SIDE_INLINE; side <= FL_SIDE_OUTLINE; side++) {
        uint64_t look = top();
        filch_slot *slot = NULL;
        fl_forkstack_issue(stack, (enum fl_forkside)side);
        fork_many(slots, 1);
        cr_assert_null(fl_forkstack_rob_take(stack, look, &slot));
        cr_assert_eq(join_slow(slots), FL_KEPT);
    }
}

Test(forkstack, fenced_fiber_stays_out_of_line)
{
    fl_mailbox box = {.most = 1};
    fl_forkstack_issue(stack, FL_SIDE_FENCED);
    filch_self self = fork_many(slots, 4);
    for (int i = 0; i < 2; i++) {
        cr_assert_null(limit());
        cr_assert_not(joins_inline(self - 1));
        fl_forkstack_rearm(stack);
        ask_and_serve(&box, self);
        self--;
        cr_assert_eq(join_slow(self), FL_KEPT);
    }
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + 2), "each thief got one");
    cr_assert_eq(join_slow(slots + 1), FL_STOLEN);
    fl_slot_finish(slots + 1, &blue);
    fl_forkstack_take_back(stack, slots + 1);
    cr_assert_not(joins_inline(slots + 2));
    fl_forkstack_issue(stack, FL_SIDE_INLINE);
    cr_assert_eq(limit(), fl_excess_slot(stack) + 1);
    cr_assert_not(top() & FL_TOP_ASKED);
}

Test(forkstack, outline_fiber_stays_outline_notices_requests)
{
    fl_mailbox box = {.most = 1};
    fl_forkstack_issue(stack, FL_SIDE_OUTLINE);
    filch_self self = fork_many(slots, 4);
    for (int i = 0; i < 2; i++) {
        cr_assert_geq((uintptr_t)(slots + 1), (uintptr_t)limit(),
                      "the first fork is out of line, too");
        cr_assert_not(joins_inline(self - 1));
        cr_assert_not(top() & FL_TOP_ASKED);
        cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
        cr_assert_null(limit(), "as inline: it is called");
        cr_assert(top() & FL_TOP_ASKED);
        cr_assert_eq(join_slow(--self), FL_KEPT, "and answers");
        cr_assert_not(top() & FL_TOP_ASKED);
        fl_forkstack_rearm(stack);
        cr_assert_not_null(limit());
    }
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + 2), "each thief got one");
    cr_assert_eq(join_slow(slots + 1), FL_STOLEN);
    fl_slot_finish(slots + 1, &blue);
    fl_forkstack_take_back(stack, slots + 1);
    cr_assert_not(joins_inline(slots + 2));
    fl_forkstack_issue(stack, FL_SIDE_INLINE);
    cr_assert_eq(limit(), fl_excess_slot(stack) + 1);
    cr_assert_not(top() & FL_TOP_OUTLINE);
}

struct handed {
    filch_slot *slot[16];
    unsigned count;
};

static void hand(void *context, filch_slot *slot)
{
    struct handed *handed = context;
    handed->slot[handed->count++] = slot;
}

Test(forkstack, flush_hands_out_tasks_oldest_first)
{
    struct handed handed = {.count = 0};
    filch_self self = fork_many(fork_one(slots, &blue), 4);
    cr_assert_eq(rob(), slots);
    fl_forkstack_flush(stack, hand, &handed);
    cr_assert_eq(handed.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(handed.slot[i], slots + 1 + i);
        cr_assert_eq(handed.slot[i]->claimed, &red);
    }
    cr_assert_not(fl_forkstack_offers(stack));
    cr_assert_null(rob());
    cr_assert(fl_slot_take(handed.slot[3]));
    cr_assert_eq(join_slow(self - 1), FL_STOLEN);
    cr_assert_eq(slots[4].claimed, &red, "a join erases task, not claimed");
}

Test(forkstack, join_reclaims_untaken_flushed_task)
{
    struct handed handed = {.count = 0};
    filch_self self = fork_many(slots, 2);
    fl_forkstack_flush(stack, hand, &handed);
    cr_assert_eq(join_slow(self - 1), FL_KEPT);
    cr_assert_not(fl_slot_take(handed.slot[1]), "its address in a queue is out of date");
    cr_assert(fl_slot_take(handed.slot[0]), "the older one still is on offer");
    cr_assert_not(fl_slot_take(handed.slot[0]), "but once only");
    cr_assert_eq(fork_one(self - 1, &blue), self);
    cr_assert_eq(rob(), self - 1, "the reclaimed slot serves again");
}

Test(forkstack, flushing_empty_stack_hands_out_nothing)
{
    struct handed handed = {.count = 0};
    uint64_t before = top();
    fl_forkstack_flush(stack, hand, &handed);
    cr_assert_eq(handed.count, 0);
    cr_assert_eq(top(), before);
}

Test(forkstack, forks_after_flush_are_stealable)
{
    struct handed handed = {.count = 0};
    filch_self self = fork_many(slots, 2);
    fl_forkstack_flush(stack, hand, &handed);
    fork_one(self, &blue);
    cr_assert_eq(rob(), self);
}

Test(forkstack, finisher_learns_of_waiter_only)
{
    static FILCH_ALIGNED(64) char waiter[64];
    cr_assert_null(fl_slot_finish(slots, &blue));
    cr_assert(fl_slot_done(slots));
    cr_assert_eq(fl_slot_ran(slots), &blue);
    cr_assert_not(fl_slot_await(slots, waiter), "it is done already");

    cr_assert(fl_slot_await(slots + 1, waiter));
    cr_assert_not(fl_slot_done(slots + 1));
    cr_assert_eq(fl_slot_finish(slots + 1, &blue), waiter);
    cr_assert(fl_slot_done(slots + 1));

    filch_ptr_store(&slots[2].state, (void *)3, FILCH_RELAXED); /* a queue's own value */
    cr_assert_null(fl_slot_finish(slots + 2, &blue));
    filch_ptr_store(&slots[3].state, (void *)3, FILCH_RELAXED);
    cr_assert(fl_slot_await(slots + 3, waiter));
    cr_assert_eq(fl_slot_finish(slots + 3, &blue), waiter);
}

Test(forkstack, panic_ends_slot_distinct_from_result)
{
    static FILCH_ALIGNED(64) char waiter[64];
    cr_assert_null(fl_slot_fail(slots, &blue));
    cr_assert(fl_slot_done(slots));
    cr_assert_eq(fl_slot_ran(slots), &blue);
    cr_assert(fl_slot_failed(slots));
    cr_assert_not(fl_slot_await(slots, waiter), "it is done already");

    cr_assert(fl_slot_await(slots + 1, waiter));
    cr_assert_eq(fl_slot_fail(slots + 1, &blue), waiter);
    cr_assert(fl_slot_failed(slots + 1));
    cr_assert_eq(fl_slot_ran(slots + 1), &blue);

    fl_slot_finish(slots + 2, &blue);
    cr_assert_not(fl_slot_failed(slots + 2));
}

Test(forkstack, stack_closes_only_at_last_slot)
{
    filch_slot *self = slots;
    while (fl_slot_index(self) + 1 < fl_slot_index(fl_last_slot(stack))) {
        self = fork_one(self, &red);
        cr_assert_eq(rob(), self - 1);
    }
    cr_assert_eq(fl_top_index(top()) + 1, fl_slot_index(fl_last_slot(stack)));
    cr_assert_not(fl_forkstack_closed(stack));
    fl_forkstack_close(stack);
    cr_assert(fl_forkstack_closed(stack));
}

Test(forkstack, length_is_floored_power_of_two)
{
    static const unsigned lengths[][2] = {{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 4}, {7, 4}, {8, 8}};
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        lay_out();
        fork_many(slots, lengths[i][0]);
        cr_assert_eq(fl_forkstack_length(stack), lengths[i][1], "%u tasks", lengths[i][0]);
    }
}

/* All but the last two tasks are stolen. */
Test(forkstack, its_last_slot_does_not_count)
{
    fork_many(slots, FL_SLOTS + 1);
    filch_u64_store(&stack->front.top, filch_position(fl_last_slot(stack) - 1), FILCH_RELAXED);
    cr_assert_eq(fl_forkstack_length(stack), 1);
}

Test(forkstack, empty_when_no_earlier_task_remains)
{
    filch_self self = fork_many(slots, 2);
    cr_assert_not(fl_forkstack_empty(self));
    filch_u64_store(&stack->front.top, filch_position(self - 1), FILCH_RELAXED);
    cr_assert_not(fl_forkstack_empty(self));
    filch_u64_store(&stack->front.top, filch_position(self), FILCH_RELAXED);
    cr_assert(fl_forkstack_empty(self));
}
