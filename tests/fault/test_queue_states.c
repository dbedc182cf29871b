/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The states of queues, apart from any runtime that works: a searcher's last look sees what is in
 * the queue of each worker, and a queue's end frees what is left in it. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/queues.h>
#include <runtime/queue/slot_queue.h>
#include <sched/abp.h>
#include <string.h>
#include <tests/support/refuse.h>

/* So many deques end where their memory does: one more would lie behind it. */
enum { WORKERS = FILCH_APART / sizeof(filch_u64), LAST = WORKERS - 1 };

static fl_worker workers[WORKERS];
static fl_worker *table[WORKERS];
static fl_runtime rt = {.worker = table};
static filch_slot slot;

/* As in sharing.c: the tasks given to a worker. */
typedef struct receiver {
    fl_slot_queue queue;
    filch_u32 open;
} FILCH_ALIGNED(FILCH_APART) receiver;

static receiver *receiver_of(unsigned worker)
{
    return (receiver *)rt.queue_state + worker;
}

/* Memory that malloc does not clear is 0, so that a word that is not set is 0, too. */
static void lay_out(void)
{
    mallopt(M_PERTURB, 0xff);
    fl_worker_set_init(&rt.worker_set, WORKERS, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].rt = &rt;
        workers[i].index = i;
        table[i] = &workers[i];
    }
}

TestSuite(queue_states, .init = lay_out);

static void begin(const fl_queue *queue)
{
    cr_assert_eq(queue->create(&rt), 0);
    cr_assert_not(queue->pending(&rt), "%s", queue->name);
}

/* ---- The last look ---- */

Test(queue_states, a_last_look_sees_a_task_in_the_deque_of_any_worker)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        begin(&fl_queue_abp);
        cr_assert(fl_abp_push((fl_abp *)rt.queue_state + i, &slot));
        cr_assert(fl_queue_abp.pending(&rt), "worker %u", i);
        fl_queue_abp.destroy(&rt);
    }
}

static void give(unsigned worker)
{
    cr_assert(fl_slot_queue_put(&receiver_of(worker)->queue, &slot));
}

Test(queue_states, a_last_look_sees_tasks_given_to_workers_that_have_not_searched_yet)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        begin(&fl_queue_sharing);
        give(i);
        cr_assert(fl_queue_sharing.pending(&rt), "worker %u", i);
        fl_queue_sharing.destroy(&rt);
    }
}

Test(queue_states, tasks_given_to_a_worker_at_work_are_seen_once_it_is_surplus)
{
    begin(&fl_queue_sharing);
    filch_u32_store(&receiver_of(LAST)->open, 0, FILCH_RELAXED);
    give(LAST);
    cr_assert_not(fl_queue_sharing.pending(&rt), "it will look itself");
    filch_u32_store(&rt.worker_set.active, LAST, FILCH_RELAXED);
    cr_assert(fl_queue_sharing.pending(&rt));
    fl_queue_sharing.destroy(&rt);
}

/* ---- The end ---- */

enum { ROUNDS = 1000, EACH = 8 };

static void fill_and_end(const fl_queue *queue, unsigned queues)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        begin(queue);
        for (unsigned i = 0; i < queues * EACH; i++)
            give(i / EACH);
        queue->destroy(&rt);
    }
}

static void holds_nothing(const fl_queue *queue, unsigned queues)
{
    fill_and_end(queue, queues);
    int64_t before = blocks;
    fill_and_end(queue, queues);
    cr_assert_leq(blocks, before + 1, "%s: %ld more", queue->name, (long)(blocks - before));
}

Test(queue_states, tasks_left_in_a_queue_hold_nothing_after_its_end)
{
    holds_nothing(&fl_queue_sharing, WORKERS);
    holds_nothing(&fl_queue_central_lockfree, 1);
}
