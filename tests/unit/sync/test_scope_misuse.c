/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Panics ---- */

static int panics(filch_self self, filch_scope *scope, void *arg)
{
    FILCH_PANIC(-EBADMSG, "no header in %s", (const char *)arg);
}

static void child_panics(filch_runtime *rt)
{
    signpost started = {0};
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, scope_until_cancelled, &started), 0);
    cr_assert_eq(FILCH_SPAWN(&scope, panics, "17"), 0);
    cr_assert_eq(filch_scope_end(&scope), -EBADMSG);
    cr_assert_str_eq(filch_scope_failure(&scope)->message, "no header in 17");
    cr_assert_str_eq(filch_scope_failure(&scope)->task, "panics");
    cr_assert_str_eq(filch_scope_failure(&scope)->file, __FILE__);
}

Test(scope, child_panic_becomes_its_failure)
{
    scope_everywhere(child_panics);
}

struct opener {
    filch_runtime *rt;
    signpost ended, cleaned;
    bool forks;
};

static int note_the_end(filch_self self, filch_scope *scope, void *arg)
{
    struct opener *opener = arg;
    int rc = filch_context_wait(filch_scope_context(scope), FILCH_FOREVER);
    cr_assert_eq(signpost_count(&opener->cleaned), 0,
                 "the state from before the scope still exists");
    signpost_raise(&opener->ended);
    return rc;
}

static void clean(void *arg)
{
    signpost_raise(arg);
}

static void open_and_panic(filch_self self, void *arg)
{
    struct opener *opener = arg;
    FILCH_DEFER(clean, &opener->cleaned);
    if (opener->forks)
        FILCH_FORK(fib, 10);
    filch_scope scope;
    OK(filch_scope_begin(&scope, opener->rt, NULL));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, note_the_end, opener), 0);
    if (opener->forks)
        FILCH_FORK(fib, 12);
    FILCH_PANIC(-EIO, "that was all");
}

FILCH_TASK(int, catch_opener, (filch_runtime *, rt), (bool, forks))
{
    struct opener opener = {.rt = rt, .forks = forks};
    filch_failure failure;
    int rc = filch_try(self, open_and_panic, &opener, &failure);
    cr_assert_eq(signpost_count(&opener.ended), 5);
    cr_assert_eq(signpost_count(&opener.cleaned), 1);
    return rc;
}

Test(scope, opener_panic_cancels_scope_and_waits)
{
    for (unsigned i = 0; i < 2 * CONFIGS; i += BUILD_TSAN ? 3 : 1) {
        filch_runtime *rt = config_runtime(i / 2, 1000000);
        cr_assert_eq(FILCH_RUN(rt, catch_opener, rt, i % 2), -EIO);
        OK(filch_runtime_destroy(rt));
    }
}

FILCH_VOID_TASK(close_before_cleanup, (signpost *, cleaned))
{
    filch_scope first, second;
    OK(filch_scope_begin(&first, NULL, NULL));
    FILCH_DEFER(clean, cleaned);
    OK(filch_scope_begin(&second, NULL, NULL));
    FILCH_DEFER(clean, cleaned);
    OK(filch_scope_end(&first));
    OK(filch_scope_end(&second));
    cr_assert_eq(signpost_count(cleaned), 0);
}

Test(scope, scopes_close_freely_among_cleanups)
{
    signpost cleaned = {0};
    filch_runtime *rt = scope_runtime(1);
    FILCH_RUN(rt, close_before_cleanup, &cleaned);
    cr_assert_eq(signpost_count(&cleaned), 2);
    OK(filch_runtime_destroy(rt));
}

/* ---- Refused ---- */

Test(scope, bad_calls_are_refused_with_reason)
{
    filch_runtime *rt = scope_runtime(1);
    filch_child nothing = {.task = {NULL, "nothing"}};
    filch_scope scope;
    cr_assert_eq(filch_scope_begin(&scope, NULL, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "runtime"));
    cr_assert_eq(filch_scope_begin(NULL, rt, NULL), -EINVAL);
    cr_assert_eq(filch_scope_begin_as(&scope, rt, NULL, (filch_scope_mode)2), -EINVAL);
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(filch_scope_spawn(&scope, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_scope_spawn(&scope, &nothing, NULL), -EINVAL);
    cr_assert_eq(FILCH_SPAWN(NULL, scope_returns, NULL), -EINVAL);
    cr_assert_eq(filch_scope_wait(NULL, FILCH_FOREVER), -EINVAL);
    cr_assert_eq(filch_scope_end(NULL), -EINVAL);
    cr_assert_eq(filch_scope_fail(&scope, 0, "nothing"), -EINVAL);
    cr_assert_eq(filch_scope_end(&scope), -EINVAL);
    OK(filch_runtime_destroy(rt));
}

static void closes_twice(filch_runtime *rt)
{
    filch_scope scope, zero = {.failures = 0};
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_says, "3"), 0);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(filch_scope_end(&scope), -ENOENT);
        cr_assert_eq(FILCH_SPAWN(&scope, scope_says, "4"), -EPIPE);
        cr_assert_eq(FILCH_SPAWN(&zero, scope_says, "5"), -EPIPE);
        OK(filch_scope_end(&zero));
    }
    cr_assert_not_null(strstr(filch_error(), "says was not spawned"));
}

Test(scope, spawn_into_closed_scope_fails)
{
    scope_everywhere(closes_twice);
}

FILCH_VOID_TASK(forget_to_close)
{
    filch_scope scope;
    (void)filch_scope_begin(&scope, NULL, NULL);
}

static void leave_open(void)
{
    FILCH_RUN(scope_runtime(1), forget_to_close);
    pause();
}

static int forget_to_close_too(filch_self self, filch_scope *scope, void *arg)
{
    forget_to_close(self);
    return 0;
}

static void leave_open_in_child(void)
{
    filch_scope scope;
    (void)filch_scope_begin(&scope, scope_runtime(1), NULL);
    FILCH_SPAWN(&scope, forget_to_close_too, NULL);
    filch_scope_end(&scope);
}

Test(scope, task_leaving_scope_open_dies)
{
    struct child child;
    child_run(&child, leave_open);
    cr_assert(child_died(&child, "task forget_to_close returned without ending a scope"), "%s",
              child.text);
    child_run(&child, leave_open_in_child);
    cr_assert(child_died(&child, "task forget_to_close_too returned without ending a scope"), "%s",
              child.text);
}

static filch_scope left_to_another;
static signpost left, never;

FILCH_VOID_TASK(open_for_another, (filch_runtime *, rt))
{
    (void)filch_scope_begin(&left_to_another, rt, NULL);
    signpost_raise(&left);
    signpost_wait(&never, 1);
}

static int close_of_another(filch_self self, filch_scope *scope, void *arg)
{
    return filch_scope_end(&left_to_another);
}

static void *run_opener(void *rt)
{
    FILCH_RUN(rt, open_for_another, rt);
    return NULL;
}

static void close_elsewhere(void)
{
    pthread_t thread;
    filch_scope scope;
    filch_runtime *rt = scope_runtime(2);
    pthread_create(&thread, NULL, run_opener, rt);
    signpost_wait(&left, 1);
    (void)filch_scope_begin(&scope, rt, NULL);
    FILCH_SPAWN(&scope, close_of_another, NULL);
    filch_scope_end(&scope);
}

Test(scope, closing_scope_of_other_task_dies)
{
    struct child child;
    child_run(&child, close_elsewhere);
    cr_assert(child_died(&child, "filch_scope_end: another task began this scope"), "%s",
              child.text);
}

static filch_runtime *of_the_parent;
static filch_scope of_the_parent_too;

static void use_in_the_child(void)
{
    filch_scope scope;
    CHILD_CHECK(filch_scope_begin(&scope, of_the_parent, NULL) == -ECHILD);
    CHILD_CHECK(FILCH_SPAWN(&of_the_parent_too, scope_returns, NULL) == -ECHILD);
}

Test(scope, forked_process_has_no_scope_workers)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses fork in a process with threads");
    struct child child;
    of_the_parent = scope_runtime(1);
    OK(filch_scope_begin(&of_the_parent_too, of_the_parent, NULL));
    child_run(&child, use_in_the_child);
    cr_assert(child_passed(&child), "%s", child.text);
    OK(filch_scope_end(&of_the_parent_too));
    OK(filch_runtime_destroy(of_the_parent));
}

/* ---- In other company ---- */

static void close_it(filch_self self, void *scope)
{
    filch_scope_end(scope);
}

FILCH_TASK(int, closes_within_a_try)
{
    filch_scope scope;
    int rc = filch_scope_begin(&scope, NULL, NULL);
    return rc ? rc : filch_try(self, close_it, &scope, NULL);
}

static int blocks_and_fails(filch_self self, filch_scope *scope, void *unused)
{
    int rc = filch_blocking_begin();
    int said = filch_scope_fail(scope, -EPROTO, "no line");
    return rc ? rc : (filch_blocking_end(), said);
}

Test(scope, scope_can_close_within_try)
{
    filch_runtime *rt = scope_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, closes_within_a_try), 0);
    OK(filch_runtime_destroy(rt));
}

Test(scope, failure_in_blocking_call_counts_once)
{
    filch_runtime *rt = scope_runtime(2);
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, blocks_and_fails, NULL), 0);
    cr_assert_eq(filch_scope_end(&scope), -EPROTO);
    cr_assert_eq(filch_scope_failures(&scope), 1);
    cr_assert_str_eq(filch_scope_failure(&scope)->task, "blocks_and_fails");
    OK(filch_runtime_destroy(rt));
}

static void open_twice(filch_runtime *rt)
{
    filch_scope scope, other;
    OK(filch_scope_begin(&scope, rt, NULL));
    OK(filch_scope_begin(&other, rt, NULL));
    cr_assert_eq(filch_scope_begin(&scope, rt, NULL), -EBUSY);
    cr_assert_not_null(strstr(filch_error(), "filch_scope_begin"), "%s", filch_error());
    OK(filch_scope_end(&scope));
    OK(filch_scope_begin(&scope, rt, NULL));
    OK(filch_scope_end(&other));
    OK(filch_scope_end(&scope));
}

FILCH_VOID_TASK(open_twice_in_a_task, (filch_runtime *, rt))
{
    open_twice(rt);
}

Test(scope, an_open_scope_is_not_opened)
{
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        filch_runtime *rt = scope_runtime(workers);
        open_twice(rt);
        FILCH_RUN(rt, open_twice_in_a_task, rt);
        OK(filch_runtime_destroy(rt));
    }
}

Test(scope, a_failure_leaves_its_own_text)
{
    filch_runtime *rt = scope_runtime(1);
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    (void)filch_scope_begin(NULL, rt, NULL); /* another call's sentence */
    cr_assert_eq(filch_scope_fail(&scope, -EIO, "line %d", 3), -EIO);
    cr_assert_str_eq(filch_error(), "line 3");
    cr_assert_eq(filch_scope_end(&scope), -EIO);
    OK(filch_scope_begin(&scope, rt, NULL));
    OK(filch_scope_end(&scope));
    cr_assert_eq(filch_scope_fail(&scope, -EDOM, "too late"), -EDOM);
    cr_assert_str_eq(filch_error(), "too late");
    OK(filch_runtime_destroy(rt));
}
