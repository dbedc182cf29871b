/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_sim_parts
 *
 * Decisions that the simulation restates, beside the library's own (docs/lab/scale.md). */
#include <runtime/engine/worker.h>
#include <sched/deque.h>
#include <sched/rng.h>
#include <tests/support/engine.h>
#include <tests/support/forkstack.h>
#include <tests/support/test.h>
#include <tests/unit/sim/simulated.h>
#include <tools/sim/strand.h>
#include <tools/sim/world.h>

Test(sim_decisions, look_counts_tasks_like_fork_stack, .fini = clear)
{
    for (unsigned forks = 0; forks < 300 && forks < FL_SLOTS; forks++) {
        lay_out();
        fork_many(slots, forks);
        cr_expect_eq(search_seen(forks), fl_forkstack_length(stack), "%u forks", forks);
    }
}

Test(sim_decisions, parts_and_first_task_cover_range)
{
    for (uint32_t count = 1; count < 2000; count += 1 + count / 7) {
        const place range = {.first = 10, .count = count};
        uint32_t forks = range_forks(count), end = 10 + count;
        for (uint32_t i = 0; i < forks; i++) {
            place part = range_part(&range, i);
            cr_expect_eq(part.first + part.count, end);
            end = part.first;
        }
        cr_expect_eq(end, 11, "%u tasks", count);
    }
}

/* A request leaves two marks; the owner clears one at its next fork, the other at its next join. */
Test(sim_decisions, owner_status_matches_fork_stack, .fini = clear)
{
    for (int forked = 0; forked < 2; forked++)
        for (int joined = 0; joined < 2; joined++) {
            fl_mailbox box = {.most = 1}, other = {.most = 1};
            strand one = {.request = 7, .is_called = true, .is_asked = true};
            lay_out();
            filch_self self = fork_many(slots, 3);
            cr_assert_eq(fl_forkstack_ask(stack, &box), FL_ASK_LEFT);
            cr_expect_eq(search_asked(&one), fl_forkstack_ask(stack, &other));
            cr_assert(fl_forkstack_withdraw(stack, &box));
            if (forked)
                fl_forkstack_rearm(stack);
            if (joined)
                cr_assert_eq(join_slow(self - 1), FL_KEPT);
            one = (strand){.request = -1, .is_called = !forked, .is_asked = !joined};
            cr_expect_eq(search_asked(&one), fl_forkstack_ask(stack, &other),
                         "forked %d, joined %d", forked, joined);
        }
}

static void retire(fl_deque *grown, fl_buffer *old)
{
    free(old);
}

Test(sim_decisions, ready_fibers_follow_ready_deque_order)
{
    enum { ALL = 200, MASK = 7 };
    strand made[ALL] = {{0}};
    worker w = {0};
    world s = {0};
    fl_deque deque;
    uint64_t rng = 5;
    cr_assert_eq(fl_deque_init(&deque, 4, retire), 0);
    for (int i = 0; i < ALL || w.ready;) {
        unsigned chance = fl_rng_below(&rng, MASK + 1);
        cr_assert_eq(fl_deque_size(&deque), w.ready);
        if (i < ALL && chance > MASK / 2) {
            work_make_ready(&s, &w, &made[i]);
            cr_assert_eq(fl_deque_push(&deque, &made[i++]), 0);
        } else if (chance % 2) {
            cr_expect_eq((void *)search_take_ready(&w, false), fl_deque_pop(&deque));
        } else {
            void *oldest = NULL;
            fl_deque_steal(&deque, &oldest);
            cr_expect_eq((void *)search_take_ready(&w, true), oldest);
        }
    }
    fl_deque_clear(&deque);
}

/* ---- Which sleeper is woken first ---- */

enum { WORKERS = 4, TRIES = 9 };

FILCH_VOID_TASK(notes_worker, (filch_u32 *, on))
{
    filch_u32_store(on, fl_worker_here()->index + 1, FILCH_RELEASE);
}

/* How far behind the forking worker the one is that its fork wakes. */
FILCH_TASK(unsigned, wakes_one, (int, unused))
{
    filch_u32 on;
    unsigned here = fl_worker_here()->index;
    filch_u32_store(&on, 0, FILCH_RELAXED);
    FILCH_FORK(notes_worker, &on);
    WAIT_WHILE(!filch_u32_load(&on, FILCH_ACQUIRE));
    FILCH_JOIN_VOID(notes_worker);
    return (filch_u32_load(&on, FILCH_ACQUIRE) - 1 + WORKERS - here) % WORKERS;
}

/* A worker may wake by itself meanwhile, to free memory. */
Test(sim_decisions, the_next_worker_is_woken_first)
{
    unsigned next = 0;
    for (int i = 0; i < TRIES; i++) {
        filch_runtime *rt = runtime_at_rest(WORKERS);
        next += FILCH_RUN(rt, wakes_one, 0) == 1;
        OK(filch_runtime_destroy(rt));
    }
    cr_expect_gt(next, TRIES / 2u, "%u of %d", next, TRIES);
    simulated s;
    simulated_begin(&s, "tree:depth=1,leaf=100000", "package:2 core:2", WORKERS);
    outcome o = simulated_run(&s);
    cr_expect_eq(o.steals_of[machine_tier(&s.machine, 0, 1)], 1u);
    cr_expect_eq(o.steals_of[machine_tier(&s.machine, 0, 2)], 0u);
    simulated_end(&s);
}
