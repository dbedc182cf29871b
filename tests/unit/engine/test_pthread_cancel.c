/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that are cancelled (pthread_cancel) in a call of Filch: the call is finished first, and
 * nothing is left behind. Each thread here begins its call with its cancellation pending, so that
 * the first cancellation point on the way would end it. */
#include <pthread.h>
#include <sys/wait.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

static filch_runtime *rt, *second;
static filch_channel *channel, *far;
static filch_mutex mutex;
static filch_pool *pool;
static int ends[2];

static void create(void)
{
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    OK(filch_channel_create(&channel, sizeof(int), 0));
    OK(filch_channel_create(&far, sizeof(int), 0));
    cr_assert_eq(pipe(ends), 0);
    filch_sleep(1); /* the timer thread is there */
}
TestSuite(pthread_cancel, .init = create);

/* ---- Calls, and what ends them ---- */

FILCH_TASK(int, receives)
{
    int item = 0;
    return filch_channel_receive(channel, &item) ? 0 : item;
}

static bool run(void)
{
    return FILCH_RUN(rt, receives) == 7;
}

static bool receive(void)
{
    int item = 0;
    return !filch_channel_receive(channel, &item) && item == 7;
}

static bool receive_in_time(void)
{
    int item;
    return filch_channel_receive_until(far, &item, filch_in(FILCH_MILLISECOND)) == -ETIMEDOUT;
}

static void nothing(filch_self self, void *unused)
{
}

/* Wakes the timer thread by its event: a write. */
static bool start_timer(void)
{
    static filch_timer timer;
    return filch_timer_start(&timer, rt, filch_in(FILCH_MILLISECOND), nothing, NULL) == 0;
}

FILCH_TASK(int, sleeps)
{
    return filch_sleep(FILCH_MILLISECOND);
}

static void later(void)
{
    cr_assert_eq(FILCH_RUN(rt, sleeps), 0, "timers are kept");
}

static bool lock(void)
{
    filch_mutex_lock(&mutex);
    filch_mutex_unlock(&mutex);
    return true;
}

static bool close_file(void)
{
    return filch_fd_close(ends[0]) == 0;
}

static bool create_second(void)
{
    return filch_runtime_create(&second, &(filch_config){.workers = 2}) == 0;
}

static bool destroy_second(void)
{
    return filch_runtime_destroy(second) == 0;
}

static bool create_pool(void)
{
    return filch_pool_create(&pool, &(filch_pool_config){.workers = 1}) == 0;
}

static bool destroy_pool(void)
{
    return filch_pool_destroy(pool) == 0;
}

static void send(void)
{
    int item = 7;
    OK(filch_channel_send(channel, &item));
}

static void hold(void)
{
    filch_mutex_lock(&mutex);
}

static void let_go(void)
{
    filch_mutex_unlock(&mutex);
}

static const struct call {
    const char *name;
    void (*before)(void);
    bool (*call)(void); /* as it should have gone */
    void (*meanwhile)(void);
} calls[] = {
    {"FILCH_RUN", NULL, run, send},
    {"filch_channel_receive", NULL, receive, send},
    {"filch_channel_receive_until", NULL, receive_in_time, NULL},
    {"filch_timer_start", later, start_timer, later},
    {"filch_mutex_lock", hold, lock, let_go},
    {"filch_fd_close", NULL, close_file, NULL},
    {"filch_runtime_create", NULL, create_second, NULL},
    {"filch_runtime_destroy", NULL, destroy_second, NULL},
    {"filch_pool_create", NULL, create_pool, NULL},
    {"filch_pool_destroy", NULL, destroy_pool, NULL},
};

/* ---- Threads that are cancelled in them ---- */

typedef struct outcome {
    const struct call *of;
    bool returned, right;
} outcome;

/* Not checked: cancellation leaves the frame without a return, and what ASan marked in it stays marked for the
 * destructors that the ending thread runs there (libasan of gcc 14 checks sigfillset in liburcu's). */
__attribute__((no_sanitize("address"))) static void *be_cancelled(void *arg)
{
    outcome *out = arg;
    int was;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(was, NULL); /* pending: the next cancellation point ends the thread */
    out->right = out->of->call();
    out->returned = true;
    pthread_testcancel();
    return NULL;
}

static void cancel_in(const struct call *of)
{
    outcome out = {.of = of};
    pthread_t thread;
    void *result = NULL;
    if (of->before)
        of->before();
    cr_assert_eq(pthread_create(&thread, NULL, be_cancelled, &out), 0);
    if (of->meanwhile)
        of->meanwhile();
    pthread_join(thread, &result);
    cr_assert(result == PTHREAD_CANCELED, "%s: it was cancelled", of->name);
    cr_assert(out.returned, "%s: the call was not finished", of->name);
    cr_assert(out.right, "%s", of->name);
    cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
}

Test(pthread_cancel, call_finishes_before_cancellation)
{
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
        cancel_in(&calls[i]);
    OK(filch_runtime_destroy(rt));
}

/* fork() would wait for locks that a thread in the middle of creation or destruction holds. */
#ifndef FILCH_TSAN
Test(pthread_cancel, the_process_can_fork_afterwards)
{
    cancel_in(&(struct call){"filch_runtime_create", NULL, create_second, NULL});
    cancel_in(&(struct call){"filch_runtime_destroy", NULL, destroy_second, NULL});
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(fib_life(2, NULL, 12) != 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    OK(filch_runtime_destroy(rt));
}
#endif
