/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <runtime/engine/inbox.h>
#include <sched.h>
#include <tests/support/test.h>

enum { PRODUCERS = 4, EACH = 20000, MOST = 16 };

static fl_inbox inbox;
static fl_work_item work_items[PRODUCERS][EACH];

static void lay_out(void)
{
    fl_inbox_init(&inbox);
}

TestSuite(inbox, .init = lay_out);

Test(inbox, take_returns_oldest_up_to_limit)
{
    fl_work_item *got[MOST];
    cr_assert(fl_inbox_empty(&inbox));
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 0);
    for (int i = 0; i < 5; i++)
        fl_inbox_put(&inbox, &work_items[0][i]);
    cr_assert_not(fl_inbox_empty(&inbox));
    cr_assert_eq(fl_inbox_take(&inbox, got, 3), 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(got[i], &work_items[0][i]);
    fl_inbox_put(&inbox, &work_items[0][5]);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(got[i], &work_items[0][3 + i]);
    cr_assert(fl_inbox_empty(&inbox));
}

Test(inbox, put_all_keeps_single_put_order)
{
    fl_work_item *all[MOST], *got[MOST + 1];
    for (int i = 0; i < MOST; i++)
        all[i] = &work_items[0][i];
    fl_inbox_put_all(&inbox, all, 1);
    fl_inbox_put_all(&inbox, all + 1, 5);
    fl_inbox_put(&inbox, all[6]);
    fl_inbox_put_all(&inbox, all + 7, MOST - 7);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST + 1), MOST);
    for (int i = 0; i < MOST; i++)
        cr_assert_eq(got[i], all[i]);
    cr_assert(fl_inbox_empty(&inbox));
}

Test(inbox, take_during_drain_gets_nothing)
{
    fl_work_item *got[MOST];
    fl_inbox_put(&inbox, &work_items[0][0]);
    filch_u32_store(&inbox.draining, 1, FILCH_RELEASE);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 0);
    cr_assert_not(fl_inbox_empty(&inbox), "nobody may sleep on it");
    filch_u32_store(&inbox.draining, 0, FILCH_RELEASE);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 1);
}

static void *produce(void *mine)
{
    fl_work_item *at = mine;
    for (int i = 0; i < EACH; i++) {
        at[i].as.detached.arg = &at[i];
        fl_inbox_put(&inbox, &at[i]);
    }
    return NULL;
}

static filch_u32 taken;

/* Returns NULL when all it took was whole, and each producer's work items came in their order. */
static void *drain(void *unused)
{
    fl_work_item *got[MOST], *last[PRODUCERS] = {NULL};
    while (filch_u32_load(&taken, FILCH_ACQUIRE) < PRODUCERS * EACH) {
        unsigned count = fl_inbox_take(&inbox, got, MOST);
        if (!count)
            sched_yield();
        for (unsigned i = 0; i < count; i++) {
            long producer = (got[i] - work_items[0]) / EACH;
            if (got[i]->as.detached.arg != got[i] || (last[producer] && got[i] <= last[producer]))
                return got[i];
            last[producer] = got[i];
        }
        filch_u32_add(&taken, count, FILCH_ACQ_REL);
    }
    return NULL;
}

Test(inbox, nothing_is_lost_doubled_or_overtaken)
{
    enum { DRAINERS = 2 };
    pthread_t producers[PRODUCERS], drainers[DRAINERS];
    for (int i = 0; i < DRAINERS; i++)
        cr_assert_eq(pthread_create(&drainers[i], NULL, drain, NULL), 0);
    for (int i = 0; i < PRODUCERS; i++)
        cr_assert_eq(pthread_create(&producers[i], NULL, produce, work_items[i]), 0);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i], NULL);
    for (int i = 0; i < DRAINERS; i++) {
        void *wrong;
        pthread_join(drainers[i], &wrong);
        cr_assert_null(wrong);
    }
    cr_assert_eq(filch_u32_load(&taken, FILCH_ACQUIRE), PRODUCERS * EACH);
    cr_assert(fl_inbox_empty(&inbox));
}
