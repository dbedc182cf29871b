/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker that never runs out of work of its own begins all other ready items within the bounds of
 * runtime/engine/find_work.h. All other workers are in tasks that wait for the end of the test, so
 * nobody else could begin them. No clock: an item's age is what the busy worker has begun since. */
#include <runtime/engine/find_work.h>
#include <runtime/queue/queues.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { EACH = 2, WORKERS_MOST = 8, ITEMS = 2 * EACH * WORKERS_MOST, NEVER = -1 };
enum { ROTATION = FL_FIND_TURN * FL_TURN_SOURCES };

/* The work of the busy worker. */
enum supply { JOBS, TALKERS, YIELDERS, SUPPLIES };
static const char *const supply_names[SUPPLIES] = {"jobs", "talkers", "yielders"};

typedef struct item {
    filch_u32 begun; /* 1: it is */
    int64_t at;      /* finds of the busy worker before that, */
    int64_t most;    /* and how many there may be */
} item;

static struct {
    unsigned workers;
    enum supply supply;
    const fl_queue *queue;
    filch_runtime *rt;
    signpost present, go, published, over, ended;
    filch_u32 finds;   /* of the busy worker, while all is published */
    filch_u32 awaited; /* items that are not begun */
    item items[ITEMS];
    filch_u32 count;
    filch_channel *there, *back;
} test;

/* A supply ends then, so that a test fails, and does not hang. */
static int64_t longest(void)
{
    return 2 * FL_TURN_FORKED * (int64_t)ROTATION * WORKERS_MOST * WORKERS_MOST * EACH;
}

static item *add_item(int64_t most)
{
    item *it = &test.items[filch_u32_add(&test.count, 1, FILCH_ACQ_REL)];
    *it = (item){.at = NEVER, .most = most};
    filch_u32_add(&test.awaited, 1, FILCH_ACQ_REL);
    return it;
}

static void begin(item *it)
{
    it->at = filch_u32_load(&test.finds, FILCH_ACQUIRE);
    filch_u32_store(&it->begun, 1, FILCH_RELEASE);
    filch_u32_add(&test.awaited, -1u, FILCH_ACQ_REL);
}

static void begin_job(filch_self self, void *it)
{
    begin(it);
}

FILCH_TASK(int, begin_fork, (item *, it))
{
    begin(it);
    return 1;
}

/* ---- Supplies ---- */

/* One find more. Does the supply go on? */
static bool goes_on(void)
{
    return filch_u32_add(&test.finds, 1, FILCH_ACQ_REL) < longest() &&
           filch_u32_load(&test.awaited, FILCH_ACQUIRE);
}

static void feed_itself(filch_self self, void *unused)
{
    if (goes_on())
        OK(filch_go(NULL, feed_itself, NULL));
    else
        signpost_raise(&test.ended);
}

static void talk(filch_self self, void *unused)
{
    int word = 0;
    while (goes_on() && !filch_channel_send(test.there, &word) &&
           !filch_channel_receive(test.back, &word))
        ;
    filch_channel_close(test.there);
    signpost_raise(&test.ended);
}

static void answer(filch_self self, void *unused)
{
    int word;
    while (!filch_channel_receive(test.there, &word) && goes_on() &&
           !filch_channel_send(test.back, &word))
        ;
    filch_channel_close(test.back);
    signpost_raise(&test.ended);
}

static void give_way(filch_self self, void *unused)
{
    while (goes_on())
        filch_yield(self);
    signpost_raise(&test.ended);
}

static const struct {
    unsigned count;
    filch_go_fn *fn[3];
} supplies[SUPPLIES] = {
    [JOBS] = {1, {feed_itself}},
    [TALKERS] = {2, {talk, answer}},
    [YIELDERS] = {3, {talk, answer, give_way}} /* the last one begins first */,
};

/* ---- Holders ---- */

static void come_and_wait(void)
{
    signpost_raise(&test.present);
    signpost_wait(&test.go, 1);
}

/* Shared by all workers, or one for each, into which others put. */
static int64_t most_of_forks(unsigned ahead)
{
    unsigned others = test.workers - 1;
    if (test.queue->shared)
        return (int64_t)ROTATION * FL_TURN_FORKED * others * others * EACH;
    return (int64_t)ROTATION * FL_TURN_FORKED * others * (ahead + 1);
}

static void push_items(int64_t rotation)
{
    for (unsigned i = 0; i < EACH; i++)
        OK(filch_go(NULL, begin_job, add_item(rotation * (i + 1))));
}

/* Private queues show nothing of an owner that does not come by. */
static bool can_be_taken_from_silent_owners(void)
{
    return strncmp(test.queue->name, "private", 7) != 0;
}

static void hold(filch_self self, void *unused)
{
    come_and_wait();
    push_items((int64_t)ROTATION * (test.workers - 1));
    unsigned forks = can_be_taken_from_silent_owners() ? EACH : 0;
    for (unsigned i = 0; i < forks; i++)
        FILCH_FORK(begin_fork, add_item(most_of_forks(i)));
    signpost_raise(&test.published);
    signpost_wait(&test.over, 1);
    for (unsigned i = 0; i < forks; i++) {
        FILCH_JOIN(int one, begin_fork);
        cr_assert_eq(one, 1);
    }
}

static void be_busy(filch_self self, void *unused)
{
    come_and_wait();
    push_items(ROTATION);
    signpost_wait(&test.published, test.workers - 1);
    for (unsigned i = 0; i < supplies[test.supply].count; i++)
        OK(filch_go(NULL, supplies[test.supply].fn[i], NULL));
}

/* Its bound is taken from when it has been put. */
static void submit_from_outside(void)
{
    item *it = add_item(64 * (int64_t)ROTATION);
    OK(filch_go(test.rt, begin_job, it));
    it->most += filch_u32_load(&test.finds, FILCH_ACQUIRE);
}

static void check(void)
{
    for (unsigned i = 0; i < filch_u32_load(&test.count, FILCH_ACQUIRE); i++)
        cr_assert(test.items[i].at <= test.items[i].most,
                  "%s, %u workers, %s: item %u begun after %lld finds, not %lld", test.queue->name,
                  test.workers, supply_names[test.supply], i, (long long)test.items[i].at,
                  (long long)test.items[i].most);
    cr_assert_eq(filch_u32_load(&test.awaited, FILCH_ACQUIRE), 0);
}

static void run(const fl_queue *queue, unsigned workers, enum supply supply)
{
    filch_config config = {.workers = workers, .queue = queue->name, .max_fibers = 1000};
    memset(&test, 0, sizeof test);
    test.queue = queue;
    test.workers = workers;
    test.supply = supply;
    OK(filch_channel_create(&test.there, sizeof(int), 0));
    OK(filch_channel_create(&test.back, sizeof(int), 0));
    OK(filch_runtime_create(&test.rt, &config));
    for (unsigned i = 0; i < workers; i++)
        OK(filch_go(test.rt, i ? hold : be_busy, NULL));
    signpost_wait(&test.present, workers);
    signpost_raise(&test.go);
    signpost_wait(&test.published, workers - 1);
    submit_from_outside();
    signpost_wait(&test.ended, supplies[supply].count);
    signpost_raise(&test.over);
    OK(filch_runtime_destroy(test.rt));
    check();
    filch_channel_destroy(test.there);
    filch_channel_destroy(test.back);
}

static void run_on(unsigned workers)
{
    for (const fl_queue *const *queue = fl_queues; *queue; queue++)
        for (unsigned supply = 0; supply < SUPPLIES; supply++)
            run(*queue, workers, supply);
}

/* Sanitizers make each of some ten thousand finds slow. */
static const unsigned many_workers = BUILD_ASAN || BUILD_TSAN ? 4 : WORKERS_MOST;

Test(fairness, lone_worker_serves_backlog_and_inbox)
{
    run_on(1);
}

Test(fairness, busy_worker_starts_items_of_another)
{
    run_on(2);
}

Test(fairness, busy_worker_starts_items_of_many)
{
    unsigned i = 0;
    for (const fl_queue *const *queue = fl_queues; *queue; queue++)
        run(*queue, many_workers, i++ % SUPPLIES);
}

enum { FIBERS = 3, TURNS = 20 };
static uint32_t waited_most; /* finds before it went on */

/* Its fiber is in the inbox, and no further one can be had. */
static void give_way_sometimes(filch_self self, void *unused)
{
    for (unsigned i = 0; i < TURNS; i++) {
        uint32_t before = filch_u32_load(&test.finds, FILCH_ACQUIRE);
        filch_yield(self);
        uint32_t after = filch_u32_load(&test.finds, FILCH_ACQUIRE);
        if (after - before > waited_most)
            waited_most = after - before;
    }
    filch_u32_store(&test.awaited, 0, FILCH_RELEASE);
    signpost_raise(&test.ended);
}

static void talk_beside(filch_self self, void *unused)
{
    OK(filch_go(NULL, talk, NULL));
    OK(filch_go(NULL, answer, NULL));
    OK(filch_go(NULL, give_way_sometimes, NULL));
}

Test(fairness, worker_without_fiber_resumes_from_inbox)
{
    filch_config config = {.workers = 1, .max_fibers = FIBERS};
    memset(&test, 0, sizeof test);
    filch_u32_store(&test.awaited, 1, FILCH_RELEASE);
    OK(filch_channel_create(&test.there, sizeof(int), 0));
    OK(filch_channel_create(&test.back, sizeof(int), 0));
    OK(filch_runtime_create(&test.rt, &config));
    OK(filch_go(test.rt, talk_beside, NULL));
    signpost_wait(&test.ended, 3);
    OK(filch_runtime_destroy(test.rt));
    cr_assert_leq(waited_most, 3 * FL_FIND_TURN, "%u", waited_most);
    filch_channel_destroy(test.there);
    filch_channel_destroy(test.back);
}

/* ---- A thief that finds forks again and again ---- */

enum { FORKS = 3 * ROTATION };
static signpost slow_begun, leaves_begun, item_begun;
static uint32_t leaves_before_item;

FILCH_TASK(int, leaf)
{
    signpost_raise(&leaves_begun);
    return 1;
}

static void note_leaves(filch_self self, void *unused)
{
    leaves_before_item = signpost_count(&leaves_begun);
    signpost_raise(&item_begun);
}

FILCH_TASK(int, slow)
{
    int sum = 0;
    signpost_raise(&slow_begun);
    OK(filch_go(NULL, note_leaves, NULL));
    for (int i = 0; i < FORKS; i++)
        FILCH_FORK(leaf);
    WAIT_WHILE(!signpost_count(&item_begun) && signpost_count(&leaves_begun) < FORKS);
    for (int i = 0; i < FORKS; i++) {
        FILCH_JOIN(int one, leaf);
        sum += one;
    }
    return sum;
}

/* Its join finds `slow` stolen, and helps or suspends. */
FILCH_TASK(int, waits_for_slow)
{
    FILCH_FORK(slow);
    signpost_wait(&slow_begun, 1);
    FILCH_JOIN(int sum, slow);
    return sum;
}

Test(fairness, thieves_and_joins_serve_ready_items)
{
    static const char *const waits[] = {"suspend", "help-any", "help-own"};
    for (unsigned i = 0; i < 3; i++) {
        filch_config config = {.workers = 2,
                               .wait = waits[i],
                               .take = "one" /* a find */,
                               .guest = "0", /* whose joins have no turns */
                               .max_fibers = 1000};
        filch_runtime *rt;
        filch_u32_store(&slow_begun, 0, FILCH_RELEASE);
        filch_u32_store(&leaves_begun, 0, FILCH_RELEASE);
        filch_u32_store(&item_begun, 0, FILCH_RELEASE);
        OK(filch_runtime_create(&rt, &config));
        cr_assert_eq(FILCH_RUN(rt, waits_for_slow), FORKS);
        OK(filch_runtime_destroy(rt));
        cr_assert_leq(leaves_before_item, ROTATION, "%s: %u", waits[i], leaves_before_item);
    }
}
