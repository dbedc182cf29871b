/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bounded deque with one thread; concurrent owner and thieves are the model checker's part. */
#include <sched/abp.h>
#include <tests/support/test.h>

static fl_abp deque;

static void lay_out(void)
{
    memset(&deque, 0, sizeof deque);
}

TestSuite(abp, .init = lay_out);

static void *item(uintptr_t n)
{
    return (void *)(n * 16);
}

static void fill(void)
{
    for (uintptr_t i = 1; i <= FL_ABP_ROOM; i++)
        cr_assert(fl_abp_push(&deque, item(i)));
}

Test(abp, owner_pops_newest_thief_steals_oldest)
{
    cr_assert(fl_abp_push(&deque, item(1)));
    cr_assert(fl_abp_push(&deque, item(2)));
    cr_assert_eq(fl_abp_size(&deque), 2);
    cr_assert_eq(fl_abp_newest(&deque), item(2));
    cr_assert_eq(fl_abp_steal(&deque), item(1));
    cr_assert_eq(fl_abp_size(&deque), 1);
    cr_assert_eq(fl_abp_pop(&deque), item(2));
    cr_assert_null(fl_abp_pop(&deque));
    cr_assert_null(fl_abp_steal(&deque));
    cr_assert_null(fl_abp_newest(&deque));
}

Test(abp, full_deque_refuses_and_loses_nothing)
{
    fill();
    cr_assert_not(fl_abp_push(&deque, item(FL_ABP_ROOM + 1)));
    for (uintptr_t i = FL_ABP_ROOM; i >= 1; i--)
        cr_assert_eq(fl_abp_pop(&deque), item(i));
    cr_assert_null(fl_abp_pop(&deque));
}

Test(abp, empty_pop_reclaims_stolen_room)
{
    for (int round = 0; round < 3; round++) {
        fill();
        for (uintptr_t i = 1; i <= FL_ABP_ROOM; i++)
            cr_assert_eq(fl_abp_steal(&deque), item(i));
        cr_assert_eq(fl_abp_size(&deque), 0);
        cr_assert_not(fl_abp_push(&deque, item(1)), "not circular");
        cr_assert_eq(fl_abp_newest(&deque), item(FL_ABP_ROOM), "pushed last, though stolen");
        cr_assert_null(fl_abp_pop(&deque));
        cr_assert_eq(fl_abp_size(&deque), 0);
    }
}

Test(abp, its_tag_wraps)
{
    const uint64_t last = (uint64_t)UINT32_MAX << 32;
    filch_u64_store(&deque.age, last, FILCH_RELAXED);
    cr_assert(fl_abp_push(&deque, item(1)));
    cr_assert_eq(fl_abp_pop(&deque), item(1));
    cr_assert_eq(filch_u64_load(&deque.age, FILCH_RELAXED), 0);
    cr_assert(fl_abp_push(&deque, item(2)));
    cr_assert_eq(fl_abp_steal(&deque), item(2));
}

Test(abp, tag_grows_each_time_deque_empties)
{
    for (uint64_t tag = 1; tag <= 4; tag++) {
        cr_assert(fl_abp_push(&deque, item(tag)));
        if (tag % 2)
            cr_assert_eq(fl_abp_steal(&deque), item(tag));
        cr_assert_eq(fl_abp_pop(&deque), tag % 2 ? NULL : item(tag));
        cr_assert_eq(filch_u64_load(&deque.age, FILCH_RELAXED), tag << 32);
    }
}
