/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fork stack's decisions, driven by one thread that plays owner and thieves in turn; what they
 * do at the same time is the model checker's part. */
#include <criterion/criterion.h>
#include <sched/forkstack.h>
#include <stdlib.h>
#include <string.h>

static void never_run(filch_self self, filch_slot *slot)
{
    (void)self, (void)slot;
    abort();
}

static const filch_task red = {never_run, "red"}, blue = {never_run, "blue"};
static fl_forkstack *stack;
static filch_slot *slots;

static void lay_out(void)
{
    stack = aligned_alloc(FILCH_REGION_SIZE, FILCH_REGION_SIZE);
    cr_assert_not_null(stack);
    memset((void *)stack, 0, FILCH_REGION_SIZE);
    fl_forkstack_init(stack);
    fl_forkstack_issue(stack, false);
    slots = fl_first_slot(stack);
}

static void clear(void)
{
    free(stack);
}

TestSuite(forkstack, .init = lay_out, .fini = clear);

/* The inline halves, without the way to a runtime that is not there. */
static filch_self fork_one(filch_self self, const filch_task *task)
{
    filch_ptr_store(&self->task, (void *)(uintptr_t)task, FILCH_RELEASE);
    return self + 1;
}

static filch_self fork_many(filch_self self, unsigned count)
{
    while (count--)
        self = fork_one(self, &red);
    return self;
}

static bool joins_inline(filch_slot *slot)
{
    return filch_u64_load(&stack->front.top, FILCH_RELAXED) < filch_position(slot);
}

static enum fl_settled join_slow(filch_slot *slot)
{
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED);
    return fl_forkstack_settle(stack, slot);
}

static uint64_t top(void)
{
    return filch_u64_load(&stack->front.top, FILCH_RELAXED);
}

static void *limit(void)
{
    return filch_ptr_load(&stack->front.limit, FILCH_RELAXED);
}

/* Everything from the oldest slot on, with the answer that a thief reads. */
static fl_gift ask_and_serve(fl_mailbox *box, filch_self self)
{
    fl_gift gift = {NULL, 0};
    cr_assert_neq(fl_forkstack_ask(stack, box), FL_ASK_BUSY);
    fl_forkstack_serve(stack, self);
    cr_assert(fl_mailbox_answered(stack, box, &gift));
    return gift;
}

static filch_slot *rob(void)
{
    uint64_t look;
    filch_slot *slot = NULL;
    return fl_forkstack_rob_look(stack, &look) && fl_forkstack_rob_take(stack, look, &slot) ? slot
                                                                                            : NULL;
}

Test(forkstack, position_is_the_slot_index_where_top_has_it)
{
    for (unsigned i = 0; i <= FL_SLOTS; i++) {
        cr_assert_eq(fl_slot_at(stack, fl_slot_index(slots + i)), slots + i);
        cr_assert_eq(filch_position(slots + i) & FL_TOP_TAG, 0);
        cr_assert_eq(filch_position(slots + i) & FL_TOP_ASKED, 0);
    }
    cr_assert_eq((char *)(fl_last_slot(stack) + 1), (char *)stack + FILCH_REGION_SIZE);
}

Test(forkstack, fresh_stack_offers_nothing)
{
    uint64_t look;
    cr_assert_not(fl_forkstack_offers(stack));
    cr_assert_not(fl_forkstack_rob_look(stack, &look));
    cr_assert_eq(limit(), fl_last_slot(stack));
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

Test(forkstack, asking_stops_owner_at_next_fork_and_next_join)
{
    fl_mailbox box = {.wants_many = false};
    fork_many(slots, 3);
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
    cr_assert_null(limit());
    cr_assert_not(joins_inline(slots + 2));
    cr_assert(top() & FL_TOP_ASKED);
}

Test(forkstack, owner_gives_its_oldest_task)
{
    fl_mailbox box = {.wants_many = false};
    filch_self self = fork_many(fork_one(slots, &blue), 2);
    fl_gift gift = ask_and_serve(&box, self);
    cr_assert_eq(gift.count, 1);
    cr_assert_eq(gift.first, slots);
    cr_assert_eq(gift.first->claimed, &blue);
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + 1));
    cr_assert(fl_forkstack_offers(stack));
}

Test(forkstack, owner_gives_half_only_when_wanted_and_deep)
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
        fl_mailbox box = {.wants_many = cases[i].wanted};
        fl_gift gift = ask_and_serve(&box, fork_many(slots, cases[i].depth));
        cr_assert_eq(gift.count, cases[i].count, "case %u: %u", i, gift.count);
        cr_assert_eq(gift.first, slots);
        for (unsigned k = 0; k < gift.count; k++)
            cr_assert_eq(slots[k].claimed, &red);
        cr_assert_null(slots[gift.count].claimed);
        cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + gift.count));
    }
}

Test(forkstack, empty_owner_answers_nothing)
{
    fl_mailbox box = {.wants_many = true};
    fl_gift gift = ask_and_serve(&box, slots);
    cr_assert_eq(gift.count, 0);
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots));
}

Test(forkstack, slot_being_joined_is_never_given)
{
    for (unsigned depth = 1; depth <= 2 * FL_HALF_FROM; depth++) {
        lay_out();
        fl_mailbox box = {.wants_many = true};
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

Test(forkstack, owner_answers_each_request_once)
{
    fl_mailbox box = {.wants_many = false};
    filch_self self = fork_many(slots, 4);
    ask_and_serve(&box, self);
    filch_u64_store(&box.reply, 0, FILCH_RELAXED);
    fl_forkstack_serve(stack, self);
    fl_gift gift;
    cr_assert_not(fl_mailbox_answered(stack, &box, &gift));
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots + 1));
}

Test(forkstack, second_asker_is_busy_and_changes_nothing)
{
    fl_mailbox first = {.wants_many = false}, second = {.wants_many = true};
    filch_self self = fork_many(slots, 2);
    cr_assert_eq(fl_forkstack_ask(stack, &first), FL_ASK_LEFT);
    cr_assert_eq(fl_forkstack_ask(stack, &second), FL_ASK_BUSY);
    fl_forkstack_serve(stack, self);
    fl_gift gift;
    cr_assert(fl_mailbox_answered(stack, &first, &gift));
    cr_assert_not(fl_mailbox_answered(stack, &second, &gift));
}

Test(forkstack, an_answer_of_the_last_time_is_forgotten)
{
    fl_mailbox box = {.wants_many = false};
    fl_gift gift;
    ask_and_serve(&box, fork_many(slots, 4));
    fl_forkstack_rearm(stack);
    cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
    cr_assert_not(fl_mailbox_answered(stack, &box, &gift));
}

Test(forkstack, owner_that_came_nowhere_since_the_last_poke_is_silent)
{
    fl_mailbox box = {.wants_many = false};
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

Test(forkstack, withdrawn_request_is_not_answered)
{
    fl_mailbox box = {.wants_many = false};
    filch_self self = fork_many(slots, 4);
    fl_forkstack_ask(stack, &box);
    cr_assert(fl_forkstack_withdraw(stack, &box));
    fl_forkstack_serve(stack, self);
    fl_gift gift;
    cr_assert_not(fl_mailbox_answered(stack, &box, &gift));
    cr_assert_eq(fl_top_index(top()), fl_slot_index(slots));
}

Test(forkstack, answered_request_cannot_be_withdrawn)
{
    fl_mailbox box = {.wants_many = false};
    ask_and_serve(&box, fork_many(slots, 4));
    cr_assert_not(fl_forkstack_withdraw(stack, &box));
}

Test(forkstack, robber_takes_the_oldest_and_leaves_claimed_alone)
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

Test(forkstack, of_two_robbers_that_looked_one_gets_the_task)
{
    fork_many(slots, 2);
    uint64_t look;
    filch_slot *slot = NULL;
    cr_assert(fl_forkstack_rob_look(stack, &look));
    cr_assert_not_null(fl_forkstack_rob_take(stack, look, &slot));
    cr_assert_null(fl_forkstack_rob_take(stack, look, &slot));
}

Test(forkstack, robber_that_looked_before_the_owner_won_fails_by_the_tag)
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

Test(forkstack, taking_back_lowers_top_and_frees_the_slot)
{
    fork_many(slots, 2);
    cr_assert_eq(rob(), slots);
    cr_assert_eq(rob(), slots + 1);
    for (filch_slot *slot = slots + 1; slot >= slots; slot--) {
        uint64_t stale = top();
        cr_assert_eq(join_slow(slot), FL_STOLEN);
        cr_assert_null(fl_slot_finish(slot));
        fl_forkstack_take_back(stack, slot);
        cr_assert_eq(fl_top_index(top()), fl_slot_index(slot));
        cr_assert_neq(top() & FL_TOP_TAG, stale & FL_TOP_TAG);
        cr_assert_not(fl_slot_done(slot));
    }
    fork_one(slots, &blue);
    cr_assert_eq(rob(), slots);
}

Test(forkstack, taking_back_keeps_a_question_that_came_meanwhile)
{
    fl_mailbox box = {.wants_many = false};
    fork_many(slots, 1);
    cr_assert_eq(rob(), slots);
    cr_assert_eq(join_slow(slots), FL_STOLEN);
    fl_slot_finish(slots);
    fl_forkstack_ask(stack, &box);
    fl_forkstack_take_back(stack, slots);
    cr_assert(top() & FL_TOP_ASKED);
}

Test(forkstack, tag_wraps_without_carrying_into_the_index)
{
    const uint64_t at = filch_position(slots) | FL_TOP_TAG;
    fork_many(slots, 1);
    filch_u64_store(&stack->front.top, at, FILCH_RELAXED);
    cr_assert_eq(join_slow(slots), FL_KEPT);
    cr_assert_eq(top(), filch_position(slots));

    fork_many(slots, 1);
    filch_u64_store(&stack->front.top, at, FILCH_RELAXED);
    cr_assert_eq(rob(), slots);
    cr_assert_eq(join_slow(slots), FL_STOLEN);
    fl_slot_finish(slots);
    fl_forkstack_take_back(stack, slots);
    cr_assert_eq(top(), filch_position(slots));

    filch_u64_store(&stack->front.top, at, FILCH_RELAXED);
    fl_forkstack_issue(stack, false);
    cr_assert_eq(top(), filch_position(slots));
}

Test(forkstack, issuing_makes_stale_robbers_fail)
{
    for (int side = 0; side < 2; side++) {
        uint64_t look = top();
        filch_slot *slot = NULL;
        fl_forkstack_issue(stack, side);
        fork_many(slots, 1);
        cr_assert_null(fl_forkstack_rob_take(stack, look, &slot));
        cr_assert_eq(join_slow(slots), FL_KEPT);
    }
}

Test(forkstack, out_of_line_fiber_stays_out_of_line)
{
    fl_mailbox box = {.wants_many = false};
    fl_forkstack_issue(stack, true);
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
    fl_slot_finish(slots + 1);
    fl_forkstack_take_back(stack, slots + 1);
    cr_assert_not(joins_inline(slots + 2));
    fl_forkstack_issue(stack, false);
    cr_assert_eq(limit(), fl_last_slot(stack));
    cr_assert_not(top() & FL_TOP_ASKED);
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

Test(forkstack, flush_hands_out_all_tasks_oldest_first)
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

Test(forkstack, join_reclaims_a_flushed_task_that_nobody_took)
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

Test(forkstack, flush_of_an_empty_stack_hands_out_nothing)
{
    struct handed handed = {.count = 0};
    uint64_t before = top();
    fl_forkstack_flush(stack, hand, &handed);
    cr_assert_eq(handed.count, 0);
    cr_assert_eq(top(), before);
}

Test(forkstack, what_is_forked_after_a_flush_is_on_offer)
{
    struct handed handed = {.count = 0};
    filch_self self = fork_many(slots, 2);
    fl_forkstack_flush(stack, hand, &handed);
    fork_one(self, &blue);
    cr_assert_eq(rob(), self);
}

Test(forkstack, finisher_learns_who_waits_and_nobody_else)
{
    static FILCH_ALIGNED(64) char waiter[64];
    cr_assert_null(fl_slot_finish(slots));
    cr_assert(fl_slot_done(slots));
    cr_assert_not(fl_slot_await(slots, waiter), "it is done already");

    cr_assert(fl_slot_await(slots + 1, waiter));
    cr_assert_not(fl_slot_done(slots + 1));
    cr_assert_eq(fl_slot_finish(slots + 1), waiter);
    cr_assert(fl_slot_done(slots + 1));

    filch_ptr_store(&slots[2].state, (void *)3, FILCH_RELAXED); /* a discipline's own value */
    cr_assert_null(fl_slot_finish(slots + 2));
    filch_ptr_store(&slots[3].state, (void *)3, FILCH_RELAXED);
    cr_assert(fl_slot_await(slots + 3, waiter));
    cr_assert_eq(fl_slot_finish(slots + 3), waiter);
}
