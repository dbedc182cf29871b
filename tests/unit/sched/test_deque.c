/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck */
#include <sched/deque.h>
#include <tests/support/test.h>

static fl_deque deque;
static fl_buffer *retired[32];
static unsigned retirements;

static void keep(fl_deque *grown, fl_buffer *old)
{
    retired[retirements++] = old;
}

static void lay_out(void)
{
    cr_assert_eq(fl_deque_init(&deque, 2, keep), 0);
}

static void clear(void)
{
    fl_deque_clear(&deque);
    while (retirements)
        free(retired[--retirements]);
}

TestSuite(deque, .init = lay_out, .fini = clear);

static void *item(uintptr_t n)
{
    return (void *)(n * 16);
}

static void *steal(void)
{
    void *got = NULL;
    return fl_deque_steal(&deque, &got) == FL_STEAL_GOT ? got : NULL;
}

static void push(uintptr_t from, uintptr_t to)
{
    for (uintptr_t i = from; i <= to; i++)
        cr_assert_eq(fl_deque_push(&deque, item(i)), 0);
}

Test(deque, empty_deque_yields_nothing_stays_usable)
{
    void *got = item(7);
    for (int i = 0; i < 3; i++) {
        cr_assert_null(fl_deque_pop(&deque));
        cr_assert_eq(fl_deque_steal(&deque, &got), FL_STEAL_EMPTY);
        cr_assert_eq(got, item(7), "untouched");
    }
    push(1, 1);
    cr_assert_eq(fl_deque_pop(&deque), item(1));
}

Test(deque, owner_pops_newest_thief_steals_oldest)
{
    push(1, 6);
    cr_assert_eq(fl_deque_pop(&deque), item(6));
    cr_assert_eq(steal(), item(1));
    cr_assert_eq(steal(), item(2));
    cr_assert_eq(fl_deque_pop(&deque), item(5));
    cr_assert_eq(fl_deque_size(&deque), 2);
}

Test(deque, last_item_goes_to_first_taker)
{
    push(1, 1);
    cr_assert_eq(fl_deque_pop(&deque), item(1));
    cr_assert_null(steal());
    push(2, 2);
    cr_assert_eq(steal(), item(2));
    cr_assert_null(fl_deque_pop(&deque));
    cr_assert_eq(fl_deque_size(&deque), 0);
}

Test(deque, growth_keeps_order_from_any_offset)
{
    for (uintptr_t offset = 0; offset < 8; offset++) {
        for (uintptr_t i = 0; i < offset; i++) {
            push(1, 1);
            cr_assert_eq(steal(), item(1));
        }
        push(1, 100);
        for (uintptr_t i = 1; i <= 50; i++)
            cr_assert_eq(steal(), item(i));
        for (uintptr_t i = 100; i > 50; i--)
            cr_assert_eq(fl_deque_pop(&deque), item(i));
        clear();
        lay_out();
    }
}

Test(deque, each_doubling_retires_old_buffer_once)
{
    fl_buffer *first = filch_ptr_load(&deque.buffer, FILCH_RELAXED);
    push(1, 2);
    cr_assert_eq(retirements, 0, "two items fit");
    push(3, 3);
    cr_assert_eq(retirements, 1);
    cr_assert_eq(retired[0], first);
    cr_assert_eq(first->size, 2);
    cr_assert_eq(filch_ptr_load(&first->items[fl_deque_oldest(&deque) % 2], FILCH_RELAXED), item(1),
                 "late thieves still read it");
    push(4, 17);
    cr_assert_eq(retirements, 4, "2, 4, 8 and 16");
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(retired[i]->size, (int64_t)2 << i);
}

Test(deque, taking_makes_room_without_growth)
{
    push(1, 2);
    for (uintptr_t i = 3; i < 1000; i++) {
        cr_assert_eq(steal(), item(i - 2));
        push(i, i);
    }
    cr_assert_eq(retirements, 0);
    cr_assert_eq(fl_deque_size(&deque), 2);
}
