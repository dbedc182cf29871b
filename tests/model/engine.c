/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: first
 *
 * The whole engine under the checker: real workers, real fibers with stacks of their own, real
 * sleep, wake-up, inbox, suspension, and a real filch_runtime_destroy, for programs of two or three
 * tasks. Played here: the fibers' memory (a lock and a free list, as runtime/engine/fiber.c has
 * them) and the threads. Too large to be searched whole: bounded, and at random.
 *
 * Claims: every task and every job is run once; results are those of their tasks; destroy returns
 * when everything that was submitted before has run, and touches nothing that is freed, nor does
 * anybody else. */
#include <runtime/engine/guest.h>
#include <runtime/engine/help.h>
#include <runtime/engine/park.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/queues.h>
#include <tests/model/system/process.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <filch/filch.h>
#include <stdlib.h>
#include <string.h>

enum { MARKS = 8 };

static filch_runtime *rt;
static unsigned marks[MARKS]; /* how often each task or job ran */
static filch_u32 told;        /* a job's word to a thread of the program */
static filch_u32 gate;        /* for filch_help_until */
static filch_ptr waiting;     /* a fiber that a thread of the program resumes */

MC_UNCHECKED static void mark(unsigned which)
{
    MC_CLAIM(!marks[which]++, "a task or job runs twice");
}

MC_UNCHECKED static void expect_marks(unsigned first, unsigned past)
{
    for (unsigned i = first; i < past; i++)
        MC_CLAIM(marks[i] == 1, "a task or job is lost");
}

/* ---- Before ---- */

static void name_everything(void)
{
    char name[40];
    mc_name_word(&rt->idle.word, "I", spell_idle_word);
    mc_name(&rt->idle.tokens, "tokens");
    mc_name(&rt->inbox.tail, "inbox.tail");
    mc_name(&rt->inbox.head, "inbox.head");
    mc_name(&rt->inbox.draining, "inbox.draining");
    mc_name(&rt->stopping, "stopping");
    mc_name(&rt->finished, "finished");
    mc_name(&rt->inbox.visitors, "visitors");
    mc_name(&rt->fibers.lock, "fibers' lock");
    mc_name(&told, "told");
    mc_name(&gate, "gate");
    mc_name(&waiting, "waiting");
    mc_name(&rt->worker_set.active, "active");
    mc_name(&rt->worker_set.lock, "lock");
    for (unsigned i = 0; mc_traces() && i < rt->worker_set.most; i++) {
        const fl_worker *worker = rt->worker[i];
        snprintf(name, sizeof name, "worker%u", i);
        mc_name(worker, name);
        snprintf(name, sizeof name, "park_word%u", i);
        mc_name(&worker->park_word, name);
        snprintf(name, sizeof name, "helper%u", i);
        mc_name(&worker->helper_wakes, name);
        snprintf(name, sizeof name, "current%u", i);
        mc_name(&worker->current, name);
        snprintf(name, sizeof name, "ready%u", i);
        mc_name(&worker->ready, name);
    }
}

static void lay_out(const process_wants *wanted, bool resized)
{
    memset(marks, 0, sizeof marks);
    memset(&told, 0, sizeof told);
    memset(&gate, 0, sizeof gate);
    memset(&waiting, 0, sizeof waiting);
    reaches_setup();
    rcu_setup(0); /* nobody frees what they cover: deque.c, retire.c, reclaim.c */
    clock_setup(true);
    rt = process_create(wanted);
    statistics_setup();
    for (unsigned i = 0; i < rt->worker_set.most; i++) {
        statistics_ignore(rt->worker[i], true);
        mc_ignore(&rt->worker[i]->tick, sizeof rt->worker[i]->tick);
    }
    if (!resized)
        mc_ignore(&rt->worker_set, sizeof rt->worker_set);
    mc_ignore(&rt->policy, sizeof rt->policy);
    name_everything();
}

#define SETUP(name, ...)                                                                           \
    static void name(void)                                                                         \
    {                                                                                              \
        lay_out(&(const process_wants){__VA_ARGS__}, false);                                       \
    }

SETUP(one_worker, .workers = 1)
SETUP(two_workers, .workers = 2)
SETUP(three_workers, .workers = 3)
SETUP(full_fence, .workers = 2, .full_fence = true)
SETUP(central, .workers = 2, .queue = &fl_queue_central_lockfree)
SETUP(sharing, .workers = 2, .queue = &fl_queue_sharing)
SETUP(cilk, .workers = 2, .queue = &fl_queue_the)
SETUP(bounded, .workers = 2, .queue = &fl_queue_abp)
SETUP(split, .workers = 2, .queue = &fl_queue_private_split)
SETUP(request, .workers = 2, .queue = &fl_queue_private_request)
SETUP(no_membarrier, .workers = 2, .no_membarrier = true)
SETUP(awake, .workers = 2, .idle = FL_IDLE_SPIN)
SETUP(awake_three, .workers = 3, .idle = FL_IDLE_YIELD)
SETUP(helpers, .workers = 2, .wait = FL_WAIT_HELP_ANY)
SETUP(helpers_three, .workers = 3, .wait = FL_WAIT_HELP_ANY)
SETUP(own_helpers, .workers = 2, .wait = FL_WAIT_HELP_OWN)
SETUP(own_helpers_three, .workers = 3, .wait = FL_WAIT_HELP_OWN)
SETUP(guest, .workers = 1, .guest = true)
SETUP(guest_two, .workers = 2, .guest = true)
SETUP(guest_three, .workers = 3, .guest = true)
SETUP(guest_full, .workers = 2, .guest = true, .full_fence = true)
SETUP(guest_few, .workers = 2, .guest = true, .fibers = 3)
SETUP(seats, .workers = 2, .seats = true)
SETUP(seats_three, .workers = 3, .seats = true)
SETUP(seats_full, .workers = 2, .seats = true, .full_fence = true)
SETUP(halvers, .workers = 2, .take = FL_TAKE_HALF)
/* One for each worker's loop and one to wait: the next thread that suspends waits on its own
 * stack. */
SETUP(few_fibers, .workers = 2, .fibers = 3)
SETUP(few_awake, .workers = 2, .fibers = 3, .idle = FL_IDLE_SPIN)

static void resized(void)
{
    lay_out(&(const process_wants){.workers = 2}, true);
}

/* Thieves that have just lost by stealing: they nap before they search. */
static void poor_thieves(void)
{
    two_workers();
    for (unsigned i = 0; i < 2; i++)
        rt->worker[i]->profit.credit = FL_PROFIT_NAP_BELOW - 1;
}

static void poor_awake(void)
{
    awake();
    for (unsigned i = 0; i < 2; i++)
        rt->worker[i]->profit.credit = FL_PROFIT_NAP_BELOW - 1;
}

/* Thieves that take half of a loop. */
static void be_greedy(void)
{
    for (unsigned i = 0; i < 2; i++)
        rt->worker[i]->profit.most = 4;
}

static void greedy_thieves(void)
{
    two_workers();
    be_greedy();
}

static void guest_greedy(void)
{
    guest_two();
    be_greedy();
}

static void guest_resized(void)
{
    lay_out(&(const process_wants){.workers = 2, .guest = true}, true);
}

/* ---- Programs ---- */

FILCH_TASK(int, leaf, (int, number))
{
    (void)self;
    mark((unsigned)number);
    return 10 * number;
}

FILCH_TASK(int, pair, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(leaf, number + 1);
    FILCH_JOIN(int left, leaf);
    return left + number;
}

/* Its join suspends where both inner tasks are stolen. */
FILCH_TASK(int, nested, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(pair, number + 1);
    FILCH_FORK(leaf, number + 3);
    FILCH_JOIN(int right, leaf);
    FILCH_JOIN(int left, pair);
    return left + right;
}

/* The same; meanwhile one of two workers is to retire, and returns. */
FILCH_TASK(int, resizes, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(pair, number + 1);
    filch_runtime_resize(rt, 1);
    FILCH_FORK(leaf, number + 3);
    FILCH_JOIN(int right, leaf);
    filch_runtime_resize(rt, 2);
    FILCH_JOIN(int left, pair);
    return left + right;
}

enum { TURNS = 6 };

FILCH_TASK(int, loop, (int, number))
{
    int sum = 0;
    mark((unsigned)number);
    for (int i = 1; i <= TURNS; i++)
        FILCH_FORK(leaf, number + i);
    for (int i = 0; i < TURNS; i++) {
        FILCH_JOIN(int one, leaf);
        sum += one;
    }
    return sum;
}

FILCH_TASK(int, yields, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(leaf, number + 1);
    filch_yield(self);
    FILCH_JOIN(int left, leaf);
    return left + number;
}

/* Two fibers may wait at once, each having left its worker to another one. */
FILCH_TASK(int, yield_both, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(yields, number + 1);
    filch_yield(self);
    FILCH_JOIN(int left, yields);
    return left + number;
}

/* As filch_help_set does. */
static void open_gate(void)
{
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED);
    filch_u32_store(&gate, 1, FILCH_RELEASE);
    fl_wake_helpers(rt);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE);
}

FILCH_TASK(int, opens, (int, number))
{
    (void)self;
    mark((unsigned)number);
    open_gate();
    return 10 * number;
}

static void wait_at_gate(filch_self self)
{
    const fl_until until = {.word = &gate};
    while (!fl_help_until(fl_fiber_of(self), self, &until))
        filch_yield(self); /* played: it would wait in a queue (runtime/sync/help_until.c) */
    MC_CLAIM(filch_u32_load(&gate, FILCH_ACQUIRE) == 1, "it returns early");
}

/* The task that opens the gate is stolen, or ready once the helper yields. */
FILCH_TASK(int, helps, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(opens, number + 1);
    wait_at_gate(self);
    FILCH_JOIN(int left, opens);
    return left + number;
}

FILCH_TASK(int, waits_at_gate, (int, number))
{
    mark((unsigned)number);
    wait_at_gate(self);
    return number;
}

/* Its leaf may run on top of a task that waits at the gate. */
FILCH_TASK(int, opens_late, (int, number))
{
    mark((unsigned)number);
    FILCH_FORK(leaf, number + 1);
    FILCH_JOIN(int left, leaf);
    open_gate();
    return left + number;
}

/* It does not change its thread. */
FILCH_TASK(int, stays, (int, number))
{
    int at;
    mark((unsigned)number);
    filch_stay_begin(self);
    at = filch_worker_index();
    FILCH_FORK(pair, number + 1);
    FILCH_FORK(leaf, number + 3);
    filch_yield(self);
    MC_CLAIM(filch_worker_index() == at, "a task that stays has moved");
    FILCH_JOIN(int right, leaf);
    FILCH_JOIN(int left, pair);
    MC_CLAIM(filch_worker_index() == at, "a task that stays has moved");
    filch_stay_end(self);
    return left + right;
}

static void told_once(void)
{
    filch_u32_add(&told, 1, FILCH_RELEASE);
    mc_futex_wake(&told, 2, MC_HERE);
}

static void tell(filch_self self, void *arg)
{
    (void)self;
    mark((unsigned)(uintptr_t)arg);
    told_once();
}

static void go_on(filch_self self, void *arg)
{
    (void)self;
    mark((unsigned)(uintptr_t)arg);
    filch_go(rt, tell, (void *)((uintptr_t)arg + 1));
}

static void wait_until_told(uint32_t times)
{
    for (uint32_t now; (now = filch_u32_load(&told, FILCH_ACQUIRE)) < times;)
        mc_futex_wait(&told, now, false, MC_HERE);
}

static void show(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)worker;
    (void)unused;
    filch_ptr_store(&waiting, left, FILCH_RELEASE);
    told_once();
}

FILCH_TASK(int, is_resumed, (int, number))
{
    mark((unsigned)number);
    fl_suspend(self, show, NULL);
    const fl_guest *guest = fl_fiber_guest(fl_fiber_of(self));
    if (guest)
        reaches_note(guest->borrowed ? "a grant" : "a loan");
    return number;
}

static void destroy(void)
{
    MC_CLAIM(filch_runtime_destroy(rt) == 0, "destroy fails");
}

/* A worker's thread, whose worker is still there when it ends. */
MC_UNCHECKED static void work(unsigned self)
{
    process_run(self);
    statistics_each(rt->worker[self - 1], reaches_note);
}

/* The whole program: main runs one task, and destroys the runtime. */
#define RUN(name, task, expected, tasks)                                                           \
    static void name(unsigned self)                                                                \
    {                                                                                              \
        if (self) {                                                                                \
            work(self);                                                                            \
            return;                                                                                \
        }                                                                                          \
        int result = FILCH_RUN(rt, task, 0);                                                       \
        MC_CLAIM(result == (expected), "a wrong result");                                          \
        destroy();                                                                                 \
        expect_marks(0, tasks);                                                                    \
    }

RUN(run_a_pair, pair, 10, 2)
RUN(run_nested, nested, 51, 4)
RUN(run_a_loop, loop, 10 * TURNS * (TURNS + 1) / 2, TURNS + 1)
RUN(run_and_resize, resizes, 51, 4)
RUN(run_and_yield, yields, 10, 2)
RUN(run_and_help, helps, 10, 2)
RUN(run_and_stay, stays, 51, 4)
RUN(run_and_yield_both, yield_both, 21, 3)

FILCH_TASK(int, tells, (int, number))
{
    tell(self, (void *)(uintptr_t)number);
    return number;
}

/* The call of one thread tells another, which destroys the runtime while the first may still be in its
 * call. */
static void destroyed_beside(unsigned self, void (*call)(void))
{
    if (self == 0) {
        wait_until_told(1);
        destroy();
        expect_marks(0, 1);
    } else if (self == 2) {
        call();
    } else {
        work(self);
    }
}

static void run_tells(void)
{
    (void)FILCH_RUN(rt, tells, 0);
}

static void go_tell(void)
{
    MC_CLAIM(filch_go(rt, tell, (void *)0) == 0, "filch_go fails");
}

static void destroyed_beside_a_guest(unsigned self)
{
    destroyed_beside(self, run_tells);
}

static void destroyed_by_another(unsigned self)
{
    destroyed_beside(self, go_tell);
}

/* Two threads at once, and a job from outside. */
static void run_beside_another(unsigned self)
{
    if (self == 0) {
        MC_CLAIM(FILCH_RUN(rt, pair, 0) == 10, "a wrong result");
        MC_CLAIM(filch_go(rt, tell, (void *)4) == 0, "filch_go fails");
        wait_until_told(2);
        destroy();
        expect_marks(0, 5);
    } else if (self == 2) {
        MC_CLAIM(FILCH_RUN(rt, yields, 2) == 32, "a wrong result");
        told_once();
    } else {
        work(self);
    }
}

/* Two threads meet at the gate; the second one calls twice. */
static void run_to_the_gate(unsigned self)
{
    if (self == 0) {
        MC_CLAIM(FILCH_RUN(rt, waits_at_gate, 0) == 0, "a wrong result");
        wait_until_told(1);
        destroy();
        expect_marks(0, 4);
    } else if (self > rt->worker_set.most) {
        MC_CLAIM(FILCH_RUN(rt, leaf, 3) == 30, "a wrong result");
        MC_CLAIM(FILCH_RUN(rt, opens_late, 1) == 21, "a wrong result");
        told_once();
    } else {
        work(self);
    }
}

/* Destroy comes while the thread that resumed may still be in its call. */
static void run_resumed(unsigned self)
{
    if (self == 0) {
        MC_CLAIM(FILCH_RUN(rt, is_resumed, 0) == 0, "a wrong result");
        destroy();
        expect_marks(0, 1);
    } else if (self > rt->worker_set.most) {
        wait_until_told(1);
        fl_resume(rt, filch_ptr_load(&waiting, FILCH_ACQUIRE));
    } else {
        work(self);
    }
}

static void wait_there(filch_self self, void *arg)
{
    mark((unsigned)(uintptr_t)arg);
    wait_at_gate(self);
}

/* Destroy waits for a job that helps. */
static void destroyed_above_a_helper(unsigned self)
{
    if (self == 0) {
        MC_CLAIM(filch_go(rt, wait_there, (void *)0) == 0, "filch_go fails");
        destroy();
        expect_marks(0, 1);
    } else if (self > rt->worker_set.most) {
        open_gate();
    } else {
        work(self);
    }
}

/* Seat 0 runs the tasks and opens the gate, at which the others wait. */
static void run_seated(unsigned self)
{
    fl_seat seat;
    MC_CLAIM(fl_seat_take(rt, self, &seat) == 0, "no seat");
    if (self) {
        const fl_until until = {.word = &gate};
        while (!fl_help_until(seat.guest.fiber, fl_seat_self(&seat), &until))
            ;
        fl_seat_leave(&seat);
        told_once();
        return;
    }
    MC_CLAIM(nested(fl_seat_self(&seat), 0) == 51, "a wrong result");
    open_gate();
    fl_seat_leave(&seat);
    wait_until_told(rt->worker_set.most - 1);
    MC_CLAIM(fl_idle_resting(fl_idle_look(&rt->idle)) == rt->worker_set.most, "a seat is taken");
    for (unsigned i = 0; i < rt->worker_set.most; i++)
        statistics_each(rt->worker[i], reaches_note);
    fl_seats_destroy(rt);
    expect_marks(0, 4);
}

FILCH_TASK(int, forks_opens)
{
    FILCH_FORK(opens, 0);
    FILCH_JOIN(int one, opens);
    return one;
}

/* Seat 1 has tasks of its own once it has opened the gate for seat 0, whose join may take one of them just
 * when it is over. */
static void run_seats_apart(unsigned self)
{
    fl_seat seat;
    MC_CLAIM(fl_seat_take(rt, self, &seat) == 0, "no seat");
    const filch_self here = fl_seat_self(&seat);
    if (self) {
        const fl_until until = {.word = &gate};
        while (!fl_help_until(seat.guest.fiber, here, &until))
            ;
        MC_CLAIM(pair(here, 2) == 32, "a wrong result");
        fl_seat_leave(&seat);
        told_once();
        return;
    }
    MC_CLAIM(forks_opens(here) == 0, "a wrong result");
    if (fl_deque_size(&rt->worker[0]->ready) > 0)
        mc_reached("handed on");
    fl_seat_leave(&seat);
    wait_until_told(1);
    fl_seats_destroy(rt);
    expect_marks(2, 4);
}

/* A thread leaves its seat, and another one takes it. */
static void run_seat_again(unsigned self)
{
    fl_seat seat;
    if (self == 2) {
        wait_until_told(1);
        mc_reached("a seat again");
    }
    MC_CLAIM(fl_seat_take(rt, self ? 1 : 0, &seat) == 0, "no seat");
    if (self == 0) {
        MC_CLAIM(pair(fl_seat_self(&seat), 0) == 10, "a wrong result");
        fl_seat_leave(&seat);
        wait_until_told(2);
        fl_seats_destroy(rt);
        expect_marks(0, 4);
        return;
    }
    MC_CLAIM(leaf(fl_seat_self(&seat), (int)self + 1) == 10 * ((int)self + 1), "a wrong result");
    fl_seat_leave(&seat);
    told_once();
}

static void open_and_tell(filch_self self, void *arg)
{
    (void)self;
    mark((unsigned)(uintptr_t)arg);
    open_gate();
    told_once();
}

/* Its thread is blocked until the job has run, which only the task at the gate can bring about. */
FILCH_TASK(int, blocks, (int, number))
{
    (void)self;
    mark((unsigned)number);
    filch_go(rt, open_and_tell, (void *)(uintptr_t)(number + 1));
    wait_until_told(1);
    return number;
}

static void run_beside_a_blocked(unsigned self)
{
    if (self == 0) {
        MC_CLAIM(FILCH_RUN(rt, waits_at_gate, 0) == 0, "a wrong result");
        wait_until_told(2);
        destroy();
        expect_marks(0, 3);
    } else if (self == 3) {
        MC_CLAIM(FILCH_RUN(rt, blocks, 1) == 1, "a wrong result");
        told_once();
    } else {
        work(self);
    }
}

/* Work submitted before destroy is run, and so is the work that it submits. */
static void go_and_destroy(unsigned self)
{
    if (self)
        work(self);
    else {
        MC_CLAIM(filch_go(rt, go_on, (void *)0) == 0, "filch_go fails");
        MC_CLAIM(filch_go(rt, tell, (void *)2) == 0, "filch_go fails");
        destroy();
        expect_marks(0, 3);
    }
}

static void go_and_resize(unsigned self)
{
    if (self)
        work(self);
    else {
        MC_CLAIM(filch_go(rt, go_on, (void *)0) == 0, "filch_go fails");
        MC_CLAIM(filch_runtime_resize(rt, 1) == 0, "filch_runtime_resize fails");
        MC_CLAIM(filch_go(rt, tell, (void *)2) == 0, "filch_go fails");
        wait_until_told(2);
        MC_CLAIM(filch_runtime_resize(rt, 2) == 0, "filch_runtime_resize fails");
        MC_CLAIM(filch_go(rt, tell, (void *)3) == 0, "filch_go fails");
        destroy();
        expect_marks(0, 4);
    }
}

#define WOKEN .reaches = {"wakes"}
#define STEALS .reaches = {"robs", "gifts"}
#define JOINS .reaches = {"robs", "gifts", "joins_waited"}
#define ROBS .reaches = {"robs", "joins_waited"}
#define GIVES .reaches = {"gifts", "joins_waited"}
#define QUEUED .reaches = {"queue_takes", "joins_waited"}
#define FLUSHES .reaches = {"flushed", "migrations"}
#define CAPPED .reaches = {"no fiber left", "joins_waited", "migrations"}
#define VISITS .reaches = {"a guest"}
#define TURNS_TAKEN .reaches = {"a guest", "another turn"}
#define DRAINS .reaches = {"wakes", "deque_steals"}
#define ROW(name, body, what, threads, setup, count, ...)                                          \
    {                                                                                              \
        name, what, threads, setup, body, .finish = reaches_tell, .random = count, .steps = 20000, \
                                          __VA_ARGS__                                              \
    }
#define ALONE                                                                                      \
    {                                                                                              \
        "main", "worker 0"                                                                         \
    }
#define ONE                                                                                        \
    {                                                                                              \
        "main", "worker 0", "another"                                                              \
    }
#define TWO                                                                                        \
    {                                                                                              \
        "main", "worker 0", "worker 1"                                                             \
    }
#define THREE_AND                                                                                  \
    {                                                                                              \
        "main", "worker 0", "worker 1", "another"                                                  \
    }
#define SEATED                                                                                     \
    {                                                                                              \
        "main", "another"                                                                          \
    }
#define SEATED_THREE                                                                               \
    {                                                                                              \
        "main", "another", "third"                                                                 \
    }
#define THREE                                                                                      \
    {                                                                                              \
        "main", "worker 0", "worker 1", "worker 2"                                                 \
    }

const mc_model mc_models[] = {
    ROW("destroyed_by_another", destroyed_by_another, "destroyed beside a call", ONE, one_worker,
        20000, WOKEN),
    ROW("pair", run_a_pair, "a fork, perhaps stolen", TWO, two_workers, 5000, STEALS),
    ROW("nested", run_nested, "joins that suspend", TWO, two_workers, 10000, JOINS),
    ROW("nested_full", run_nested, "out of line, full fences", TWO, full_fence, 5000, JOINS),
    ROW("nested_central", run_nested, "a queue for all", TWO, central, 5000, QUEUED),
    ROW("nested_the", run_nested, "Cilk-5's protocol", TWO, cilk, 4000, ROBS),
    ROW("nested_abp", run_nested, "bounded deques", TWO, bounded, 4000, ROBS),
    ROW("loop_abp", run_a_loop, "bounded deques that are full", TWO, bounded, 4000,
        .reaches = {"robs", "deque_steals"}),
    ROW("yields_split", run_and_yield, "a split deque that is flushed", TWO, split, 4000,
        .reaches = {"flushed", "exposures"}),
    ROW("loop_split", run_a_loop, "a split deque that exposes half of a loop", TWO, split, 4000,
        .reaches = {"exposures", "robs"}),
    ROW("nested_request", run_nested, "private deques", TWO, request, 4000, GIVES),
    ROW("nested_sharing", run_nested, "a queue for each", TWO, sharing, 5000, QUEUED),
    ROW("yields_sharing", run_and_yield, "a suspension with nothing to flush", TWO, sharing, 5000,
        .reaches = {"migrations", "queue_takes"}),
    ROW("nested_no_membarrier", run_nested, "the system refuses it", TWO, no_membarrier, 4000,
        JOINS),
    ROW("nested_capped", run_nested, "too few fibers", TWO, few_fibers, 10000, JOINS),
    ROW("nested_three", run_nested, "three workers", THREE, three_workers, 5000, JOINS),
    ROW("nested_naps", run_nested, "stealing does not pay", TWO, poor_thieves, 5000, JOINS),
    ROW("loop", run_a_loop, "gifts of many", TWO, greedy_thieves, 5000, STEALS),
    ROW("yields", run_and_yield, "a suspension with a flush", TWO, two_workers, 10000, FLUSHES),
    ROW("yields_capped", run_and_yield_both, "too few fibers", TWO, few_fibers, 5000, CAPPED),
    ROW("drained", go_and_destroy, "destroy waits for all jobs", TWO, two_workers, 10000, DRAINS),
    ROW("drained_three", go_and_destroy, "three workers", THREE, three_workers, 5000, DRAINS),
    ROW("resizes", run_and_resize, "a task sends a worker away, and calls it back", TWO, resized,
        10000, JOINS),
    ROW("resized", go_and_resize, "a thread does", TWO, resized, 10000, DRAINS),
    ROW("nested_awake", run_nested, "workers that stay awake", TWO, awake, 4000, JOINS),
    ROW("yields_awake_capped", run_and_yield_both, "and too few fibers", TWO, few_awake, 4000,
        CAPPED),
    ROW("nested_awake_naps", run_nested, "and stealing does not pay", TWO, poor_awake, 4000, JOINS),
    ROW("drained_awake", go_and_destroy, "they see the end", TWO, awake, 4000, DRAINS),
    ROW("drained_awake_three", go_and_destroy, "three of them", THREE, awake_three, 4000, DRAINS),
    ROW("nested_help", run_nested, "joins that help", TWO, helpers, 4000, JOINS),
    ROW("nested_help_three", run_nested, "three workers", THREE, helpers_three, 4000, JOINS),
    ROW("nested_help_own", run_nested, "they help their own", TWO, own_helpers, 4000, JOINS),
    ROW("nested_help_own_three", run_nested, "three workers", THREE, own_helpers_three, 4000,
        JOINS),
    ROW("loop_help", run_a_loop, "with gifts", TWO, helpers, 4000, STEALS),
    ROW("yields_help_own", run_and_yield, "and suspensions", TWO, own_helpers, 4000, FLUSHES),
    ROW("pair_guest", run_a_pair, "a thread works in a sleeper's place", ALONE, guest, 5000,
        VISITS),
    ROW("destroyed_beside_a_guest", destroyed_beside_a_guest, "destroyed while it leaves", ONE,
        guest, 20000, VISITS),
    ROW("run_beside_another", run_beside_another, "two threads and one worker", ONE, guest, 10000,
        TURNS_TAKEN),
    ROW("nested_guest", run_nested, "joins that help, and wait", TWO, guest_two, 10000,
        .reaches = {"a guest", "joins_waited"}),
    ROW("nested_guest_full", run_nested, "full fences", TWO, guest_full, 5000, VISITS),
    ROW("nested_guest_three", run_nested, "three workers", THREE, guest_three, 5000, VISITS),
    ROW("nested_guest_capped", run_nested, "too few fibers", TWO, guest_few, 10000, VISITS),
    ROW("loop_guest", run_a_loop, "gifts of many are offered", TWO, guest_greedy, 10000, VISITS),
    ROW("yields_guest", run_and_yield, "suspensions with a flush", TWO, guest_two, 10000,
        TURNS_TAKEN),
    ROW("yields_guest_capped", run_and_yield_both, "and too few fibers", TWO, guest_few, 5000,
        TURNS_TAKEN),
    ROW("resumed", run_resumed, "a thread resumes a guest", ONE, guest, 20000,
        .reaches = {"a grant", "a loan"}),
    ROW("resumed_two", run_resumed, "and two workers", THREE_AND, guest_two, 10000,
        .reaches = {"a grant", "a loan"}),
    ROW("resizes_guest", run_and_resize, "a guest sends a worker away", TWO, guest_resized, 10000,
        VISITS),
    ROW("helps", run_and_help, "a task that helps until a word changes", TWO, two_workers, 10000,
        STEALS),
    ROW("helps_three", run_and_help, "three workers", THREE, three_workers, 5000, STEALS),
    ROW("helps_naps", run_and_help, "stealing does not pay", TWO, poor_thieves, 5000, STEALS),
    ROW("helps_guest", run_and_help, "a guest that helps", TWO, guest_two, 10000, VISITS),
    ROW("helps_guest_alone", run_and_help, "of one worker", ALONE, guest, 5000, TURNS_TAKEN),
    ROW("to_the_gate", run_to_the_gate, "two threads and one worker", ONE, guest, 10000, VISITS),
    ROW("to_the_gate_two", run_to_the_gate, "and two workers", THREE_AND, guest_two, 10000,
        .reaches = {"a guest", "helps"}),
    ROW("to_the_gate_workers", run_to_the_gate, "workers wait at the gate", THREE_AND, two_workers,
        10000, .reaches = {"helps"}),
    ROW("drained_helper", destroyed_above_a_helper, "destroy waits for a job that helps", ONE,
        one_worker, 10000, .reaches = {"parks"}),
    ROW("helps_beside_a_blocked", run_beside_a_blocked, "a job that the helper alone can bring on",
        THREE_AND, guest_two, 10000, VISITS),
    ROW("stays", run_and_stay, "a task that keeps its thread", TWO, two_workers, 10000, JOINS),
    ROW("stays_three", run_and_stay, "three workers", THREE, three_workers, 5000, JOINS),
    ROW("stays_capped", run_and_stay, "too few fibers", TWO, few_fibers, 5000, JOINS),
    ROW("stays_awake", run_and_stay, "workers that stay awake", TWO, awake, 4000, JOINS),
    ROW("seats", run_seated, "threads of the program as workers", SEATED, seats, 10000, STEALS),
    ROW("seats_three", run_seated, "three of them", SEATED_THREE, seats_three, 5000, STEALS),
    ROW("seats_full", run_seated, "full fences", SEATED, seats_full, 5000, STEALS),
    ROW("seats_apart", run_seats_apart, "a join takes a task that it may not run", SEATED, seats,
        200000, .reaches = {"handed on"}),
    ROW("seat_again", run_seat_again, "a seat that two threads take in turn", SEATED_THREE, seats,
        10000, .reaches = {"a seat again"}),
    ROW("loop_half", run_a_loop, "gifts of half", TWO, halvers, 4000, STEALS),
    ROW("drained_half", go_and_destroy, "half of a ready deque", TWO, halvers, 4000, DRAINS),
    {.name = NULL}};
