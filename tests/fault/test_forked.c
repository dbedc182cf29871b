/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan
 *
 * fork() in every state of a runtime, from outside and from a task: the child is refused on its
 * copy and lives with a runtime of its own, the parent goes on. And exec, with workers at work. */
#include <pthread.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_runtime *rt;
static signpost ready, stop;
static pthread_t thread;
static unsigned workers;

static void nothing(filch_self self, void *unused)
{
}

static void be_a_child(void)
{
    filch_slot slot;
    CHILD_CHECK(filch_run(rt, &fib_task, &slot) == -ECHILD);
    CHILD_CHECK(strchr(filch_error(), ';'));
    CHILD_CHECK(filch_go(rt, nothing, NULL) == -ECHILD);
    CHILD_CHECK(filch_runtime_destroy(rt) == -ECHILD);
    CHILD_CHECK(filch_worker_index() == -1);
    for (unsigned q = 0; q < FIB_QUEUES; q++)
        CHILD_CHECK(fib_life(2, fib_queues[q], 15) == 0);
}

static void fork_here(void)
{
    struct child child;
    child_run(&child, be_a_child);
    if (!child_passed(&child))
        filch_die("child: 0x%x: %s", child.status, child.text);
}

/* ---- States: how the runtime comes to each, and leaves it ---- */

static void do_nothing(void)
{
}

static void keep_busy(filch_self self, void *unused)
{
    signpost_raise(&ready);
    signpost_wait(&stop, 1);
}

static void occupy(void)
{
    for (unsigned i = 0; i < workers; i++)
        OK(filch_go(rt, keep_busy, NULL));
    signpost_wait(&ready, workers);
}

enum { DEPTH = 20 };

/* Every join above the bottom is suspended, or about to be. */
FILCH_TASK(int, chain, (int, depth))
{
    signpost_raise(&ready);
    if (depth == 0) {
        signpost_wait(&stop, 1);
        return 0;
    }
    uint32_t before = signpost_count(&ready);
    FILCH_FORK(chain, depth - 1);
    signpost_wait(&ready, before + 1);
    FILCH_JOIN(int rest, chain);
    return rest + 1;
}

static void *run_chain(void *wrong)
{
    *(unsigned *)wrong += FILCH_RUN(rt, chain, DEPTH) != DEPTH;
    return NULL;
}

static unsigned wrong;

static void begin(void *(*run)(void *))
{
    cr_assert_eq(pthread_create(&thread, NULL, run, &wrong), 0);
}

static void suspend(void)
{
    begin(run_chain);
    signpost_wait(&ready, DEPTH + 1);
}

static void *live_again(void *out)
{
    while (!signpost_count(&stop)) {
        *(unsigned *)out += fib_life(2, NULL, 8) != 0;
        signpost_raise(&ready);
    }
    return NULL;
}

static void create_and_destroy(void)
{
    begin(live_again);
    signpost_wait(&ready, 1);
}

static void *submit_again(void *out)
{
    while (!signpost_count(&stop)) {
        *(unsigned *)out += FILCH_RUN(rt, fib, 10) != 55;
        *(unsigned *)out += filch_go(rt, nothing, NULL) != 0;
        signpost_raise(&ready);
    }
    return NULL;
}

static void serve(void)
{
    begin(submit_again);
    signpost_wait(&ready, 1);
}

static void end_thread(void)
{
    signpost_raise(&stop);
    pthread_join(thread, NULL);
}

static void end_tasks(void)
{
    signpost_raise(&stop);
}

/* The allocator of address sanitizer (of gcc 12) takes no lock for a fork(): where another thread held one, the child waits
 * for it forever. */
static const struct state {
    const char *name;
    void (*enter)(void), (*leave)(void);
    unsigned least; /* workers that it takes */
    bool task;      /* there is a worker for a task that forks */
    bool allocates; /* in another thread */
} states[] = {
    {"idle", do_nothing, do_nothing, 1, true, false},
    {"all workers at work", occupy, end_tasks, 1, false, false},
    {"fibers suspended", suspend, end_thread, 2, false, false},
    {"creation and destruction elsewhere", create_and_destroy, end_thread, 1, true, true},
    {"serving a thread", serve, end_thread, 2, true, true},
};
enum { STATES = sizeof states / sizeof states[0] };

FILCH_VOID_TASK(fork_in_a_task)
{
    FILCH_FORK(fib, 5);
    fork_here();
    FILCH_JOIN(long five, fib);
    if (five != 5)
        filch_die("the parent's task goes on wrongly");
}

static void fork_in(const struct state *state, const char *queue)
{
    filch_config config = {.workers = workers, .queue = queue, .max_fibers = 1000};
    filch_u32_store(&ready, 0, FILCH_RELAXED);
    filch_u32_store(&stop, 0, FILCH_RELAXED);
    OK(filch_runtime_create(&rt, &config));
    state->enter();
    fork_here();
    if (state->task)
        FILCH_RUN(rt, fork_in_a_task);
    state->leave();
    cr_assert_eq(FILCH_RUN(rt, fib, 15), serial_fib(15), "%s", state->name);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(wrong, 0, "%s", state->name);
}

Test(forked, child_and_parent_survive_any_fork)
{
    static const unsigned counts[] = {1, 2, 8};
    for (unsigned times = stress_times(5); times; times--)
        for (const struct state *state = states; state < states + STATES; state++)
            for (unsigned c = 0; c < 3; c++)
                for (unsigned q = 0; q < FIB_QUEUES; q++) {
                    workers = counts[c];
                    if (workers >= state->least && !(state->allocates && BUILD_ASAN))
                        fork_in(state, fib_queues[q]);
                }
}

/* A child that waits for a lock which nobody in it holds is ended by the test's time limit. */
static void live(void)
{
    CHILD_CHECK(fib_life(2, NULL, 8) == 0);
}

Test(forked, child_ignores_threads_racing_with_fork)
{
    if (BUILD_ASAN)
        cr_skip_test("the allocator of address sanitizer may be locked in such a child");
    cr_assert_eq(fib_life(2, NULL, 8), 0);
    create_and_destroy();
    for (unsigned forks = stress_times(150); forks; forks--) {
        struct child child;
        child_run(&child, live);
        cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    }
    end_thread();
    cr_assert_eq(wrong, 0);
}

/* ---- exec ---- */

static void become_another(void)
{
    execl("/bin/sh", "sh", "-c", "exit 42", (char *)NULL);
}

static void exec_outside(void)
{
    workers = 4;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = workers}) == 0);
    occupy();
    become_another();
}

FILCH_VOID_TASK(exec_in_a_task)
{
    FILCH_FORK(fib, 30);
    become_another();
    FILCH_JOIN(long never, fib);
    (void)never;
}

static void exec_inside(void)
{
    workers = 3;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 4}) == 0);
    occupy();
    FILCH_RUN(rt, exec_in_a_task);
}

Test(forked, exec_replaces_process_with_busy_workers)
{
    static void (*const places[])(void) = {exec_outside, exec_inside};
    for (unsigned i = 0; i < 2; i++) {
        struct child child;
        child_run(&child, places[i]);
        cr_assert(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 42, "0x%x: %s",
                  child.status, child.text);
    }
}
