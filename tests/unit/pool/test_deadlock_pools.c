/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan
 *
 * The detector's reports of pools' jobs, and of threads that wait where no task does. */
#include <pthread.h>
#include <signal.h>
#include <tests/support/deadlock.h>
#include <tests/support/test.h>

/* ---- What is found ---- */

static int receives_as_a_job(filch_self self, filch_job *job, void *from)
{
    receives(self, from);
    return 0;
}

static void done_receives(filch_job *job, filch_outcome outcome, const filch_failure *why,
                          void *from)
{
    receives(NULL, from);
}

static int succeeds(filch_self self, filch_job *job, void *data)
{
    return 0;
}

static filch_pool *pool(filch_pool_config config)
{
    filch_pool *pool;
    config.workers = 2;
    CHILD_CHECK(!filch_pool_create(&pool, &config));
    return pool;
}

static void a_plain_job_receives_what_nobody_sends(void)
{
    filch_pool *direct = pool((filch_pool_config){.name = "post"});
    CHILD_CHECK(!FILCH_SUBMIT(direct, receives_as_a_job, deadlock_channel()));
    filch_pool_destroy(direct);
}

static void a_job_receives_what_nobody_sends(void)
{
    filch_pool *orderly = pool((filch_pool_config){.name = "post", .width = 1});
    CHILD_CHECK(
        !FILCH_SUBMIT_AS(orderly, receives_as_a_job, deadlock_channel(), .name = "letters"));
    filch_pool_destroy(orderly);
}

static void a_callback_receives_what_nobody_sends(void)
{
    filch_pool *orderly = pool((filch_pool_config){.name = "post", .width = 1});
    CHILD_CHECK(!FILCH_SUBMIT_AS(orderly, succeeds, deadlock_channel(), .done = done_receives));
    filch_pool_destroy(orderly);
}

/* A task that runs where a job has run before is not taken for it. */
static void a_task_receives_after_a_job(void)
{
    filch_runtime *rt;
    CHILD_CHECK(!filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    filch_pool *one;
    CHILD_CHECK(
        !filch_pool_create(&one, &(filch_pool_config){.runtime = rt, .capacity = FILCH_UNLIMITED}));
    CHILD_CHECK(!FILCH_SUBMIT(one, succeeds, NULL) && !filch_pool_destroy(one));
    filch_go(rt, receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

static void a_thread_receives_what_nobody_sends(void)
{
    deadlock_runtime();
    thread_receives(deadlock_channel());
}

static void a_thread_takes_results_that_never_come(void)
{
    filch_results *results;
    filch_job *job;
    CHILD_CHECK(!filch_results_create(&results));
    pool((filch_pool_config){.width = 1, .results = results});
    filch_results_take(results, &job, FILCH_FOREVER);
}

static const struct deadlock {
    void (*work)(void);
    const char *says;
    bool threads_alone;
} deadlocks[] = {
    {a_plain_job_receives_what_nobody_sends, "job receives_as_a_job of pool post waits in ", false},
    {a_job_receives_what_nobody_sends, "job letters of pool post waits in filch_channel_receive",
     false},
    {a_callback_receives_what_nobody_sends, "job succeeds of pool post waits in ", false},
    {a_task_receives_after_a_job, "task receives, spawned at ", false},
    {a_thread_receives_what_nobody_sends, "1 thread waits", true},
    {a_thread_takes_results_that_never_come, "1 thread waits", true},
};
static const struct deadlock *deadlock;

static void hear(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    CHILD_CHECK(strstr(report, deadlock->says));
    _exit(0);
}

static void wait_for_ever(void)
{
    filch_on_deadlock(hear, NULL);
    alarm(60);
    deadlock->work();
    _exit(97);
}

/* Thread sanitizer has a thread too many in a child of fork(): a stranger. */
Test(deadlock_pools, report_names_jobs_and_counts_threads)
{
    for (unsigned i = 0; i < sizeof deadlocks / sizeof *deadlocks; i++) {
        struct child child;
        deadlock = &deadlocks[i];
        if (BUILD_TSAN && deadlock->threads_alone)
            continue;
        child_run(&child, wait_for_ever);
        cr_assert(child_passed(&child), "%u: 0x%x: %s", i, child.status, child.text);
    }
}

/* ---- What is not one ---- */

static void *stranger_sends(void *arg)
{
    usleep(2 * LONG * 1000);
    filch_channel_send(arg, &(int){1});
    return NULL;
}

static void a_thread_waits_for_a_stranger(void)
{
    filch_channel *numbers = deadlock_channel();
    pthread_t thread;
    deadlock_runtime();
    CHILD_CHECK(!pthread_create(&thread, NULL, stranger_sends, numbers));
    thread_receives(numbers);
    pthread_join(thread, NULL);
}

static void a_thread_waits_for_a_signal(void)
{
    filch_context *stop;
    deadlock_runtime();
    CHILD_CHECK(!filch_signal_context_start(&stop, NULL, (const int[]){SIGUSR1}, 1));
    pid_t parent = getpid();
    if (!fork()) {
        usleep(2 * LONG * 1000);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    CHILD_CHECK(filch_context_wait(stop, FILCH_FOREVER) == -EINTR);
}

static int sleeps(filch_self self, filch_job *job, void *unused)
{
    return filch_sleep(2 * LONG * FILCH_MILLISECOND);
}

static void a_thread_waits_for_a_job(void)
{
    filch_pool *orderly = pool((filch_pool_config){.width = 1});
    CHILD_CHECK(!FILCH_SUBMIT(orderly, sleeps, NULL));
    CHILD_CHECK(!filch_pool_destroy(orderly));
}

static void (*const live[])(void) = {
    a_thread_waits_for_a_stranger,
    a_thread_waits_for_a_signal,
    a_thread_waits_for_a_job,
};

Test(deadlock_pools, thread_awaiting_outside_wakeup_is_ignored)
{
    for (unsigned i = 0; i < sizeof live / sizeof *live; i++)
        expect_no_report(live[i], i);
}
