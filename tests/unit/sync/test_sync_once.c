/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_once_flag flag;
static signpost calls, begun, may_end, behind;
static unsigned made; /* plain */

static void make(void *arg)
{
    signpost_raise(&calls);
    made = *(unsigned *)arg;
}

Test(sync_once, only_first_call_runs_function)
{
    unsigned seven = 7, eight = 8;
    filch_once(&flag, make, &seven);
    filch_once(&flag, make, &eight);
    cr_assert_eq(signpost_count(&calls), 1);
    cr_assert_eq(made, 7);
}

/* ---- The others wait ---- */

static void make_slowly(void *unused)
{
    signpost_raise(&begun);
    signpost_wait(&may_end, 1);
    made = 3;
}

static void use(filch_self self, void *unused, unsigned index)
{
    filch_once(&flag, make_slowly, NULL);
    if (made == 3)
        signpost_raise(&behind);
}

static void *meet(void *rt)
{
    enum { TASKS = 10, THREADS = 2 };
    parties_meet(rt, TASKS, THREADS, use, NULL);
    return NULL;
}

Test(sync_once, all_wait_until_it_is_made)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        pthread_t thread;
        flag = (filch_once_flag){0};
        made = 0;
        begun = may_end = behind = (signpost){0};
        cr_assert_eq(pthread_create(&thread, NULL, meet, rt), 0);
        signpost_wait(&begun, 1);
        cr_assert_eq(signpost_count(&behind), 0);
        signpost_raise(&may_end);
        pthread_join(thread, NULL);
        cr_assert_eq(signpost_count(&begun), 1);
        cr_assert_eq(signpost_count(&behind), 12);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Misuse ---- */

static void make_again(void *unused)
{
    filch_once(&flag, make_again, unused);
}

static void make_again_as_task(filch_self self, void *unused, unsigned index)
{
    make_again(unused);
}

static void as_thread(void)
{
    make_again(NULL);
}

static void as_task(void)
{
    filch_runtime *rt = config_runtime(0, 1000000);
    parties_meet(rt, 1, 0, make_again_as_task, NULL);
}

Test(sync_once, function_waiting_for_itself_dies)
{
    struct child child;
    child_run(&child, as_thread);
    cr_assert(child_died(&child, "filch_once: its function"), "%s", child.text);
    child_run(&child, as_task);
    cr_assert(child_died(&child, "filch_once: its function"), "%s", child.text);
}

/* ---- What it calls panics ---- */

static void panic_slowly(void *unused)
{
    signpost_raise(&begun);
    signpost_wait(&may_end, 1);
    FILCH_PANIC(-EIO, "not made");
}

static void call_and_panic(filch_self self, void *unused)
{
    filch_once(&flag, panic_slowly, NULL);
}

FILCH_TASK(int, try_call)
{
    return filch_try(self, call_and_panic, NULL, NULL);
}

static void *wait_for_it(void *unused)
{
    signpost_wait(&begun, 1);
    signpost_raise(&may_end);
    filch_once(&flag, panic_slowly, NULL);
    return NULL;
}

Test(sync_once, panicking_function_counts_as_called)
{
    filch_runtime *rt = config_runtime(0, 1000000);
    pthread_t thread;
    flag = (filch_once_flag){0};
    begun = may_end = (signpost){0};
    cr_assert_eq(pthread_create(&thread, NULL, wait_for_it, NULL), 0);
    cr_assert_eq(FILCH_RUN(rt, try_call), -EIO);
    pthread_join(thread, NULL);
    cr_assert_eq(FILCH_RUN(rt, try_call), 0, "it is not called again");
    OK(filch_runtime_destroy(rt));
}
