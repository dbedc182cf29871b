/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Forked tasks that lie in queues of the runtime (docs/internals/idle.md): does a worker sleep forever while
 * one lies in a queue that it has to look at? Real:
 * runtime/queue/{central_lockfree,sharing,slot_queue, offered}, sched/{idle,forkstack},
 * runtime/engine/{park,inbox,forkjoin,worker_set}. Played: the workers.
 *
 * The forker follows a script: F forks, J joins the last fork (and ends if another has it), C makes
 * the last worker surplus. Then it works like the others; or it `keeps` its worker, whose slot is
 * surplus, forever, so that only the protocol can bring its forks to somebody. A worker takes a
 * task, runs it, and so on, or sleeps; or it `leaves` for good with the first one.
 *
 * Claims: when all threads that have not left sleep, each task has run once, and an empty queue
 * counts none. */
#include <runtime/engine/park.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/queues.h>
#include <runtime/queue/slot_queue.h>
#include <sched/rng.h>
#include <tests/model/system/forked.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { WORKERS = 3, FORKER = 0, PATIENCE = 3 };

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_worker worker[WORKERS], *workers[WORKERS];
static filch_runtime rt;
static union {
    fl_buffer buffer;
    char bytes[sizeof(fl_buffer) + sizeof(filch_ptr)];
} ready;               /* deques in which nothing ever lies */
static filch_u32 over; /* the script is */

static struct shape {
    const char *script;
    const fl_queue *queue;
    unsigned workers;
    bool keeps, leaves;
} shape;
static unsigned left;

/* ---- Workers ---- */

static void go_to_work(fl_worker *by)
{
    fl_work work;
    fl_idle_search(&rt.idle);
    for (unsigned round = 1;; round++) {
        if (fl_surplus(by)) {
            reaches_note("a surplus worker");
            if (!fl_retire(by))
                return;
            continue;
        }
        if (!shape.queue->take(by, &work)) {
            if (round == PATIENCE) /* else it turns forever while a fork is in mid-enqueue */
                while (!filch_u32_load(&over, FILCH_RELAXED))
                    mc_futex_wait(&over, 0, false, MC_HERE);
            fl_sleep(by, 0);
            continue;
        }
        fl_found(by, false);
        work.task->run(NULL, work.slot);
        fl_slot_finish(work.slot, work.task);
        if (shape.leaves) {
            count(&left);
            return;
        }
        fl_idle_search(&rt.idle);
    }
}

static bool do_join(filch_slot *slot)
{
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED);
    if (shape.queue->settle(&region.fiber.stack, slot) != FL_KEPT) {
        reaches_note("a join of a taken task");
        return false;
    }
    reaches_note("a join that keeps its task");
    run(slot, slot);
    return true;
}

static void follow_script(void)
{
    filch_self self = fl_first_slot(&region.fiber.stack);
    bool on = true;
    for (const char *at = shape.script; *at && on; at++)
        if (*at == 'F')
            self = do_fork(self);
        else if (*at == 'J')
            on = do_join(--self);
        else
            filch_u32_store(&rt.worker_set.active, shape.workers - 1, FILCH_SEQ_CST);
}

static void body(unsigned thread)
{
    if (thread == FORKER) {
        follow_script();
        filch_u32_store(&over, 1, FILCH_RELAXED);
        mc_futex_wake(&over, WORKERS, MC_HERE);
        if (shape.keeps) {
            count(&left);
            return;
        }
    }
    go_to_work(&worker[thread]);
}

/* ---- Before and after ---- */

static void lay_out_worker(unsigned i)
{
    memset(&worker[i], 0, sizeof worker[i]);
    worker[i].rt = &rt;
    worker[i].index = shape.keeps ? (i + shape.workers - 1) % shape.workers : i;
    workers[worker[i].index] = &worker[i];
    filch_ptr_store(&worker[i].ready.buffer, &ready, FILCH_RELAXED);
    mc_ignore(&worker[i].ready, sizeof worker[i].ready);
    mc_ignore(&worker[i].current, sizeof worker[i].current);
    mc_ignore(worker[i].counters, sizeof worker[i].counters);
    char name[40];
    snprintf(name, sizeof name, "park_word%u", i);
    mc_name(&worker[i].park_word, name);
}

static void lay_out_runtime(void)
{
    memset(&rt, 0, sizeof rt);
    rt.worker = workers;
    fl_worker_set_init(&rt.worker_set, shape.workers, shape.workers);
    filch_u32_store(&rt.worker_set.active, shape.workers - shape.keeps, FILCH_RELAXED);
    rt.queue = shape.queue;
    rt.cpus = shape.workers;
    fl_idle_init(&rt.idle, 0);
    fl_inbox_init(&rt.inbox);
    mc_ignore(&rt.inbox, sizeof rt.inbox);
    MC_CLAIM(shape.queue->create(&rt) == 0, "no queue");
    mc_name_word(&rt.idle.word, "I", spell_idle_word);
    mc_name(&rt.idle.tokens, "tokens");
    mc_name(&rt.worker_set.active, "active");
    mc_name(rt.queue_state, "queue");
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    reaches_setup();
    published = left = 0;
    memset(runs, 0, sizeof runs);
    memset(&over, 0, sizeof over);
    memset(&ready, 0, sizeof ready);
    ready.buffer.size = 1;
    memset(&region, 0, FL_SLOTS_OFFSET + (TASKS + 1) * sizeof(filch_slot));
    heap_setup(false);
    timeouts_setup(true);
    chance_is_explored = true;
    fl_forkstack_init(&region.fiber.stack);
    fl_forkstack_issue(&region.fiber.stack, FL_SIDE_FENCED);
    region.fiber.worker = &worker[FORKER];
    for (unsigned i = 0; i < shape.workers; i++)
        lay_out_worker(i);
    lay_out_runtime();
    name_slots(&region.fiber.stack, "", TASKS);
}

static bool may_rest(void)
{
    return true; /* asleep on a park word; `finish` says whether that is right */
}

MC_UNCHECKED static uint64_t wakes(void)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < shape.workers; i++)
        all += worker[i].counters[FL_WAKES].filch_value;
    return all;
}

static void finish(void)
{
    reaches_tell();
    statistics_reached(workers, shape.workers);
    if (!wakes())
        mc_reached("no wake");
    for (unsigned i = 0; i < published; i++)
        MC_CLAIM(runs[i] == 1, "a task waits, and all sleep");
    fl_slot_queue *queue = rt.queue_state; /* of all, or the first receiver's */
    MC_CLAIM(!fl_slot_queue_empty(queue) || !fl_slot_queue_length(queue),
             "a queue is empty, and its count is not");
    uint64_t word = filch_u64_load(&rt.idle.word, FILCH_RELAXED);
    MC_CLAIM(fl_idle_resting(word) + left == shape.workers, "S and R are not those who rest");
    MC_CLAIM(filch_u32_load(&rt.idle.tokens, FILCH_RELAXED) == 0, "a token is left");
}

#define CENTRAL .queue = &fl_queue_central_lockfree
#define SHARING .queue = &fl_queue_sharing
MC_SHAPE(central_F, .script = "F", CENTRAL, .workers = 2, .keeps = true)
MC_SHAPE(central_FFJ, .script = "FFJ", CENTRAL, .workers = 2)
MC_SHAPE(central_FF, .script = "FF", CENTRAL, .workers = 2, .leaves = true)
MC_SHAPE(central_FF_three, .script = "FF", CENTRAL, .workers = 3, .keeps = true, .leaves = true)
MC_SHAPE(sharing_F, .script = "F", SHARING, .workers = 2, .keeps = true)
MC_SHAPE(sharing_FF, .script = "FF", SHARING, .workers = 2, .keeps = true)
MC_SHAPE(sharing_FFJ, .script = "FFJ", SHARING, .workers = 2)
MC_SHAPE(sharing_FFC, .script = "FFC", SHARING, .workers = 2)
MC_SHAPE(sharing_FF_three, .script = "FF", SHARING, .workers = 3, .keeps = true)

#define TWO .threads = {"forker", "worker"}
#define THREE .threads = {"forker", "worker", "worker 2"}
#define WAKES .reaches = {"wakes", "no wake"}
#define JOINS .reaches = {"wakes", "a join that keeps its task", "a join of a taken task"}
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, .may_rest = may_rest,  \
                     __VA_ARGS__                                                                   \
    }

const mc_model mc_models[] = {
    ROW(central_F, "a fork against a worker that goes to sleep", TWO, .bound = 0, WAKES),
    ROW(central_FFJ, "two forks and a join", TWO, .random = 60000, JOINS),
    ROW(central_FF, "two forks; a thread that has one leaves", TWO, .bound = 2, WAKES),
    ROW(central_FF_three, "two forks, two workers: a chain", THREE, .random = 60000, WAKES),
    ROW(sharing_F, "a fork against its receiver", TWO, .bound = 0, WAKES),
    ROW(sharing_FF, "two forks against their receiver", TWO, .bound = 3, WAKES),
    ROW(sharing_FFJ, "two forks and a join", TWO, .random = 60000, JOINS),
    ROW(sharing_FFC, "two forks, and a receiver retires", TWO, .random = 60000,
        .reaches = {"wakes", "no wake", "a surplus worker"}),
    ROW(sharing_FF_three, "two forks, two receivers", THREE, .random = 60000, WAKES),
    {.name = NULL}};
