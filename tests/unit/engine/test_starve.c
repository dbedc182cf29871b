/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan
 *
 * Workers for which there is no fiber: they sleep, continue when there is one, and a program that
 * can never continue is reported with the reason. */
#include <runtime/engine/worker.h>

#include <runtime/engine/runtime.h>
#include <sys/resource.h>
#include <tests/support/deadlock.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const unsigned numbers[] = {1, 2, 8};
enum { NUMBERS = sizeof numbers / sizeof *numbers, DEEP = 20, TASKS = 50 };

static filch_runtime *capped_runtime(unsigned fibers)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = deadlock_workers,
                           .max_fibers = fibers,
                           .stack_size = 64 << 10};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    return rt;
}

/* ---- Relief ---- */

static filch_u32 ended;

static void receives_one(filch_self self, void *from)
{
    receives(self, from);
    filch_u32_add(&ended, 1, FILCH_RELAXED);
}

static void starve_and_go_on(void)
{
    filch_runtime *rt = capped_runtime(4);
    filch_channel *items = deadlock_channel();
    for (unsigned i = 0; i < TASKS; i++)
        CHILD_CHECK(filch_go(rt, receives_one, items) == 0);
    WAIT_WHILE(filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE) < deadlock_workers);
    for (int i = 0; i < TASKS; i++)
        CHILD_CHECK(filch_channel_send(items, &i) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    CHILD_CHECK(filch_u32_load(&ended, FILCH_RELAXED) == TASKS);
}

Test(starve, workers_without_fiber_sleep_until_relief)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        struct child child;
        deadlock_workers = numbers[i];
        child_run(&child, starve_and_go_on);
        cr_assert(child_passed(&child), "%u workers: 0x%x: %s", deadlock_workers, child.status,
                  child.text);
    }
}

/* ---- Reports ---- */

static int nest(filch_self self, filch_scope *above, void *depth)
{
    filch_scope scope;
    if (!depth)
        return 0;
    filch_scope_begin(&scope, NULL, NULL);
    FILCH_SPAWN(&scope, nest, (char *)depth - 1);
    return filch_scope_end(&scope);
}

static void nest_in(filch_runtime *rt, size_t depth)
{
    filch_scope scope;
    filch_scope_begin(&scope, rt, NULL);
    FILCH_SPAWN(&scope, nest, (void *)depth);
    filch_scope_end(&scope);
}

static void nest_too_deeply(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    nest_in(capped_runtime(4), DEEP);
}

Test(starve, cap_stopping_everything_is_reported)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        struct child child;
        char text[96];
        deadlock_workers = numbers[i];
        unsigned fibers = deadlock_workers + 1 > 4 ? deadlock_workers + 1 : 4;
        snprintf(text, sizeof text, "all %u fibers wait; 1 task cannot begin; raise max_fibers",
                 fibers);
        child_run(&child, nest_too_deeply);
        cr_assert(child_died(&child, text), "%u workers: 0x%x: %s", deadlock_workers, child.status,
                  child.text);
    }
}

static filch_u32 arrived;

static void meets_all(filch_self self, void *unused)
{
    filch_u32_add(&arrived, 1, FILCH_RELEASE);
    WAIT_WHILE(filch_u32_load(&arrived, FILCH_ACQUIRE) < deadlock_workers);
}

/* Address space for some ten fibers more than the process has, once each worker has what it
 * needs. */
static void limit_memory(filch_runtime *rt)
{
    for (unsigned i = 0; i < deadlock_workers; i++)
        CHILD_CHECK(filch_go(rt, meets_all, NULL) == 0);
    WAIT_WHILE(filch_u32_load(&arrived, FILCH_ACQUIRE) < deadlock_workers);
    enum { ROOM = 64 << 20 };
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHILD_CHECK(file && fscanf(file, "%zu", &pages) == 1);
    fclose(file);
    struct rlimit limit;
    CHILD_CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = pages * (size_t)sysconf(_SC_PAGESIZE) + ROOM;
    CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void nest_without_memory(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_runtime *rt = capped_runtime(1000000);
    nest_in(rt, 1); /* makes the allocations that are needed once */
    limit_memory(rt);
    nest_in(rt, 100000);
}

Test(starve, memory_that_ends_is_reported)
{
    struct child child;
    if (BUILD_ASAN || BUILD_TSAN) /* they need address space of their own */
        return;
    deadlock_workers = 2;
    child_run(&child, nest_without_memory);
    cr_assert(child_died(&child, "there is no memory for another fiber"), "0x%x: %s", child.status,
              child.text);
    const char *reason = strstr(child.text, "cannot begin");
    cr_assert(reason && reason < strstr(child.text, "waits in"), "before all tasks: %s",
              child.text);
}

static filch_u32 reports;
static char last_report[1024];

static void keep_report(const char *report, void *unused)
{
    snprintf(last_report, sizeof last_report, "%s", report);
    filch_u32_add(&reports, 1, FILCH_RELEASE);
}

static void starve_beside_a_timer(void)
{
    enum { CROWD = 1000, LOOKS = 3000 };
    struct rlimit limit;
    setenv("FILCH_DEADLOCK", "die", 1); /* it must not */
    filch_on_deadlock(keep_report, NULL);
    filch_runtime *rt = capped_runtime(1000000);
    filch_channel *items = deadlock_channel();
    nest_in(rt, 1);
    limit_memory(rt);
    for (unsigned i = 0; i < CROWD; i++)
        CHILD_CHECK(filch_go(rt, receives_one, items) == 0);
    for (unsigned i = 0; i < LOOKS && !filch_u32_load(&reports, FILCH_ACQUIRE); i++)
        filch_sleep(10 * FILCH_MILLISECOND);
    CHILD_CHECK(filch_u32_load(&reports, FILCH_ACQUIRE) == 1);
    CHILD_CHECK(strstr(last_report, "filch: out of memory") == last_report);
    CHILD_CHECK(strstr(last_report, "cannot begin; there is no memory for another fiber"));
    CHILD_CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    for (int i = 0; i < CROWD; i++)
        CHILD_CHECK(filch_channel_send(items, &i) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    CHILD_CHECK(filch_u32_load(&ended, FILCH_RELAXED) == CROWD);
}

Test(starve, timers_do_not_hide_memory_exhaustion)
{
    if (BUILD_ASAN || BUILD_TSAN)
        return;
    for (unsigned i = 0; i < NUMBERS; i++) {
        struct child child;
        deadlock_workers = numbers[i];
        child_run(&child, starve_beside_a_timer);
        cr_assert(child_passed(&child), "%u workers: 0x%x: %s", deadlock_workers, child.status,
                  child.text);
    }
}

static void naps(filch_self self, void *unused)
{
    filch_sleep(LONG * FILCH_MILLISECOND);
}

static void wait_behind_sleepers(void)
{
    filch_runtime *rt = capped_runtime(4);
    for (unsigned i = 0; i < 12; i++)
        CHILD_CHECK(filch_go(rt, naps, NULL) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(starve, temporary_cap_is_not_reported)
{
    deadlock_workers = 2;
    expect_no_report(wait_behind_sleepers, 0);
}

/* A worker without a fiber is counted while it sleeps, and relieved by each fiber that another thread
 * makes ready, alone or with others. */

enum { HUNGRY = 20 };

static signpost fed;

static void eats_one(filch_self self, void *from)
{
    int item;
    filch_channel_receive(from, &item);
    signpost_raise(&fed);
}

static void stays_and_receives_one(filch_self self, void *from)
{
    filch_stay_begin(self);
    eats_one(self, from);
    filch_stay_end(self);
}

/* On one worker, whose fibers all wait. */
static filch_runtime *starving_on(filch_channel *items, filch_go_fn *receive)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_fibers = 4};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    for (unsigned i = 0; i < HUNGRY; i++)
        OK(filch_go(rt, receive, items));
    WAIT_WHILE(!filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE));
    return rt;
}

static void feed(filch_channel *items, int count)
{
    for (int i = 0; i < count; i++)
        OK(filch_channel_send(items, &i));
}

Test(starve_counts, fiber_readied_by_thread_relieves_worker)
{
    static filch_go_fn *const receive[] = {eats_one, stays_and_receives_one};
    for (unsigned i = 0; i < 2; i++) {
        filch_channel *items = channel_of(sizeof(int), 0);
        filch_runtime *rt = starving_on(items, receive[i]);
        uint32_t before = filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE);
        feed(items, 1);
        cr_assert_neq(filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE), before);
        feed(items, HUNGRY - 1);
        OK(filch_runtime_destroy(rt));
        filch_channel_destroy(items);
    }
}

Test(starve_counts, enough_fibers_leave_no_worker_asleep)
{
    filch_channel *items = channel_of(sizeof(int), 0);
    filch_runtime *rt = starving_on(items, eats_one);
    feed(items, HUNGRY);
    signpost_wait(&fed, HUNGRY);
    cr_assert_eq(filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE), 0);
    cr_assert_eq(filch_u32_load(&rt->fibers.starve.starving, FILCH_ACQUIRE), 0);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(items);
}

/* ---- Timers that are due together ---- */

static int64_t morning;

static void sleeps_until_morning(filch_self self, void *unused)
{
    filch_sleep_until(morning);
    signpost_raise(&fed);
}

/* Returns the relief of a worker whose fibers all sleep for so long; 0: they had slept too short. */
static uint32_t relief_in_the_morning(int64_t night)
{
    filch_runtime *rt = NULL;
    fed = (signpost){0};
    morning = filch_in(night);
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .max_fibers = 4}));
    for (unsigned i = 0; i < HUNGRY; i++)
        OK(filch_go(rt, sleeps_until_morning, NULL));
    WAIT_WHILE(!filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE) && filch_now() < morning);
    uint32_t before = filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE);
    bool early = filch_now() < morning;
    signpost_wait(&fed, HUNGRY);
    uint32_t after = filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE);
    OK(filch_runtime_destroy(rt));
    cr_assert(!early || after > before, "%u", after - before);
    return early ? after - before : 0;
}

Test(starve_counts, fiber_batch_from_timer_relieves_worker)
{
    for (int64_t night = 50 * FILCH_MILLISECOND; !relief_in_the_morning(night);)
        night *= 2;
}
