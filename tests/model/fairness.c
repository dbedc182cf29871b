/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Turns (runtime/engine/find_work.h) on the whole engine: one worker never runs out of work of its own,
 * and all others are in tasks that wait for the end. Real: everything except the parts that
 * tests/model/system/process.c plays. Everything is published before the busy worker counts its
 * first find.
 *
 * Claim: each ready item is begun within its bound, counted in finds of the busy worker. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/suspend.h>
#include <runtime/queue/queues.h>
#include <tests/model/system/process.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <filch/filch.h>
#include <string.h>

enum { ITEMS = 8, ROTATION = FL_FIND_TURN * FL_TURN_SOURCES };

/* The work of the busy worker: J a job that starts itself again, T two fibers that make each
 * other ready, Y a fiber that yields. */
static struct shape {
    const char *supply;
    unsigned workers;
    const fl_queue *queue; /* NULL: chase-lev */
} shape;

static filch_runtime *rt;
static filch_u32 present, published, awaited;
static unsigned finds, items, bound[ITEMS];
static bool begun[ITEMS];
static fl_fiber *resting;

/* ---- Items ---- */

/* ahead: how many lie before it; sources: of its kind, of which each has its turn. */
MC_UNCHECKED static uintptr_t new_item(unsigned ahead, unsigned sources)
{
    bound[items] = ROTATION * (ahead + 1) * sources;
    return items++;
}

static uintptr_t publish(unsigned ahead, unsigned sources)
{
    filch_u32_add(&awaited, 1, FILCH_ACQ_REL);
    return new_item(ahead, sources);
}

MC_UNCHECKED static void mark(uintptr_t item)
{
    MC_CLAIM(!begun[item], "an item is begun twice");
    begun[item] = true;
    if (finds >= FL_FIND_TURN)
        mc_reached("an item that waited");
}

static void begin(filch_self self, void *item)
{
    (void)self;
    mark((uintptr_t)item);
    filch_u32_add(&awaited, -1u, FILCH_ACQ_REL);
}

FILCH_TASK(int, forked, (uintptr_t, item))
{
    begin(self, (void *)item);
    return 1;
}

static void start(filch_go_fn *fn, uintptr_t arg)
{
    MC_CLAIM(filch_go(rt, fn, (void *)arg) == 0, "filch_go fails");
}

/* ---- Supplies ---- */

MC_UNCHECKED static bool is_over(uint32_t left)
{
    for (unsigned i = 0; i < items; i++)
        MC_CLAIM(begun[i] || finds < bound[i], "a ready item is not begun in its time");
    finds++;
    return !left;
}

static bool goes_on(void)
{
    return !is_over(filch_u32_load(&awaited, FILCH_ACQUIRE));
}

static void feed_itself(filch_self self, void *unused)
{
    (void)self, (void)unused;
    if (goes_on())
        start(feed_itself, 0);
}

static void rest(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)worker, (void)unused;
    resting = left;
}

static void wake_the_other(void)
{
    fl_fiber *other = resting;
    resting = NULL;
    if (other)
        fl_resume(rt, other);
}

static void talk(filch_self self, void *unused)
{
    (void)unused;
    while (goes_on()) {
        wake_the_other();
        fl_suspend(self, rest, NULL);
    }
    wake_the_other();
}

static void give_way(filch_self self, void *unused)
{
    (void)unused;
    while (goes_on())
        filch_yield(self);
}

/* ---- The program ---- */

static void raise_flag(filch_u32 *flag)
{
    filch_u32_add(flag, 1, FILCH_ACQ_REL);
    mc_futex_wake(flag, MC_THREADS, MC_HERE);
}

static void wait_for(filch_u32 *flag, uint32_t count)
{
    for (uint32_t now; (now = filch_u32_load(flag, FILCH_ACQUIRE)) < count;)
        mc_futex_wait(flag, now, false, MC_HERE);
}

static void wait_for_the_end(void)
{
    for (uint32_t left; (left = filch_u32_load(&awaited, FILCH_ACQUIRE));)
        mc_await(&awaited, sizeof awaited, left, MC_HERE);
}

/* With a shared queue, forks of others may lie ahead of its own. */
static void hold(filch_self self, void *unused)
{
    (void)unused;
    unsigned others = shape.workers - 1;
    raise_flag(&present);
    wait_for(&present, shape.workers);
    start(begin, publish(0, others));
    uintptr_t item = publish(0, others * FL_TURN_FORKED);
    FILCH_FORK(forked, item);
    raise_flag(&published);
    wait_for_the_end();
    FILCH_JOIN(int one, forked);
    MC_CLAIM(one == 1, "a wrong result");
}

/* Of its own deque: an old item. It waits for all others, then what it starts is all it does. */
static void be_busy(filch_self self, void *unused)
{
    (void)self, (void)unused;
    raise_flag(&present);
    wait_for(&present, shape.workers);
    start(begin, publish(0, 1));
    wait_for(&published, shape.workers);
    for (const char *at = shape.supply; *at; at++)
        if (*at == 'T') {
            start(talk, 0);
            start(talk, 0);
        } else {
            start(*at == 'J' ? feed_itself : give_way, 0);
        }
}

/* From outside. A fiber that yields is in the inbox, too, and both may be moved to the deque of the
 * busy worker, on top of its items. */
static void submit(void)
{
    wait_for(&present, shape.workers);
    start(begin, publish(strchr(shape.supply, 'Y') ? 3 : 0, 1));
    raise_flag(&published);
}

static void body(unsigned self)
{
    if (self) {
        process_run(self);
        return;
    }
    for (unsigned i = 0; i < shape.workers; i++)
        start(i ? hold : be_busy, 0);
    submit();
    MC_CLAIM(filch_runtime_destroy(rt) == 0, "destroy fails");
}

static void finish(void)
{
    MC_CLAIM(!filch_u32_load(&awaited, FILCH_RELAXED), "an item is lost");
}

/* ---- Before ---- */

static void lay_out(struct shape chosen)
{
    shape = chosen;
    memset(&present, 0, sizeof present);
    memset(&published, 0, sizeof published);
    memset(&awaited, 0, sizeof awaited);
    memset(begun, 0, sizeof begun);
    finds = items = 0;
    resting = NULL;
    rcu_setup(-1u);
    clock_setup(true);
    rt = process_create(&(process_wants){.workers = shape.workers, .queue = shape.queue});
    statistics_setup();
    for (unsigned i = 0; i < rt->worker_set.most; i++) {
        statistics_ignore(rt->worker[i], true);
        mc_ignore(&rt->worker[i]->tick, sizeof rt->worker[i]->tick);
    }
    mc_ignore(&rt->worker_set, sizeof rt->worker_set);
    mc_ignore(&rt->policy, sizeof rt->policy);
}

#define QUEUE(name) .queue = &fl_queue_##name
MC_SHAPE(jobs, .supply = "JY", .workers = 2)
MC_SHAPE(jobs_only, .supply = "J", .workers = 2)
MC_SHAPE(talkers, .supply = "TY", .workers = 2)
MC_SHAPE(one, .supply = "TY", .workers = 1)
MC_SHAPE(three, .supply = "T", .workers = 3)
MC_SHAPE(central, .supply = "TY", .workers = 2, QUEUE(central_lockfree))
MC_SHAPE(sharing, .supply = "JY", .workers = 2, QUEUE(sharing))
MC_SHAPE(abp, .supply = "T", .workers = 2, QUEUE(abp))
MC_SHAPE(the, .supply = "JY", .workers = 2, QUEUE(the))

#define WAITED .reaches = {"an item that waited"}
#define ROW(name, what, count, ...)                                                                \
    {                                                                                              \
#name, what,                                                                               \
            {__VA_ARGS__ }, setup_##name, body, finish, .random = count, .steps = 20000, WAITED    \
    }

const mc_model mc_models[] = {
    ROW(jobs, "a job that starts itself, and one that yields", 2000, "main", "worker 0",
        "worker 1"),
    ROW(jobs_only, "the first alone: the inbox is empty but for one item", 2000, "main", "worker 0",
        "worker 1"),
    ROW(talkers, "fibers that talk, and one that yields", 2000, "main", "worker 0", "worker 1"),
    ROW(one, "the same on one worker", 2000, "main", "worker 0"),
    ROW(three, "two workers hold something", 1000, "main", "worker 0", "worker 1", "worker 2"),
    ROW(central, "a queue for all", 2000, "main", "worker 0", "worker 1"),
    ROW(sharing, "a queue for each", 2000, "main", "worker 0", "worker 1"),
    ROW(abp, "bounded deques", 2000, "main", "worker 0", "worker 1"),
    ROW(the, "Cilk-5's protocol", 2000, "main", "worker 0", "worker 1"),
    {.name = NULL}};
