/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runs of attempts, by tasks and threads. Nothing here says how late an attempt may be; that none
 * is early, it does. */
#include <filch/breaker.h>
#include <filch/retry.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

/* A callee that fails so often with this code, then succeeds with `result`. */
struct callee {
    unsigned failures, calls;
    int code, result;
};

static int calls(void *arg)
{
    struct callee *one = arg;
    return one->calls++ < one->failures ? one->code : one->result;
}

static int never(void *unused)
{
    filch_die("this may never be called");
}

/* ---- Ends ---- */

struct run {
    struct callee callee;
    filch_retry_policy policy;
    int expected;
    unsigned attempts;
    bool wrong;
};

static const struct run runs[] = {
    {{0, 0, -EBUSY, 0}, {0}, 0, 1, false},
    {{0, 0, -EBUSY, 17}, {0}, 17, 1, false},
    {{2, 0, -EBUSY, 5}, {0}, 5, 3, false},
    {{3, 0, -EBUSY, 0}, {0}, -EBUSY, 3, false},
    {{9, 0, -EIO, 0}, {0}, -EIO, 1, false},
    {{9, 0, -EBUSY, 1}, {.attempts = 10, .jitter = FILCH_JITTER_DECORRELATED}, 1, 10, false},
    {{9, 0, -EBUSY, 1}, {.attempts = 9, .jitter = FILCH_JITTER_EQUAL}, -EBUSY, 9, false},
    {{50, 0, -EBUSY, 1}, {.attempts = FILCH_RETRY_FOR_EVER}, 1, 51, false},
};
enum { RUNS = sizeof runs / sizeof *runs };

static void run_one(void *arg)
{
    struct run *one = arg;
    unsigned attempts = 77;
    int rc = filch_retry_run(&one->policy, NULL, calls, &one->callee, &attempts);
    one->wrong = rc != one->expected || attempts != one->attempts || one->callee.calls != attempts;
}

static void runs_end(crew *all, enum crew_kind kind, const char *name)
{
    struct run copies[RUNS];
    memcpy(copies, runs, sizeof runs);
    for (unsigned i = 0; i < RUNS; i++) {
        copies[i].policy.base = 1000;
        copies[i].policy.cap = 20000;
        crew_start(all, kind, run_one, &copies[i]);
    }
    crew_wait(all);
    for (unsigned i = 0; i < RUNS; i++)
        cr_assert_not(copies[i].wrong, "run %u, %s", i, name);
}

Test(retry_run, ends_on_success_fatal_or_exhaustion)
{
    crew_everywhere(runs_end);
}

Test(retry_run, bad_arguments_call_nothing)
{
    unsigned attempts = 77;
    cr_assert_eq(filch_retry_run(NULL, NULL, NULL, NULL, &attempts), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "function"));
    cr_assert_eq(filch_retry_run(&(filch_retry_policy){.base = -1}, NULL, never, NULL, &attempts),
                 -EINVAL);
    cr_assert_eq(attempts, 77, "untouched");
    struct callee callee = {0, 0, 0, 3};
    cr_assert_eq(filch_retry_run(NULL, NULL, calls, &callee, NULL), 3);
}

/* ---- Time ---- */

struct timed {
    int64_t earliest;
    unsigned calls;
    int early;
};

static int look_at_the_clock(void *arg)
{
    struct timed *one = arg;
    one->early += filch_now() < one->earliest;
    one->earliest = filch_in(MS << one->calls++);
    return one->calls < 4 ? -EAGAIN : 0;
}

static void run_timed(void *arg)
{
    static const filch_retry_policy policy = {.base = MS,
                                              .attempts = 4,
                                              .jitter = FILCH_JITTER_NONE};
    struct timed *one = arg;
    one->early += filch_retry_run(&policy, NULL, look_at_the_clock, one, NULL);
}

static void nothing_is_early(crew *all, enum crew_kind kind, const char *name)
{
    struct timed timed[4] = {{0}};
    for (unsigned i = 0; i < 4; i++)
        crew_start(all, kind, run_timed, &timed[i]);
    crew_wait(all);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(timed[i].early, 0, "%s", name);
}

Test(retry_run, no_attempt_is_early)
{
    crew_everywhere(nothing_is_early);
}

Test(retry_run, wait_past_deadline_is_not_begun)
{
    filch_retry_policy policy = {.base = 3600 * FILCH_SECOND, .jitter = FILCH_JITTER_NONE};
    struct callee callee = {9, 0, -EBUSY, 0};
    unsigned attempts;
    policy.time = 3599 * FILCH_SECOND;
    cr_assert_eq(filch_retry_run(&policy, NULL, calls, &callee, &attempts), -EBUSY);
    cr_assert_eq(attempts, 1);
    policy.time = 0;
    filch_context *context = until(NULL, filch_in(3599 * FILCH_SECOND));
    cr_assert_eq(filch_retry_run(&policy, context, calls, &callee, &attempts), -EBUSY);
    cr_assert_eq(attempts, 1);
    filch_context_release(context);
}

/* ---- Contexts ---- */

struct waiter {
    filch_context *context;
    signpost called;
    int rc;
    unsigned attempts;
};

static int fails_once_called(void *arg)
{
    signpost_raise(arg);
    return -EAGAIN;
}

static void wait_long(void *arg)
{
    static const filch_retry_policy policy = {.base = 3600 * FILCH_SECOND,
                                              .jitter = FILCH_JITTER_NONE};
    struct waiter *one = arg;
    one->rc =
        filch_retry_run(&policy, one->context, fails_once_called, &one->called, &one->attempts);
}

static void cancel_ends_waits(crew *all, enum crew_kind kind, const char *name)
{
    enum { WAITERS = 10 };
    struct waiter waiters[WAITERS];
    filch_context *context = child_of(NULL);
    for (unsigned i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){.context = context};
        crew_start(all, kind, wait_long, &waiters[i]);
    }
    for (unsigned i = 0; i < WAITERS; i++)
        signpost_wait(&waiters[i].called, 1);
    OK(filch_context_cancel(context, -ESTALE));
    crew_wait(all);
    for (unsigned i = 0; i < WAITERS; i++) {
        cr_assert_eq(waiters[i].rc, -ESTALE, "%s", name);
        cr_assert_eq(waiters[i].attempts, 1, "%s", name);
    }
    filch_context_release(context);
}

Test(retry_run, cancelling_the_context_ends_the_wait)
{
    crew_everywhere(cancel_ends_waits);
}

Test(retry_run, done_context_calls_nothing)
{
    filch_context *context = child_of(NULL), *late = until(NULL, 0);
    unsigned attempts = 77;
    filch_context_cancel(context, -EIO);
    cr_assert_eq(filch_retry_run(NULL, context, never, NULL, &attempts), -EIO);
    cr_assert_eq(attempts, 0);
    cr_assert_eq(filch_retry_run(NULL, late, never, NULL, NULL), -ETIMEDOUT);
    filch_context_release(context);
    filch_context_release(late);
}

/* ---- Workers are free while runs wait ---- */

enum { TOGETHER = 200 };
static signpost arrived;

/* All have called before one succeeds: on one worker that takes waits that leave it. */
static int meets_all(void *arg)
{
    bool *was_here = arg;
    if (!*was_here)
        signpost_raise(&arrived);
    *was_here = true;
    return signpost_count(&arrived) < TOGETHER ? -EAGAIN : 0;
}

static void run_until_all_met(filch_self self, void *done)
{
    static const filch_retry_policy policy = {.base = MS / 10,
                                              .cap = MS,
                                              .attempts = FILCH_RETRY_FOR_EVER};
    bool was_here = false;
    if (filch_retry_run(&policy, NULL, meets_all, &was_here, NULL))
        filch_die("a run ended without success");
    signpost_raise(done);
}

Test(retry_run, worker_does_other_work_during_waits)
{
    static signpost done;
    filch_runtime *rt = config_runtime(0, 100000);
    for (unsigned i = 0; i < TOGETHER; i++)
        OK(filch_go(rt, run_until_all_met, &done));
    signpost_wait(&done, TOGETHER);
    OK(filch_runtime_destroy(rt));
}

/* ---- Reports and panics ---- */

enum { REPORTS = 8 };
static struct reports {
    filch_retry_report all[REPORTS];
    unsigned count, calls;
} reports;

static void note(const filch_retry_report *report, void *arg)
{
    struct reports *to = arg;
    cr_assert_lt(to->count, REPORTS);
    to->all[to->count++] = *report;
}

Test(retry_run, each_attempt_is_reported_before_waiting)
{
    filch_retry_policy policy = {
        .base = 1000, .jitter = FILCH_JITTER_NONE, .attempts = 4, .told = note, .arg = &reports};
    struct callee callee = {3, 0, -EBUSY, 12};
    cr_assert_eq(filch_retry_run(&policy, NULL, calls, &callee, NULL), 12);
    cr_assert_eq(reports.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        const filch_retry_report *one = &reports.all[i];
        cr_assert_eq(one->attempt, i + 1);
        cr_assert_eq(one->code, i < 3 ? -EBUSY : 12);
        cr_assert_eq(one->verdict, i < 3 ? FILCH_RETRY_AGAIN : FILCH_RETRY_SUCCEEDED);
        cr_assert_eq(one->delay, i < 3 ? 1000 << i : 0);
    }
}

static int panics_at_the_second(void *arg)
{
    struct reports *to = arg;
    if (++to->calls == 2)
        FILCH_PANIC(-EDOM, "at the second attempt");
    return -EAGAIN;
}

static void run_and_panic(filch_self self, void *attempts)
{
    static const filch_retry_policy policy = {.base = 1000, .told = note, .arg = &reports};
    filch_retry_run(&policy, NULL, panics_at_the_second, &reports, attempts);
    filch_die("the panic went no further");
}

FILCH_TASK(int, try_to_run)
{
    unsigned attempts = 0;
    filch_failure failure;
    reports = (struct reports){.count = 0};
    if (filch_try(self, run_and_panic, &attempts, &failure) != -EDOM)
        return 1;
    return attempts != 2 || reports.count != 1 || strcmp(failure.message, "at the second attempt");
}

Test(retry_run, panic_propagates_without_retry)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        cr_assert_eq(FILCH_RUN(rt, try_to_run), 0, "%s", config_name(c));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- With a breaker ---- */

static int call_through(void *breaker)
{
    struct callee down = {1, 0, -ECONNREFUSED, 0};
    return filch_breaker_call(breaker, calls, &down);
}

Test(retry_run, ends_at_a_breaker_that_opens)
{
    filch_breaker *breaker;
    unsigned attempts;
    filch_retry_policy policy = {.base = 1000, .attempts = 100};
    OK(filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 5}));
    cr_assert_eq(filch_retry_run(&policy, NULL, call_through, breaker, &attempts), -EHOSTDOWN);
    cr_assert_eq(attempts, 6);
    filch_breaker_destroy(breaker);
}
