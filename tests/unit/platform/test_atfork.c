/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan */
#include <filch/pool.h>
#include <pthread.h>
#include <runtime/engine/fiber.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <urcu-bp.h>

static filch_runtime *rt;

static void live_runtime(void)
{
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
}

/* The parent's runtime works after what its child did. */
static void parent_untouched(void)
{
    cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    OK(filch_runtime_destroy(rt));
}

TestSuite(atfork, .init = live_runtime, .fini = parent_untouched);

static void nothing(filch_self self, void *unused)
{
}

static void be_refused(void)
{
    filch_slot slot;
    filch_pool *pool;
    CHILD_CHECK(filch_pool_create(&pool, &(filch_pool_config){.runtime = rt}) == -ECHILD);
    CHILD_CHECK(filch_run(rt, &fib_task, &slot) == -ECHILD);
    CHILD_CHECK(strstr(filch_error(), "parent"));
    CHILD_CHECK(filch_go(rt, nothing, NULL) == -ECHILD);
    CHILD_CHECK(filch_runtime_resize(rt, 1) == -ECHILD);
    CHILD_CHECK(filch_runtime_destroy(rt) == -ECHILD);
    CHILD_CHECK(filch_runtime_destroy(rt) == -ECHILD);
}

Test(atfork, the_childs_copy_refuses_every_call)
{
    struct child child;
    child_run(&child, be_refused);
    cr_assert(child_passed(&child), "%s", child.text);
}

static void run_on_the_copy(void)
{
    FILCH_RUN(rt, fib, 10);
}

Test(atfork, macro_on_inherited_runtime_explains_death)
{
    struct child child;
    child_run(&child, run_on_the_copy);
    cr_assert(child_died(&child, "belongs to the parent process"), "%s", child.text);
}

static void use_own(void)
{
    filch_runtime *own;
    CHILD_CHECK(filch_runtime_create(&own, &(filch_config){.workers = 2}) == 0);
    CHILD_CHECK(FILCH_RUN(own, fib, 22) == 17711);
    for (int i = 0; i < 2000; i++)
        CHILD_CHECK(filch_go(own, nothing, NULL) == 0);
    CHILD_CHECK(filch_runtime_destroy(own) == 0);
    be_refused();
}

static void use_own_and_fork_again(void)
{
    use_own();
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    pid_t grandchild = fork();
    if (grandchild == 0) {
        use_own();
        _exit(0);
    }
    int status = -1;
    waitpid(grandchild, &status, 0);
    CHILD_CHECK(status == 0);
    CHILD_CHECK(FILCH_RUN(rt, fib, 20) == 6765);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(atfork, child_creates_own_runtimes)
{
    struct child child;
    child_run(&child, use_own_and_fork_again);
    cr_assert(child_passed(&child), "status 0x%x: %s", child.status, child.text);
}

static signpost stop;

static void *keep_busy(void *wrong)
{
    while (!signpost_count(&stop)) {
        *(unsigned *)wrong += FILCH_RUN(rt, fib, 12) != 144;
        for (int i = 0; i < 100; i++)
            *(unsigned *)wrong += filch_go(rt, nothing, NULL) != 0;
    }
    return NULL;
}

Test(atfork, forking_busy_process_harms_neither_side)
{
    enum { THREADS = 3, FORKS = 20 };
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = {0}, failed = 0;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, keep_busy, &wrong[i]), 0);
    for (int i = 0; i < FORKS; i++) {
        struct child child;
        child_run(&child, use_own);
        failed += !child_passed(&child);
    }
    signpost_raise(&stop);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(wrong[i], 0);
    }
    cr_assert_eq(failed, 0);
}

/* A worker at its end gives back memory for jobs while its thread is being struck off. */
static void *live_and_die(void *wrong)
{
    while (!signpost_count(&stop)) {
        filch_runtime *one = NULL;
        *(unsigned *)wrong += filch_runtime_create(&one, &(filch_config){.workers = 2}) != 0;
        for (int i = 0; one && i < 20; i++)
            *(unsigned *)wrong += filch_go(one, nothing, NULL) != 0;
        filch_runtime_destroy(one);
    }
    return NULL;
}

Test(atfork, fork_beside_ending_workers_never_hangs)
{
    pthread_t thread;
    unsigned wrong = 0;
    cr_assert_eq(pthread_create(&thread, NULL, live_and_die, &wrong), 0);
    for (int i = 0; i < 200; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        waitpid(child, &status, 0);
        cr_assert_eq(status, 0);
    }
    signpost_raise(&stop);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(wrong, 0);
}

/* ---- Memory of fibers that is being given back ---- */

static fl_fibers fibers;
static int64_t decays_at; /* 0: forks leave the fibers alone */

/* Registered before the library's handlers, these run last before a fork(), and first after it:
 * where liburcu's callbacks are held up already. */
static void retire_and_lock(void)
{
    if (!decays_at)
        return;
    fl_fibers_decay(&fibers, 0, decays_at);
    pthread_mutex_lock(&fibers.lock);
}

static void unlock(void)
{
    if (decays_at)
        pthread_mutex_unlock(&fibers.lock);
}

__attribute__((constructor)) static void come_first(void)
{
    pthread_atfork(retire_and_lock, unlock, NULL);
}

static void never_entered(void *unused)
{
    abort();
}

static void call_back(void)
{
    decays_at = 0;
    alarm(60); /* ends the child if a wait in it never does */
    urcu_bp_barrier();
    use_own_and_fork_again();
}

Test(atfork, child_does_not_await_arena_renewal)
{
    struct child child;
    cr_assert_eq(fl_fibers_init(&fibers, 1, 1, 64 << 10, FL_SIDE_INLINE), 0);
    fl_fibers_put(&fibers, fl_fibers_get(&fibers, never_entered));
    fl_look_begin(); /* enlists this thread, which liburcu could not do during fork() */
    fl_look_end();
    decays_at = fl_fibers_decay(&fibers, 0, 1);
    child_run(&child, call_back);
    decays_at = 0;
    cr_assert(child_passed(&child), "status 0x%x: %s", child.status, child.text);
    urcu_bp_barrier();
    cr_assert_eq(fibers.renewals, 0, "the parent's are renewed");
    fl_fibers_clear(&fibers);
}
