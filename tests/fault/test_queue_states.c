/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * The states of queues, apart from any runtime that works. A searcher's last look sees what is in
 * the queue of each worker, and a queue's end frees what is left in it. In a runtime, a fork that
 * finds its queue full runs at once. */
#include <malloc.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/queues.h>
#include <runtime/queue/slot_queue.h>
#include <sched/abp.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

/* So many deques end where their memory does: one more would lie behind it. */
enum { WORKERS = FILCH_APART / sizeof(filch_u64), LAST = WORKERS - 1 };

static fl_worker workers[WORKERS];
static fl_worker *table[WORKERS];
static fl_runtime rt = {.worker = table};
static filch_slot held;

/* As in sharing.c: the tasks given to a worker. */
typedef struct receiver {
    fl_slot_queue queue;
    filch_u32 open;
} FILCH_ALIGNED(FILCH_APART) receiver;

static receiver *receiver_of(void *state, unsigned worker)
{
    return (receiver *)state + worker;
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

Test(queue_states, last_look_sees_every_workers_deque)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        begin(&fl_queue_abp);
        cr_assert(fl_abp_push((fl_abp *)rt.queue_state + i, &held));
        cr_assert(fl_queue_abp.pending(&rt), "worker %u", i);
        fl_queue_abp.destroy(&rt);
    }
}

static void give(unsigned worker)
{
    cr_assert(fl_slot_queue_put(&receiver_of(rt.queue_state, worker)->queue, &held));
}

Test(queue_states, last_look_sees_gifts_before_search)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        begin(&fl_queue_sharing);
        give(i);
        cr_assert(fl_queue_sharing.pending(&rt), "worker %u", i);
        fl_queue_sharing.destroy(&rt);
    }
}

Test(queue_states, gifts_show_once_receiver_is_surplus)
{
    begin(&fl_queue_sharing);
    filch_u32_store(&receiver_of(rt.queue_state, LAST)->open, 0, FILCH_RELAXED);
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

Test(queue_states, leftover_tasks_hold_nothing_after_destroy)
{
    holds_nothing(&fl_queue_sharing, WORKERS);
    holds_nothing(&fl_queue_central_lockfree, 1);
}

/* ---- Without memory, without room ---- */

Test(queue_states, a_queue_without_memory_is_refused)
{
    static const fl_queue *const queues[] = {&fl_queue_abp, &fl_queue_sharing,
                                             &fl_queue_central_lockfree};
    for (unsigned i = 0; i < sizeof queues / sizeof *queues; i++) {
        refuse(MEMORY, 0, true);
        cr_assert_eq(queues[i]->create(&rt), -ENOMEM, "%s", queues[i]->name);
        cr_assert_eq(refuse_no_more(MEMORY), 1);
    }
}

enum { FULL = 1 << 20, FORKS = 32 /* some to either worker */ };

static fl_slot_queue *one_queue(void *state, unsigned worker)
{
    return state;
}

static fl_slot_queue *own_queue(void *state, unsigned worker)
{
    return &receiver_of(state, worker)->queue;
}

static filch_u32 leaves;

FILCH_VOID_TASK(leaf)
{
    filch_u32_add(&leaves, 1, FILCH_RELAXED);
}

/* Returns how many tasks have run before the joins. */
FILCH_TASK(unsigned, fork_into_full_queues, (fl_slot_queue *, first), (fl_slot_queue *, second))
{
    filch_u64_add(&first->waiting, FULL, FILCH_RELAXED);
    filch_u64_add(&second->waiting, FULL, FILCH_RELAXED);
    for (unsigned i = 0; i < FORKS; i++)
        FILCH_FORK(leaf);
    unsigned before = filch_u32_load(&leaves, FILCH_RELAXED);
    filch_u64_add(&first->waiting, (uint64_t)-FULL, FILCH_RELAXED);
    filch_u64_add(&second->waiting, (uint64_t)-FULL, FILCH_RELAXED);
    for (unsigned i = 0; i < FORKS; i++)
        FILCH_JOIN_VOID(leaf);
    return before;
}

Test(queue_states, task_without_room_runs_inline)
{
    static const struct {
        const char *name;
        fl_slot_queue *(*of)(void *state, unsigned worker);
    } rows[] = {{"central-lockfree", one_queue}, {"sharing", own_queue}};
    for (unsigned i = 0; i < 2; i++) {
        filch_runtime *own;
        filch_runtime_stats all;
        filch_u32_store(&leaves, 0, FILCH_RELAXED);
        OK(filch_runtime_create(&own, &(filch_config){.workers = 2, .queue = rows[i].name}));
        cr_assert_eq(FILCH_RUN(own, fork_into_full_queues, rows[i].of(own->queue_state, 0),
                               rows[i].of(own->queue_state, 1)),
                     FORKS, "%s", rows[i].name);
        filch_runtime_stats_read(own, FILCH_ALL_WORKERS, &all, sizeof all);
        cr_assert_eq(all.pushes, 0, "%s", rows[i].name);
        OK(filch_runtime_destroy(own));
    }
}
