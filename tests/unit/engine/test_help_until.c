/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Barriers that work: filch_help_until and filch_help_set. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>

static filch_u32 word;
enum { FIBERS = 100 }; /* each task that waits has one */

/* ---- The word ---- */

FILCH_TASK(int, waits, (uint32_t, value), (int64_t, until))
{
    return filch_help_until(self, &word, value, until);
}

FILCH_TASK(int, sets, (uint32_t, value))
{
    return filch_help_set(NULL, &word, value);
}

Test(help_until, word_and_time_end_it)
{
    static const char *const guests[] = {"0", "1"};
    for (unsigned i = 0; i < 2; i++) {
        filch_runtime *rt = NULL;
        OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .guest = guests[i]}));
        wait_until_all_sleep(rt);
        filch_u32_store(&word, 3, FILCH_RELEASE);
        cr_assert_eq(FILCH_RUN(rt, waits, 2, FILCH_FOREVER), 0);
        cr_assert_eq(FILCH_RUN(rt, waits, 2, 0), 0);
        cr_assert_eq(FILCH_RUN(rt, waits, 3, 0), -ETIMEDOUT);
        cr_assert_eq(FILCH_RUN(rt, waits, 3, filch_in(0)), -ETIMEDOUT);
        int64_t began = filch_in(0);
        cr_assert_eq(FILCH_RUN(rt, waits, 3, filch_in(5 * FILCH_MILLISECOND)), -ETIMEDOUT);
        cr_assert_geq(filch_in(0), began + 5 * FILCH_MILLISECOND);
        cr_assert_eq(FILCH_RUN(rt, waits, 3, -1), -EINVAL);
        cr_assert_eq(filch_help_set(rt, NULL, 0), -EINVAL);
        cr_assert_eq(filch_help_set(NULL, &word, 0), -EINVAL);
        cr_assert_eq(FILCH_RUN(rt, sets, 9), 0);
        cr_assert_eq(filch_u32_load(&word, FILCH_ACQUIRE), 9);
        expect_rest(rt);
    }
}

struct waiter {
    filch_runtime *rt;
    int result;
};

static void *wait_as_thread(void *arg)
{
    struct waiter *waiter = arg;
    waiter->result = FILCH_RUN(waiter->rt, waits, 0, FILCH_FOREVER);
    return NULL;
}

/* Tasks that sleep, within their worker's place or suspended. */
static unsigned waiting_in(const filch_runtime *rt)
{
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    return (unsigned)stats.suspended;
}

/* Its helpers sleep, and use no CPU, until the word changes. */
static void let_sleep(const char *guest, unsigned workers, unsigned threads)
{
    struct rusage before, after;
    struct waiter waiter[8];
    pthread_t thread[8];
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .guest = guest, .max_fibers = FIBERS};
    OK(filch_runtime_create(&rt, &config));
    wait_until_all_sleep(rt);
    filch_u32_store(&word, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < threads; i++) {
        waiter[i] = (struct waiter){rt, -1};
        cr_assert_eq(pthread_create(&thread[i], NULL, wait_as_thread, &waiter[i]), 0);
        WAIT_WHILE(waiting_in(rt) <= i);
    }
    usleep(10000);
    getrusage(RUSAGE_SELF, &before);
    usleep(200000);
    getrusage(RUSAGE_SELF, &after);
    int64_t used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
                   after.ru_utime.tv_usec - before.ru_utime.tv_usec;
    cr_assert_lt(used, 50000, "%lld us of 200 ms", (long long)used);
    OK(filch_help_set(rt, &word, 1));
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        cr_assert_eq(waiter[i].result, 0);
    }
    expect_rest(rt);
}

Test(help_until, helpers_sleep_until_the_word_changes)
{
    let_sleep("0", 1, 1);
    let_sleep("1", 1, 1);
    let_sleep("0", 2, 2);
    let_sleep("1", 2, 2);
    let_sleep("0", 8, 8);
    let_sleep("1", 8, 8);
    let_sleep("0", 1, 3);
    let_sleep("1", 1, 3);
    let_sleep("0", 2, 8);
    let_sleep("1", 2, 8);
}

/* ---- Help ---- */

/* A team of attached threads, as OpenMP has it: one forks, and the others work in the barrier. */
enum { ROUNDS = 30, TEAM = 8 };

static struct {
    filch_runtime *rt;
    unsigned count;
    filch_u32 arrived, round;
    filch_u32 wrong;
} team;

static void meet(filch_self self, uint32_t round)
{
    if (filch_u32_add(&team.arrived, 1, FILCH_ACQ_REL) + 1 == team.count) {
        filch_u32_store(&team.arrived, 0, FILCH_RELAXED); /* the next line publishes it */
        OK(filch_help_set(team.rt, &team.round, round + 1));
    } else {
        OK(filch_help_until(self, &team.round, round, FILCH_FOREVER));
    }
}

static void *be_in_the_team(void *number)
{
    filch_guest guest;
    pthread_t thread = pthread_self();
    WAIT_WHILE(filch_guest_attach(team.rt, &guest) == -EAGAIN);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round % team.count == (uintptr_t)number && fib(guest.self, 18) != 2584)
            filch_u32_add(&team.wrong, 1, FILCH_RELAXED);
        meet(guest.self, round);
        if (!pthread_equal(pthread_self(), thread))
            filch_u32_add(&team.wrong, 1, FILCH_RELAXED);
    }
    filch_guest_detach(&guest);
    return NULL;
}

/* How often its members have helped. */
static uint64_t run_a_team(unsigned count)
{
    filch_runtime_stats stats;
    pthread_t thread[TEAM];
    memset(&team, 0, sizeof team);
    team.count = count;
    team.rt = guest_asleep(count);
    for (uintptr_t i = 0; i < count; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, be_in_the_team, (void *)i), 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
    cr_assert_eq(filch_u32_load(&team.wrong, FILCH_RELAXED), 0);
    filch_runtime_stats_read(team.rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    expect_rest(team.rt);
    return stats.helps;
}

Test(help_until, a_team_works_in_its_barrier)
{
    cr_assert_eq(run_a_team(1), 0);
    while (run_a_team(2) == 0) /* on a busy machine the others come late */
        ;
    while (run_a_team(TEAM) == 0)
        ;
}

/* ---- Other work ---- */

static void set_the_word(filch_self self, void *unused)
{
    filch_help_set(NULL, &word, 1);
}

/* Its own job, on a worker that helps. */
FILCH_TASK(int, waits_for_a_job)
{
    filch_u32_store(&word, 0, FILCH_RELEASE);
    filch_go(NULL, set_the_word, NULL);
    return filch_help_until(self, &word, 0, FILCH_FOREVER);
}

/* Its own fork, which nobody else may find. */
FILCH_TASK(int, waits_for_a_fork)
{
    filch_u32_store(&word, 0, FILCH_RELEASE);
    FILCH_FORK(sets, 1);
    int rc = filch_help_until(self, &word, 0, FILCH_FOREVER);
    FILCH_JOIN(int set, sets);
    return rc | set;
}

Test(help_until, other_work_goes_first)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < 6; i++) {
        filch_runtime *rt = NULL;
        OK(filch_runtime_create(&rt, &(filch_config){.workers = workers[i / 2],
                                                     .guest = i % 2 ? "1" : "0"}));
        for (unsigned k = 0; k < 50; k++) {
            cr_assert_eq(FILCH_RUN(rt, waits_for_a_job), 0);
            cr_assert_eq(FILCH_RUN(rt, waits_for_a_fork), 0);
        }
        expect_rest(rt);
    }
}

/* A job that comes from outside while the only worker helps. */
Test(help_until, a_job_wakes_a_helper)
{
    for (unsigned i = 0; i < 20; i++) {
        struct waiter waiter = {.result = -1};
        pthread_t thread;
        waiter.rt = guest_asleep(1);
        filch_u32_store(&word, 0, FILCH_RELEASE);
        cr_assert_eq(pthread_create(&thread, NULL, wait_as_thread, &waiter), 0);
        WAIT_WHILE(!waiting_in(waiter.rt));
        OK(filch_go(waiter.rt, set_the_word, NULL));
        pthread_join(thread, NULL);
        cr_assert_eq(waiter.result, 0);
        expect_rest(waiter.rt);
    }
}

/* A task that stays sleeps meanwhile, and sets the word. */
static void stays_and_sets(filch_self self, void *unused)
{
    filch_stay_begin(self);
    filch_sleep(2 * FILCH_MILLISECOND);
    filch_help_set(NULL, &word, 1);
    filch_stay_end(self);
}

Test(help_until, a_home_helps)
{
    static const unsigned workers[] = {1, 2};
    for (unsigned i = 0; i < 20; i++) {
        filch_runtime *rt = guest_asleep(workers[i % 2]);
        filch_u32_store(&word, 0, FILCH_RELEASE);
        OK(filch_go(rt, stays_and_sets, NULL));
        cr_assert_eq(FILCH_RUN(rt, waits, 0, filch_in(10 * FILCH_SECOND)), 0);
        expect_rest(rt);
    }
}

/* A surplus worker's helpers burn nothing. */
Test(help_until, a_surplus_worker_lets_helpers_sleep)
{
    struct waiter waiter[3];
    pthread_t thread[3];
    struct timespec before, after;
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 2, .max_fibers = FIBERS};
    OK(filch_runtime_create(&rt, &config));
    filch_u32_store(&word, 0, FILCH_RELEASE);
    OK(filch_runtime_resize(rt, 1));
    for (unsigned i = 0; i < 3; i++) {
        waiter[i] = (struct waiter){rt, -1};
        cr_assert_eq(pthread_create(&thread[i], NULL, wait_as_thread, &waiter[i]), 0);
    }
    WAIT_WHILE(waiting_in(rt) < 3);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    usleep(100000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    int64_t used = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
    cr_assert_lt(used, 30000000, "%lld ns of 100 ms", (long long)used);
    OK(filch_help_set(rt, &word, 1));
    for (unsigned i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    OK(filch_runtime_destroy(rt));
}

/* ---- Reports ---- */

static void wait_for_ever(filch_self self, void *unused)
{
    filch_help_until(self, &word, 0, FILCH_FOREVER);
}

static unsigned jobs; /* that wait */

static void deadlock(void)
{
    filch_runtime *rt = NULL;
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_config config = {.workers = 2, .max_fibers = FIBERS};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    filch_u32_store(&word, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < jobs; i++)
        CHILD_CHECK(filch_go(rt, wait_for_ever, NULL) == 0);
    filch_runtime_destroy(rt);
}

/* Nobody else is left, but its time comes. */
static void waits_for_a_second(filch_self self, void *unused)
{
    CHILD_CHECK(filch_help_until(self, &word, 0, filch_in(FILCH_SECOND)) == -ETIMEDOUT);
}

static void only_late(void)
{
    filch_runtime *rt = NULL;
    setenv("FILCH_DEADLOCK", "die", 1);
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    filch_u32_store(&word, 0, FILCH_RELEASE);
    CHILD_CHECK(filch_go(rt, waits_for_a_second, NULL) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static void deadlock_of_a_guest(void)
{
    filch_guest guest;
    filch_runtime *rt;
    setenv("FILCH_DEADLOCK", "die", 1);
    rt = guest_asleep(2);
    filch_u32_store(&word, 0, FILCH_RELEASE);
    CHILD_CHECK(filch_guest_attach(rt, &guest) == 0);
    filch_help_until(guest.self, &word, 0, FILCH_FOREVER);
}

Test(help_until, an_unchanged_word_is_a_deadlock)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer allows no threads in a child");
    struct child child;
    for (jobs = 1; jobs <= 4; jobs++) { /* on two workers */
        child_run(&child, deadlock);
        cr_assert(child_died(&child, "filch_help_until"), "0x%x %s", child.status, child.text);
    }
    child_run(&child, only_late);
    cr_assert(child_passed(&child), "0x%x %s", child.status, child.text);
    child_run(&child, deadlock_of_a_guest);
    cr_assert(child_died(&child, "filch_help_until"), "0x%x %s", child.status, child.text);
}
