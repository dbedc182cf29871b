/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The threads of the worker set: when there is one, its cost, its signals and its place. */
#include <pthread.h>
#include <runtime/platform/live_runtimes.h>
#include <runtime/platform/lock.h>
#include <signal.h>
#include <tests/support/engine.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

Test(worker_set_threads, slots_without_work_cost_no_time)
{
    filch_runtime *rt = slots_runtime(2, 64, NULL);
    OK(filch_runtime_resize(rt, 64));
    OK(filch_runtime_resize(rt, 2));
    cr_assert(idle_process());
    filch_runtime_destroy(rt);
}

Test(worker_set_threads, unused_slot_has_no_thread)
{
    filch_runtime *rt = slots_runtime(1, 1024, NULL);
    cr_assert_eq(fl_reach(rt), 1);
    OK(filch_runtime_resize(rt, 3));
    OK(filch_runtime_resize(rt, 1));
    OK(filch_runtime_resize(rt, 2));
    cr_assert_eq(fl_reach(rt), 3);
    filch_runtime_destroy(rt);
}

Test(worker_set_threads, process_counts_resized_workers)
{
    filch_runtime *rt = slots_runtime(1, 5, NULL);
    cr_assert_eq(filch_u32_load(&fl_residents_workers, FILCH_RELAXED), 1);
    OK(filch_runtime_resize(rt, 5));
    cr_assert_eq(filch_u32_load(&fl_residents_workers, FILCH_RELAXED), 5);
    OK(filch_runtime_resize(rt, 2));
    cr_assert_eq(filch_u32_load(&fl_residents_workers, FILCH_RELAXED), 2);
    filch_runtime_destroy(rt);
}

static void *resizes_to_two(void *rt)
{
    if (filch_runtime_resize(rt, 2))
        filch_die("%s", filch_error());
    return NULL;
}

Test(worker_set_threads, one_thread_resizes_at_a_time)
{
    filch_runtime *rt = slots_runtime(1, 2, NULL);
    pthread_t thread;
    fl_lock(&rt->worker_set.lock);
    cr_assert_eq(pthread_create(&thread, NULL, resizes_to_two, rt), 0);
    WAIT_WHILE(filch_u32_load(&rt->worker_set.lock, FILCH_ACQUIRE) != FL_LOCK_WAITED_FOR);
    cr_assert_eq(filch_runtime_workers(rt), 1);
    fl_unlock(&rt->worker_set.lock);
    pthread_join(thread, NULL);
    cr_assert_eq(filch_runtime_workers(rt), 2);
    filch_runtime_destroy(rt);
}

static void places(filch_self self, void *arg)
{
    cpu_set_t set;
    filch_u32 *where = arg;
    if (!pthread_getaffinity_np(pthread_self(), sizeof set, &set))
        filch_u32_store(&where[filch_worker_index()], (uint32_t)CPU_COUNT(&set), FILCH_RELAXED);
}

static void shows_signals(filch_self self, void *arg)
{
    sigset_t mask;
    filch_u32 *blocked = arg;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    filch_u32_store(&blocked[filch_worker_index()], 1 + (uint32_t)sigismember(&mask, SIGUSR1),
                    FILCH_RELAXED);
}

static filch_runtime *create_with(const sigset_t *mask)
{
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, mask, &before);
    filch_runtime *rt = slots_runtime(1, 2, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rt;
}

/* In a worker that is started by a thread with the second mask: is SIGUSR1 blocked? */
static bool blocks_after_growing(const sigset_t *created, const sigset_t *grown)
{
    sigset_t before;
    filch_u32 blocked[2] = {{0}};
    filch_runtime *rt = create_with(created);
    pthread_sigmask(SIG_SETMASK, grown, &before);
    OK(filch_runtime_resize(rt, 2));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (!filch_u32_load(&blocked[1], FILCH_RELAXED))
        OK(filch_go(rt, shows_signals, blocked));
    filch_runtime_destroy(rt);
    return filch_u32_load(&blocked[1], FILCH_RELAXED) > 1;
}

Test(worker_set_threads, workers_inherit_creators_signal_mask)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    cr_assert_not(blocks_after_growing(&none, &all));
    cr_assert(blocks_after_growing(&all, &none));
}

/* As many as there are cores are pinned; the others may run wherever this process may. */
Test(worker_set_threads, slots_beyond_cores_stay_unpinned)
{
    cpu_set_t set;
    filch_runtime *rt;
    filch_config config = {.workers = 1, .max_workers = SLOTS_MOST, .bind = "core"};
    filch_u32 where[SLOTS_MOST] = {{0}};
    OK(filch_runtime_create(&rt, &config));
    cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
    for (unsigned i = 1; i < SLOTS_MOST; i++)
        cr_assert_eq(FILCH_RUN(rt, resizes, i + 1), (int)i + 1, "from a pinned thread");
    while (!filch_u32_load(&where[SLOTS_MOST - 1], FILCH_RELAXED))
        OK(filch_go(rt, places, where));
    unsigned cores = rt->resident.placement.units;
    filch_runtime_destroy(rt);
    for (unsigned i = 0; i < SLOTS_MOST; i++) {
        uint32_t cpus = filch_u32_load(&where[i], FILCH_RELAXED);
        cr_assert(!cpus || cpus == (i < cores ? 1u : (uint32_t)CPU_COUNT(&set)), "worker %u: %u", i,
                  cpus);
    }
}
