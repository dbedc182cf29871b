/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A submitter that the system stops in the middle of a put, between the exchange of the inbox's
 * tail and the link to its node. The test plays it, step by step. Meanwhile all workers sleep, and
 * take what they can; when the submitter resumes, everything is run. */
#include <runtime/engine/park.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/memory/sanitizer.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <urcu/uatomic.h>

enum { LOOKS = 30, PARKS_MOST = 200 };

static const unsigned worker_numbers[] = {1, 2, 8};
enum { NUMBERS = sizeof worker_numbers / sizeof worker_numbers[0] };

static signpost ran;

static void run(filch_self self, void *unused)
{
    signpost_raise(&ran);
}

typedef struct put {
    fl_runtime *rt;
    fl_work_item *work_item;
    struct cds_wfcq_node *before;
} put;

static put begin_put(fl_runtime *rt)
{
    static const filch_place place = {.task.name = "held"};
    fl_work_item *work_item = fl_work_item_detached(run, NULL, &place);
    cr_assert_not_null(work_item);
    cds_wfcq_node_init(&work_item->node);
    fl_tsan_release(work_item);
    return (put){rt, work_item, uatomic_xchg(&rt->inbox.tail.p, &work_item->node)};
}

static void end_put(const put *held)
{
    __atomic_store_n(&held->before->next, &held->work_item->node, __ATOMIC_RELEASE);
    filch_fence_seq_cst();
    fl_wake_one(held->rt, 0, FL_UNLESS_AWAKE);
}

static uint64_t parks(const fl_runtime *rt)
{
    return fl_sum(rt, FL_PARKS);
}

/* They do when all sleep at so many looks, and nobody has searched in between. A searcher that
 * finds nothing, and does not sleep, goes to sleep time and again. */
static void expect_that_all_sleep(fl_runtime *rt)
{
    uint64_t first = parks(rt), last = first;
    for (unsigned i = 0; i < LOOKS; i++) {
        bool sleep = fl_idle_sleepers(fl_idle_look(&rt->idle)) == rt->worker_set.most;
        if (!sleep || parks(rt) != last)
            i = 0;
        last = parks(rt);
        cr_assert_lt(last - first, PARKS_MOST, "a worker looks for work again and again");
        be_patient(i);
    }
}

static fl_runtime *create(unsigned workers)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers};
    filch_u32_store(&ran, 0, FILCH_RELEASE);
    OK(filch_runtime_create(&rt, &config));
    return rt;
}

static void expect_runs(uint32_t count)
{
    signpost_wait(&ran, count);
    cr_assert_eq(signpost_count(&ran), count);
}

Test(held_submitter, workers_sleep_beside_stopped_submitter)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        fl_runtime *rt = create(worker_numbers[i]);
        expect_that_all_sleep(rt);
        put held = begin_put(rt);
        for (unsigned behind = 0; behind < 3; behind++) { /* each wakes somebody */
            OK(filch_go(rt, run, NULL));
            expect_that_all_sleep(rt);
        }
        expect_runs(0);
        end_put(&held);
        expect_runs(4);
        OK(filch_runtime_destroy(rt));
    }
}

static signpost begun, over;

static void occupy(filch_self self, void *unused)
{
    signpost_raise(&begun);
    signpost_wait(&over, 1);
}

/* Its successor is known only when that one goes on. */
Test(held_submitter, workers_sleep_although_earlier_job_waits)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        fl_runtime *rt = create(worker_numbers[i]);
        filch_u32_store(&begun, 0, FILCH_RELEASE);
        filch_u32_store(&over, 0, FILCH_RELEASE);
        for (unsigned j = 0; j < worker_numbers[i]; j++)
            OK(filch_go(rt, occupy, NULL));
        signpost_wait(&begun, worker_numbers[i]);
        OK(filch_go(rt, run, NULL));
        put held = begin_put(rt);
        signpost_raise(&over);
        expect_that_all_sleep(rt);
        expect_runs(0);
        end_put(&held);
        expect_runs(2);
        OK(filch_runtime_destroy(rt));
    }
}

/* The end of the runtime waits for it, too. */
Test(held_submitter, runtime_end_waits_for_held_submission)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        fl_runtime *rt = create(worker_numbers[i]);
        expect_that_all_sleep(rt);
        filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED); /* as fl_submit_across does */
        put held = begin_put(rt);
        filch_u32_store(&rt->stopping, 1, FILCH_SEQ_CST); /* as filch_runtime_destroy */
        filch_fence_seq_cst();
        fl_wake_one(rt, 0, FL_UNLESS_SEARCHING);
        expect_that_all_sleep(rt);
        cr_assert_not(filch_u32_load(&rt->finished, FILCH_ACQUIRE));
        end_put(&held);
        filch_u32_add(&rt->inbox.visitors, -1u, FILCH_RELEASE);
        expect_runs(1);
        OK(filch_runtime_destroy(rt));
    }
}
