/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/idle.h>
#include <tests/support/test.h>

static fl_idle idle;

static void lay_out(void)
{
    fl_idle_init(&idle, 0);
}

TestSuite(idle, .init = lay_out);

static void expect(unsigned sleepers, unsigned searchers, unsigned tokens)
{
    uint64_t word = fl_idle_look(&idle);
    cr_assert_eq(fl_idle_sleepers(word), sleepers, "%u sleep", fl_idle_sleepers(word));
    cr_assert_eq(fl_idle_searchers(word), searchers, "%u search", fl_idle_searchers(word));
    cr_assert_eq(filch_u32_load(&idle.tokens, FILCH_SEQ_CST), tokens);
}

static void put_to_sleep(unsigned count)
{
    while (count--) {
        fl_idle_search(&idle);
        fl_idle_sleep(&idle);
    }
}

Test(idle, starts_with_everybody_running)
{
    expect(0, 0, 0);
    cr_assert_not(fl_idle_has_token(&idle));
    cr_assert_not(fl_idle_take_token(&idle));
}

Test(idle, change_count_wraps_without_corrupting_counts)
{
    filch_u64_store(&idle.word, 0 - FL_IDLE_CHANGE, FILCH_SEQ_CST);
    put_to_sleep(1);
    expect(1, 0, 0);
    fl_idle_search(&idle);
    uint64_t was = fl_idle_sleep(&idle);
    cr_assert(fl_idle_unchanged(&idle, was));
    filch_u64_store(&idle.word, 0 - 2 * FL_IDLE_CHANGE + 2, FILCH_SEQ_CST); /* two sleep */
    fl_idle_search(&idle);
    was = fl_idle_sleep(&idle); /* the last count, then 0 */
    expect(3, 0, 0);
    cr_assert(fl_idle_unchanged(&idle, was));
    cr_assert(fl_idle_retract(&idle));
    cr_assert_not(fl_idle_unchanged(&idle, was));
    expect(2, 1, 0);
}

Test(idle, sleeper_learns_if_last_searcher)
{
    fl_idle_search(&idle);
    fl_idle_search(&idle);
    cr_assert_eq(fl_idle_searchers(fl_idle_sleep(&idle)), 2);
    uint64_t was = fl_idle_sleep(&idle);
    cr_assert_eq(fl_idle_searchers(was), 1);
    cr_assert_eq(fl_idle_sleepers(was), 1);
    expect(2, 0, 0);
}

Test(idle, claim_turns_sleeper_into_token_searcher)
{
    put_to_sleep(3);
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    expect(2, 1, 1);
    cr_assert(fl_idle_take_token(&idle));
    cr_assert_not(fl_idle_take_token(&idle));
    expect(2, 1, 0);
}

Test(idle, nobody_is_woken_while_somebody_searches)
{
    put_to_sleep(2);
    fl_idle_search(&idle);
    cr_assert_not(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    expect(2, 1, 0);
}

Test(idle, another_wakes_while_searchers_are_coming)
{
    put_to_sleep(4);
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_AWAKE));
    cr_assert_not(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_AWAKE));
    expect(2, 2, 2);
    cr_assert_not(fl_idle_claim(&idle, FL_UNLESS_AWAKE), "two are enough");
    cr_assert(fl_idle_take_token(&idle));
    cr_assert_not(fl_idle_claim(&idle, FL_UNLESS_AWAKE), "one of them is awake");
    fl_idle_found(&idle);
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_AWAKE));
    expect(1, 2, 2);
}

Test(idle, nobody_is_woken_when_nobody_sleeps)
{
    cr_assert_not(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    expect(0, 0, 0);
}

Test(idle, only_last_finder_with_sleepers_chains)
{
    put_to_sleep(1);
    fl_idle_search(&idle);
    fl_idle_search(&idle);
    cr_assert_not(fl_idle_was_last(fl_idle_found(&idle)), "another one searches");
    cr_assert(fl_idle_was_last(fl_idle_found(&idle)));
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    cr_assert_not(fl_idle_was_last(fl_idle_found(&idle)), "nobody sleeps");
    expect(0, 0, 1);
}

Test(idle, finders_wake_until_half_search)
{
    enum { WORKERS = 64 };
    put_to_sleep(WORKERS - 3);
    cr_assert_eq(fl_idle_claim_more(&idle, WORKERS, WORKERS), 1, "three are awake");
    expect(WORKERS - 4, 1, 1);
    cr_assert_eq(fl_idle_claim_more(&idle, WORKERS, WORKERS), 1, "four: two may search");
    expect(WORKERS - 5, 2, 2);
    cr_assert_eq(fl_idle_claim_more(&idle, WORKERS, WORKERS), 0, "five, and two search");
    fl_idle_found(&idle);
    fl_idle_found(&idle);
    cr_assert_eq(fl_idle_claim_more(&idle, WORKERS, WORKERS), 2, "five, and nobody searches");
    expect(WORKERS - 7, 2, 4);
}

Test(idle, finders_wake_one_to_all_sleepers)
{
    put_to_sleep(1);
    cr_assert_eq(fl_idle_lacking(fl_idle_look(&idle), 1, 1), 1, "nobody is awake");
    cr_assert_eq(fl_idle_lacking(fl_idle_look(&idle), 64, 64), 1, "31 are lacking, one sleeps");
    cr_assert_eq(fl_idle_claim_more(&idle, 64, 64), 1);
    cr_assert_eq(fl_idle_claim_more(&idle, 64, 64), 0);
    expect(0, 1, 1);
}

Test(idle, at_most_half_of_cpus_search)
{
    put_to_sleep(10);
    cr_assert_eq(fl_idle_claim_more(&idle, 64, 8), 4);
    cr_assert_eq(fl_idle_claim_more(&idle, 64, 2), 0);
}

Test(idle, retired_workers_are_not_awake)
{
    put_to_sleep(4);
    for (unsigned i = 0; i < 3; i++) {
        fl_idle_search(&idle);
        fl_idle_retire(&idle);
    }
    cr_assert_eq(fl_idle_lacking(fl_idle_look(&idle), 11, 11), 2, "four of eleven are awake");
}

Test(idle, sleeper_retracts_unless_token_is_coming)
{
    put_to_sleep(1);
    cr_assert(fl_idle_retract(&idle));
    expect(0, 1, 0);
    fl_idle_sleep(&idle);
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    cr_assert_not(fl_idle_retract(&idle));
    cr_assert(fl_idle_take_token(&idle));
    expect(0, 1, 0);
}

Test(idle, nap_mutes_only_mutable_claims)
{
    put_to_sleep(2);
    fl_idle_nap(&idle, true);
    expect(2, 0, 0);
    cr_assert_not(fl_idle_claim(&idle, FL_UNLESS_NAPPING));
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    cr_assert(fl_idle_was_last(fl_idle_found(&idle)));
    fl_idle_nap(&idle, false);
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_NAPPING));
    expect(0, 1, 2);
}

Test(idle, counts_a_thousand_workers)
{
    put_to_sleep(1024);
    expect(1024, 0, 0);
    for (unsigned i = 0; i < 1024; i++)
        cr_assert(fl_idle_retract(&idle));
    expect(0, 1024, 0);
}

Test(idle, sleeper_detects_moves_since_sleeping)
{
    put_to_sleep(1);
    fl_idle_search(&idle);
    uint64_t was = fl_idle_sleep(&idle);
    cr_assert(fl_idle_unchanged(&idle, was));
    fl_idle_nap(&idle, true);
    cr_assert(fl_idle_unchanged(&idle, was), "a nap moves nobody");
    cr_assert(fl_idle_claim(&idle, FL_UNLESS_SEARCHING));
    fl_idle_sleep(&idle);
    cr_assert_eq(fl_idle_sleepers(fl_idle_look(&idle)), 2);
    cr_assert_not(fl_idle_unchanged(&idle, was), "one was woken, and sleeps again");
}
