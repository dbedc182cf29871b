/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports say in which public call a task waits: time, files, workers. */
#include <errno.h>

#include <fcntl.h>
#include <runtime/engine/threads.h>
#include <runtime/sync/wait.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>
#include <unistd.h>

/* ---- Time ---- */

static void sleep_without_context(filch_self self)
{
    now_it_waits();
    filch_context_sleep(NULL, waiting_time);
}

static void sleep_for(filch_self self)
{
    now_it_waits();
    filch_sleep(waiting_time);
}

static void sleep_until(filch_self self)
{
    now_it_waits();
    filch_sleep_until(filch_in(waiting_time));
}

static int fails_for_now(void *unused)
{
    return -EAGAIN;
}

static void retry(filch_self self)
{
    static const filch_retry_policy policy = {.base = 1000 * FILCH_SECOND,
                                              .cap = 1000 * FILCH_SECOND,
                                              .jitter = FILCH_JITTER_NONE};
    waiting_make_context();
    now_it_waits();
    filch_retry_run(&policy, waiting_context, fails_for_now, NULL, NULL);
    filch_context_release(waiting_context);
}

/* ---- Files ---- */

static int ends[2];
static char bytes[1 << 20];

static void make_pipe(void)
{
    cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static void close_pipe(void)
{
    filch_fd_close(ends[0]);
    filch_fd_close(ends[1]);
}

static void await_pipe(filch_self self)
{
    make_pipe();
    now_it_waits();
    filch_wait_fd(ends[0], POLLIN, FILCH_FOREVER);
}

static void read_pipe(filch_self self)
{
    make_pipe();
    now_it_waits();
    filch_read(ends[0], bytes, 1, FILCH_FOREVER);
}

static void write_pipe(filch_self self)
{
    make_pipe();
    while (write(ends[1], bytes, sizeof bytes) > 0)
        ;
    now_it_waits();
    filch_write(ends[1], bytes, 1, FILCH_FOREVER);
    signpost_wait(&waiting_go, 1); /* nobody reads any more */
    close_pipe();
}

static void drain_pipe(void)
{
    char drained[4096];
    while (read(ends[0], drained, sizeof drained) > 0)
        ;
    waiting_go_on();
}

static void accept_one(filch_self self)
{
    const struct sockaddr_un anywhere = {.sun_family = AF_UNIX};
    make_pipe();
    close(ends[0]);
    ends[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    cr_assert_eq(bind(ends[0], (const void *)&anywhere, sizeof anywhere.sun_family), 0);
    cr_assert_eq(listen(ends[0], 1), 0);
    now_it_waits();
    filch_accept(ends[0], FILCH_FOREVER);
}

/* ---- Workers ---- */

static void call_blocking(filch_self self)
{
    now_it_waits();
    filch_blocking(await_go, NULL);
}

static void end_blocking(filch_self self)
{
    OK(filch_blocking_begin());
    OK(filch_go(waiting_rt, hold_worker, NULL));
    signpost_wait(&waiting_holds, 1);
    now_it_waits();
    filch_blocking_end();
}

static void yield(filch_self self)
{
    OK(filch_go(NULL, hold_worker, NULL));
    now_it_waits();
    filch_yield(self);
}

FILCH_TASK(int, wait_for_go, (int, number))
{
    await_go(NULL);
    return number;
}

static void run_elsewhere(filch_self self)
{
    filch_runtime *other;
    OK(filch_runtime_create(&other, &(filch_config){.workers = 1}));
    now_it_waits();
    FILCH_RUN(other, wait_for_go, 1);
    filch_runtime_destroy(other);
}

static void join_stolen(filch_self self)
{
    FILCH_FORK(wait_for_go, 1);
    signpost_wait(&waiting_holds, 1); /* it was stolen */
    now_it_waits();
    int number;
    FILCH_JOIN(number, wait_for_go);
    cr_assert_eq(number, 1);
}

/* ---- All ---- */

static const waiting_call rows[] = {
    {"filch_context_sleep", sleep_without_context, NULL, 0},
    {"filch_sleep", sleep_for, NULL, 0},
    {"filch_sleep_until", sleep_until, NULL, 0},
    {"filch_retry_run", retry, waiting_cancel, 0},
    {"filch_wait_fd", await_pipe, close_pipe, 0},
    {"filch_read", read_pipe, close_pipe, 0},
    {"filch_write", write_pipe, drain_pipe, 0},
    {"filch_accept", accept_one, close_pipe, 0},
    {"filch_blocking", call_blocking, waiting_go_on, 0},
    {"filch_blocking_end", end_blocking, waiting_go_on, 0},
    {"filch_yield", yield, waiting_go_on, 0},
    {"filch_run", run_elsewhere, waiting_go_on, 0},
    {"the join of a fork", join_stolen, waiting_go_on, 2},
};

Test(waiting_outside, each_is_named_while_it_waits)
{
    expect_names(rows, sizeof rows / sizeof *rows);
}

/* Threads that wait: the detector of deadlocks has their number. */

/* Seq_cst, as in runtime/engine/threads.h. */
static uint32_t waiting(void)
{
    return filch_u32_load(&fl_threads.waiting, FILCH_SEQ_CST);
}

/* Whose callers wait: they are no guests. */
static filch_runtime *one_worker(void)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1, .guest = "0"}), 0, "%s",
                 filch_error());
    return rt;
}

static bool is_waited_for(filch_semaphore *semaphore)
{
    fl_lock(&semaphore->permits.lock);
    bool any = fl_waiters_any(&semaphore->permits.waiters);
    fl_unlock(&semaphore->permits.lock);
    return any;
}

/* To a thread that waits. */
static void gives(filch_self self, void *semaphore)
{
    while (!is_waited_for(semaphore))
        filch_yield(self);
    filch_semaphore_give_back(semaphore, 1);
}

static void wait_once(filch_runtime *rt, int64_t until)
{
    filch_semaphore semaphore;
    filch_semaphore_init(&semaphore, 0);
    OK(filch_go(rt, gives, &semaphore));
    cr_assert_eq(filch_semaphore_acquire_until(&semaphore, 1, until), 0, "%s", filch_error());
}

Test(waiting_threads, completed_wait_leaves_no_entry)
{
    filch_runtime *rt = one_worker();
    wait_once(rt, FILCH_FOREVER);
    cr_assert_eq(waiting(), 0);
    wait_once(rt, filch_in(3600 * FILCH_SECOND));
    cr_assert_eq(waiting(), 0, "%d after a wait with a deadline", (int)waiting());
    OK(filch_runtime_destroy(rt));
}

FILCH_VOID_TASK(nothing)
{
}

/* Ends after its caller has begun to wait. */
FILCH_VOID_TASK(ends_late)
{
    while (!waiting())
        filch_yield(self);
}

Test(waiting_threads, none_is_left_after_a_run)
{
    filch_runtime *rt = one_worker();
    for (int i = 0; i < 1000; i++)
        FILCH_RUN(rt, nothing); /* some end before their caller waits */
    FILCH_RUN(rt, ends_late);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(waiting(), 0, "%d", (int)waiting());
}

/* ---- Those in a report ---- */

static struct {
    unsigned count;
    int thread;
    const char *call;
    const void *object;
} listed;

static void see(int thread, const char *call, const void *object, void *unused)
{
    listed.count++;
    listed.thread = thread;
    listed.call = call;
    listed.object = object;
}

static void list_threads(void)
{
    memset(&listed, 0, sizeof listed);
    fl_threads_each(see, NULL);
}

static void lists_late(filch_self self, void *unused)
{
    while (!waiting())
        filch_yield(self);
    list_threads();
}

FILCH_VOID_TASK(is_run)
{
    lists_late(self, NULL);
}

static void gives_late(filch_self self, void *semaphore)
{
    lists_late(self, NULL);
    filch_semaphore_give_back(semaphore, 1);
}

static void expect_listed(const char *call, const void *object)
{
    cr_assert_eq(listed.count, 1, "%s: %u threads", call, listed.count);
    cr_assert_eq(listed.thread, gettid());
    cr_assert(listed.call && !strcmp(listed.call, call), "%s, not %s", listed.call, call);
    cr_assert_eq(listed.object, object);
    list_threads();
    cr_assert_eq(listed.count, 0, "after %s", call);
}

Test(waiting_threads, are_listed_with_their_calls)
{
    filch_runtime *rt = one_worker();
    FILCH_RUN(rt, is_run);
    expect_listed("filch_run", NULL);
    filch_semaphore semaphore;
    filch_semaphore_init(&semaphore, 0);
    OK(filch_go(rt, gives_late, &semaphore));
    filch_semaphore_acquire(&semaphore, 1);
    expect_listed("filch_semaphore_acquire", &semaphore.permits);
    OK(filch_go(rt, lists_late, NULL));
    OK(filch_runtime_destroy(rt));
    expect_listed("filch_runtime_destroy", rt);
}
