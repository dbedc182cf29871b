/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_fork_slow fl_fork_moves fl_join_slow
 *
 * Requirements of every queue of the registry, for any strategy: each task once, right answers,
 * fibers that suspend between fork and join, panics, and meanwhile other policies and fewer
 * workers. The counters show that it is the queue it claims to be. A new queue is tested here by
 * its row in the registry, and needs a row in `signs`. */
#include <filch/channel.h>
#include <filch/panic.h>
#include <pthread.h>
#include <runtime/queue/queues.h>
#include <sched/victims/policy.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* No task waits for another but by a join or what suspends: a queue need not bring a task to a
 * worker while another worker, which keeps it, runs something. */

static const unsigned workers_of[] = {1, 2, 8, 64};
enum { SIZES = BUILD_TSAN ? 3 : 4 }; /* (there each thread costs milliseconds) */

static filch_runtime *runtime_of(const fl_queue *queue, unsigned workers)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers,
                           .queue = queue->name,
                           .max_fibers = 100000,
                           .seed = 1};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

/* ---- Marks: which tasks ran how often ---- */

enum { MARKS = 3280 /* nodes of a tree of eight levels, three children each */ };
static filch_u32 marks[MARKS];

static void mark(unsigned which)
{
    filch_u32_add(&marks[which], 1, FILCH_RELAXED);
}

/* How many of the first `count` ran once, if none ran twice; the marks are erased. */
static unsigned marked(unsigned count)
{
    unsigned once = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t times = filch_u32_load(&marks[i], FILCH_RELAXED);
        once += times == 1 ? 1 : times ? MARKS : 0;
    }
    memset(marks, 0, sizeof marks);
    return once;
}

/* ---- Programs: each answers whether all was right ---- */

FILCH_VOID_TASK(node, (unsigned, number))
{
    mark(number);
    stress_dawdle(stress_mix(number));
    if (3 * number + 3 >= MARKS)
        return;
    for (unsigned i = 1; i <= 3; i++)
        FILCH_FORK(node, 3 * number + i);
    for (unsigned i = 1; i <= 3; i++)
        FILCH_JOIN_VOID(node);
}

static bool tree(filch_runtime *rt)
{
    FILCH_RUN(rt, node, 0);
    return marked(MARKS) == MARKS;
}

enum { DEEP = 120 };

FILCH_TASK(unsigned, chain, (unsigned, depth))
{
    mark(depth);
    if (depth == 0)
        return 1;
    FILCH_FORK(chain, depth - 1);
    FILCH_JOIN(unsigned rest, chain);
    return rest + 1;
}

static bool deep(filch_runtime *rt)
{
    return FILCH_RUN(rt, chain, DEEP) == DEEP + 1 && marked(DEEP + 1) == DEEP + 1;
}

enum { WIDE = FL_SLOTS > 1000 ? 1000 : 150, LOOPS = 3 };

FILCH_TASK(unsigned, leaf, (unsigned, number))
{
    mark(number);
    return number;
}

FILCH_TASK(unsigned, loop, (unsigned, first))
{
    unsigned sum = 0;
    for (unsigned i = 0; i < WIDE; i++)
        FILCH_FORK(leaf, first + i);
    for (unsigned i = 0; i < WIDE; i++) {
        FILCH_JOIN(unsigned one, leaf);
        sum += one;
    }
    return sum;
}

static bool wide(filch_runtime *rt)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < LOOPS; i++)
        sum += FILCH_RUN(rt, loop, i * WIDE);
    return sum == LOOPS * WIDE * (LOOPS * WIDE - 1) / 2 && marked(LOOPS * WIDE) == LOOPS * WIDE;
}

static bool fibonacci(filch_runtime *rt)
{
    return FILCH_RUN(rt, fib, 15) == serial_fib(15);
}

/* Stops between fork and join, for a turn of all others, or for what it has forked. */
FILCH_VOID_TASK(sends, (filch_channel *, channel), (unsigned, number))
{
    mark(number);
    filch_channel_send(channel, &number);
}

FILCH_TASK(unsigned, stops, (unsigned, number))
{
    mark(number);
    if (2 * number + 2 >= MARKS / 4)
        return 1;
    FILCH_FORK(stops, 2 * number + 1);
    FILCH_FORK(stops, 2 * number + 2);
    unsigned heard = 0;
    if (number % 2) {
        filch_yield(self);
    } else {
        filch_channel *channel;
        /* With room: where a queue is full, the child is run by the fork. */
        if (filch_channel_create(&channel, sizeof heard, 1))
            filch_die("%s", filch_error());
        FILCH_FORK(sends, channel, MARKS - 1 - number / 2);
        filch_channel_receive(channel, &heard);
        FILCH_JOIN_VOID(sends);
        filch_channel_destroy(channel);
        heard = heard == MARKS - 1 - number / 2 ? 0 : MARKS;
    }
    FILCH_JOIN(unsigned right, stops);
    FILCH_JOIN(unsigned left, stops);
    return left + right + heard + 1;
}

static bool suspensions(filch_runtime *rt)
{
    unsigned tasks = FILCH_RUN(rt, stops, 0), nodes = marked(MARKS / 4);
    return tasks == nodes && tasks > MARKS / 8;
}

/* One of them panics; it is caught beside those that are forked before and after. */
FILCH_VOID_TASK(fails_at, (unsigned, number))
{
    mark(number);
    if (number == 5)
        FILCH_PANIC(-ECANCELED, "five");
}

static void fails(filch_self self, void *unused)
{
    for (unsigned i = 0; i < 9; i++)
        FILCH_FORK(fails_at, i);
    for (unsigned i = 0; i < 9; i++)
        FILCH_JOIN_VOID(fails_at);
}

FILCH_TASK(int, catches, (unsigned, first))
{
    filch_failure failure;
    FILCH_FORK(leaf, first);
    int rc = filch_try(self, fails, NULL, &failure);
    FILCH_FORK(leaf, first + 1);
    FILCH_JOIN(unsigned after, leaf);
    FILCH_JOIN(unsigned before, leaf);
    return after == before + 1 ? rc : 0;
}

static bool panics(filch_runtime *rt)
{
    bool right = FILCH_RUN(rt, catches, 9) == -ECANCELED;
    uint32_t five = filch_u32_load(&marks[5], FILCH_RELAXED);
    return marked(11) <= 11 && right && five == 1;
}

static const struct program {
    const char *name;
    bool (*is_right)(filch_runtime *rt);
} programs[] = {{"tree", tree},
                {"deep", deep},
                {"wide", wide},
                {"fib", fibonacci},
                {"suspensions", suspensions},
                {"panics", panics}};
enum { PROGRAMS = sizeof programs / sizeof programs[0] };

static void run_all(filch_runtime *rt, const fl_queue *d, unsigned workers)
{
    for (unsigned i = 0; i < PROGRAMS; i++)
        cr_assert(programs[i].is_right(rt), "%s, %u workers: %s", d->name, workers,
                  programs[i].name);
}

Test(queues, tasks_run_once_with_right_answers)
{
    for (unsigned i = 0; fl_queues[i]; i++)
        for (unsigned k = 0; k < SIZES; k++) {
            filch_runtime *rt = runtime_of(fl_queues[i], workers_of[k]);
            run_all(rt, fl_queues[i], workers_of[k]);
            OK(filch_runtime_destroy(rt));
        }
}

/* ---- While the runtime changes ---- */

static filch_u32 over;

/* Each time another policy and another number of workers. */
static void *change(void *rt)
{
    const fl_policy *const *next = fl_policies;
    for (unsigned i = 0; !filch_u32_load(&over, FILCH_RELAXED); i++, next = fl_policy_next(next)) {
        if (filch_runtime_set_policy(rt, (*next)->name) || filch_runtime_resize(rt, 1 + i % 4))
            return "a change is refused";
        sched_yield();
    }
    return NULL;
}

Test(queues, changing_policies_and_workers_lose_nothing)
{
    for (unsigned i = 0; fl_queues[i]; i++) {
        filch_runtime *rt = runtime_of(fl_queues[i], 4);
        pthread_t thread;
        void *wrong;
        filch_u32_store(&over, 0, FILCH_RELAXED);
        cr_assert_eq(pthread_create(&thread, NULL, change, rt), 0);
        for (unsigned k = stress_times(10); k; k--)
            run_all(rt, fl_queues[i], 4);
        filch_u32_store(&over, 1, FILCH_RELAXED);
        cr_assert_eq(pthread_join(thread, &wrong), 0);
        cr_assert_null(wrong, "%s", (const char *)wrong);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Each is itself ---- */

enum { MOST_COUNTERS = 6 };
#define COUNTER(name) (1 + offsetof(filch_runtime_stats, name))

/* Signs of a queue: of the first counters at least one grows, of the others none ever does. */
static const struct sign {
    const char *name;
    size_t does[MOST_COUNTERS], never[MOST_COUNTERS];
} signs[] = {
    {"chase-lev", {COUNTER(gift_tasks), COUNTER(robs)}, {COUNTER(queue_takes), COUNTER(pushes)}},
    {"chase-lev-outline",
     {COUNTER(gift_tasks), COUNTER(robs)},
     {COUNTER(queue_takes), COUNTER(pushes)}},
    {"chase-lev-fenced",
     {COUNTER(robs)},
     {COUNTER(queue_takes), COUNTER(heavy_fences), COUNTER(pushes)}},
    {"central-mutex",
     {COUNTER(queue_takes)},
     {COUNTER(gifts), COUNTER(robs), COUNTER(asks), COUNTER(heavy_fences), COUNTER(pushes)}},
    {"central-lockfree",
     {COUNTER(queue_takes)},
     {COUNTER(gifts), COUNTER(robs), COUNTER(asks), COUNTER(heavy_fences), COUNTER(pushes)}},
    {"sharing",
     {COUNTER(pushes)},
     {COUNTER(gifts), COUNTER(robs), COUNTER(asks), COUNTER(heavy_fences)}},
    {"the", {COUNTER(robs)}, {COUNTER(gifts), COUNTER(asks), COUNTER(heavy_fences)}},
    {"abp", {COUNTER(robs)}, {COUNTER(gifts), COUNTER(asks), COUNTER(heavy_fences)}},
    {"private-split", {COUNTER(exposures)}, {COUNTER(gifts), COUNTER(queue_takes)}},
    {"private-request", {COUNTER(gifts)}, {COUNTER(robs), COUNTER(queue_takes)}},
};

static const struct sign *sign_of(const char *name)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (!strcmp(signs[i].name, name))
            return &signs[i];
    return NULL;
}

static uint64_t sum(const filch_runtime *rt, const size_t *counters)
{
    filch_runtime_stats stats;
    uint64_t sum = 0;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    for (unsigned i = 0; i < MOST_COUNTERS && counters[i]; i++)
        sum += *(uint64_t *)((char *)&stats + counters[i] - 1);
    return sum;
}

FILCH_TASK(unsigned, steps_aside, (unsigned, depth))
{
    if (depth == 0)
        return 1;
    FILCH_FORK(steps_aside, depth - 1);
    sched_yield();
    unsigned right = steps_aside(self, depth - 1);
    FILCH_JOIN(unsigned left, steps_aside);
    return left + right;
}

Test(queues, counters_identify_each_queue)
{
    for (unsigned i = 0; fl_queues[i]; i++) {
        const char *name = fl_queues[i]->name;
        const struct sign *sign = sign_of(name);
        cr_assert_not_null(sign, "%s has no row in `signs`", name);
        filch_runtime *rt = runtime_of(fl_queues[i], 2);
        do
            cr_assert_eq(FILCH_RUN(rt, steps_aside, 6), 64);
        while (!sum(rt, sign->does));
        cr_assert_eq(sum(rt, sign->never), 0, "%s", name);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Out of line ---- */

void __real_fl_fork_slow(filch_self self);
filch_self __real_fl_fork_moves(filch_self self);
filch_self __wrap_fl_fork_moves(filch_self self);
int __real_fl_join_slow(filch_slot *slot, const char *const *name);
void __wrap_fl_fork_slow(filch_self self);
int __wrap_fl_join_slow(filch_slot *slot, const char *const *name);
static filch_u32 slow_forks, slow_joins;

void __wrap_fl_fork_slow(filch_self self)
{
    filch_u32_add(&slow_forks, 1, FILCH_RELAXED);
    __real_fl_fork_slow(self);
}

filch_self __wrap_fl_fork_moves(filch_self self)
{
    filch_u32_add(&slow_forks, 1, FILCH_RELAXED);
    return __real_fl_fork_moves(self);
}

int __wrap_fl_join_slow(filch_slot *slot, const char *const *name)
{
    filch_u32_add(&slow_joins, 1, FILCH_RELAXED);
    return __real_fl_join_slow(slot, name);
}

Test(queues, only_inline_queues_skip_calls)
{
    for (unsigned i = 0; fl_queues[i]; i++) {
        filch_runtime *rt = runtime_of(fl_queues[i], 1);
        filch_u32_store(&slow_forks, 0, FILCH_RELAXED);
        filch_u32_store(&slow_joins, 0, FILCH_RELAXED);
        FILCH_RUN(rt, node, 0);
        marked(MARKS);
        uint32_t all = MARKS - 1, forks = filch_u32_load(&slow_forks, FILCH_RELAXED),
                 joins = filch_u32_load(&slow_joins, FILCH_RELAXED);
        bool in_line = fl_queues[i]->side == FL_SIDE_INLINE;
        cr_assert(in_line ? forks < all && joins < all : forks == all && joins == all,
                  "%s: %u forks and %u joins of %u are out of line", fl_queues[i]->name, forks,
                  joins, all);
        OK(filch_runtime_destroy(rt));
    }
}
