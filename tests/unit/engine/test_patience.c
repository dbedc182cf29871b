/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Patience of thieves (runtime/engine/patience.h): time lost to channels' locks makes a worker
 * leave an only fiber to its owner for longer, and nothing else does. */
#include <runtime/engine/worker.h>
#include <runtime/sync/channel.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

#include <sched.h>

#define US FL_TICKS_PER_US
enum { LONG_AGO = 1000000 /* us */ };

static uint64_t at(unsigned us)
{
    return (LONG_AGO + us) * US;
}

/* From `start` on, a wait of `length` begins every `step`, `count` times; all in us. */
static bool contended_after(unsigned start, unsigned step, unsigned length, unsigned count)
{
    fl_patience patience = {0};
    bool contended = false;
    for (unsigned i = 0, begin = start; i < count; i++, begin += step) {
        fl_patience_lost(&patience, at(begin), at(begin + length));
        contended |= fl_patience_contended(&patience, at(begin + length));
    }
    return contended;
}

Test(patience, frequent_short_waits_are_contention)
{
    cr_assert(contended_after(0, 2, 1, FL_CONTENTION_WINDOW / 2));
    cr_assert(contended_after(0, 10, FL_CONTENTION_LONGEST, 4));
}

Test(patience, seldom_waits_are_none_however_many)
{
    cr_assert_not(contended_after(0, 10, 1, 10000));
    cr_assert_not(contended_after(0, FL_CONTENTION_WINDOW, FL_CONTENTION_LONGEST + 1, 10000));
}

Test(patience, one_wait_is_none_however_long)
{
    cr_assert_not(contended_after(0, 1, 1000000, 1));
}

Test(patience, a_verdict_expires)
{
    fl_patience patience = {0};
    for (unsigned us = 0; us < FL_CONTENTION_LOST; us += FL_CONTENTION_LONGEST)
        fl_patience_lost(&patience, at(us), at(us + FL_CONTENTION_LONGEST));
    cr_assert(fl_patience_contended(&patience, at(FL_CONTENTION_LOST + FL_CONTENTION_LASTS - 1)));
    cr_assert_not(fl_patience_contended(&patience, at(FL_CONTENTION_LOST + FL_CONTENTION_LASTS)));
}

Test(patience, contention_lengthens_and_wake_shortens_patience)
{
    fl_patience fresh = {0}, contending = {.judged = at(0)};
    cr_assert_eq(fl_patience_looks(&fresh, false, at(1)), (unsigned)FL_LOOKS_AT_FIBER);
    cr_assert_eq(fl_patience_looks(&fresh, true, at(1)), (unsigned)FL_LOOKS_WOKEN);
    cr_assert_eq(fl_patience_looks(&contending, false, at(1)), (unsigned)FL_LOOKS_CONTENDED);
    cr_assert_eq(fl_patience_looks(&contending, true, at(1)), (unsigned)FL_LOOKS_CONTENDED);
}

/* ---- Channels ---- */

typedef struct trial {
    filch_channel *channel;
    signpost begun;
    uint64_t idle, lost; /* ticks lost before, and by, the operation under a held lock */
} trial;

static uint64_t lost_here(void)
{
    return fl_worker_here()->patience.lost;
}

static void send_twice(filch_self self, void *arg)
{
    trial *t = arg;
    int item = 0;
    OK(filch_channel_send(t->channel, &item));
    t->idle = lost_here();
    signpost_raise(&t->begun);
    signpost_wait(&t->begun, 2);
    OK(filch_channel_send(t->channel, &item));
    t->lost = lost_here();
}

Test(patience, waiting_for_channel_lock_counts)
{
    trial t = {0};
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    OK(filch_channel_create(&t.channel, sizeof(int), 2));
    OK(filch_go(rt, send_twice, &t));
    signpost_wait(&t.begun, 1);
    fl_lock(&t.channel->lock);
    signpost_raise(&t.begun);
    while (filch_u32_load(&t.channel->lock, FILCH_RELAXED) != FL_LOCK_WAITED_FOR)
        sched_yield();
    fl_unlock(&t.channel->lock);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(t.channel);
    cr_assert_eq(t.idle, 0);
    cr_assert_gt(t.lost, 0);
}
