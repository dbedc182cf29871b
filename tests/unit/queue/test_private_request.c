/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Private deques: an owner that only joins answers thieves, too. */
#include <runtime/engine/worker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 50 };

static signpost holds, forked, taken;
static int owner;

/* It has a worker until all tasks are forked, so that no fork answers a thief. */
static void hold_the_thief(filch_self self, void *unused)
{
    signpost_raise(&holds);
    signpost_wait(&forked, signpost_count(&holds));
}

/* On the owner: waits until a thief has called, and then for its request, which it may have withdrawn. */
FILCH_TASK(bool, step)
{
    if (filch_worker_index() != owner) {
        signpost_raise(&taken);
        return true;
    }
    const fl_forkstack *stack = fl_forkstack_of(self);
    WAIT_WHILE(!signpost_count(&taken) && !fl_forkstack_called(stack));
    for (unsigned turn = 0; turn < 100 && !filch_ptr_load(&stack->request, FILCH_RELAXED); turn++)
        be_patient(turn);
    return false;
}

FILCH_TASK(unsigned, fork_in_a_loop)
{
    unsigned count = 0;
    owner = filch_worker_index();
    for (int i = 0; i < TASKS; i++)
        FILCH_FORK(step);
    signpost_raise(&forked);
    for (int i = 0; i < TASKS; i++) {
        FILCH_JOIN(bool was_taken, step);
        count += was_taken;
    }
    return count;
}

Test(private_request, joins_answer_thieves)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.workers = 2, .queue = "private-request"};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    unsigned taken_away = 0;
    for (unsigned round = 1; !taken_away; round++) { /* on a busy machine the thief may sleep */
        cr_assert_leq(round, 100);
        OK(filch_go(rt, hold_the_thief, NULL));
        signpost_wait(&holds, round);
        taken_away = FILCH_RUN(rt, fork_in_a_loop);
    }
    OK(filch_runtime_destroy(rt));
}
