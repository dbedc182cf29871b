/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The ends of scopes and of their children: forks that a child leaves behind, the next task in its
 * place, and failures after the close. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static int forks_and_forgets(filch_self self, filch_scope *scope, void *unused)
{
    FILCH_FORK(fib, 5);
    return 0;
}

static void leave_a_fork(void)
{
    filch_scope scope;
    (void)filch_scope_begin(&scope, scope_runtime(1), NULL);
    FILCH_SPAWN(&scope, forks_and_forgets, NULL);
    filch_scope_end(&scope);
}

Test(scope_ends, child_leaving_fork_dies_by_name)
{
    struct child child;
    child_run(&child, leave_a_fork);
    cr_assert(child_died(&child, "task forks_and_forgets returned with an unjoined fork of fib"),
              "%s", child.text);
}

FILCH_TASK(bool, is_a_child)
{
    return fl_fiber_here()->child != NULL;
}

Test(scope_ends, reused_fiber_is_no_longer_child)
{
    filch_runtime *rt = scope_runtime(1);
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_returns, NULL), 0);
    OK(filch_scope_wait(&scope));
    cr_assert_not(FILCH_RUN(rt, is_a_child));
    OK(filch_scope_end(&scope));
    OK(filch_runtime_destroy(rt));
}

/* The first close has freed the failures; the second frees the one that came after it. */
Test(scope_ends, failure_between_closes_is_kept)
{
    filch_runtime *rt = scope_runtime(1);
    filch_scope scope;
    OK(filch_scope_begin_as(&scope, rt, NULL, FILCH_SCOPE_COLLECT));
    for (int i = 0; i < 3; i++)
        filch_scope_fail(&scope, -EIO, "failure %d", i);
    cr_assert_eq(filch_scope_end(&scope), -EIO);
    filch_scope_fail(&scope, -EDOM, "after the close");
    const filch_failure *next = filch_scope_next_failure(&scope, filch_scope_failure(&scope));
    cr_assert_not_null(next);
    cr_assert_str_eq(next->message, "after the close");
    cr_assert_eq(filch_scope_end(&scope), -EIO);
    cr_assert_eq(filch_scope_failures(&scope), 4);
    OK(filch_runtime_destroy(rt));
}

static signpost gone, go;

static int goes(filch_self self, filch_scope *scope, void *waits)
{
    signpost_wait(&go, waits != NULL);
    signpost_raise(&gone);
    return 0;
}

/* The child was the only one when it asked for the lock; another one is there when it gets it. */
Test(scope_ends, last_child_leaves_during_new_spawn)
{
    filch_runtime *rt = scope_runtime(2);
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    fl_lock(&scope.lock);
    cr_assert_eq(FILCH_SPAWN(&scope, goes, NULL), 0);
    WAIT_WHILE(filch_u32_load(&scope.lock, FILCH_RELAXED) != FL_LOCK_WAITED_FOR);
    cr_assert_eq(FILCH_SPAWN(&scope, goes, &scope), 0);
    fl_unlock(&scope.lock);
    WAIT_WHILE(filch_u32_load(&scope.children, FILCH_ACQUIRE) != 1);
    signpost_raise(&go);
    OK(filch_scope_end(&scope));
    cr_assert_eq(signpost_count(&gone), 2);
    OK(filch_runtime_destroy(rt));
}
