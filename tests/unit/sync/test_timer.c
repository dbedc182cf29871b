/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleep and timers. Nothing here says how late anything may be; that nothing is early, and that it
 * comes, it does. */
#include <runtime/sync/timer.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

static void runs_nothing(filch_self self, void *unused)
{
    filch_die("this may never run");
}

/* ---- Sleep ---- */

static int sleep_and_look(void)
{
    int64_t until = filch_in(2 * MS);
    return filch_sleep_until(until) || filch_now() < until || filch_sleep(MS / 2) ||
           filch_now() < until + MS / 2;
}

FILCH_TASK(int, task_that_sleeps)
{
    return sleep_and_look();
}

Test(sleep, tasks_and_threads_sleep_long_enough)
{
    cr_assert_eq(sleep_and_look(), 0);
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        cr_assert_eq(FILCH_RUN(rt, task_that_sleeps), 0);
        OK(filch_runtime_destroy(rt));
    }
}

Test(sleep, negative_fails_and_past_returns_immediately)
{
    cr_assert_eq(filch_sleep(-1), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "-1"));
    cr_assert_eq(filch_sleep_until(INT64_MIN), -EINVAL);
    OK(filch_sleep(0));
    OK(filch_sleep_until(0));
    OK(filch_sleep_until(filch_now() - 1));
}

/* Each sleeper is on the way when the one before it wakes: on one worker they can only take turns
 * if a sleep leaves the worker to others. */
static signpost asleep;
enum { SLEEPERS = 200 };

static void sleep_together(filch_self self, void *done)
{
    signpost_raise(&asleep);
    int64_t until = filch_in(5 * MS);
    if (filch_sleep_until(until) || filch_now() < until)
        filch_die("a sleep ended early");
    signpost_raise(done);
}

Test(sleep, many_tasks_sleep_on_one_worker)
{
    static signpost awake;
    filch_runtime *rt = config_runtime(0, 0);
    for (unsigned i = 0; i < SLEEPERS; i++)
        OK(filch_go(rt, sleep_together, &awake));
    signpost_wait(&awake, SLEEPERS);
    cr_assert_eq(signpost_count(&asleep), SLEEPERS);
    OK(filch_runtime_destroy(rt));
}

/* ---- After ---- */

Test(after, context_is_done_exactly_when_due)
{
    filch_context *soon, *never;
    int64_t from = filch_now();
    OK(filch_after(&soon, 3 * MS));
    OK(filch_after(&never, FILCH_FOREVER));
    filch_case cases[] = {FILCH_DONE(never), FILCH_DONE(soon)};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(filch_select(cases, 2), 1);
        cr_assert_eq(cases[1].code, -ETIMEDOUT);
        cr_assert_geq(filch_now(), from + 3 * MS);
    }
    filch_context_release(soon);
    filch_context_release(never);
    cr_assert_eq(filch_after(&soon, -5), -EINVAL);
    cr_assert_eq(filch_after(NULL, 5), -EINVAL);
}

/* ---- Timers ---- */

static struct once {
    filch_timer timer;
    filch_runtime *rt;
    int64_t when;
    unsigned again;
    signpost done;
} once;

/* The timer is its task's: it may start it again. */
static void count_down(filch_self self, void *arg)
{
    struct once *of = arg;
    if (filch_now() < of->when)
        filch_die("a timer fired early");
    if (filch_timer_stop(&of->timer))
        filch_die("a timer that has fired was still pending");
    if (of->again-- > 0) {
        of->when = filch_in(MS / 4);
        if (filch_timer_start(&of->timer, NULL, of->when, count_down, of))
            filch_die("%s", filch_error());
    } else {
        signpost_raise(&of->done);
    }
}

Test(timer, due_task_may_restart_timer)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        memset(&once, 0, sizeof once);
        once.rt = config_runtime(c, 0);
        once.again = 5;
        once.when = filch_in(MS);
        OK(filch_timer_start(&once.timer, once.rt, once.when, count_down, &once));
        signpost_wait(&once.done, 1);
        OK(filch_runtime_destroy(once.rt));
    }
}

Test(timer, stop_reports_success_and_prevents_run)
{
    filch_timer timer = {{0}};
    filch_runtime *rt = config_runtime(2, 0);
    cr_assert_not(filch_timer_stop(&timer), "never started");
    OK(filch_timer_start(&timer, rt, filch_in(3600 * FILCH_SECOND), runs_nothing, NULL));
    cr_assert_eq(filch_timer_start(&timer, rt, 0, runs_nothing, NULL), -EALREADY);
    cr_assert_not_null(strstr(filch_error(), "pending"));
    cr_assert(filch_timer_stop(&timer));
    cr_assert_not(filch_timer_stop(&timer));
    OK(filch_timer_start(&timer, rt, FILCH_FOREVER, runs_nothing, NULL));
    cr_assert(filch_timer_stop(&timer));
    OK(filch_runtime_destroy(rt));
}

static void raise_post(filch_self self, void *post)
{
    signpost_raise(post);
}

Test(timer, reset_moves_pending_timer_both_ways)
{
    filch_timer far = {{0}}, near = {{0}};
    static signpost fired;
    filch_runtime *rt = config_runtime(2, 0);
    cr_assert_eq(filch_timer_reset(&far, filch_in(0)), -ENOENT);
    OK(filch_timer_start(&far, rt, filch_in(3600 * FILCH_SECOND), raise_post, &fired));
    OK(filch_timer_start(&near, rt, filch_in(60 * FILCH_SECOND), runs_nothing, NULL));
    OK(filch_timer_reset(&near, filch_in(7200 * FILCH_SECOND)));
    cr_assert_eq(filch_timer_reset(&far, -1), -EINVAL);
    OK(filch_timer_reset(&far, filch_in(MS)));
    signpost_wait(&fired, 1);
    cr_assert_eq(filch_timer_reset(&far, filch_in(MS)), -ENOENT);
    cr_assert(filch_timer_stop(&near));
    OK(filch_runtime_destroy(rt));
}

/* The runtime's end waits for what a timer has handed over. */
Test(timer, timer_missed_by_stop_still_runs)
{
    for (unsigned i = 0; i < 200; i++) {
        filch_timer timer = {{0}};
        signpost ran = {0};
        filch_runtime *rt = config_runtime(0, 0);
        OK(filch_timer_start(&timer, rt, filch_in(20000), raise_post, &ran));
        while (i % 2 && filch_now() % 64)
            ;
        bool stopped = filch_timer_stop(&timer);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(signpost_count(&ran), stopped ? 0 : 1);
    }
}

/* The main thread starts one half, a worker the other; the timer thread calls. */
enum { ORDERED = 40 };
static struct ordered {
    fl_timer timer[ORDERED];
    int64_t from;
    unsigned index[ORDERED], order[ORDERED];
    signpost called;
} ordered;

static void note_order(void *index)
{
    ordered.order[signpost_count(&ordered.called)] = *(unsigned *)index;
    signpost_raise(&ordered.called);
}

static void start_each_second(unsigned first)
{
    for (unsigned i = first; i < ORDERED; i += 2) {
        ordered.index[i] = i;
        if (fl_timer_start_call(&ordered.timer[i], ordered.from + i, note_order, &ordered.index[i]))
            filch_die("%s", filch_error());
    }
}

FILCH_TASK(int, start_on_a_worker, (unsigned, first))
{
    start_each_second(first);
    return 0;
}

Test(timer, due_timers_fire_in_time_order)
{
    bool in_time = false;
    filch_runtime *rt = config_runtime(0, 0);
    for (int64_t ahead = 5 * MS; !in_time; ahead *= 2) {
        filch_u32_store(&ordered.called, 0, FILCH_RELAXED);
        ordered.from = filch_in(ahead);
        start_each_second(0);
        FILCH_RUN(rt, start_on_a_worker, 1);
        in_time = filch_now() < ordered.from;
        signpost_wait(&ordered.called, ORDERED);
    }
    for (unsigned i = 0; i < ORDERED; i++)
        cr_assert_eq(ordered.order[i], i);
    OK(filch_runtime_destroy(rt));
}

/* Due at once, tasks for two runtimes take turns. */
enum { SHARED_OUT = 100 };
static filch_runtime *owners[2];
static signpost at_home[2];

static void runs_at_home(filch_self self, void *home)
{
    if (filch_runtime_here() != *(filch_runtime **)home)
        filch_die("a timer's task runs in another runtime");
    signpost_raise(&at_home[(filch_runtime **)home - owners]);
}

Test(timer, due_tasks_run_in_own_runtime)
{
    static filch_timer timers[SHARED_OUT];
    int64_t when = filch_in(3 * MS);
    for (unsigned i = 0; i < 2; i++)
        owners[i] = config_runtime(2 * i, 0);
    for (unsigned i = 0; i < SHARED_OUT; i++)
        OK(filch_timer_start(&timers[i], owners[i % 2], when, runs_at_home, &owners[i % 2]));
    for (unsigned i = 0; i < 2; i++) {
        signpost_wait(&at_home[i], SHARED_OUT / 2);
        OK(filch_runtime_destroy(owners[i]));
        cr_assert_eq(signpost_count(&at_home[i]), SHARED_OUT / 2);
    }
}

Test(timer, bad_arguments_are_refused_with_message)
{
    filch_timer timer = {{0}};
    filch_runtime *rt = config_runtime(0, 0);
    cr_assert_eq(filch_timer_start(&timer, NULL, 0, runs_nothing, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "runtime"));
    cr_assert_eq(filch_timer_start(&timer, rt, 0, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_timer_start(&timer, rt, -7, runs_nothing, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "-7"));
    OK(filch_runtime_destroy(rt));
}

static signpost reported;

static void report(const filch_failure *failure)
{
    if (strcmp(failure->task, "gives_up") != 0)
        filch_die("a timer's task is called %s", failure->task);
    signpost_raise(&reported);
}

static void gives_up(filch_self self, void *unused)
{
    FILCH_PANIC(-EIO, "on purpose");
}

Test(timer, timer_task_is_named_in_reports)
{
    filch_timer timer = {{0}};
    filch_runtime *rt = config_runtime(2, 0);
    filch_set_panic_handler(report);
    OK(filch_timer_start(&timer, rt, 0, gives_up, NULL));
    signpost_wait(&reported, 1);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq((filch_timer_start)(&timer, NULL, 0, gives_up, NULL), -EINVAL, "by its function");
}
