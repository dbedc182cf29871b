/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Worker slots: growing and shrinking, from threads and from tasks, while tasks run. Whoever waits here for a number of
 * threads waits for tasks that hold a worker each: only so many workers can hold so many. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <pthread.h>
#include <runtime/core/worker.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <tests/support/configs.h>
#include <tests/support/idle.h>
#include <tests/support/signpost.h>

enum { MOST = 8 };

static filch_runtime *runtime_of(unsigned workers, unsigned slots, const char *queue)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers, .worker_slots = slots, .queue = queue};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

/* ---- Holding workers ---- */

typedef struct hold {
    signpost came, go, left;
    filch_u32 on[MOST]; /* which workers are held */
} hold;

static void held(filch_self self, void *arg)
{
    (void)self;
    hold *all = arg;
    filch_u32_add(&all->on[filch_worker_index()], 1, FILCH_RELAXED);
    signpost_raise(&all->came);
    signpost_wait(&all->go, 1);
    signpost_raise(&all->left);
}

/* So many workers are held at once; then all may go. */
static void hold_workers(filch_runtime *rt, unsigned count)
{
    hold all = {0};
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(filch_go(rt, held, &all), 0);
    signpost_wait(&all.came, count);
    for (unsigned i = 0; i < MOST; i++)
        cr_assert_eq(filch_u32_load(&all.on[i], FILCH_RELAXED), i < count, "worker %u", i);
    signpost_raise(&all.go);
    signpost_wait(&all.left, count);
}

static bool is_resting(const filch_runtime *rt)
{
    return fl_idle_resting(fl_idle_look((fl_idle *)(uintptr_t)&rt->idle)) == rt->crew.most;
}

static void wait_until_retired(filch_runtime *rt)
{
    unsigned active = filch_runtime_workers(rt), most = filch_runtime_worker_slots(rt);
    while (!is_resting(rt) || fl_idle_sleepers(fl_idle_look(&rt->idle)) != active)
        sched_yield();
    cr_assert_leq(active, most);
}

/* ---- Numbers ---- */

Test(crew, numbers_are_those_of_the_last_resize)
{
    filch_runtime *rt = runtime_of(2, MOST, NULL);
    cr_assert_eq(filch_runtime_workers(rt), 2);
    cr_assert_eq(filch_runtime_worker_slots(rt), MOST);
    for (unsigned i = 1; i <= MOST; i++) {
        cr_assert_eq(filch_runtime_resize(rt, i), 0);
        cr_assert_eq(filch_runtime_workers(rt), i);
    }
    cr_assert_eq(filch_runtime_worker_slots(rt), MOST);
    filch_runtime_destroy(rt);
}

Test(crew, slots_are_as_many_as_workers_unless_told_otherwise)
{
    filch_runtime *rt = runtime_of(3, 0, NULL);
    cr_assert_eq(filch_runtime_worker_slots(rt), 3);
    filch_runtime_destroy(rt);
    rt = runtime_of(3, 2, NULL);
    cr_assert_eq(filch_runtime_worker_slots(rt), 3, "at least");
    cr_assert_eq(filch_runtime_workers(rt), 3);
    filch_runtime_destroy(rt);
}

Test(crew, the_environment_says_how_many_slots)
{
    setenv("FILCH_WORKER_SLOTS", "7", 1);
    filch_runtime *rt = runtime_of(3, 0, NULL);
    cr_assert_eq(filch_runtime_worker_slots(rt), 7);
    filch_runtime_destroy(rt);
    setenv("FILCH_WORKER_SLOTS", "0", 1);
    cr_assert_eq(filch_runtime_create(&rt, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "FILCH_WORKER_SLOTS=0"));
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.worker_slots = 1025}), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "worker_slots=1025"));
    unsetenv("FILCH_WORKER_SLOTS");
}

Test(crew, out_of_bounds_is_refused_and_changes_nothing)
{
    filch_runtime *rt = runtime_of(2, 4, NULL);
    cr_assert_eq(filch_runtime_resize(rt, 0), -EINVAL);
    cr_assert_eq(filch_runtime_resize(rt, 5), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "1 to 4"), "%s", filch_error());
    cr_assert_eq(filch_runtime_resize(NULL, 1), -EINVAL, "no task calls");
    cr_assert_eq(filch_runtime_workers(rt), 2);
    filch_runtime_destroy(rt);
}

Test(crew, it_is_described)
{
    filch_runtime *rt = runtime_of(2, 5, NULL);
    char text[4096];
    filch_runtime_describe(rt, text, sizeof text);
    cr_assert_not_null(strstr(text, "slots        5"), "%s", text);
    filch_runtime_resize(rt, 5);
    filch_runtime_describe(rt, text, sizeof text);
    cr_assert_not_null(strstr(text, "workers      5, as asked for"), "%s", text);
    filch_runtime_destroy(rt);
}

/* ---- Growing and shrinking ---- */

static void on_both(void (*what)(const char *queue))
{
    for (unsigned i = 0; i < 2; i++)
        what(fib_queues[i]);
}

static void grow_and_shrink(const char *queue)
{
    filch_runtime *rt = runtime_of(1, MOST, queue);
    static const unsigned sizes[] = {1, 2, MOST, 3, 1, MOST};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cr_assert_eq(filch_runtime_resize(rt, sizes[i]), 0);
        wait_until_retired(rt);
        hold_workers(rt, sizes[i]);
        cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    }
    filch_runtime_destroy(rt);
}

Test(crew, there_are_as_many_workers_as_asked_for)
{
    on_both(grow_and_shrink);
}

/* A job that keeps its worker: the others run once there is one worker more, which then retires, and the stuck one goes
 * on as if nothing had been. */
static void help_a_stuck_one(const char *queue)
{
    filch_runtime *rt = runtime_of(1, 2, queue);
    hold stuck = {0};
    cr_assert_eq(filch_go(rt, held, &stuck), 0);
    signpost_wait(&stuck.came, 1);
    cr_assert_eq(filch_runtime_resize(rt, 2), 0);
    cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    cr_assert_eq(filch_runtime_resize(rt, 1), 0);
    signpost_raise(&stuck.go);
    cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    wait_until_retired(rt);
    filch_runtime_destroy(rt);
}

Test(crew, one_more_helps_where_one_is_stuck)
{
    on_both(help_a_stuck_one);
}

/* ---- Shrinking under what runs ---- */

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

/* Whoever of the two has become surplus: what was stolen is ended, and its joiner goes on. */
static void shrink_during_a_theft(const char *queue)
{
    for (unsigned i = 0; i < 20; i++) {
        filch_runtime *rt = runtime_of(2, 2, queue);
        theft t = {0};
        cr_assert_eq(filch_go(rt, robbed, &t), 0);
        signpost_wait(&t.started, 1);
        cr_assert_eq(filch_runtime_resize(rt, 1), 0);
        signpost_raise(&t.go);
        signpost_wait(&t.joined, 1);
        cr_assert_eq(t.result, 144);
        wait_until_retired(rt);
        hold_workers(rt, 1);
        filch_runtime_destroy(rt);
    }
}

Test(crew, shrinking_leaves_stolen_tasks_alone)
{
    on_both(shrink_during_a_theft);
}

/* Is it on the last worker, the only one that is free? */
static bool on_the_last(filch_runtime *rt)
{
    return filch_worker_index() == (int)filch_runtime_worker_slots(rt) - 1;
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
    (void)self;
    estate *e = arg;
    signpost_raise(&e->run);
}

/* A fork that is flushed into the ready deque by a wait: only if somebody runs it does the wait end. */
FILCH_TASK(int, teller, (estate *, e))
{
    (void)self;
    return filch_send(e->words, &(int){1});
}

static void waits_for_its_fork(filch_self self, void *arg)
{
    estate *e = arg;
    int word = 0;
    FILCH_FORK(teller, e);
    filch_receive(e->words, &word);
    FILCH_JOIN(int rc, teller);
    if (!rc && word)
        signpost_raise(&e->run);
}

/* Makes ready more than its worker gets to, and sends its worker into retirement. */
static void leaves_much_behind(filch_self self, void *arg)
{
    (void)self;
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
    held(self, &e->stuck);
}

static void start_on_the_last(filch_self self, void *arg)
{
    estate *e = arg;
    while (!on_the_last(e->rt))
        filch_yield(self);
    leaves_much_behind(self, e);
}

static void estate_begin(estate *e, const char *queue)
{
    *e = (estate){.rt = runtime_of(2, 2, queue), .times = 200, .other = waits_for_its_fork};
    cr_assert_eq(filch_channel_create(&e->words, sizeof(int), 1000), 0);
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
    cr_assert_eq(filch_go(e.rt, occupied, &e), 0);
    signpost_wait(&e.stuck.came, 1);
    cr_assert_eq(filch_go(e.rt, start_on_the_last, &e), 0);
    signpost_wait(&e.retired, 1);
    signpost_raise(&e.stuck.go);
    estate_end(&e);
}

Test(crew, what_a_worker_leaves_behind_is_found)
{
    on_both(leave_to_one_that_is_held);
}

/* The other worker never has nothing to do. */
static void goes_on_and_on(filch_self self, void *arg)
{
    (void)self;
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
        e.other = heir; /* whoever has items of its own does not look into the shared queue */
    cr_assert_eq(filch_go(e.rt, start_on_the_last, &e), 0);
    estate_end(&e);
}

Test(crew, a_busy_worker_lets_nothing_lie_that_was_left_behind)
{
    on_both(leave_to_one_that_is_busy);
}

/* ---- From tasks ---- */

FILCH_TASK(int, resizes, (unsigned, workers))
{
    int rc = filch_runtime_resize(NULL, workers);
    return rc || fib(self, 12) != 144 ? -1 : (int)filch_runtime_workers(filch_runtime_here());
}

static void resize_from_tasks(const char *queue)
{
    filch_runtime *rt = runtime_of(2, MOST, queue);
    static const unsigned sizes[] = {1, MOST, 1, 2, 5, 1};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        cr_assert_eq(FILCH_RUN(rt, resizes, sizes[i]), (int)sizes[i]);
    filch_runtime_destroy(rt);
}

Test(crew, tasks_resize)
{
    on_both(resize_from_tasks);
}

/* Destroy is called while a task still makes the runtime larger. */
static void grows_late(filch_self self, void *arg)
{
    (void)self;
    filch_runtime *rt = arg;
    for (unsigned i = 1; i <= MOST; i++)
        if (filch_runtime_resize(rt, i))
            filch_die("%s", filch_error());
}

Test(crew, destroy_waits_for_whoever_resizes)
{
    for (unsigned i = 0; i < 50; i++) {
        filch_runtime *rt = runtime_of(1, MOST, fib_queues[i % 2]);
        cr_assert_eq(filch_go(rt, grows_late, rt), 0);
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

Test(crew, destroy_finds_retired_and_returning_workers)
{
    for (unsigned i = 0; i < 50; i++) {
        filch_runtime *rt = runtime_of(1 + i % 3, MOST, fib_queues[i % 2]);
        cr_assert_eq(filch_runtime_resize(rt, 1 + i % MOST), 0);
        if (i % 4)
            cr_assert_eq(filch_runtime_resize(rt, 1 + i / 4 % MOST), 0);
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

/* ---- Storms ---- */

typedef struct storm {
    filch_runtime *rt;
    filch_u32 over;
} storm;

static void *resizes_on(void *arg)
{
    storm *s = arg;
    uint64_t random = (uintptr_t)&random;
    while (!filch_u32_load(&s->over, FILCH_ACQUIRE)) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if (filch_runtime_resize(s->rt, 1 + (random >> 40) % MOST))
            filch_die("%s", filch_error());
        if ((random >> 60) == 0)
            sched_yield();
    }
    return NULL;
}

static void storm_on(const char *queue)
{
    enum { RESIZERS = 3, ROUNDS = 150 };
    storm s = {.rt = runtime_of(2, MOST, queue)};
    pthread_t threads[RESIZERS];
    for (unsigned i = 0; i < RESIZERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, resizes_on, &s), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        cr_assert_eq(FILCH_RUN(s.rt, fib, 13), 233);
    filch_u32_store(&s.over, 1, FILCH_RELEASE);
    for (unsigned i = 0; i < RESIZERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(filch_runtime_resize(s.rt, MOST), 0);
    hold_workers(s.rt, MOST);
    filch_runtime_destroy(s.rt);
}

Test(crew, tasks_end_in_a_storm_of_resizes)
{
    on_both(storm_on);
}

/* ---- Around ---- */

Test(crew, slots_without_work_cost_no_time)
{
    filch_runtime *rt = runtime_of(2, 64, NULL);
    cr_assert_eq(filch_runtime_resize(rt, 64), 0);
    cr_assert_eq(filch_runtime_resize(rt, 2), 0);
    cr_assert(idle_process());
    filch_runtime_destroy(rt);
}

Test(crew, a_slot_that_was_never_active_has_no_thread)
{
    filch_runtime *rt = runtime_of(1, 1024, NULL);
    cr_assert_eq(fl_reach(rt), 1);
    cr_assert_eq(filch_runtime_resize(rt, 3), 0);
    cr_assert_eq(filch_runtime_resize(rt, 1), 0);
    cr_assert_eq(filch_runtime_resize(rt, 2), 0);
    cr_assert_eq(fl_reach(rt), 3);
    filch_runtime_destroy(rt);
}

static void places(filch_self self, void *arg)
{
    (void)self;
    cpu_set_t set;
    filch_u32 *where = arg;
    if (!pthread_getaffinity_np(pthread_self(), sizeof set, &set))
        filch_u32_store(&where[filch_worker_index()], (uint32_t)CPU_COUNT(&set), FILCH_RELAXED);
}

static void shows_signals(filch_self self, void *arg)
{
    (void)self;
    sigset_t mask;
    filch_u32 *blocked = arg;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    filch_u32_store(&blocked[filch_worker_index()], 1 + (uint32_t)sigismember(&mask, SIGUSR1),
                    FILCH_RELAXED);
}

Test(crew, workers_get_the_signals_that_the_runtime_was_created_with)
{
    sigset_t all, before;
    filch_u32 blocked[2] = {{0}};
    filch_runtime *rt = runtime_of(1, 2, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    cr_assert_eq(filch_runtime_resize(rt, 2), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (!filch_u32_load(&blocked[1], FILCH_RELAXED))
        cr_assert_eq(filch_go(rt, shows_signals, blocked), 0);
    cr_assert_eq(filch_u32_load(&blocked[1], FILCH_RELAXED), 1, "not blocked");
    filch_runtime_destroy(rt);
}

/* As many as there are cores are pinned; the others may run wherever this process may. */
Test(crew, slots_beyond_the_cores_are_not_pinned)
{
    cpu_set_t set;
    filch_runtime *rt = runtime_of(1, MOST, NULL);
    filch_u32 where[MOST] = {{0}};
    cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
    for (unsigned i = 1; i < MOST; i++)
        cr_assert_eq(FILCH_RUN(rt, resizes, i + 1), (int)i + 1, "from a pinned thread");
    while (!filch_u32_load(&where[MOST - 1], FILCH_RELAXED))
        cr_assert_eq(filch_go(rt, places, where), 0);
    unsigned cores = rt->cores;
    filch_runtime_destroy(rt);
    for (unsigned i = 0; i < MOST; i++) {
        uint32_t cpus = filch_u32_load(&where[i], FILCH_RELAXED);
        cr_assert(!cpus || cpus == (i < cores ? 1u : (uint32_t)CPU_COUNT(&set)), "worker %u: %u", i,
                  cpus);
    }
}
