/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submissions from outside have their turn beside a worker that never runs out of its own work. */
#include <pthread.h>
#include <runtime/engine/external.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <sched/deque.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

enum { OUTSIDE = 1000, OWN_FOR_EACH = 10 };
static signpost arrived;
static unsigned own;

/* One after the other, each some microseconds long, until all from outside have come. */
static void feed_itself(filch_self self, void *rt)
{
    own++;
    for (int64_t end = filch_now() + 3000; filch_now() < end;)
        filch_pause();
    if (signpost_count(&arrived) < OUTSIDE)
        OK(filch_go(rt, feed_itself, rt));
}

static void come(filch_self self, void *unused)
{
    signpost_raise(&arrived);
}

Test(inbox_turn, busy_worker_takes_items_in_batches)
{
    occupation busy;
    filch_runtime *rt = occupied_runtime(&busy);
    OK(filch_go(rt, feed_itself, rt));
    for (unsigned i = 0; i < OUTSIDE; i++)
        OK(filch_go(rt, come, NULL));
    signpost_raise(&busy.over);
    OK(filch_runtime_destroy(rt));
    cr_assert_lt(own, OUTSIDE * OWN_FOR_EACH, "%u", own);
}

enum { MANY = 33 }; /* one more than a worker moves at a time */

static void *submit_three(void *rt)
{
    for (int i = 0; i < 3; i++)
        OK(filch_go(rt, come, NULL));
    return NULL;
}

/* Looks into the inbox as a find does, and gives the item back. */
FILCH_VOID_TASK(takes_one_beside_many)
{
    filch_runtime *rt = filch_runtime_here();
    fl_worker *worker = fl_worker_here();
    pthread_t thread;
    fl_work work;
    for (int i = 0; i < MANY; i++)
        OK(filch_go(rt, come, NULL));
    cr_assert_eq(pthread_create(&thread, NULL, submit_three, rt), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(fl_deque_size(&worker->ready), MANY);
    cr_assert(fl_take_inbox(worker, &work));
    cr_assert_eq(worker->drained, 1);
    cr_assert_eq(fl_deque_size(&worker->ready), MANY, "it moves none");
    fl_start(rt, work.work_item);
}

Test(inbox_turn, loaded_worker_takes_single_items)
{
    filch_runtime *rt = config_runtime(0, 0);
    arrived = (signpost){0};
    FILCH_RUN(rt, takes_one_beside_many);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&arrived), MANY + 3);
}
