/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A queue of offered slots, used by one thread; concurrent use is the models' part
 * (tests/model/queues.c). */
#include <runtime/queue/slot_queue.h>
#include <tests/support/test.h>

enum { SLOTS = 10000 };

static fl_slot_queue queue;
static fl_worker worker;
static filch_slot slots[SLOTS];
static const filch_task task = {NULL, "task"};

static void lay_out(void)
{
    fl_slot_queue_init(&queue);
}

static void clear(void)
{
    fl_slot_queue_clear(&queue);
}

TestSuite(slot_queue, .init = lay_out, .fini = clear);

/* As a fork does, after the join of the one before. */
static bool put(unsigned i)
{
    filch_ptr_store(&slots[i].state, NULL, FILCH_RELAXED);
    filch_ptr_store(&slots[i].task, (void *)(uintptr_t)&task, FILCH_RELEASE);
    cr_assert_eq(fl_offer_forked(slots + i + 1), slots + i);
    return fl_slot_queue_put(&queue, slots + i);
}

static void expect(unsigned i)
{
    fl_work work;
    cr_assert(fl_slot_queue_take(&queue, &worker, &work));
    cr_assert_eq(work.kind, FL_WORK_SLOT);
    cr_assert_eq(work.slot, slots + i);
    cr_assert_eq(work.task, &task);
}

static void expect_nothing(void)
{
    fl_work work;
    cr_assert_not(fl_slot_queue_take(&queue, &worker, &work));
    cr_assert(fl_slot_queue_empty(&queue));
    cr_assert_eq(fl_slot_queue_length(&queue), 0);
}

Test(slot_queue, first_in_first_out)
{
    expect_nothing();
    for (unsigned i = 0; i < 5; i++)
        cr_assert(put(i));
    cr_assert_eq(fl_slot_queue_length(&queue), 5);
    for (unsigned i = 0; i < 5; i++)
        expect(i);
    expect_nothing();
}

Test(slot_queue, slot_reclaimed_by_owner_is_skipped)
{
    for (unsigned i = 0; i < 3; i++)
        cr_assert(put(i));
    cr_assert_eq(fl_offered_settle(NULL, slots + 1), FL_KEPT);
    expect(0);
    expect(2);
    cr_assert_eq(fl_offered_settle(NULL, slots + 2), FL_STOLEN);
    expect_nothing();
}

Test(slot_queue, stale_entry_serves_next_task_once)
{
    cr_assert(put(0));
    cr_assert_eq(fl_offered_settle(NULL, slots), FL_KEPT);
    cr_assert(put(0));
    expect(0);
    expect_nothing();
}

Test(slot_queue, taking_from_full_queue_makes_room)
{
    unsigned count = 0;
    while (put(count))
        cr_assert_lt(++count, SLOTS - 1);
    cr_assert_not(put(count));
    cr_assert_eq(fl_slot_queue_length(&queue), count);
    expect(0);
    cr_assert(put(count));
    for (unsigned i = 1; i <= count; i++)
        expect(i);
    expect_nothing();
}
