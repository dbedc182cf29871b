/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_forkstack_offers
 *
 * A guest's join that comes too late: the joined task ends between the look where it runs and the theft
 * there, and its worker runs another one. The tasks that are stolen from that one do not run on top of
 * the join, since they may wait for the guest. The guest is held between the two steps (-Wl,--wrap). */
#include <pthread.h>

#include <errno.h>
#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/guest_cpu.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/machine/affinity.h>
#include <sched.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MOST = 100 };

static signpost begun, looks, moved, joined, ran;
static unsigned pieces;
static filch_u32 on_guest; /* pieces that the guest has run */
static pthread_t guest;
static bool armed; /* the guest's own */

bool __real_fl_forkstack_offers(fl_forkstack *stack);
bool __wrap_fl_forkstack_offers(fl_forkstack *stack);

bool __wrap_fl_forkstack_offers(fl_forkstack *stack)
{
    if (pthread_equal(pthread_self(), guest) && armed) {
        armed = false;
        signpost_raise(&looks);
        signpost_wait(&moved, 1);
    }
    return __real_fl_forkstack_offers(stack);
}

FILCH_VOID_TASK(piece)
{
    filch_u32_add(&on_guest, pthread_equal(pthread_self(), guest) != 0, FILCH_RELAXED);
    signpost_raise(&ran);
}

/* Its pieces are unrelated to the joined task. Forks serve the thief. */
static void next_job(filch_self self, void *unused)
{
    for (unsigned i = 0; i < pieces; i++)
        FILCH_FORK(piece);
    signpost_raise(&moved);
    while (!signpost_count(&joined)) {
        FILCH_FORK(fib, 1);
        FILCH_JOIN(long one, fib);
        (void)one;
    }
    for (unsigned i = 0; i < pieces; i++)
        FILCH_JOIN_VOID(piece);
}

FILCH_TASK(int, ends_after_the_look)
{
    signpost_raise(&begun);
    signpost_wait(&looks, 1);
    return filch_go(filch_runtime_here(), next_job, NULL); /* on this worker, when it has ended */
}

FILCH_TASK(int, joins_too_late)
{
    FILCH_FORK(ends_after_the_look);
    signpost_wait(&begun, 1);
    armed = true;
    FILCH_JOIN(int rc, ends_after_the_look);
    signpost_raise(&joined);
    return rc;
}

static void join_too_late(unsigned count)
{
    filch_runtime *rt = NULL;
    signpost *const all[] = {&begun, &looks, &moved, &joined, &ran};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        filch_u32_store(all[i], 0, FILCH_RELEASE);
    pieces = count;
    filch_u32_store(&on_guest, 0, FILCH_RELAXED);
    guest = pthread_self();
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 2, .guest = "1"}), 0, "%s",
                 filch_error());
    for (unsigned i = 0; i < 2; i++) {
        WAIT_WHILE(!is_parked(rt->worker[i]));
        rt->worker[i]->profit.most = MOST;
    }
    cr_assert_eq(FILCH_RUN(rt, joins_too_late), 0);
    cr_assert(!armed, "the join helped");
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&ran), count);
    cr_assert_eq(filch_u32_load(&on_guest, FILCH_RELAXED), 0, "one ran on top of the join");
}

Test(guest_late, a_stolen_stranger_becomes_ready)
{
    join_too_late(1);
}

Test(guest_late, so_do_many)
{
    join_too_late(MOST);
}

/* A guest on the CPU of a worker that works beside it moves to the CPU of the worker whose place it
 * has. On a machine of one CPU there is nowhere to go. */

static signpost busy, may_end;
static int busy_cpu;

static void keeps_busy(filch_self self, void *unused)
{
    busy_cpu = sched_getcpu();
    signpost_raise(&busy);
    signpost_wait(&may_end, 1);
}

static struct fl_affinity only(int cpu)
{
    struct fl_affinity one = fl_affinity_read();
    CPU_ZERO_S(one.size, one.set);
    CPU_SET_S((size_t)cpu, one.size, one.set);
    return one;
}

/* Forks by the slow path, as an owner whose thief asks. */
FILCH_TASK(bool, is_in_its_place)
{
    filch_ptr_exchange(&fl_fiber_of(self)->stack.front.limit, NULL, FILCH_ACQ_REL);
    FILCH_FORK(fib, 1);
    const fl_worker *worker = fl_fiber_of(self)->worker;
    const fl_placement *placement = &worker->rt->resident.placement;
    struct fl_affinity own =
        fl_placement_cpus(placement, fl_placement_span(placement, worker->index));
    bool there = fl_affinity_allows(&own, sched_getcpu());
    fl_affinity_free(&own);
    FILCH_JOIN(long one, fib);
    return there && one == 1;
}

static void play(bool confined)
{
    filch_runtime *rt;
    struct fl_affinity before = fl_affinity_read();
    if (CPU_COUNT_S(before.size, before.set) < 2)
        return;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .bind = "pu", .guest = "1"}));
    for (unsigned i = 0; i < 2; i++)
        WAIT_WHILE(!is_parked(rt->worker[i]));
    OK(filch_go(rt, keeps_busy, NULL));
    signpost_wait(&busy, 1);
    WAIT_WHILE(!is_parked(rt->worker[0]) && !is_parked(rt->worker[1])); /* a guest needs one */
    struct fl_affinity beside = only(busy_cpu);
    cr_assert_eq(fl_affinity_go(&beside), 0);
    if (!confined)
        cr_assert_eq(fl_affinity_go(&before), 0); /* and the thread stays there for a while */
    cr_assert_eq(FILCH_RUN(rt, is_in_its_place), !confined);
    struct fl_affinity after = fl_affinity_read();
    cr_assert(fl_affinity_equal(&after, confined ? &beside : &before), "its mask is as before");
    signpost_raise(&may_end);
    fl_affinity_go(&before);
    fl_affinity_free(&after);
    fl_affinity_free(&beside);
    fl_affinity_free(&before);
    OK(filch_runtime_destroy(rt));
}

Test(guest_cpu, guest_leaves_cpu_of_busy_worker)
{
    play(false);
}

Test(guest_cpu, guest_confined_to_one_cpu_stays)
{
    play(true);
}

/* As a container does that is given fewer CPUs. */
FILCH_TASK(long, loses_cpus)
{
    struct fl_affinity one = only(sched_getcpu());
    int rc = fl_affinity_go(&one);
    fl_affinity_free(&one);
    return rc ? rc : fib(self, 20);
}

Test(guest_cpu, a_shrunken_mask_stays)
{
    filch_runtime *rt = NULL;
    struct fl_affinity before = fl_affinity_read();
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .bind = "pu", .guest = "1"}));
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(FILCH_RUN(rt, loses_cpus), 6765);
        struct fl_affinity after = fl_affinity_read();
        cr_assert_eq(fl_affinity_go(&before), 0);
        bool handed_over = fl_affinity_equal(&after, &before);
        cr_assert(handed_over || CPU_COUNT_S(after.size, after.set) == 1);
        fl_affinity_free(&after);
    }
    fl_affinity_free(&before);
    OK(filch_runtime_destroy(rt));
}

/* A guest and its lender spin before they sleep. Waits and turns that began long
 * ago (0) are long ones. */

enum { ELSEWHERE = 1 << 20 };

static void with_a_pace(void (*check)(fl_pace *pace, const fl_worker *worker))
{
    struct fl_affinity before = fl_affinity_read(), here = only(sched_getcpu());
    filch_runtime *one = guest_asleep(1);
    cr_assert_eq(fl_affinity_go(&here), 0);
    fl_pace pace = {.cpu = ELSEWHERE,
                    .givers_cpu = ELSEWHERE,
                    .short_wait = true,
                    .short_turn = true};
    check(&pace, one->worker[0]);
    fl_affinity_go(&before);
    fl_affinity_free(&here);
    fl_affinity_free(&before);
    expect_rest(one);
}

static void spins_apart(fl_pace *pace, const fl_worker *worker)
{
    cr_assert_gt(fl_pace_wait(pace, worker), 0);
    cr_assert_eq(pace->cpu, sched_getcpu());
    pace->cpu = ELSEWHERE;
    pace->short_turn = true;
    cr_assert_gt(fl_pace_give(pace, worker), 0);
    cr_assert_eq(pace->givers_cpu, sched_getcpu());
}

Test(guest_pace, threads_apart_spin)
{
    with_a_pace(spins_apart);
}

static void sleeps_together(fl_pace *pace, const fl_worker *worker)
{
    pace->cpu = pace->givers_cpu = sched_getcpu();
    cr_assert_eq(fl_pace_give(pace, worker), 0);
    cr_assert_eq(fl_pace_wait(pace, worker), 0);
}

Test(guest_pace, threads_on_one_cpu_sleep)
{
    with_a_pace(sleeps_together);
}

static void sleeps_after_long(fl_pace *pace, const fl_worker *worker)
{
    fl_pace_turn(pace);
    cr_assert(!pace->short_wait);
    pace->began = 0;
    cr_assert_eq(fl_pace_wait(pace, worker), 0);
    cr_assert(!pace->short_turn);
    pace->cpu = ELSEWHERE;
    cr_assert_eq(fl_pace_give(pace, worker), 0);
    do
        pace->began = fl_ticks();
    while (fl_pace_turn(pace), !pace->short_wait);
}

Test(guest_pace, long_waits_sleep)
{
    with_a_pace(sleeps_after_long);
}

/* As of the worker that parked on this CPU last. */
static void sleeps_on_anothers_cpu(fl_pace *pace, const fl_worker *worker)
{
    fl_near_park(&worker->rt->near, 1);
    cr_assert_eq(fl_pace_wait(pace, worker), 0);
    pace->short_turn = true;
    cr_assert_eq(fl_pace_give(pace, worker), 0);
}

Test(guest_pace, guests_on_workers_cpus_sleep)
{
    with_a_pace(sleeps_on_anothers_cpu);
}

static void sleeps_crowded(fl_pace *pace, const fl_worker *worker)
{
    believe_in_cpus(worker->rt, 0);
    cr_assert_eq(fl_pace_wait(pace, worker), 0);
    pace->cpu = ELSEWHERE;
    pace->short_turn = true;
    cr_assert_eq(fl_pace_give(pace, worker), 0);
}

Test(guest_pace, more_workers_than_cpus_sleep)
{
    with_a_pace(sleeps_crowded);
}

/* Regions that begin in a signal handler. The signal comes by raise(), so that the handler may call
 * anything. */

/* filch_run is not meant for signals that interrupt anything; here they interrupt raise(). */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_signal_unsafe=0";
}

static filch_runtime *rt;
static int outcome;
static long result;

FILCH_TASK(long, fib_of_15)
{
    return fib(self, 15);
}

static void run_region(int signal)
{
    filch_slot slot = {.args = {0}};
    outcome = filch_run(rt, &fib_of_15_task, &slot);
    memcpy(&result, slot.args, sizeof result);
}

static void expect_handler(int flags)
{
    struct sigaction action = {.sa_handler = run_region, .sa_flags = flags};
    outcome = 1;
    result = 0;
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

Test(guest_signal, a_handler_may_run_a_region)
{
    rt = guest_asleep(2);
    expect_handler(0);
    cr_assert_eq(raise(SIGUSR1), 0);
    cr_assert_eq(outcome, 0);
    cr_assert_eq(result, 610);
    expect_rest(rt);
}

/* Of that stack nothing is known, so the region is handed over. */
Test(guest_signal, another_stack_hands_it_over)
{
    const size_t size = 1 << 16;
    stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
    cr_assert_eq(sigaltstack(&stack, NULL), 0);
    rt = guest_asleep(2);
    expect_handler(SA_ONSTACK);
    cr_assert_eq(raise(SIGUSR1), 0);
    cr_assert_eq(outcome, 0);
    cr_assert_eq(result, 610);
    expect_rest(rt);
    stack.ss_flags = SS_DISABLE;
    cr_assert_eq(sigaltstack(&stack, NULL), 0);
    free(stack.ss_sp);
}

FILCH_TASK(int, is_interrupted)
{
    return raise(SIGUSR1);
}

Test(guest_signal, a_nested_handler_is_refused)
{
    rt = guest_asleep(2);
    expect_handler(0);
    cr_assert_eq(FILCH_RUN(rt, is_interrupted), 0);
    cr_assert_eq(outcome, -EDEADLK);
    expect_rest(rt);
}
