/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <string.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Contents of a failure ---- */

static int calls_wrongly(filch_self self, filch_scope *scope, void *arg)
{
    return filch_channel_create(NULL, 1, 1);
}

static int says_and_returns_0(filch_self self, filch_scope *scope, void *arg)
{
    filch_scope_fail(scope, -EIO, "first");
    filch_scope_fail(scope, -EDOM, "second");
    return (int)(intptr_t)arg;
}

#define DEEP "folder/folder/folder/folder/folder/folder/folder/folder/folder/folder/folder/"

/* One child, what it is given, and what is told of it. */
static const struct told {
    filch_child child;
    const char *arg, *message;
    int code;
} tolds[] = {
    {{{NULL, "a"}, scope_returns, "f.c", 1}, (char *)(intptr_t)-EIO, "Input/output error", -EIO},
    {{{NULL, "b"}, scope_returns, "f.c", 2}, (char *)7, "it returned 7", -EINVAL},
    {{{NULL, "c"}, scope_returns, "f.c", 3},
     (char *)(intptr_t)INT32_MIN,
     "it returned -2147483648",
     -EINVAL},
    {{{NULL, "d"}, scope_says, "f.c", 4}, "17", "no page 17", -ENOENT},
    {{{NULL, "e"}, calls_wrongly, "f.c", 5}, NULL, "without an address for the channel", -EINVAL},
    {{{NULL, "f"}, says_and_returns_0, "f.c", 6}, NULL, "first", -EIO},
    {{{NULL, "g"}, says_and_returns_0, "f.c", 7}, (char *)(intptr_t)-EPERM, "first", -EIO},
    {{{NULL, "h"}, scope_returns, DEEP DEEP DEEP DEEP "f.c", 8},
     (char *)7,
     "it returned 7",
     -EINVAL},
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static void is_told(filch_runtime *rt, const struct told *told)
{
    char place[300];
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    OK(filch_scope_spawn(&scope, &told->child, (void *)(uintptr_t)told->arg));
    cr_assert_eq(filch_scope_wait(&scope, FILCH_FOREVER), told->code);
    const filch_failure *failure = filch_scope_failure(&scope);
    cr_assert_eq(failure->code, told->code);
    cr_assert_not_null(strstr(failure->message, told->message), "%s", failure->message);
    cr_assert_str_eq(failure->task, told->child.task.name);
    cr_assert_str_eq(failure->file, told->child.file);
    cr_assert_eq(failure->line, told->child.line);
    snprintf(place, sizeof place, "f.c:%d): %s", failure->line, failure->message);
    cr_assert(ends_with(filch_error(), place), "%s", filch_error());
    cr_assert_eq(strncmp(filch_error(), failure->task, strlen(failure->task)), 0);
    cr_assert_eq(filch_scope_failures(&scope), told->child.fn == says_and_returns_0 ? 2 : 1);
    cr_assert_eq(filch_scope_end(&scope), told->code);
    cr_assert_eq(filch_scope_failure(&scope), failure, "it can be read after the close");
}

static void tells(filch_runtime *rt)
{
    for (size_t i = 0; i < sizeof tolds / sizeof *tolds; i++)
        is_told(rt, &tolds[i]);
}

Test(scope, failure_records_code_message_place_task)
{
    scope_everywhere(tells);
}

Test(scope, spawn_notes_where_it_stands)
{
    filch_runtime *rt = scope_runtime(1);
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_returns, (void *)(intptr_t)-EIO), 0);
    int line = __LINE__ - 1;
    cr_assert_eq(filch_scope_end(&scope), -EIO);
    const filch_failure *failure = filch_scope_failure(&scope);
    cr_assert_str_eq(failure->task, "scope_returns");
    cr_assert_str_eq(failure->file, __FILE__);
    cr_assert_eq(failure->line, line);
    OK(filch_runtime_destroy(rt));
}

Test(scope, failure_ignores_earlier_error_text)
{
    filch_runtime *rt = scope_runtime(1);
    filch_scope scope;
    OK(filch_scope_begin_as(&scope, rt, NULL, FILCH_SCOPE_COLLECT));
    cr_assert_eq(FILCH_SPAWN(&scope, calls_wrongly, NULL), 0);
    filch_scope_wait(&scope, FILCH_FOREVER);
    cr_assert_eq(FILCH_SPAWN(&scope, scope_returns, (void *)(intptr_t)-EINVAL), 0);
    filch_scope_wait(&scope, FILCH_FOREVER);
    const filch_failure *last = filch_scope_next_failure(&scope, filch_scope_failure(&scope));
    cr_assert_str_eq(last->message, "Invalid argument");
    cr_assert_eq(filch_scope_end(&scope), -EINVAL);
    OK(filch_runtime_destroy(rt));
}

FILCH_VOID_TASK(fail_in_fork, (filch_scope *, scope))
{
    filch_scope_fail(scope, -ERANGE, "in a fork");
}

static int forks_failure(filch_self self, filch_scope *scope, void *arg)
{
    FILCH_FORK(fail_in_fork, scope);
    filch_yield(self); /* anybody may take it */
    FILCH_JOIN_VOID(fail_in_fork);
    return 0;
}

static void fails_anywhere(filch_runtime *rt)
{
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, forks_failure, NULL), 0);
    cr_assert_eq(filch_scope_end(&scope), -ERANGE);
    cr_assert_str_eq(filch_scope_failure(&scope)->message, "in a fork");
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(filch_scope_fail(&scope, -EBUSY, "by %s", "the opener"), -EBUSY);
    cr_assert_eq(filch_scope_end(&scope), -EBUSY);
    cr_assert_str_eq(filch_error(), "by the opener");
    cr_assert_null(filch_scope_failure(&scope)->task);
}

Test(scope, forks_and_opener_can_fail_scope)
{
    scope_everywhere(fails_anywhere);
}

/* ---- The first failure cancels the others ---- */

static void cancels_siblings(filch_runtime *rt)
{
    signpost started = {0};
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    for (int i = 0; i < 20; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, scope_until_cancelled, &started), 0);
    cr_assert_eq(FILCH_SPAWN(&scope, scope_says, "1"), 0);
    cr_assert_eq(filch_scope_wait(&scope, FILCH_FOREVER), -ENOENT);
    cr_assert_eq(signpost_count(&started), 20, "a spawned child runs");
    cr_assert_eq(filch_context_cause(filch_scope_context(&scope)), -ENOENT);
    cr_assert_eq(filch_scope_failures(&scope), 21);
    cr_assert_str_eq(filch_scope_failure(&scope)->message, "no page 1");
    cr_assert_null(filch_scope_next_failure(&scope, filch_scope_failure(&scope)));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_until_cancelled, &started), -ECANCELED);
    cr_assert_not_null(strstr(filch_error(), "until_cancelled"));
    cr_assert_eq(filch_scope_end(&scope), -ENOENT);
    cr_assert_eq(signpost_count(&started), 20, "a refused child does not");
}

Test(scope, the_first_failure_cancels_the_siblings)
{
    scope_everywhere(cancels_siblings);
}

static int nest_until_cancelled(filch_self self, filch_scope *scope, void *arg)
{
    filch_scope inner;
    OK(filch_scope_begin(&inner, NULL, filch_scope_context(scope)));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SPAWN(&inner, scope_until_cancelled, arg), 0);
    return filch_scope_end(&inner);
}

static int fail_after_5(filch_self self, filch_scope *scope, void *arg)
{
    while (signpost_count(arg) < 5)
        filch_yield(self);
    return filch_scope_fail(scope, -EIO, "disk");
}

static void cancels_inner(filch_runtime *rt)
{
    signpost started = {0};
    filch_scope scope;
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, nest_until_cancelled, &started), 0);
    cr_assert_eq(FILCH_SPAWN(&scope, fail_after_5, &started), 0);
    cr_assert_eq(filch_scope_end(&scope), -EIO);
    cr_assert_str_eq(filch_scope_failure(&scope)->message, "disk");
}

Test(scope, a_failure_reaches_the_scopes_within)
{
    scope_everywhere(cancels_inner);
}

static void passes_failure_on(filch_runtime *rt)
{
    filch_scope scope;
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    OK(filch_scope_begin(&scope, rt, context));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_says, "2"), 0);
    cr_assert_eq(filch_scope_end(&scope), -ENOENT);
    cr_assert_eq(filch_context_cause(context), 0, "nothing above is cancelled");
    filch_context_release(context);
}

Test(scope, failure_stays_below_outer_context)
{
    scope_everywhere(passes_failure_on);
}

static void cancelled_from_above(filch_runtime *rt)
{
    signpost started = {0};
    filch_scope scope;
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    OK(filch_scope_begin(&scope, rt, context));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_until_cancelled, &started), 0);
    cr_assert_eq(filch_scope_wait(&scope, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
    cr_assert_eq(filch_scope_wait(&scope, 0), -ETIMEDOUT);
    cr_assert_eq(filch_scope_wait(&scope, -1), -EINVAL);
    cr_assert_eq(filch_context_cause(filch_scope_context(&scope)), 0,
                 "a wait that times out cancels nothing");
    cr_assert_eq(filch_scope_children(&scope), 1);
    OK(filch_context_cancel(context, -ESTALE));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_until_cancelled, &started), -ECANCELED);
    cr_assert_eq(filch_scope_end(&scope), -ESTALE);
    OK(filch_scope_begin(&scope, rt, context));
    cr_assert_eq(FILCH_SPAWN(&scope, scope_until_cancelled, &started), -ECANCELED);
    cr_assert_eq(filch_scope_end(&scope), 0, "nobody has failed");
    filch_context_release(context);
}

Test(scope, outer_cancel_not_timeout_stops_children)
{
    scope_everywhere(cancelled_from_above);
}

static void has_a_deadline(filch_runtime *rt)
{
    signpost started = {0};
    filch_scope scope;
    filch_context *context;
    OK(filch_context_create_until(&context, NULL, filch_in(5 * FILCH_MILLISECOND)));
    OK(filch_scope_begin(&scope, rt, context));
    uint32_t spawned = 0; /* beside other load the deadline may pass before */
    for (int i = 0; i < 5; i++)
        spawned += FILCH_SPAWN(&scope, scope_until_cancelled, &started) == 0;
    cr_assert_eq(filch_scope_end(&scope), spawned ? -ETIMEDOUT : 0);
    cr_assert_eq(signpost_count(&started), spawned);
    filch_context_release(context);
}

Test(scope, outer_deadline_stops_children)
{
    scope_everywhere(has_a_deadline);
}

/* ---- Collecting ---- */

static int fails_in_turn(filch_self self, filch_scope *scope, void *arg)
{
    cr_assert_eq(filch_context_cause(filch_scope_context(scope)), 0);
    return filch_scope_fail(scope, -EDOM, "failure %zu", filch_scope_failures(scope));
}

static void collects(filch_runtime *rt)
{
    enum { CHILDREN = FILCH_SCOPE_KEPT + 20 };
    filch_scope scope;
    unsigned kept = 0;
    OK(filch_scope_begin_as(&scope, rt, NULL, FILCH_SCOPE_COLLECT));
    for (int i = 0; i < CHILDREN; i++) {
        cr_assert_eq(FILCH_SPAWN(&scope, fails_in_turn, NULL), 0);
        cr_assert_eq(filch_scope_wait(&scope, FILCH_FOREVER), -EDOM);
    }
    FILCH_EACH_FAILURE(failure, &scope)
    {
        char message[32];
        snprintf(message, sizeof message, "failure %u", kept++);
        cr_assert_str_eq(failure->message, message);
        cr_assert_str_eq(failure->task, "fails_in_turn");
    }
    cr_assert_eq(kept, FILCH_SCOPE_KEPT);
    cr_assert_eq(filch_scope_failures(&scope), CHILDREN);
    cr_assert_eq(filch_context_cause(filch_scope_context(&scope)), 0);
    cr_assert_eq(filch_scope_end(&scope), -EDOM);
    cr_assert_str_eq(filch_scope_failure(&scope)->message, "failure 0");
    cr_assert_eq(filch_scope_failures(&scope), CHILDREN);
}

Test(scope, collecting_keeps_failures_and_cancels_nobody)
{
    scope_everywhere(collects);
}
