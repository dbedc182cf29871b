/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: memcheck
 *
 * Asking, serving, answering, withdrawing. */
#include <tests/support/forkstack.h>

TestSuite(forkstack_ask, .init = lay_out, .fini = clear);

Test(forkstack_ask, asking_stops_next_fork_and_join)
{
    fl_mailbox box = {.most = 1};
    fork_many(slots, 3);
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
    cr_assert_null(limit());
    cr_assert_not(joins_inline(slots + 2));
    cr_assert(top() & FL_TOP_ASKED);
}

Test(forkstack_ask, owner_gives_its_oldest_task)
{
    fl_mailbox box = {.most = 1};
    filch_self self = fork_many(fork_one(slots, &blue), 2);
    fl_gift gift = ask_and_serve(&box, self);
    cr_assert_eq(gift.count, 1);
    cr_assert_eq(gift.first, slots);
    cr_assert_eq(gift.first->claimed, &blue);
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + 1));
    cr_assert(fl_forkstack_offers(stack));
}

Test(forkstack_ask, deep_owner_gives_half_on_request)
{
    static const struct {
        unsigned depth;
        bool wanted;
        unsigned count;
    } cases[] = {
        {1, true, 1},
        {FL_HALF_FROM, true, 1},
        {FL_HALF_FROM + 1, false, 1},
        {FL_HALF_FROM + 1, true, (FL_HALF_FROM + 1) / 2},
        {2 * FL_HALF_FROM + 1, true, FL_HALF_FROM},
        {3 * FL_HALF_FROM, false, 1},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lay_out();
        fl_mailbox box = {.most = cases[i].wanted ? FL_GIFT_MOST : 1};
        fl_gift gift = ask_and_serve(&box, fork_many(slots, cases[i].depth));
        cr_assert_eq(gift.count, cases[i].count, "case %u: %u", i, gift.count);
        cr_assert_eq(gift.first, slots);
        for (unsigned k = 0; k < gift.count; k++)
            cr_assert_eq(slots[k].claimed, &red);
        cr_assert_null(slots[gift.count].claimed);
        cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + gift.count));
    }
}

/* Of a helping owner: one that it has given whole needs no offer. */
Test(forkstack_ask, gifts_of_many_are_offered)
{
    for (unsigned most = 1; most <= 3; most++) {
        lay_out();
        stack->followed = true;
        fl_mailbox box = {.most = most};
        fl_gift gift = ask_and_serve(&box, fork_many(slots, FL_HALF_FROM + 3));
        cr_assert_eq(gift.count, most);
        cr_assert_eq(gift.offered, most > 1);
        for (unsigned i = 0; i <= most; i++)
            cr_assert_eq(fl_slot_take(slots + i), most > 1 && i < most, "%u of %u", i, most);
    }
}

Test(forkstack_ask, empty_owner_answers_nothing)
{
    fl_mailbox box = {.most = FL_GIFT_MOST};
    fl_gift gift = ask_and_serve(&box, slots);
    cr_assert_eq(gift.count, 0);
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots));
}

Test(forkstack_ask, slot_being_joined_is_never_given)
{
    for (unsigned depth = 1; depth <= 2 * FL_HALF_FROM; depth++) {
        lay_out();
        fl_mailbox box = {.most = FL_GIFT_MOST};
        filch_self self = fork_many(slots, depth);
        cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
        cr_assert_eq(join_slow(self - 1), FL_KEPT);
        fl_gift gift;
        cr_assert(fl_mailbox_answered(stack, &box, &gift));
        cr_assert_leq(gift.count, depth - 1);
        cr_assert_eq(gift.count > 0, depth > 1);
        cr_assert_not(top() & FL_TOP_ASKED);
        cr_assert_null(limit(), "re-arming in a join loses wake-ups");
    }
}

Test(forkstack_ask, owner_answers_each_request_once)
{
    fl_mailbox box = {.most = 1};
    filch_self self = fork_many(slots, 4);
    ask_and_serve(&box, self);
    filch_u64_store(&box.reply, 0, FILCH_RELAXED);
    fl_forkstack_serve(stack, self);
    fl_gift gift;
    cr_assert_not(fl_mailbox_answered(stack, &box, &gift));
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + 1));
}

Test(forkstack_ask, second_asker_is_busy_changes_nothing)
{
    fl_mailbox first = {.most = 1}, second = {.most = FL_GIFT_MOST};
    filch_self self = fork_many(slots, 2);
    cr_assert_eq(fl_forkstack_ask(stack, &first), FL_ASK_LEFT);
    cr_assert_eq(fl_forkstack_ask(stack, &second), FL_ASK_BUSY);
    fl_forkstack_serve(stack, self);
    fl_gift gift;
    cr_assert(fl_mailbox_answered(stack, &first, &gift));
    cr_assert_not(fl_mailbox_answered(stack, &second, &gift));
}

Test(forkstack_ask, previous_answer_is_forgotten)
{
    fl_mailbox box = {.most = 1};
    fl_gift gift;
    ask_and_serve(&box, fork_many(slots, 4));
    fl_forkstack_rearm(stack);
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
    cr_assert_not(fl_mailbox_answered(stack, &box, &gift));
}

Test(forkstack_ask, unmoved_owner_counts_as_silent)
{
    fl_mailbox box = {.most = 1};
    filch_self self = fork_many(slots, 4);
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
    cr_assert(fl_forkstack_withdraw(stack, &box));
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_SILENT);
    cr_assert(fl_forkstack_withdraw(stack, &box));
    cr_assert_eq(join_slow(self - 1), FL_KEPT); /* it came by a join */
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
    cr_assert(fl_forkstack_withdraw(stack, &box));
    fl_forkstack_rearm(stack); /* and by a fork */
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
}

Test(forkstack_ask, withdrawn_request_is_not_answered)
{
    fl_mailbox box = {.most = 1};
    filch_self self = fork_many(slots, 4);
    fl_forkstack_ask(stack, &box);
    cr_assert(fl_forkstack_withdraw(stack, &box));
    fl_forkstack_serve(stack, self);
    fl_gift gift;
    cr_assert_not(fl_mailbox_answered(stack, &box, &gift));
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots));
}

Test(forkstack_ask, answered_request_cannot_be_withdrawn)
{
    fl_mailbox box = {.most = 1};
    ask_and_serve(&box, fork_many(slots, 4));
    cr_assert_not(fl_forkstack_withdraw(stack, &box));
}
