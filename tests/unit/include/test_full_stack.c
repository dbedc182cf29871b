/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fork stack that is full: tasks that no longer fit run at once, as many as fit are right, and
 * callers that cannot go on die by name. */
#include <sched/forkstack.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

/* As callers in other languages do, whose self always is the next slot. */
FILCH_VOID_TASK(forks_too_much)
{
    for (unsigned i = 0; i < FL_SLOTS; i++) /* the last slot stays empty */
        self = filch_fork(self, &misuse_leaf_task);
}

/* Their self has moved, which filch_join cannot do. */
FILCH_VOID_TASK(joins_by_function)
{
    for (unsigned i = 0; i <= FL_SLOTS; i++)
        FILCH_FORK(misuse_leaf);
    for (unsigned i = 0; i <= FL_SLOTS; i++)
        filch_join(--self);
}

/* The first of them already. */
FILCH_VOID_TASK(joins_once_by_function)
{
    for (unsigned i = 0; i < FL_SLOTS - FL_RESERVE + FL_ASIDE; i++)
        FILCH_FORK(misuse_leaf);
    filch_join(self - 1);
    _exit(0);
}

/* As a caller that joins inline and does not update its self. */
FILCH_VOID_TASK(joins_inline)
{
    for (unsigned i = 0; i < FL_SLOTS - FL_RESERVE + FL_ASIDE; i++)
        FILCH_FORK(misuse_leaf);
    for (unsigned i = 0; i < 2; i++)
        filch_join_inline(--self, &misuse_leaf_task);
    _exit(0);
}

FILCH_TASK(int, forks_what_fits)
{
    int sum = 0;
    for (unsigned i = 0; i < FL_SLOTS - 1; i++)
        FILCH_FORK(misuse_leaf);
    for (unsigned i = 0; i < FL_SLOTS - 1; i++) {
        FILCH_JOIN(int one, misuse_leaf);
        sum += one;
    }
    return sum;
}

static void overfill(void)
{
    FILCH_RUN(misuse_runtime(1, "chase-lev"), forks_too_much);
}

static void overfill_and_join(void)
{
    FILCH_RUN(misuse_runtime(1, "chase-lev"), joins_by_function);
}

static void overfill_and_join_once(void)
{
    FILCH_RUN(misuse_runtime(1, "chase-lev"), joins_once_by_function);
}

static void overfill_and_join_inline(void)
{
    FILCH_RUN(misuse_runtime(1, "chase-lev"), joins_inline);
}

static void overfill_central(void)
{
    FILCH_RUN(misuse_runtime(1, "central-mutex"), forks_too_much);
}

/* So many that some are set aside. */
static void forget_many_detached(filch_self self, void *unused)
{
    for (unsigned i = 0; i < FL_SLOTS - FL_RESERVE + FL_ASIDE; i++)
        FILCH_FORK(misuse_leaf);
}

/* Its forks fill the reserve until FL_ASIDE of them are set aside. */
static void forget_from(filch_self self, void *unused)
{
    for (unsigned i = 0; i < FL_ASIDE + 1; i++)
        FILCH_FORK(misuse_leaf);
}

FILCH_VOID_TASK(tries_what_forgets)
{
    for (unsigned i = 0; i < FL_SLOTS - FL_RESERVE; i++)
        FILCH_FORK(misuse_leaf);
    filch_try(self, forget_from, NULL, NULL);
    _exit(0);
}

static void forget_in_try(void)
{
    FILCH_RUN(misuse_runtime(1, "chase-lev"), tries_what_forgets);
}

static void forget_many_in_go(void)
{
    filch_runtime *rt = misuse_runtime(1, NULL);
    filch_go(rt, forget_many_detached, NULL);
    filch_runtime_destroy(rt);
}

Test(full_stack, too_many_forks_die_naming_task)
{
    expect_death(overfill, "unjoined forks in task misuse_leaf", "join sooner");
    expect_death(overfill_central, "unjoined forks in task misuse_leaf", "join sooner");
    expect_death(overfill_and_join, "ran at once", "join with FILCH_JOIN");
    expect_death(overfill_and_join_once, "ran at once", "join with FILCH_JOIN");
    expect_death(overfill_and_join_inline, "ran at once", "join with FILCH_JOIN");
}

Test(full_stack, full_fork_stack_joins_correctly)
{
    static const char *const queues[] = {"chase-lev", "central-mutex"};
    for (unsigned workers = 1; workers <= 2; workers++)
        for (unsigned q = 0; q < 2; q++) {
            filch_runtime *rt = NULL;
            OK(filch_runtime_create(&rt, &(filch_config){.workers = workers, .queue = queues[q]}));
            cr_assert_eq(FILCH_RUN(rt, forks_what_fits), (int)FL_SLOTS - 1);
            OK(filch_runtime_destroy(rt));
        }
}

Test(full_stack, detached_task_leaving_forks_dies)
{
    expect_death(forget_many_in_go, "task forget_many_detached returned", "unjoined fork");
}

Test(full_stack, try_function_leaving_forks_dies)
{
    expect_death(forget_in_try, "task tries_what_forgets returned", "unjoined fork");
}
