/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan
 *
 * A worker at its beginning, and its thread: the name, the number and the home of the thread, and its end, after which it
 * belongs to no runtime. */
#include <pthread.h>
#include <runtime/engine/worker.h>
#include <signal.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

/* Whose tasks run on workers' threads only. */
static filch_runtime *runtime(const filch_config *wanted)
{
    filch_runtime *rt = NULL;
    filch_config config = *wanted;
    config.guest = "0";
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

/* ---- The beginning ---- */

Test(worker_thread, new_worker_asks_for_one_task)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 1, .max_workers = 2});
    cr_assert_eq(rt->worker[1]->profit.most, 1);
    OK(filch_runtime_destroy(rt));
}

Test(worker_thread, workers_draw_distinct_random_numbers)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 1, .max_workers = 3});
    cr_assert_neq(rt->worker[1]->rng, 0);
    cr_assert_neq(rt->worker[1]->rng, rt->worker[2]->rng);
    OK(filch_runtime_destroy(rt));
}

Test(worker_thread, threadless_worker_counts_as_retired)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 1, .max_workers = 2});
    cr_assert_eq(fl_times_doing(&rt->worker[1]->times), FL_RETIRED);
    OK(filch_runtime_destroy(rt));
}

/* ---- The thread ---- */

FILCH_VOID_TASK(reads_the_name)
{
    char name[16] = "";
    cr_assert_eq(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    cr_assert_str_eq(name, "filch/0");
}

Test(worker_thread, thread_is_named_after_worker)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 1});
    FILCH_RUN(rt, reads_the_name);
    OK(filch_runtime_destroy(rt));
}

FILCH_VOID_TASK(reads_the_number)
{
    cr_assert_eq(filch_u32_load(&fl_worker_here()->thread_id, FILCH_RELAXED), (uint32_t)gettid());
}

Test(worker_thread, shared_runtime_shows_thread_number)
{
    filch_runtime *rt =
        runtime(&(filch_config){.size = sizeof(filch_config), .workers = 1, .share = 1});
    FILCH_RUN(rt, reads_the_number);
    OK(filch_runtime_destroy(rt));
}

FILCH_VOID_TASK(reads_its_home)
{
    struct fl_affinity home = fl_affinity_home();
    cr_assert(fl_affinity_equal(&home, &filch_runtime_here()->home));
    fl_affinity_free(&home);
}

Test(worker_thread, bound_threads_home_is_creators_mask)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 1, .bind = "core"});
    FILCH_RUN(rt, reads_its_home);
    OK(filch_runtime_destroy(rt));
}

Test(worker_thread, blocking_thread_stack_is_no_task)
{
    static fl_worker carrier;
    carrier.running = &carrier.native;
    fl_carrier_set(&carrier);
    cr_assert_null(fl_fiber_here());
    fl_carrier_set(NULL);
}

/* ---- The end of the thread ---- */

static struct {
    pthread_key_t key;
    const void *signal_stack;
    int ended, index;
    bool on_runtime, has_stack;
} test;

static void look_at_the_end(void *unused)
{
    stack_t now;
    test.index = filch_worker_index();
    test.on_runtime = filch_runtime_here();
    test.has_stack = sigaltstack(NULL, &now) || now.ss_sp == test.signal_stack;
    test.ended++;
}

FILCH_VOID_TASK(sets_a_destructor)
{
    test.signal_stack = fl_worker_here()->signal_stack;
    cr_assert_eq(pthread_setspecific(test.key, &test), 0);
}

Test(worker_thread, thread_destructors_run_outside_runtime)
{
    cr_assert_eq(pthread_key_create(&test.key, look_at_the_end), 0);
    filch_runtime *rt = runtime(&(filch_config){.workers = 1});
    FILCH_RUN(rt, sets_a_destructor);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(test.ended, 1);
    cr_assert_eq(test.index, -1);
    cr_assert_not(test.on_runtime);
    cr_assert_not(test.has_stack, "the worker's signal stack is about to be freed");
    pthread_key_delete(test.key);
}

static void does_nothing(void)
{
}

Test(worker_thread, process_may_fork_after_workers_end)
{
    struct child child;
    OK(filch_runtime_destroy(runtime(&(filch_config){.workers = 2})));
    child_run(&child, does_nothing);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}
