/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

static filch_runtime *runtime(filch_config config)
{
    filch_runtime *rt = NULL;
    config.max_fibers = 1000;
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static const char *const queues[] = {"chase-lev", "central-mutex"};
static const unsigned workers[] = {1, 2, 8, 64};

/* ---- Workers go on ---- */

enum { PIPES = 70 };
static int pipes[PIPES][2];
static signpost pending;

static void reader(filch_self self, void *arg)
{
    int *ends = arg;
    char byte = 0;
    cr_assert_eq(filch_blocking_begin(), 0, "%s", filch_error());
    cr_assert_eq(filch_worker_index(), -1);
    ssize_t n = read(ends[0], &byte, 1);
    filch_blocking_end();
    cr_assert_geq(filch_worker_index(), 0);
    cr_assert_eq(n, 1);
    cr_assert_eq(byte, 'x');
    signpost_raise(&pending);
}

static void writer(filch_self self, void *arg)
{
    int *ends = arg;
    cr_assert_eq(write(ends[1], "x", 1), 1);
}

/* As many readers as workers, or more, before the first writer. */
static void readers_before_writers(filch_config config, unsigned count)
{
    filch_runtime *rt = runtime(config);
    filch_u32_store(&pending, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(pipe(pipes[i]), 0);
    for (unsigned i = 0; i < count; i++)
        OK(filch_go(rt, reader, pipes[i]));
    for (unsigned i = 0; i < count; i++)
        OK(filch_go(rt, writer, pipes[i]));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&pending), count, "destroy has waited for them");
    for (unsigned i = 0; i < count; i++)
        close(pipes[i][0]), close(pipes[i][1]);
}

Test(blocking, pipe_readers_do_not_starve_writers)
{
    for (unsigned i = 0; i < 8; i++)
        readers_before_writers((filch_config){.workers = workers[i / 2], .queue = queues[i % 2]},
                               workers[i / 2] < 64 ? workers[i / 2] + 2 : 64);
}

Test(blocking, excess_calls_wait_for_free_thread)
{
    filch_runtime *rt = runtime((filch_config){.workers = 2, .blocking_threads = 1});
    enum { CALLS = 20 };
    filch_u32_store(&pending, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < CALLS; i++) {
        cr_assert_eq(pipe(pipes[i]), 0);
        OK(filch_go(rt, reader, pipes[i]));
    }
    for (unsigned i = 0; i < CALLS; i++) /* in any order: all are there before */
        writer(NULL, pipes[CALLS - 1 - i]);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&pending), CALLS);
    for (unsigned i = 0; i < CALLS; i++)
        close(pipes[i][0]), close(pipes[i][1]);
}

static void begin_and_end(filch_self self, void *unused)
{
    for (unsigned i = 0; i < 200; i++) {
        cr_assert_eq(filch_blocking_begin(), 0, "%s", filch_error());
        filch_blocking_end();
    }
    signpost_raise(&pending);
}

Test(blocking, successive_calls_reuse_one_thread)
{
    setenv("FILCH_DEADLOCK", "off", 1); /* which would start a thread */
    filch_runtime *rt = runtime((filch_config){.workers = 1});
    unsetenv("FILCH_DEADLOCK");
    unsigned before = process_threads();
    filch_u32_store(&pending, 0, FILCH_RELEASE);
    OK(filch_go(rt, begin_and_end, NULL));
    signpost_wait(&pending, 1);
    cr_assert_leq(process_threads(), before + 1);
    process_wait_for_threads(before); /* it ends when it has had nothing to do */
    OK(filch_go(rt, begin_and_end, NULL));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&pending), 2, "another was started");
}

/* ---- What is where ---- */

FILCH_TASK(int, square, (int, n))
{
    return n * n;
}

FILCH_TASK(int, forks_around_a_call)
{
    FILCH_FORK(square, 3);
    FILCH_FORK(square, 4);
    int rc = filch_blocking_begin();
    if (!rc)
        filch_blocking_end();
    FILCH_FORK(square, 5);
    FILCH_JOIN(int c, square);
    FILCH_JOIN(int b, square);
    FILCH_JOIN(int a, square);
    return rc ? rc : a + b + c;
}

Test(blocking, forks_from_before_are_joined_afterwards)
{
    for (unsigned i = 0; i < 8; i++) {
        filch_runtime *rt =
            runtime((filch_config){.workers = workers[i / 2], .queue = queues[i % 2]});
        for (unsigned k = 0; k < 20; k++)
            cr_assert_eq(FILCH_RUN(rt, forks_around_a_call), 50);
        OK(filch_runtime_destroy(rt));
    }
}

FILCH_TASK(int, nested_pairs)
{
    int wrong = filch_blocking_begin() != 0;
    wrong += filch_blocking_begin() != 0;
    errno = EXDEV;
    wrong += filch_blocking_end() != EXDEV;
    wrong += filch_worker_index() != -1;
    errno = EDOM;
    wrong += filch_blocking_end() != EDOM;
    return wrong + (filch_worker_index() == -1);
}

Test(blocking, pairs_nest_and_end_returns_errno)
{
    filch_runtime *rt = runtime((filch_config){.workers = 2});
    cr_assert_eq(FILCH_RUN(rt, nested_pairs), 0);
    OK(filch_runtime_destroy(rt));
}

static void note(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

Test(blocking, non_worker_thread_calls_run_inline)
{
    errno = ERANGE;
    OK(filch_blocking_begin());
    cr_assert_eq(filch_blocking_end(), ERANGE);
    pthread_t self = pthread_self();
    pthread_t seen;
    OK(filch_blocking(note, &seen));
    cr_assert(pthread_equal(self, seen));
    cr_assert_eq(filch_blocking(NULL, NULL), -EINVAL);
}

/* ---- A function on another thread ---- */

struct call {
    filch_runtime *rt;
    filch_channel *channel;
    int index, sum, destroyed;
};

static void deep_and_foreign(void *arg)
{
    struct call *call = arg;
    volatile char deep[1 << 20]; /* more than a fiber has */
    deep[0] = 1;
    call->index = filch_worker_index() - deep[0];
    call->sum = FILCH_RUN(call->rt, forks_around_a_call); /* as any thread may */
    call->destroyed = filch_runtime_destroy(call->rt);
    int item = 0;
    filch_channel_receive(call->channel, &item); /* blocks: the sender comes later */
    call->sum += item;
}

static void calls_out(filch_self self, void *arg)
{
    cr_assert_eq(filch_blocking(deep_and_foreign, arg), 0, "%s", filch_error());
    signpost_raise(&pending);
}

static void sends(filch_self self, void *arg)
{
    struct call *call = arg;
    int item = 1000;
    OK(filch_channel_send(call->channel, &item));
}

Test(blocking, function_runs_on_separate_thread_stack)
{
    for (unsigned i = 0; i < 4; i++) {
        struct call call = {.rt = runtime((filch_config){.workers = workers[i]})};
        filch_u32_store(&pending, 0, FILCH_RELEASE);
        OK(filch_channel_create(&call.channel, sizeof(int), 0));
        OK(filch_go(call.rt, calls_out, &call));
        OK(filch_go(call.rt, sends, &call));
        signpost_wait(&pending, 1);
        cr_assert_eq(call.index, -2);
        cr_assert_eq(call.sum, 1050);
        cr_assert_eq(call.destroyed, -EDEADLK);
        OK(filch_runtime_destroy(call.rt));
        filch_channel_destroy(call.channel);
    }
}

FILCH_TASK(int, destroys_from_inside, (filch_runtime *, rt))
{
    int rc = filch_blocking_begin();
    if (rc)
        return rc;
    rc = filch_runtime_destroy(rt);
    filch_blocking_end();
    return rc;
}

Test(blocking, task_in_call_cannot_destroy_runtime)
{
    filch_runtime *rt = runtime((filch_config){.workers = 1});
    cr_assert_eq(FILCH_RUN(rt, destroys_from_inside, rt), -EDEADLK);
    OK(filch_runtime_destroy(rt));
}

/* ---- Panics ---- */

static void panics_in_a_call(filch_self self, void *unused)
{
    if (!filch_blocking_begin())
        FILCH_PANIC(-EIO, "in a blocking call");
}

static void just_panics(filch_self self, void *unused)
{
    FILCH_PANIC(-EDOM, "in a block inside of one");
}

FILCH_TASK(int, catches, (bool, inside))
{
    filch_failure failure;
    if (!inside)
        return filch_try(self, panics_in_a_call, NULL, &failure);
    int rc = filch_blocking_begin();
    if (!rc)
        rc = filch_blocking_begin();
    if (rc)
        return rc;
    rc = filch_try(self, just_panics, NULL, &failure);
    filch_blocking_end();
    filch_blocking_end();
    return filch_worker_index() < 0 ? 0 : rc;
}

Test(blocking, panic_ends_call_and_is_caught)
{
    for (unsigned i = 0; i < 4; i++) {
        filch_runtime *rt = runtime((filch_config){.workers = workers[i]});
        for (unsigned k = 0; k < 20; k++) {
            cr_assert_eq(FILCH_RUN(rt, catches, false), -EIO);
            cr_assert_eq(FILCH_RUN(rt, catches, true), -EDOM);
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Misuse ends the process ---- */

static void run_alone(void (*work)(filch_self self, void *unused))
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .max_fibers = 10}) == 0);
    CHILD_CHECK(filch_go(rt, work, NULL) == 0);
    filch_runtime_destroy(rt);
}

static void ends(filch_self self, void *unused)
{
    filch_blocking_end();
}

static void forks(filch_self self, void *unused)
{
    CHILD_CHECK(filch_blocking_begin() == 0);
    FILCH_FORK(square, 1);
    FILCH_JOIN_VOID(square);
}

static void joins(filch_self self, void *unused)
{
    FILCH_FORK(square, 1);
    CHILD_CHECK(filch_blocking_begin() == 0);
    FILCH_JOIN_VOID(square);
}

static void yields(filch_self self, void *unused)
{
    CHILD_CHECK(filch_blocking_begin() == 0);
    filch_yield(self);
}

static void stays(filch_self self, void *unused)
{
    CHILD_CHECK(filch_blocking_begin() == 0);
}

static void forks_a_process(filch_self self, void *unused)
{
    CHILD_CHECK(filch_blocking_begin() == 0);
    pid_t pid = fork();
    if (!pid)
        filch_blocking_end();
    int status = 0;
    waitpid(pid, &status, 0);
    CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    filch_blocking_end();
}

static int dig(volatile int depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    return depth ? dig(depth - 1) + room[0] : 0;
}

static void digs(filch_self self, void *unused)
{
    CHILD_CHECK(filch_blocking_begin() == 0);
    dig(1 << 20);
}

static const struct misuse {
    void (*work)(filch_self self, void *unused);
    const char *says;
    bool unsanitized;
} misuses[] = {
    {ends, "filch_blocking_end without filch_blocking_begin", false},
    {forks, "a fork between filch_blocking_begin and filch_blocking_end", false},
    {joins, "a join between filch_blocking_begin and filch_blocking_end", false},
    {yields, "filch_yield between filch_blocking_begin and filch_blocking_end", false},
    {stays, "the end of a task between filch_blocking_begin and filch_blocking_end", false},
    {digs, "stack overflow in a blocking call", true},
};
static const struct misuse *misuse;

static void commit_misuse(void)
{
    run_alone(misuse->work);
}

Test(blocking, misuse_dies_by_name)
{
    for (unsigned i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct child child;
        misuse = &misuses[i];
        if (misuse->unsanitized && (BUILD_ASAN || BUILD_TSAN))
            continue;
        child_run(&child, commit_misuse);
        cr_assert(child_died(&child, misuse->says), "%u: 0x%x: %s", i, child.status, child.text);
    }
}

static void fork_in_a_call(void)
{
    run_alone(forks_a_process);
}

Test(blocking, forked_child_dies_ending_inherited_call)
{
    struct child child;
    if (BUILD_TSAN) /* allows no threads in a child of threads */
        return;
    child_run(&child, fork_in_a_call);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    cr_assert(strstr(child.text, "in a child of fork()"), "%s", child.text);
}
