/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Retry, width, rate limit, breaker and dead letters around one function, each saying when it is its
 * turn: in which order an attempt passes them, and what each refusal costs. For service authors.
 *
 *   cc -O2 stacked.c $(pkg-config --cflags --libs filch) -o stacked */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <string.h>

enum { PERMITS = 12, IN_A_ROW = 2 };

static filch_limiter *limiter;
static filch_breaker *breaker;
static bool server_is_down;
static filch_semaphore begun, go_on; /* so that what is printed does not depend on who is quicker */

/* ---- What is called ---- */

static int call(filch_self self, filch_job *job, void *name)
{
    (void)self;
    printf("  call     %s, attempt %u; %u permits are left\n", (char *)name,
           filch_job_attempts(job), filch_limiter_available(limiter));
    if (!strcmp(name, "bad"))
        return -EINVAL;
    return server_is_down ? -ECONNREFUSED : 0;
}

static int slow_call(filch_self self, filch_job *job, void *name)
{
    filch_semaphore_give_back(&begun, 1);
    filch_semaphore_acquire(&go_on, 1); /* until another one stands behind it */
    int rc = call(self, job, name);
    return filch_job_attempts(job) == 1 ? -EAGAIN : rc;
}

/* ---- What the policies say ---- */

static filch_breaker_verdict judge(int code, void *unused)
{
    (void)unused;
    filch_breaker_verdict verdict =
        code == -ECONNREFUSED ? FILCH_BREAKER_FAILURE : FILCH_BREAKER_SUCCESS;
    printf("  breaker  counts a %s\n", verdict == FILCH_BREAKER_FAILURE ? "failure" : "success");
    return verdict;
}

static void changed(filch_breaker *which, const filch_breaker_change *change, void *unused)
{
    (void)which, (void)unused;
    printf("  breaker  is %s\n", filch_breaker_state_name(change->to));
}

static bool retryable(int code, void *unused)
{
    (void)unused;
    return filch_retryable(code) || code == -EHOSTDOWN; /* refused by the breaker, too */
}

static void told(const filch_retry_report *report, void *unused)
{
    (void)unused;
    printf("  retry    \"%s\": %s\n", strerror(-report->code),
           filch_retry_verdict_name(report->verdict));
    if (report->code == -EHOSTDOWN) { /* the server is back; the breaker may ask at once */
        server_is_down = false;
        if (filch_breaker_trip(breaker, filch_now()))
            errx(1, "%s", filch_error());
    }
}

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    static const char *const names[FILCH_OUTCOMES] = {[FILCH_SUCCEEDED] = "succeeded",
                                                      [FILCH_FAILED] = "failed",
                                                      [FILCH_TIMED_OUT] = "timed out",
                                                      [FILCH_DEAD_LETTERED] = "is a dead letter"};
    (void)why, (void)data;
    unsigned attempts = filch_job_attempts(job);
    printf("  outcome  %s, after %u attempt%s\n", names[outcome], attempts,
           attempts == 1 ? "" : "s");
}

/* ---- Four stories ---- */

static filch_pool *open_pool(filch_dead_letter_queue *letters)
{
    static const filch_retry_policy retry = {.attempts = 5,
                                             .base = FILCH_MILLISECOND,
                                             .retryable = retryable,
                                             .told = told};
    filch_breaker_config careful = {.consecutive = IN_A_ROW,
                                    .open_time = 3600 * FILCH_SECOND,
                                    .judge = judge,
                                    .changed = changed};
    filch_limit daily = {.rate = 1, .burst = PERMITS, .period = 24 * 3600 * FILCH_SECOND};
    filch_pool *pool;
    if (filch_limiter_create(&limiter, daily) || filch_breaker_create(&breaker, &careful) ||
        filch_pool_create(&pool, &(filch_pool_config){.order = FILCH_FIFO,
                                                      .width = 1,
                                                      .retry = &retry,
                                                      .limiter = limiter,
                                                      .breaker = breaker,
                                                      .breaker_full = FILCH_BREAKER_FULL_FAIL,
                                                      .dead_letters = letters}))
        errx(1, "%s", filch_error());
    return pool;
}

static void check(int rc)
{
    if (rc)
        errx(1, "%s", filch_error());
}

int main(void)
{
    filch_dead_letter_queue *letters;
    check(filch_dead_letter_queue_create(&letters, NULL));
    filch_pool *pool = open_pool(letters);

    printf("the server is down, and comes back\n");
    server_is_down = true;
    check(FILCH_SUBMIT_AS(pool, call, "first", .done = note));
    check(filch_pool_wait(pool, FILCH_FOREVER));

    printf("one that is not worth another attempt\n");
    check(FILCH_SUBMIT_AS(pool, call, "bad", .done = note));
    check(filch_pool_wait(pool, FILCH_FOREVER));

    printf("a job that waits for another attempt holds no place: the width is 1\n");
    check(FILCH_SUBMIT_AS(pool, slow_call, "slow", .done = note));
    filch_semaphore_acquire(&begun, 1);
    check(FILCH_SUBMIT_AS(pool, call, "next", .done = note));
    filch_semaphore_give_back(&go_on, 2);
    check(filch_pool_wait(pool, FILCH_FOREVER));

    printf("no permit before its deadline: it does not wait for one\n");
    check(filch_limiter_allow(limiter, filch_limiter_available(limiter)));
    check(FILCH_SUBMIT_AS(pool, call, "late", .timeout = 3600 * FILCH_SECOND, .done = note));
    check(filch_pool_destroy(pool));
    filch_dead_letter_queue_destroy(letters);
    filch_breaker_destroy(breaker);
    filch_limiter_destroy(limiter);
    return 0;
}
