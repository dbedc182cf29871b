/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <string.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- All children end before the scope does ---- */

static int raise_late(filch_self self, filch_scope *scope, void *arg)
{
    filch_yield(self);
    signpost_raise(arg);
    return 0;
}

static void waits_for_all(filch_runtime *rt)
{
    enum { CHILDREN = 100 };
    signpost ended = {0};
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    for (int i = 0; i < CHILDREN; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, raise_late, &ended), 0);
    OK(filch_scope_wait(&scope, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&ended), CHILDREN);
    cr_assert_eq(filch_scope_children(&scope), 0);
    for (int i = 0; i < CHILDREN; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, raise_late, &ended), 0);
    cr_assert_eq(filch_scope_end(&scope), 0, "after a wait it may be used again");
    cr_assert_eq(signpost_count(&ended), 2 * CHILDREN);
    cr_assert_null(filch_scope_failure(&scope));
    cr_assert_eq(filch_scope_failures(&scope), 0);
}

Test(scope, close_waits_for_all_children)
{
    scope_everywhere(waits_for_all);
}

static void stays_empty(filch_runtime *rt)
{
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    OK(filch_scope_wait(&scope, 0));
    OK(filch_scope_end(&scope));
}

Test(scope, empty_scope_closes_without_waiting)
{
    scope_everywhere(stays_empty);
}

/* ---- Children spawn, fork, and open scopes ---- */

static int grow(filch_self self, filch_scope *scope, void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    for (int i = 0; depth && i < 2; i++)
        cr_assert_eq(FILCH_SPAWN(scope, grow, (void *)(depth - 1)), 0);
    filch_yield(self);
    signpost_raise((signpost *)filch_context_value(filch_scope_context(scope), &fib_queues));
    return 0;
}

static void grows_siblings(filch_runtime *rt)
{
    signpost ended = {0};
    filch_context *context;
    filch_scope scope;
    OK(filch_context_create_value(&context, NULL, &fib_queues, &ended));
    OK(filch_scope_begin(&scope, rt, context));
    cr_assert_eq(FILCH_SPAWN(&scope, grow, (void *)(uintptr_t)7), 0);
    OK(filch_scope_end(&scope));
    cr_assert_eq(signpost_count(&ended), 255);
    filch_context_release(context);
}

Test(scope, children_spawn_siblings_while_opener_waits)
{
    scope_everywhere(grows_siblings);
}

static int fib_child(filch_self self, filch_scope *scope, void *arg)
{
    long *n = arg;
    FILCH_FORK(fib, 5);
    *n = fib(self, (int)*n);
    FILCH_JOIN(long five, fib);
    return five == 5 ? 0 : -EDOM;
}

FILCH_TASK(long, sum_by_scope, (int, n), (filch_context *, context))
{
    long left = n, right = n + 1, here = n + 2;
    filch_scope scope;
    OK(filch_scope_begin(&scope, NULL, context));
    FILCH_FORK(fib, 6);
    cr_assert_eq(FILCH_SPAWN(&scope, fib_child, &left), 0);
    cr_assert_eq(FILCH_SPAWN(&scope, fib_child, &right), 0);
    FILCH_FORK(fib, 7);
    cr_assert_eq(filch_scope_wait(&scope, FILCH_FOREVER), 0,
                 "it waits with forks that are not joined");
    FILCH_JOIN(long seven, fib);
    FILCH_JOIN(long six, fib);
    cr_assert_eq(FILCH_SPAWN(&scope, fib_child, &here), 0);
    OK(filch_scope_end(&scope));
    return left + right + here + seven + six;
}

FILCH_TASK(long, sum_by_forks, (int, depth))
{
    if (!depth)
        return sum_by_scope(self, 8, NULL);
    FILCH_FORK(sum_by_forks, depth - 1);
    long right = sum_by_forks(self, depth - 1);
    FILCH_JOIN(long left, sum_by_forks);
    return left + right;
}

static int fork_scopes(filch_self self, filch_scope *scope, void *arg)
{
    *(long *)arg = sum_by_forks(self, 2);
    return 0;
}

static void mixes_scopes_and_forks(filch_runtime *rt)
{
    long sums[3];
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, fork_scopes, &sums[i]), 0);
    OK(filch_scope_end(&scope));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(sums[i], 4 * (21 + 34 + 55 + 8 + 13));
}

Test(scope, scopes_and_forks_mix_freely)
{
    scope_everywhere(mixes_scopes_and_forks);
}

struct nest {
    unsigned depth;
    signpost *ended;
};

static int open_inner(filch_self self, filch_scope *scope, void *arg)
{
    struct nest *nest = arg, inner = {nest->depth - 1, nest->ended};
    if (nest->depth) {
        filch_scope below;
        OK(filch_scope_begin(&below, NULL, filch_scope_context(scope)));
        for (int i = 0; i < 3; i++)
            cr_assert_eq(FILCH_SPAWN(&below, open_inner, &inner), 0);
        OK(filch_scope_end(&below));
    }
    signpost_raise(nest->ended);
    return 0;
}

static void nests(filch_runtime *rt)
{
    signpost ended = {0};
    struct nest nest = {4, &ended};
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, open_inner, &nest), 0);
    OK(filch_scope_end(&scope));
    cr_assert_eq(signpost_count(&ended), 1 + 3 + 9 + 27 + 81);
}

Test(scope, scopes_nest)
{
    scope_everywhere(nests);
}

/* ---- Who waits ---- */

static void *waits_too(void *arg)
{
    return (void *)(intptr_t)filch_scope_wait(arg, FILCH_FOREVER);
}

static int fail_when_told(filch_self self, filch_scope *scope, void *arg)
{
    while (!signpost_count(arg))
        filch_yield(self);
    return -EXDEV;
}

static void has_several_waiters(filch_runtime *rt)
{
    signpost go = {0};
    pthread_t threads[4];
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, fail_when_told, &go), 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, waits_too, &scope), 0);
    signpost_raise(&go);
    cr_assert_eq(filch_scope_wait(&scope, FILCH_FOREVER), -EXDEV);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        cr_assert_eq((intptr_t)result, -EXDEV);
    }
    cr_assert_eq(filch_scope_end(&scope), -EXDEV);
}

Test(scope, many_tasks_and_threads_can_wait)
{
    scope_everywhere(has_several_waiters);
}

static int wait_for_itself(filch_self self, filch_scope *scope, void *arg)
{
    cr_assert_eq(filch_scope_wait(scope, FILCH_FOREVER), -EDEADLK);
    cr_assert_not_null(strstr(filch_error(), "wait_for_itself"));
    cr_assert_eq(filch_scope_wait(scope, 0), -EDEADLK);
    return filch_scope_end(scope);
}

static void refuses_its_children(filch_runtime *rt)
{
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, wait_for_itself, NULL), 0);
    cr_assert_eq(filch_scope_end(&scope), -EDEADLK);
}

Test(scope, child_cannot_wait_for_own_scope)
{
    scope_everywhere(refuses_its_children);
}

static int where_am_i(filch_self self, filch_scope *scope, void *arg)
{
    filch_scope below;
    *(int *)arg = filch_worker_index();
    OK(filch_scope_begin(&below, NULL, filch_scope_context(scope)));
    return filch_scope_end(&below);
}

Test(scope, children_may_run_on_other_runtime)
{
    filch_runtime *one = scope_runtime(1), *many = scope_runtime(3);
    int index[3] = {-1, -1, -1};
    filch_scope scope;
    OK(filch_scope_begin(&scope, many, NULL));
    for (int i = 0; i < 3; i++)
        FILCH_SPAWN(&scope, where_am_i, &index[i]);
    OK(filch_scope_end(&scope));
    for (int i = 0; i < 3; i++)
        cr_assert(index[i] >= 0 && index[i] < 3);
    FILCH_RUN(one, call_body, waits_for_all, many);
    FILCH_RUN(many, call_body, waits_for_all, one);
    OK(filch_runtime_destroy(one));
    OK(filch_runtime_destroy(many));
}

/* The ends of scopes and of their children: forks that a child leaves behind, the next task in its
 * place, and failures after the close. */

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
    return fl_fiber_here()->running.child != NULL;
}

Test(scope_ends, reused_fiber_is_no_longer_child)
{
    filch_runtime *rt = scope_runtime(1);
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_returns, NULL), 0);
    OK(filch_scope_wait(&scope, FILCH_FOREVER));
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
