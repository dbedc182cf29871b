/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Take modes: how many forked tasks a gift holds, and how many items a thief takes from a ready
 * deque. Each test holds the victim until the thief has been there, so the counts are exact. */
#include <runtime/engine/worker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const char *const takes[] = {"adaptive", "one", "half"};
enum { ADAPTIVE, ONE, HALF, TAKES };
static filch_runtime *runtime_with(unsigned take, unsigned workers)
{
    return mode_runtime((filch_config){.take = takes[take], .workers = workers});
}

/* ---- Forked tasks ---- */

enum { SHALLOW = BUILD_TINY ? 3 : 16, DEEP = 150 }; /* below FL_HALF_FROM, above */
static signpost taken, begun;

FILCH_TASK(int, leaf, (int, at))
{
    signpost_raise(&begun);
    return at;
}

/* Forks some, then forks and joins until a thief, which it answers in this mode, has begun with
 * something. */
FILCH_TASK(int, loop, (int, count))
{
    int sum = 0;
    for (int i = 0; i < count; i++)
        FILCH_FORK(leaf, i);
    while (signpost_count(&begun) == 0) {
        FILCH_FORK(fib, 0);
        FILCH_JOIN(long none, fib);
        sum += (int)none;
    }
    for (int i = 0; i < count; i++) {
        FILCH_JOIN(int one, leaf);
        sum += one;
    }
    return sum;
}

/* Has any gift several tasks? Whether a thief comes before the owner joins is chance, hence
 * often. */
static bool gives_many(unsigned take, int forked)
{
    enum { TIMES = 50 };
    filch_runtime *rt = runtime_with(take, 2);
    filch_runtime_stats stats = {0};
    for (int i = 0; i < TIMES && stats.gift_tasks == stats.gifts; i++) {
        filch_u32_store(&begun, 0, FILCH_SEQ_CST);
        cr_assert_eq(FILCH_RUN(rt, loop, forked), forked * (forked - 1) / 2);
        stats = mode_stats(rt);
    }
    filch_runtime_destroy(rt);
    return stats.gift_tasks > stats.gifts;
}

Test(take_modes, half_mode_gives_half_shallow_stack)
{
    cr_assert(gives_many(HALF, SHALLOW));
    cr_assert_not(gives_many(ADAPTIVE, SHALLOW));
    cr_assert_not(gives_many(ONE, SHALLOW));
}

Test(take_modes, one_mode_never_gives_many)
{
    cr_assert(gives_many(HALF, DEEP));
    cr_assert_not(gives_many(ONE, DEEP));
}

/* ---- Items of ready deques ---- */

enum { JOBS = BUILD_TINY ? 4 : 64 };
static signpost may_steal, ran;
static int64_t thief_has;

/* The first one that the thief runs looks what else it took. */
static void look(filch_self self, void *arg)
{
    fl_worker *here = fl_worker_here();
    if (filch_u32_add(&ran, 1, FILCH_ACQ_REL) == 0)
        thief_has = fl_deque_size(&here->ready);
}

static void hold_thief(filch_self self, void *arg)
{
    signpost_raise(&taken);
    signpost_wait(&may_steal, 1);
}

FILCH_TASK(int, submit_all, (int, count))
{
    filch_go(NULL, hold_thief, NULL);
    signpost_wait(&taken, 1); /* by the other worker, since this one is here */
    for (int i = 0; i < count; i++)
        filch_go(NULL, look, NULL);
    signpost_raise(&may_steal);
    signpost_wait(&ran, (uint32_t)count); /* the thief runs them all */
    return count;
}

static int64_t taken_besides(unsigned take)
{
    filch_runtime *rt = runtime_with(take, 2);
    filch_u32_store(&taken, 0, FILCH_SEQ_CST);
    filch_u32_store(&may_steal, 0, FILCH_SEQ_CST);
    filch_u32_store(&ran, 0, FILCH_SEQ_CST);
    cr_assert_eq(FILCH_RUN(rt, submit_all, JOBS), JOBS);
    filch_runtime_destroy(rt);
    return thief_has;
}

Test(take_modes, half_mode_takes_half_ready_deque)
{
    cr_assert_leq(taken_besides(ADAPTIVE), BUILD_TINY ? 2 : 7); /* if it comes back for more */
    cr_assert_eq(taken_besides(ONE), 0);
    cr_assert_eq(taken_besides(HALF), BUILD_TINY ? 1 : (JOBS - 1) / 2);
}

/* ---- Everything else ---- */

Test(take_modes, few_and_many_workers_answer_correctly)
{
    for (unsigned take = 0; take < TAKES; take++)
        for (unsigned i = 0; i < MODE_SIZES; i++) {
            filch_runtime *rt = runtime_with(take, config_workers[i]);
            cr_assert_eq(FILCH_RUN(rt, fib, 16), fib_serial(16));
            filch_u32_store(&begun, 1, FILCH_SEQ_CST);
            cr_assert_eq(FILCH_RUN(rt, loop, DEEP), DEEP * (DEEP - 1) / 2);
            for (int k = 0; k < JOBS; k++)
                OK(filch_go(rt, look, NULL));
            OK(filch_runtime_destroy(rt));
        }
}

Test(take_modes, the_mode_is_described)
{
    mode_is_described(runtime_with(HALF, 1), "take         half: ");
}
