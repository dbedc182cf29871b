/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A call without a runtime, from a thread that is no task, is answered by an error that names the
 * call. In a task NULL means the task's own runtime. */
#include <tests/support/system.h>
#include <tests/support/test.h>

FILCH_TASK(int, same, (int, value))
{
    return value;
}

static void nothing(filch_self self, void *unused)
{
}

static int run(void)
{
    filch_slot slot;
    return filch_run(NULL, &same_task, &slot);
}

static int go(void)
{
    return filch_go(NULL, nothing, NULL);
}

static int resize(void)
{
    return filch_runtime_resize(NULL, 2);
}

static int set_policy(void)
{
    return filch_runtime_set_policy(NULL, "random");
}

static int scope(void)
{
    filch_scope scope;
    return filch_scope_begin(&scope, NULL, NULL);
}

static int count_workers(void)
{
    return filch_runtime_workers(NULL) ? 1 : -EINVAL;
}

static int count_slots(void)
{
    return filch_runtime_max_workers(NULL) ? 1 : -EINVAL;
}

static int stats(void)
{
    filch_runtime_stats all;
    memset(&all, 1, sizeof all);
    filch_runtime_stats_read(NULL, FILCH_ALL_WORKERS, &all, sizeof all);
    return all.fibers || all.jobs_run ? 1 : -EINVAL;
}

static int describe(void)
{
    char text[8] = "text";
    return filch_runtime_describe(NULL, text, sizeof text) || *text ? 1 : -EINVAL;
}

static const struct row {
    const char *call;
    int (*make)(void);
} rows[] = {
    {"filch_run", run},
    {"filch_go", go},
    {"filch_runtime_resize", resize},
    {"filch_runtime_set_policy", set_policy},
    {"filch_scope_begin", scope},
    {"filch_runtime_workers", count_workers},
    {"filch_runtime_max_workers", count_slots},
    {"filch_runtime_stats_read", stats},
    {"filch_runtime_describe", describe},
};

Test(null_runtime, each_call_names_itself)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        (void)filch_runtime_resize(NULL, 0); /* another call's sentence */
        cr_assert_eq(row->make(), -EINVAL, "%s", row->call);
        cr_assert_eq(strncmp(filch_error(), row->call, strlen(row->call)), 0, "%s: %s", row->call,
                     filch_error());
        cr_assert_not_null(strstr(filch_error(), "without a runtime"), "%s", filch_error());
    }
}

static void run_or_die(void)
{
    FILCH_RUN((filch_runtime *)NULL, same, 3);
}

Test(null_runtime, typed_run_without_runtime_dies)
{
    struct child child;
    child_run(&child, run_or_die);
    cr_assert(child_died(&child, "filch_run without a runtime"), "0x%x: %s", child.status,
              child.text);
}

FILCH_TASK(unsigned, own_workers)
{
    return filch_runtime_workers(NULL) + filch_runtime_max_workers(NULL);
}

Test(null_runtime, null_means_own_runtime_in_task)
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    cr_assert_eq(FILCH_RUN(rt, own_workers), 4);
    OK(filch_runtime_destroy(rt));
}
