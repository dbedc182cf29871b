/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures of others, and channels, give all their memory back: when they end, and when they are
 * refused. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <tests/support/refuse.h>

Test(refused_futures, all_of_a_future_that_is_settled_already_holds_nothing)
{
    filch_future done = {0}, other = {0};
    filch_future *others[] = {&other};
    cr_assert_eq(filch_future_set(&done, NULL, 0), 0);
    int64_t held = blocks;
    cr_assert_eq(filch_when_all(&done, others, 1), -EALREADY);
    cr_assert_eq(filch_when_any(&done, others, 1, NULL), -EALREADY);
    cr_assert_eq(blocks, held);
}

Test(refused_futures, all_without_memory_is_refused_and_works_later)
{
    filch_future all = {0}, other = {0};
    filch_future *others[] = {&other};
    int64_t held = blocks;
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_when_all(&all, others, 1), -ENOMEM);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    cr_assert_eq(filch_when_all(&all, others, 1), 0);
    cr_assert_eq(filch_future_set(&other, NULL, 0), 0);
    cr_assert_eq(filch_await(&all), 0);
    cr_assert_eq(blocks, held);
}

Test(refused_futures, a_channel_that_is_destroyed_holds_nothing)
{
    filch_channel *channel = NULL;
    ASSERT_REFUSED(MEMORY, filch_channel_create(&channel, 8, 8), -ENOMEM, channel);
    int64_t held = blocks;
    cr_assert_eq(filch_channel_create(&channel, 8, 8), 0);
    cr_assert_eq(filch_send(channel, &(uint64_t){1}), 0);
    filch_channel_destroy(channel);
    cr_assert_eq(blocks, held);
}
