/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The threads of the worker set: when there is one, its cost, its signals and its place. */
#include <pthread.h>

#include <runtime/platform/live_runtimes.h>
#include <runtime/platform/lock.h>
#include <signal.h>
#include <string.h>
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

/* Workers that retire while tasks run: nothing that they leave behind is lost. */

typedef struct theft {
    signpost started, go, joined;
    long result;
} theft;

FILCH_TASK(long, stolen, (theft *, t))
{
    signpost_raise(&t->started);
    signpost_wait(&t->go, 1);
    return fib(self, 12);
}

/* Its join finds the fork stolen, and suspends. */
static void robbed(filch_self self, void *arg)
{
    theft *t = arg;
    FILCH_FORK(stolen, t);
    signpost_wait(&t->started, 1);
    FILCH_JOIN(t->result, stolen);
    signpost_raise(&t->joined);
}

/* Either of the two may become surplus: the stolen task ends, and its joiner continues. */
static void shrink_during_a_theft(const char *queue)
{
    for (unsigned i = 0; i < 20; i++) {
        filch_runtime *rt = slots_runtime(2, 2, queue);
        theft t = {0};
        OK(filch_go(rt, robbed, &t));
        signpost_wait(&t.started, 1);
        OK(filch_runtime_resize(rt, 1));
        signpost_raise(&t.go);
        signpost_wait(&t.joined, 1);
        cr_assert_eq(t.result, 144);
        wait_until_retired(rt);
        hold_workers(rt, 1);
        filch_runtime_destroy(rt);
    }
}

Test(worker_set_shrinking, shrinking_leaves_stolen_tasks_alone)
{
    on_both(shrink_during_a_theft);
}

/* Is it on the last worker, the only one that is free? */
static bool on_the_last(filch_runtime *rt)
{
    return filch_worker_index() == (int)filch_runtime_max_workers(rt) - 1;
}

typedef struct estate {
    filch_runtime *rt;
    unsigned times;
    hold stuck;
    signpost run, retired;
    filch_channel *words;
    filch_go_fn *busy;  /* started first, if at all */
    filch_go_fn *other; /* as often as heirs */
} estate;

static void heir(filch_self self, void *arg)
{
    estate *e = arg;
    signpost_raise(&e->run);
}

/* A fork that is flushed into the ready deque by a wait: only if somebody runs it does the wait
 * end. */
FILCH_TASK(int, teller, (estate *, e))
{
    return filch_channel_send(e->words, &(int){1});
}

static void waits_for_its_fork(filch_self self, void *arg)
{
    estate *e = arg;
    int word = 0;
    FILCH_FORK(teller, e);
    filch_channel_receive(e->words, &word);
    FILCH_JOIN(int rc, teller);
    if (!rc && word)
        signpost_raise(&e->run);
}

/* Makes ready more than its worker gets to, and sends its worker into retirement. */
static void leaves_much_behind(filch_self self, void *arg)
{
    estate *e = arg;
    if (e->busy)
        filch_go(e->rt, e->busy, e);
    for (unsigned i = 0; i < e->times; i++) {
        filch_go(e->rt, heir, e);
        filch_go(e->rt, e->other, e);
    }
    if (filch_runtime_resize(NULL, 1))
        filch_die("%s", filch_error());
    signpost_raise(&e->retired);
}

static void occupied(filch_self self, void *arg)
{
    estate *e = arg;
    while (on_the_last(e->rt))
        filch_yield(self);
    slots_held(self, &e->stuck);
}

static void start_on_the_last(filch_self self, void *arg)
{
    estate *e = arg;
    while (!on_the_last(e->rt))
        filch_yield(self);
    leaves_much_behind(self, e);
}

/* All tasks may wait at the same time. */
static void estate_begin(estate *e, const char *queue)
{
    *e = (estate){.times = 200, .other = waits_for_its_fork};
    filch_config config = {.workers = 2, .queue = queue, .max_fibers = 2 * e->times + 10};
    cr_assert_eq(filch_runtime_create(&e->rt, &config), 0, "%s", filch_error());
    OK(filch_channel_create(&e->words, sizeof(int), 1000));
}

static void estate_end(estate *e)
{
    signpost_wait(&e->run, 2 * e->times);
    filch_runtime_destroy(e->rt);
    cr_assert_eq(signpost_count(&e->run), 2 * e->times);
    filch_channel_destroy(e->words);
}

/* The other worker is held meanwhile: it finds everything afterwards. */
static void leave_to_one_that_is_held(const char *queue)
{
    estate e;
    estate_begin(&e, queue);
    OK(filch_go(e.rt, occupied, &e));
    signpost_wait(&e.stuck.came, 1);
    OK(filch_go(e.rt, start_on_the_last, &e));
    signpost_wait(&e.retired, 1);
    signpost_raise(&e.stuck.go);
    estate_end(&e);
}

Test(worker_set_shrinking, work_of_retired_worker_is_found)
{
    on_both(leave_to_one_that_is_held);
}

/* The other worker never has nothing to do. */
static void goes_on_and_on(filch_self self, void *arg)
{
    estate *e = arg;
    if (signpost_count(&e->run) < 2 * e->times)
        filch_go(e->rt, goes_on_and_on, e);
}

static void leave_to_one_that_is_busy(const char *queue)
{
    estate e;
    estate_begin(&e, queue);
    e.busy = goes_on_and_on;
    if (!strcmp(queue, "central-mutex"))
        e.other = heir; /* a worker with items of its own does not look into the shared queue */
    OK(filch_go(e.rt, start_on_the_last, &e));
    estate_end(&e);
}

Test(worker_set_shrinking, busy_worker_finds_abandoned_work)
{
    on_both(leave_to_one_that_is_busy);
}
