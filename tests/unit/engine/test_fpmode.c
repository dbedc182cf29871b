/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: label processor in emulated
 *
 * Floating-point modes: tasks begin in their runtime's, and keep their own. */
#ifndef FILCH_DEBUG
#define FILCH_DEBUG /* forks in another mode are reported */
#endif
#include <runtime/engine/worker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/unit/engine/fpmode.h>

static const unsigned sizes[] = {1, 2, 8};
enum { SIZES = 3 };

/* ---- Where tasks begin ---- */

static filch_pool *direct, *queued;

static void detached(filch_self self, void *arg)
{
    look_and_leak();
}

FILCH_VOID_TASK(called)
{
    look_and_leak();
}

static int child(filch_self self, filch_scope *scope, void *arg)
{
    look_and_leak();
    return 0;
}

static int job(filch_self self, filch_job *unused, void *arg)
{
    look_and_leak();
    return 0;
}

static void done(filch_job *unused, filch_outcome outcome, const filch_failure *why, void *arg)
{
    look_and_leak();
}

static int sequel(filch_self self, const void *value, void *result, void *arg)
{
    look_and_leak();
    return 0;
}

static void by_go(filch_runtime *rt)
{
    OK(filch_go(rt, detached, NULL));
}

static void by_run(filch_runtime *rt)
{
    FILCH_RUN(rt, called);
}

static void by_spawn(filch_runtime *rt)
{
    filch_scope scope = {0};
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, child, NULL), 0);
    OK(filch_scope_end(&scope));
}

static void by_future(filch_runtime *rt)
{
    filch_future first = {0}, next = {0};
    cr_assert_eq(FILCH_ASYNC(rt, &first, called), 0);
    OK(filch_then(&next, &first, rt, sequel, NULL, 0));
    OK(filch_await(&next));
}

static void by_timer(filch_runtime *rt)
{
    filch_timer timer = {0};
    uint32_t before = signpost_count(&seen);
    OK(filch_timer_start(&timer, rt, filch_now(), detached, NULL));
    signpost_wait(&seen, before + 1);
}

static void by_direct_pool(filch_runtime *rt)
{
    cr_assert_eq(FILCH_SUBMIT(direct, job, NULL), 0);
}

static void by_queued_pool(filch_runtime *rt)
{
    cr_assert_eq(FILCH_SUBMIT_AS(queued, job, NULL, .done = done), 0);
}

static const struct entry {
    const char *name;
    void (*start)(filch_runtime *rt);
    unsigned tasks;
} entries[] = {
    {"filch_go", by_go, 1},
    {"FILCH_RUN", by_run, 1},
    {"FILCH_SPAWN", by_spawn, 1},
    {"FILCH_ASYNC and filch_then", by_future, 2},
    {"filch_timer_start", by_timer, 1},
    {"jobs of a pool without a queue", by_direct_pool, 1},
    {"jobs of a pool of one, and done", by_queued_pool, 2},
};

static void run_entries(filch_runtime *rt, unsigned workers)
{
    enum { TIMES = 8 };
    for (const struct entry *entry = entries; entry < entries + sizeof entries / sizeof *entries;
         entry++) {
        uint32_t before = signpost_count(&seen);
        for (unsigned i = 0; i < TIMES; i++)
            entry->start(rt);
        signpost_wait(&seen, before + TIMES * entry->tasks);
        nobody_was_wrong(entry->name, workers);
    }
}

static void open_pools(filch_runtime *rt)
{
    filch_pool_config of_one = {.runtime = rt, .width = 1, .capacity = 100};
    filch_pool_config plain = {.runtime = rt, .order = FILCH_ANY};
    cr_assert_eq(filch_pool_create(&direct, &plain), 0, "%s", filch_error());
    cr_assert_eq(filch_pool_create(&queued, &of_one), 0, "%s", filch_error());
}

static void close_pools(void)
{
    OK(filch_pool_destroy(direct));
    OK(filch_pool_destroy(queued));
}

static void tasks_begin_in(unsigned mode)
{
    runtimes_mode = mode;
    for (unsigned i = 0; i < SIZES; i++) {
        filch_runtime *rt = fpmode_runtime((filch_config){.workers = sizes[i]});
        open_pools(rt);
        run_entries(rt, sizes[i]);
        close_pools();
        OK(filch_runtime_destroy(rt));
    }
}

Test(fpmode, tasks_start_in_runtime_creators_mode)
{
    tasks_begin_in(0);
    tasks_begin_in(OTHER);
}

Test(fpmode, new_workers_know_the_mode_too)
{
    runtimes_mode = OTHER;
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1, .max_workers = 8});
    open_pools(rt);
    OK(filch_runtime_resize(rt, 8));
    run_entries(rt, 8);
    close_pools();
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(unsigned, mode_of)
{
    return fpmode_here();
}

FILCH_TASK(unsigned, runs_elsewhere)
{
    filch_runtime *inner = NULL;
    fpmode_set(THIRD);
    if (filch_runtime_create(&inner, &(filch_config){.workers = 1}))
        return FPMODES;
    fpmode_set(OTHER);
    unsigned there = FILCH_RUN(inner, mode_of), here = fpmode_here();
    filch_runtime_destroy(inner);
    return here == OTHER ? there : FPMODES;
}

Test(fpmode, nested_runtime_calls_keep_both_modes)
{
    runtimes_mode = 0;
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 1});
    cr_assert_eq(FILCH_RUN(rt, runs_elsewhere), THIRD);
    cr_assert_eq(fpmode_here(), THIRD, "the caller's");
    OK(filch_runtime_destroy(rt));
}

/* ---- Tasks that wait ---- */

enum { WAITERS = 3 * FPMODES, TURNS = 10 };

static void waits_in_its_mode(filch_self self, void *arg)
{
    unsigned mode = *(unsigned *)arg, lost = 0;
    lost += fpmode_here() != runtimes_mode;
    fpmode_set(mode);
    for (unsigned i = 0; i < TURNS; i++) {
        filch_yield(self);
        lost += fpmode_here() != mode;
    }
    filch_u32_add(&wrong, lost, FILCH_RELAXED);
    signpost_raise(&seen);
}

Test(fpmode, waiting_tasks_keep_modes_to_themselves)
{
    static unsigned modes[WAITERS];
    for (unsigned i = 0; i < SIZES; i++) {
        filch_runtime *rt = fpmode_runtime((filch_config){.workers = sizes[i]});
        uint32_t before = signpost_count(&seen);
        for (unsigned k = 0; k < WAITERS; k++) {
            modes[k] = k % FPMODES;
            OK(filch_go(rt, waits_in_its_mode, &modes[k]));
        }
        signpost_wait(&seen, before + WAITERS);
        nobody_was_wrong("yield", sizes[i]);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Forks that are taken ---- */

static const char *const queues[] = {
    "chase-lev",       "chase-lev-outline", "chase-lev-fenced", "the",    "abp", "private-split",
    "private-request", "central-mutex",     "central-lockfree", "sharing"};
enum { QUEUES = sizeof queues / sizeof *queues };
static signpost begun;

FILCH_VOID_TASK(taken)
{
    look_and_leak();
    signpost_raise(&begun);
}

/* It gives way until the fork has begun, in a loop that is not its own. */
FILCH_TASK(unsigned, forker)
{
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    fpmode_set(OTHER);
    FILCH_ANY_FPMODE();
    FILCH_FORK(taken);
    while (!signpost_count(&begun))
        filch_yield(self);
    FILCH_JOIN_VOID(taken);
    return fpmode_here();
}

Test(fpmode, stolen_fork_starts_in_runtime_mode)
{
    for (unsigned i = 0; i < QUEUES; i++)
        for (unsigned k = 0; k < SIZES; k++) {
            filch_runtime *rt =
                fpmode_runtime((filch_config){.workers = sizes[k], .queue = queues[i]});
            for (unsigned times = 0; times < 3; times++)
                cr_assert_eq(FILCH_RUN(rt, forker), OTHER, "%s, %u workers", queues[i], sizes[k]);
            nobody_was_wrong(queues[i], sizes[k]);
            OK(filch_runtime_destroy(rt));
        }
}

/* Of a gift of many each has the runtime's mode, however the one before it has ended. The others
 * run in their joiner's, which has to stay the runtime's here. */
FILCH_VOID_TASK(one_of_many, (fl_forkstack *, forkers))
{
    if (fl_forkstack_of(self) != forkers) {
        look_and_leak();
        signpost_raise(&begun);
    }
}

FILCH_VOID_TASK(nothing)
{
}

FILCH_VOID_TASK(forks_many, (int, count))
{
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    for (int i = 0; i < count; i++)
        FILCH_FORK(one_of_many, fl_forkstack_of(self));
    while (!signpost_count(&begun)) {
        FILCH_FORK(nothing);
        FILCH_JOIN_VOID(nothing);
    }
    for (int i = 0; i < count; i++)
        FILCH_JOIN_VOID(one_of_many);
}

Test(fpmode, gift_tasks_start_in_runtime_mode)
{
    enum { FORKS = 150, TIMES = 50 };
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 2, .take = "half"});
    filch_runtime_stats stats = {0};
    for (int i = 0; i < TIMES && stats.gift_tasks <= stats.gifts; i++) {
        FILCH_RUN(rt, forks_many, FORKS);
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    }
    cr_assert_gt(stats.gift_tasks, stats.gifts);
    nobody_was_wrong("gifts", 2);
    OK(filch_runtime_destroy(rt));
}

/* The joiner's help runs `on_top`: only then the stolen task ends. */
static signpost on_top_ran;

FILCH_VOID_TASK(on_top)
{
    look_and_leak();
    signpost_raise(&on_top_ran);
}

FILCH_VOID_TASK(needs_help)
{
    FILCH_FORK(on_top);
    signpost_raise(&begun);
    signpost_wait(&on_top_ran, 1);
    FILCH_JOIN_VOID(on_top);
}

FILCH_TASK(unsigned, helper)
{
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    filch_u32_store(&on_top_ran, 0, FILCH_RELEASE);
    fpmode_set(OTHER);
    FILCH_ANY_FPMODE();
    FILCH_FORK(needs_help);
    signpost_wait(&begun, 1);
    FILCH_JOIN_VOID(needs_help);
    return fpmode_here();
}

/* Whether the join helps before it suspends is up to the profit rule and the scheduler, hence
 * often. */
static void helps_in(const char *wait)
{
    enum { TIMES = 50 };
    filch_runtime *rt = fpmode_runtime((filch_config){.workers = 2, .wait = wait});
    filch_runtime_stats stats = {0};
    for (int i = 0; i < TIMES && !stats.helps; i++) {
        cr_assert_eq(FILCH_RUN(rt, helper), OTHER, "%s", wait);
        nobody_was_wrong(wait, 2);
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    }
    cr_assert_gt(stats.helps, 0);
    OK(filch_runtime_destroy(rt));
}

Test(fpmode, helped_tasks_start_in_runtime_mode)
{
    helps_in("help-any");
    helps_in("help-own");
}
