/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Misuse ends at once, and names the task: in every build where the check is free, in a debug build
 * everywhere. */
#include <sched/forkstack.h>
#include <signal.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

#pragma GCC diagnostic ignored "-Wattribute-warning" /* wrong orders are what is tested */

static signpost started;

FILCH_TASK(int, other_leaf)
{
    return 2;
}

FILCH_VOID_TASK(forgetful)
{
    FILCH_FORK(misuse_leaf);
    signpost_raise(&started);
}

FILCH_VOID_TASK(joins_none_by_function)
{
    filch_join(self);
    _exit(0);
}

FILCH_VOID_TASK(steal_forgetful)
{
    FILCH_FORK(forgetful);
    signpost_wait(&started, 1);
    FILCH_JOIN_VOID(forgetful);
}

static void join_none_by_function(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), joins_none_by_function);
}

static void forget_outside(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), forgetful);
}

static void forget_stolen(void)
{
    FILCH_RUN(misuse_runtime(2, NULL), steal_forgetful);
}

static void forget_detached(filch_self self, void *unused)
{
    FILCH_FORK(misuse_leaf);
}

static void forget_in_go(void)
{
    filch_runtime *rt = misuse_runtime(1, NULL);
    filch_go(rt, forget_detached, NULL);
    filch_runtime_destroy(rt);
}

static filch_self kept;

FILCH_VOID_TASK(keep_self)
{
    kept = self;
}

static void yield_as_a_stranger(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), keep_self);
    filch_yield(kept);
}

static void check_fork_as_a_stranger(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), keep_self);
    fl_check_fork(kept, &misuse_leaf_task);
}

static void check_join_as_a_stranger(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), keep_self);
    fl_check_join(kept, &misuse_leaf_task);
}

static void check_any_fpmode_as_a_stranger(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), keep_self);
    fl_check_any_fpmode(kept);
}

/* The calls of a debug build, which every build has. */
Test(pitfalls, checks_by_foreign_threads_die)
{
    expect_death(check_fork_as_a_stranger, "a fork with the self of a task",
                 "does not run on this thread");
    expect_death(check_join_as_a_stranger, "a join with the self of a task",
                 "does not run on this thread");
    expect_death(check_any_fpmode_as_a_stranger, "FILCH_ANY_FPMODE with the self of a task",
                 "does not run on this thread");
}

FILCH_TASK(int, joins_at_the_bottom)
{
    FILCH_JOIN(int one, misuse_leaf);
    return one;
}

static void join_at_the_bottom(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), joins_at_the_bottom);
}

Test(pitfalls, join_without_fork_always_dies)
{
    expect_death(join_at_the_bottom, "without a fork", "last unjoined fork");
    expect_death(join_none_by_function, "a join without a fork", "last unjoined fork");
}

static void die_with_percent_and_length(void)
{
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    filch_die("%d%% %s", 100, text);
}

Test(pitfalls, dying_writes_one_line_however_long)
{
    struct child child;
    child_run(&child, die_with_percent_and_length);
    cr_assert(child_died(&child, "filch: 100% xxx"));
    const char *line = strstr(child.text, "filch: ");
    cr_assert_eq(strcspn(line, "\n") + 1, strlen(line), "one line, ended");
}

#ifdef FILCH_DEBUG

FILCH_VOID_TASK(calls_forgetful)
{
    FILCH_FORK(other_leaf);
    forgetful(self);
    FILCH_JOIN(FILCH_UNUSED int two, other_leaf);
}

static void forget(filch_self self)
{
    FILCH_FORK(misuse_leaf);
}

FILCH_VOID_TASK(forks_after_forgetful)
{
    forget(self);
    FILCH_FORK(other_leaf);
    FILCH_JOIN(FILCH_UNUSED int two, other_leaf);
}

FILCH_VOID_TASK(joins_forgetful)
{
    FILCH_FORK(forgetful);
    FILCH_JOIN_VOID(forgetful);
}

FILCH_VOID_TASK(joins_nothing)
{
    FILCH_FORK(misuse_leaf);
    FILCH_JOIN(FILCH_UNUSED int one, misuse_leaf);
    FILCH_JOIN(FILCH_UNUSED int again, misuse_leaf);
}

/* A function, in which no compiler warns. */
static void join_other_leaf(filch_self self)
{
    FILCH_JOIN(FILCH_UNUSED int two, other_leaf);
}

FILCH_VOID_TASK(joins_another)
{
    FILCH_FORK(misuse_leaf);
    join_other_leaf(self);
}

FILCH_VOID_TASK(breaks_out)
{
    for (int i = 0; i < 2; i++) {
        FILCH_FORK(other_leaf);
        if (i == 0)
            break;
        FILCH_JOIN(FILCH_UNUSED int two, other_leaf);
    }
}

FILCH_VOID_TASK(joins_what_breaks_out)
{
    FILCH_FORK(breaks_out);
    FILCH_JOIN_VOID(breaks_out);
}

static void call_forgetful(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), calls_forgetful);
}

static void fork_after_forgetful(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), forks_after_forgetful);
}

static void join_forgetful(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), joins_forgetful);
}

static void join_nothing(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), joins_nothing);
}

static void join_another(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), joins_another);
}

static void break_out(void)
{
    FILCH_RUN(misuse_runtime(1, NULL), joins_what_breaks_out);
}

#endif

static const struct {
    const char *claim;
    void (*work)(void);
    const char *first, *second; /* of its last words */
} deaths[] = {
    {"outside task that returns before its join dies by name", forget_outside,
     "task forgetful returned", "unjoined fork of misuse_leaf"},
    {"stolen task that returns before its join dies by name", forget_stolen,
     "task forgetful returned", "unjoined fork of misuse_leaf"},
    {"detached task that returns before its join dies by name", forget_in_go,
     "task forget_detached", "unjoined fork of misuse_leaf"},
    {"yield of a thread that is not a worker dies", yield_as_a_stranger,
     "filch_yield with the self of a task", "does not run on this thread"},
#ifdef FILCH_DEBUG
    {"called task that returns before its join dies by name", call_forgetful,
     "task forgetful returned", "unjoined fork of misuse_leaf"},
    {"fork after a forgotten one dies by both names", fork_after_forgetful, "fork of other_leaf",
     "a fork of misuse_leaf was never joined"},
    {"return between fork and join dies by name", join_forgetful, "task forgetful returned",
     "unjoined fork of misuse_leaf"},
    {"break between fork and join dies by name", break_out, "task breaks_out returned",
     "unjoined fork of other_leaf"},
    {"join without a fork dies by name", join_nothing, "join of misuse_leaf without a fork",
     "last unjoined fork"},
    {"join of another task dies by both names", join_another, "join of other_leaf",
     "last unjoined fork is misuse_leaf"},
#endif
};

FOR_EACH(pitfalls, misuse_dies_by_name, deaths)
{
    expect_death(one->work, one->first, one->second);
}
