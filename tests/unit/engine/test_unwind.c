/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/panic.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Defer ---- */

FILCH_TASK(int, leaves_by, (int, way))
{
    FILCH_DEFER(write_letter, "a");
    for (int i = 0; i < 2; i++) {
        FILCH_DEFER(write_letter, "b");
        FILCH_DEFER_AS(taken_back, write_letter, "x");
        FILCH_DEFER(write_letter, "c");
        if (way == 1)
            return 1;
        if (way == 2)
            break;
        if (way == 3)
            continue;
        if (way == 4)
            goto end;
        filch_undefer(&taken_back);
    }
end:
    write_letter("e");
    return way;
}

FILCH_TASK(bool, leaves_every_way)
{
    static const char *const expected[] = {"cbcbea", "cxba", "cxbea", "cxbcxbea", "cxbea"};
    for (int way = 0; way < 5; way++) {
        start_diary();
        if (leaves_by(self, way) != way || strcmp(panic_diary, expected[way]) != 0)
            return false;
    }
    return true;
}

Test(unwind, every_exit_runs_cleanups_in_reverse)
{
    filch_runtime *rt = panic_runtime(0);
    cr_assert(FILCH_RUN(rt, leaves_every_way), "%s", panic_diary);
    OK(filch_runtime_destroy(rt));
}

/* ---- The first failure wins ---- */

static void fail_in_cleanup(void *letter)
{
    write_letter(letter);
    FILCH_PANIC(-ENOSPC, "the cleanup failed, too");
}

static void fails_twice(filch_self self, void *unused)
{
    FILCH_DEFER(write_letter, "a");
    FILCH_DEFER(fail_in_cleanup, "b");
    FILCH_DEFER(fail_in_cleanup, "c");
    FILCH_PANIC(-EIO, "first");
}

static void fails_when_it_ends(filch_self self, void *unused)
{
    FILCH_DEFER(write_letter, "a");
    FILCH_DEFER(fail_in_cleanup, "b");
}

FILCH_TASK(int, tries_cleanups)
{
    start_diary();
    if (filch_try(self, fails_twice, NULL, NULL) != -EIO || strcmp(panic_diary, "cba") != 0)
        return 1;
    start_diary();
    return filch_try(self, fails_when_it_ends, NULL, NULL) != -ENOSPC ||
           strcmp(panic_diary, "ba") != 0;
}

Test(unwind, first_panic_wins_all_cleanups_run)
{
    filch_runtime *rt = panic_runtime(0);
    cr_assert_eq(FILCH_RUN(rt, tries_cleanups), 0, "%s", panic_diary);
    OK(filch_runtime_destroy(rt));
}

/* ---- Between tasks ---- */

static signpost begun, released;

enum { PLACE = __LINE__ + 4 }; /* the line of the panic below */
FILCH_TASK(int, stolen_fails)
{
    signpost_raise(&begun);
    FILCH_PANIC(-EXDEV, "stolen");
}

/* A thief runs the fork: the joiner waits until it has begun. */
static void joins_a_stolen_failure(filch_self self, void *unused)
{
    FILCH_DEFER(write_letter, "a");
    FILCH_FORK(stolen_fails);
    while (!signpost_count(&begun))
        filch_yield(self);
    FILCH_JOIN(int never, stolen_fails);
    write_letter(never ? "x" : "y");
}

FILCH_TASK(int, tries_to_join, (filch_failure *, failure))
{
    return filch_try(self, joins_a_stolen_failure, NULL, failure);
}

static void joiner_panics(filch_runtime *rt)
{
    filch_failure failure;
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    start_diary();
    cr_assert_eq(FILCH_RUN(rt, tries_to_join, &failure), -EXDEV);
    cr_assert_str_eq(failure.message, "stolen");
    cr_assert_str_eq(failure.task, "stolen_fails");
    cr_assert_eq(failure.line, PLACE);
    cr_assert_str_eq(failure.file, __FILE__);
    cr_assert_str_eq(panic_diary, "a");
}

Test(unwind, joiner_gets_stolen_task_failure)
{
    panic_runtimes(joiner_panics);
}

static void panics_beside_a_failure(filch_self self, void *unused)
{
    FILCH_FORK(stolen_fails);
    while (!signpost_count(&begun))
        filch_yield(self);
    FILCH_PANIC(-EIO, "before the join");
}

FILCH_TASK(int, tries_beside_a_failure, (filch_failure *, failure))
{
    return filch_try(self, panics_beside_a_failure, NULL, failure);
}

static void failure_is_dropped(filch_runtime *rt)
{
    filch_failure failure;
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    cr_assert_eq(FILCH_RUN(rt, tries_beside_a_failure, &failure), -EIO);
    cr_assert_str_eq(failure.message, "before the join");
}

/* With address sanitizer: its message is freed. */
Test(unwind, stolen_failure_is_dropped_with_task)
{
    panic_runtimes(failure_is_dropped);
}

FILCH_VOID_TASK(uses_frame, (signpost *, frame))
{
    signpost_raise(&begun);
    signpost_wait(&released, 1);
    signpost_raise(frame);
}

static void release(void *unused)
{
    signpost_raise(&released);
}

static void check_frame(void *frame)
{
    write_letter(signpost_count(frame) == 1 ? "w" : "-");
}

/* The stolen child writes into the frame of the function that panics. */
static void panics_beside_a_child(filch_self self, void *unused)
{
    signpost frame = {0};
    FILCH_DEFER(check_frame, &frame);
    FILCH_FORK(uses_frame, &frame);
    FILCH_DEFER(release, NULL);
    signpost_wait(&begun, 1);
    FILCH_PANIC(-EIO, "the child is still at work");
}

FILCH_TASK(int, tries_beside_a_child)
{
    return filch_try(self, panics_beside_a_child, NULL, NULL);
}

static void child_is_waited_for(filch_runtime *rt)
{
    if (filch_runtime_workers(rt) == 1)
        return;
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    filch_u32_store(&released, 0, FILCH_RELEASE);
    start_diary();
    cr_assert_eq(FILCH_RUN(rt, tries_beside_a_child), -EIO);
    cr_assert_str_eq(panic_diary, "w");
}

Test(unwind, frames_outlive_stolen_child)
{
    panic_runtimes(child_is_waited_for);
}

FILCH_VOID_TASK(never_run)
{
    write_letter("x");
}

static void panics_before_joins(filch_self self, void *unused)
{
    FILCH_FORK(never_run);
    FILCH_FORK(never_run);
    FILCH_PANIC(-EIO, "before the joins");
}

FILCH_TASK(int, tries_before_joins)
{
    return filch_try(self, panics_before_joins, NULL, NULL);
}

Test(unwind, what_nobody_has_begun_is_dropped)
{
    for (unsigned i = 0; i < 2; i++) { /* one worker */
        filch_runtime *rt = panic_runtime(i);
        start_diary();
        cr_assert_eq(FILCH_RUN(rt, tries_before_joins), -EIO);
        cr_assert_str_eq(panic_diary, "");
        OK(filch_runtime_destroy(rt));
    }
}

static void yields_and_panics(filch_self self, void *unused)
{
    FILCH_DEFER(write_letter, "a");
    FILCH_FORK(never_run);
    filch_yield(self);
    FILCH_FORK(never_run);
    filch_yield(self);
    FILCH_PANIC(-EIO, "after it was suspended");
}

FILCH_TASK(int, tries_yields)
{
    int wrong = 0;
    for (int i = 0; i < 20; i++)
        wrong += filch_try(self, yields_and_panics, NULL, NULL) != -EIO;
    return wrong;
}

static void flushed_tasks(filch_runtime *rt)
{
    cr_assert_eq(FILCH_RUN(rt, tries_yields), 0);
}

Test(unwind, flushed_tasks_are_dropped_or_awaited)
{
    for (unsigned i = 0; i < 2; i++) {
        filch_runtime *rt = panic_runtime(i);
        flushed_tasks(rt);
        OK(filch_runtime_destroy(rt));
    }
}
