/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Seats: threads of the program as the only workers of a runtime (runtime/engine/guest.h). */
#include <pthread.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/help.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MOST = 64, ROUNDS = 30 };

static fl_runtime *seats(unsigned count)
{
    fl_runtime *rt = NULL;
    const filch_config config = {.workers = count, .bind = "none"};
    cr_assert_eq(fl_seats_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

/* ---- One ---- */

Test(seat, its_thread_is_the_worker)
{
    fl_runtime *rt = seats(1);
    fl_seat seat;
    cr_assert_eq(filch_worker_index(), -1);
    cr_assert_eq(fl_seat_take(rt, 0, &seat), 0);
    cr_assert_eq(filch_runtime_here(), rt);
    cr_assert_eq(filch_worker_index(), 0);
    cr_assert_eq(fib(fl_seat_self(&seat), 15), serial_fib(15));
    fl_seat_leave(&seat);
    cr_assert_eq(filch_worker_index(), -1);
    fl_seats_destroy(rt);
}

Test(seat, it_is_taken_again_and_again)
{
    fl_runtime *rt = seats(3);
    for (unsigned i = 0; i < ROUNDS; i++) {
        fl_seat seat;
        cr_assert_eq(fl_seat_take(rt, i % 3, &seat), 0);
        cr_assert_eq(filch_worker_index(), (int)(i % 3));
        cr_assert_eq(fib(fl_seat_self(&seat), 8), serial_fib(8));
        fl_seat_leave(&seat);
        cr_assert_eq(fl_idle_resting(fl_idle_look(&rt->idle)), 3);
    }
    fl_seats_destroy(rt);
}

Test(seat, seats_of_two_runtimes)
{
    fl_runtime *outer = seats(2), *inner = seats(2);
    fl_seat one, other;
    cr_assert_eq(fl_seat_take(outer, 1, &one), 0);
    fl_worker *before = fl_worker_here();
    cr_assert_eq(fl_seat_take(inner, 0, &other), 0);
    cr_assert_eq(filch_runtime_here(), inner);
    cr_assert_eq(fib(fl_seat_self(&other), 10), serial_fib(10));
    fl_seat_leave(&other);
    fl_worker_set_here(before);
    cr_assert_eq(fib(fl_seat_self(&one), 10), serial_fib(10));
    fl_seat_leave(&one);
    fl_seats_destroy(inner);
    fl_seats_destroy(outer);
}

/* ---- Many ---- */

typedef struct staff {
    fl_runtime *rt;
    unsigned size;
    filch_u32 go, ended, moved;
} staff;

typedef struct member {
    staff *staff;
    unsigned number;
} member;

static void wait_for(fl_seat *seat, const filch_u32 *word, uint32_t value)
{
    const fl_until until = {.word = word, .value = value};
    while (!fl_help_until(seat->guest.fiber, fl_seat_self(seat), &until))
        sched_yield();
}

static void set(staff *c, filch_u32 *word, uint32_t value)
{
    filch_u32_store(word, value, FILCH_SEQ_CST);
    fl_wake_helpers(c->rt);
}

FILCH_TASK(long, fib_in_place, (staff *, c), (int, n))
{
    pthread_t here = pthread_self();
    if (n < 2)
        return n;
    FILCH_FORK(fib_in_place, c, n - 1);
    long right = fib_in_place(self, c, n - 2);
    FILCH_JOIN(long left, fib_in_place);
    if (!pthread_equal(here, pthread_self()))
        filch_u32_add(&c->moved, 1, FILCH_RELAXED);
    return left + right;
}

FILCH_VOID_TASK(note, (filch_u32 *, done))
{
    filch_u32_store(done, 1, FILCH_RELEASE);
}

/* A task that only another thread can run: a sleeping one is woken for it. */
FILCH_VOID_TASK(await_helper)
{
    filch_u32 done = {0};
    FILCH_FORK(note, &done);
    WAIT_WHILE(!filch_u32_load(&done, FILCH_ACQUIRE));
    FILCH_JOIN_VOID(note);
}

/* Thread 0 begins each round, and has most of the work. */
static void lead(staff *c)
{
    fl_seat seat;
    cr_assert_eq(fl_seat_take(c->rt, 0, &seat), 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        set(c, &c->go, round + 1);
        if (c->size > 1)
            await_helper(fl_seat_self(&seat));
        cr_assert_eq(fib_in_place(fl_seat_self(&seat), c, 20), serial_fib(20));
        while (filch_u32_load(&c->ended, FILCH_ACQUIRE) < (round + 1) * (c->size - 1))
            wait_for(&seat, &c->ended, filch_u32_load(&c->ended, FILCH_ACQUIRE));
    }
    set(c, &c->go, ROUNDS + 1);
    fl_seat_leave(&seat);
}

static void *serve(void *arg)
{
    member *m = arg;
    staff *c = m->staff;
    fl_seat seat;
    cr_assert_eq(fl_seat_take(c->rt, m->number, &seat), 0);
    fl_outside_expected(-1);
    for (uint32_t seen = 0; seen < ROUNDS; seen++) {
        wait_for(&seat, &c->go, seen);
        cr_assert_eq(fib_in_place(fl_seat_self(&seat), c, 10), serial_fib(10));
        filch_u32_add(&c->ended, 1, FILCH_SEQ_CST);
        fl_wake_helpers(c->rt);
    }
    wait_for(&seat, &c->go, ROUNDS);
    fl_seat_leave(&seat);
    return NULL;
}

static void try_crew(unsigned size)
{
    staff c = {.rt = seats(size), .size = size};
    pthread_t threads[MOST];
    member members[MOST];
    for (unsigned i = 1; i < size; i++) {
        members[i] = (member){&c, i};
        fl_outside_expected(1); /* a thread that the detector of deadlocks does not know yet */
        cr_assert_eq(pthread_create(&threads[i], NULL, serve, &members[i]), 0);
    }
    lead(&c);
    for (unsigned i = 1; i < size; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(filch_u32_load(&c.moved, FILCH_RELAXED), 0, "a task has changed its thread");
    filch_runtime_stats stats;
    filch_runtime_stats_read(c.rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_expect(size == 1 || stats.tasks_taken > 0, "nothing was stolen");
    cr_assert_eq(fl_idle_resting(fl_idle_look(&c.rt->idle)), size, "all seats are free");
    fl_seats_destroy(c.rt);
}

Test(seat, two_threads_share_tasks, .timeout = 60)
{
    try_crew(2);
}

Test(seat, eight_threads_share_tasks, .timeout = 60)
{
    try_crew(8);
}

Test(seat, many_threads_share_tasks, .timeout = 120)
{
    try_crew(MOST);
}

/* ---- Joins ---- */

/* As a join does with a task that was taken while the joined one ended. */
static void hand_on(fl_worker *worker)
{
    fl_forkstack *stack = filch_ptr_load(&worker->current, FILCH_ACQUIRE);
    filch_slot *slot;
    uint64_t top;
    cr_assert(fl_forkstack_rob_look(stack, &top));
    const filch_task *task = fl_forkstack_rob_take(stack, top, &slot);
    cr_assert_not_null(task);
    slot->claimed = task;
    OK(fl_push_ready(worker, fl_item(FL_ITEM_STOLEN, slot)));
}

FILCH_VOID_TASK(join_what_is_handed_on)
{
    filch_u32 done = {0};
    FILCH_FORK(note, &done);
    hand_on(fl_worker_here());
    FILCH_JOIN_VOID(note);
    cr_assert_eq(filch_u32_load(&done, FILCH_ACQUIRE), 1);
}

Test(seat, joins_run_tasks_handed_on, .timeout = 60)
{
    fl_runtime *rt = seats(1);
    fl_seat seat;
    OK(fl_seat_take(rt, 0, &seat));
    join_what_is_handed_on(fl_seat_self(&seat));
    fl_seat_leave(&seat);
    fl_seats_destroy(rt);
}

FILCH_VOID_TASK(await_a_waiting_join, (fl_runtime *, rt), (filch_u32 *, begun))
{
    filch_u32_store(begun, 1, FILCH_RELEASE);
    WAIT_WHILE(!filch_u32_load(&rt->seats_waiting, FILCH_ACQUIRE));
}

FILCH_VOID_TASK(join_for_long, (fl_runtime *, rt))
{
    filch_u32 begun = {0};
    FILCH_FORK(await_a_waiting_join, rt, &begun);
    WAIT_WHILE(!filch_u32_load(&begun, FILCH_ACQUIRE)); /* in the other seat */
    FILCH_JOIN_VOID(await_a_waiting_join);
}

static void *help_once(void *arg)
{
    staff *c = arg;
    fl_seat seat;
    cr_assert_eq(fl_seat_take(c->rt, 1, &seat), 0);
    fl_outside_expected(-1);
    wait_for(&seat, &c->go, 0);
    fl_seat_leave(&seat);
    return NULL;
}

Test(seat, a_long_join_counts_as_waiting, .timeout = 60)
{
    staff c = {.rt = seats(2)};
    pthread_t thread;
    fl_seat seat;
    fl_outside_expected(1);
    cr_assert_eq(pthread_create(&thread, NULL, help_once, &c), 0);
    OK(fl_seat_take(c.rt, 0, &seat));
    join_for_long(fl_seat_self(&seat), c.rt);
    set(&c, &c.go, 1);
    fl_seat_leave(&seat);
    pthread_join(thread, NULL);
    fl_seats_destroy(c.rt);
}
