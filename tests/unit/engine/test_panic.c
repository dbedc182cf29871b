/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/panic.h>
#include <runtime/engine/panic.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- filch_run ---- */

enum { PLACE = __LINE__ + 5 }; /* the line of the panic below */
FILCH_TASK(int, fails, (int, code))
{
    FILCH_DEFER(write_letter, "a");
    FILCH_DEFER(write_letter, "b");
    FILCH_PANIC(code, "the number is %d", code);
}

static void run_tells_code_and_message(filch_runtime *rt)
{
    filch_slot slot;
    int code = -EBADMSG;
    memcpy(slot.args, &code, sizeof code);
    start_diary();
    cr_assert_eq(filch_run(rt, &fails_task, &slot), -EBADMSG);
    char place[64];
    snprintf(place, sizeof place, "test_panic.c:%d: the number is %d", PLACE, code);
    cr_assert_not_null(strstr(filch_error(), place), "%s", filch_error());
    cr_assert_not_null(strstr(filch_error(), "task fails"), "%s", filch_error());
    cr_assert_str_eq(panic_diary, "ba");
}

Test(panic, run_returns_code_and_reports_failure)
{
    panic_runtimes(run_tells_code_and_message);
}

/* A checkout may be deep in folders: the path has 258 characters. */
#define FOLDERS "folder/folder/folder/folder/folder/folder/folder/folder/folder/"
static const char deep[] = "/" FOLDERS FOLDERS FOLDERS FOLDERS "end.c";

FILCH_TASK(int, fails_far_down, (int, code))
{
    filch_panic(deep, 7, code, "the number is %d", code);
}

Test(panic, long_path_keeps_message)
{
    filch_runtime *rt = panic_runtime(0);
    filch_slot slot;
    int code = -EBADMSG;
    memcpy(slot.args, &code, sizeof code);
    cr_assert_eq(filch_run(rt, &fails_far_down_task, &slot), -EBADMSG);
    cr_assert_not_null(strstr(filch_error(), "folder/end.c:7: the number is -74"), "%s",
                       filch_error());
    OK(filch_runtime_destroy(rt));
}

/* ---- filch_try ---- */

struct attempt {
    int depth;
    int code;
};

static void dig(filch_self self, void *arg);

FILCH_VOID_TASK(dig_task, (struct attempt *, a))
{
    dig(self, a);
}

/* Forks at every depth and panics at the bottom; nothing forked may be left. */
static void dig(filch_self self, void *arg)
{
    const struct attempt *a = arg;
    if (!a->depth) {
        if (a->code)
            FILCH_PANIC(a->code, "at the bottom");
        return;
    }
    struct attempt below = {a->depth - 1, a->code}, beside = {0, 0};
    FILCH_DEFER(write_letter, a->depth % 2 ? "o" : "e");
    FILCH_FORK(dig_task, &beside);
    FILCH_FORK(dig_task, &beside);
    FILCH_DEFER(write_letter, "f");
    dig(self, &below);
    FILCH_JOIN_VOID(dig_task);
    FILCH_JOIN_VOID(dig_task);
}

FILCH_TASK(int, tries)
{
    for (int depth = 0; depth < 10; depth++) {
        for (int code = -1; code <= 0; code++) {
            start_diary();
            struct attempt a = {depth, code};
            filch_failure failure = {.code = 77};
            if (filch_try(self, dig, &a, &failure) != code)
                return 1;
            if (failure.code != (code ? code : 77) || strlen(panic_diary) != 2 * (size_t)depth)
                return 2;
            if (code && (strcmp(failure.message, "at the bottom") != 0 || !failure.line ||
                         strcmp(failure.task, "tries") != 0 || !strstr(failure.file, "test_panic")))
                return 3;
            if (filch_try(self, dig, &a, NULL) != code)
                return 4;
            FILCH_FORK(dig_task, &(struct attempt){0, 0}); /* the fork stack is as it was */
            FILCH_JOIN_VOID(dig_task);
        }
    }
    return 0;
}

static void try_catches(filch_runtime *rt)
{
    cr_assert_eq(FILCH_RUN(rt, tries), 0);
}

Test(panic, try_ends_panic_keeps_fork_stack)
{
    panic_runtimes(try_catches);
}

static void rethrow(filch_self self, void *arg)
{
    filch_failure failure;
    struct attempt a = {3, -EPROTO};
    write_letter(filch_try(self, dig, &a, &failure) == -EPROTO ? "p" : "-");
    filch_panic_again(&failure);
}

FILCH_TASK(filch_failure *, tries_twice, (filch_failure *, failure))
{
    return filch_try(self, rethrow, NULL, failure) == -EPROTO ? failure : NULL;
}

static void panics_again(filch_self self, void *code)
{
    filch_panic_again(&(filch_failure){.code = *(int *)code, .message = "again"});
}

FILCH_TASK(int, tries_code, (int, code))
{
    return filch_try(self, panics_again, &code, NULL);
}

Test(panic, caught_panic_rethrows_with_valid_code)
{
    filch_runtime *rt = panic_runtime(0);
    filch_failure failure;
    cr_assert_eq(FILCH_RUN(rt, tries_twice, &failure), &failure);
    cr_assert_str_eq(failure.message, "at the bottom");
    cr_assert_eq(FILCH_RUN(rt, tries_code, -EIO), -EIO);
    cr_assert_eq(FILCH_RUN(rt, tries_code, 0), -ENOTRECOVERABLE);
    cr_assert_eq(FILCH_RUN(rt, tries_code, 5), -ENOTRECOVERABLE);
    cr_assert_eq(FILCH_RUN(rt, tries_code, -70000), -ENOTRECOVERABLE); /* no errno is that large */
    OK(filch_runtime_destroy(rt));
}

static void long_message(filch_self self, void *unused)
{
    FILCH_PANIC(-EIO, "%0500d", 0);
}

FILCH_TASK(size_t, tries_long_message)
{
    filch_failure failure;
    filch_try(self, long_message, NULL, &failure);
    return strlen(failure.message);
}

Test(panic, a_message_too_long_is_cut)
{
    filch_runtime *rt = panic_runtime(0);
    cr_assert_eq(FILCH_RUN(rt, tries_long_message), sizeof(((filch_failure *)0)->message) - 1);
    OK(filch_runtime_destroy(rt));
}

/* ---- Other boundaries ---- */

static signpost reported;
static filch_failure report;

static void keep_report(const filch_failure *failure)
{
    report = *failure;
    signpost_raise(&reported);
}

static void detached_fails(filch_self self, void *unused)
{
    FILCH_DEFER(write_letter, "d");
    FILCH_PANIC(-EREMOTE, "detached");
}

static void handler_is_told(filch_runtime *rt)
{
    filch_u32_store(&reported, 0, FILCH_RELEASE);
    start_diary();
    cr_assert_null(filch_set_panic_handler(keep_report));
    OK(filch_go(rt, detached_fails, NULL));
    signpost_wait(&reported, 1);
    cr_assert_eq(filch_set_panic_handler(NULL), keep_report);
    cr_assert_eq(report.code, -EREMOTE);
    cr_assert_str_eq(report.message, "detached");
    cr_assert_str_eq(panic_diary, "d");
}

Test(panic, detached_task_failure_reaches_handler)
{
    panic_runtimes(handler_is_told);
}

FILCH_TASK(int, runs_elsewhere, (filch_runtime *, other), (int, code))
{
    filch_slot slot;
    memcpy(slot.args, &code, sizeof code);
    return filch_run(other, &fails_task, &slot);
}

static void run_typed(filch_self self, void *other)
{
    FILCH_RUN((filch_runtime *)other, fails, -EDOM);
}

FILCH_TASK(int, runs_typed_elsewhere, (filch_runtime *, other))
{
    return filch_try(self, run_typed, other, NULL);
}

Test(panic, panic_crosses_runtime_boundary)
{
    filch_runtime *one = panic_runtime(2), *other = panic_runtime(0);
    cr_assert_eq(FILCH_RUN(one, runs_elsewhere, other, -ERANGE), -ERANGE);
    cr_assert_eq(FILCH_RUN(one, runs_typed_elsewhere, other), -EDOM);
    OK(filch_runtime_destroy(one));
    OK(filch_runtime_destroy(other));
}

/* ---- Where it cannot end ---- */

static void detached_without_handler(void)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    filch_go(rt, detached_fails, NULL);
    filch_runtime_destroy(rt);
}

static void outside_of_tasks(void)
{
    FILCH_PANIC(-EIO, "on a plain thread");
}

static void typed_run(void)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    FILCH_RUN(rt, fails, -ELOOP);
}

FILCH_VOID_TASK(ends_out_of_order)
{
    filch_defer first, second;
    filch_defer_begin(self, &first, write_letter, "a");
    filch_defer_begin(self, &second, write_letter, "b");
    filch_defer_end(&first);
}

static void cleanups_out_of_order(void)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 1}) == 0);
    FILCH_RUN(rt, ends_out_of_order);
}

Test(panic, uncaught_panic_dies_with_advice)
{
    static const struct {
        void (*work)(void);
        const char *said;
    } deaths[] = {
        {detached_without_handler, "unhandled panic in task detached_fails, "},
        {detached_without_handler, ": detached; catch it"},
        {outside_of_tasks, "thread that runs no task: "},
        {outside_of_tasks, ": on a plain thread; catch it"},
        {typed_run, "task fails, "},
        {typed_run, "the number is "},
        {cleanups_out_of_order, "ended out of order"},
    };
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        struct child child;
        child_run(&child, deaths[i].work);
        cr_assert(child_died(&child, deaths[i].said), "%s", child.text);
    }
}

/* In C++ the record is destroyed even if its argument threw before filch_defer_begin. */
Test(panic, ending_unbegun_defer_does_nothing)
{
    filch_defer never = {0};
    filch_defer_end(&never);
}

Test(panic, failure_without_place_reports_message)
{
    const filch_failure failure = {.code = -EIO, .task = "reader", .message = "no header"};
    cr_assert_eq(fl_panic_tell(&failure), -EIO);
    cr_assert_str_eq(filch_error(), "a panic in task reader, no header");
}
