/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools with all policies, to which memory or threads are refused at each place in turn: creation,
 * a submission with every option, a retry's timer. Each refusal is reported and nothing is held; an
 * accepted job is reported once, and its data released once. */
#include <search.h>
#include <tests/support/patience.h>
#include <tests/support/pools_refused.h>

WRAPPED(void *, realloc, void *block, size_t size)
{
    if (refused(MEMORY, ENOMEM))
        return NULL;
    void *got = __real_realloc(block, size);
    return block ? got : holding(got);
}

/* Its nodes are libc's own. */
REFUSED(void *, tsearch, MEMORY, ENOMEM, NULL,
        (const void *key, void **root, int (*compare)(const void *, const void *)),
        (key, root, compare))

TestSuite(refused_pool_policies, .init = warm_up_timer_thread);

/* ---- Policies, and jobs with their accounts ---- */

typedef struct policies {
    filch_limiter *limiter;
    filch_breaker *breaker;
    filch_dead_letters *letters;
} policies;

static const filch_retry_policy again = {.attempts = 3, .base = 1000, .cap = 1000};

static policies have_policies(void)
{
    const filch_breaker_config never = {.consecutive = 1000000};
    policies all;
    cr_assert_eq(filch_limiter_create(&all.limiter, (filch_limit){.rate = 1000000, .burst = 1}), 0);
    cr_assert_eq(filch_breaker_create(&all.breaker, &never), 0);
    cr_assert_eq(filch_dead_letters_create(&all.letters, NULL), 0);
    return all;
}

static void end_policies(policies *all)
{
    filch_dead_letters_destroy(all->letters);
    filch_breaker_destroy(all->breaker);
    filch_limiter_destroy(all->limiter);
}

static filch_pool_config config_with(const policies *all, filch_pool_order order)
{
    return (filch_pool_config){.workers = 2,
                               .order = order,
                               .timed = true,
                               .retry = &again,
                               .limiter = all->limiter,
                               .breaker = all->breaker,
                               .dead_letters = all->letters};
}

typedef struct account {
    fate end; /* first */
    signpost begun;
    bool fails; /* each time; else only once */
} account;

static int once_more(filch_self self, filch_job *job, void *data)
{
    account *of = data;
    (void)self;
    signpost_raise(&of->begun);
    return of->fails || filch_job_attempts(job) < 2 ? -EAGAIN : 0;
}

/* Everything that may be particular about a job. */
static int submit(filch_pool *pool, filch_job **out, account *of)
{
    static const filch_traceparent trace = {.trace = {1}, .span = {1}};
    const filch_job_options options = {.name = "again",
                                       .timeout = 3600 * FILCH_SECOND,
                                       .done = fate_told_apart,
                                       .drop = fate_dropped,
                                       .retry = &again,
                                       .key = "the only one",
                                       .trace = &trace};
    fate_of_letter = &of->end;
    return filch_pool_submit(out, pool, once_more, of, &options, FILCH_FOREVER);
}

/* ---- Creation ---- */

Test(refused_pool_policies, creation_leaves_nothing_behind)
{
    static const filch_adaptive_config adaptive = {.max = 4};
    policies all = have_policies();
    filch_pool_config config = config_with(&all, FILCH_ANY);
    creation_refused(config); /* direct */
    config.order = FILCH_PRIORITY;
    creation_refused(config);
    config.adaptive = &adaptive;
    creation_refused(config);
    end_policies(&all);
}

/* ---- Submissions ---- */

static void expect_balance(filch_pool *pool, uint64_t accepted)
{
    filch_pool_stats stats;
    uint64_t sum = 0;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        sum += stats.outcomes[i];
    cr_assert_eq(stats.accepted, accepted);
    cr_assert_eq(sum, accepted);
    cr_assert_eq(stats.waiting + stats.running + stats.delayed, 0);
}

/* The key is free again, or the next one would not be accepted. */
static void submissions_refused(filch_pool *pool, filch_dead_letters *letters)
{
    uint64_t accepted = 0;
    for (int64_t at = 0, count = 1; count; at++) {
        account of = {0};
        filch_job *job = NULL;
        refuse(MEMORY, at, false);
        int rc = submit(pool, &job, &of);
        count = refuse_no_more(MEMORY);
        cr_assert(rc ? rc == -ENOMEM && !job : job != NULL, "%d at %ld", rc, (long)at);
        cr_assert(!rc || strchr(filch_error(), ';'), "%s", filch_error());
        accepted += !rc;
        filch_job_release(job);
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        cr_assert_eq(fate_count(&of.end), !rc);
        /* A runner may meet the refusal before it is called off: without a timer for the retry, the job
         * becomes a dead letter. */
        cr_assert_eq(filch_dead_letters_purge(letters, 0, NULL), 0);
        cr_assert_eq(signpost_count(&of.end.dropped), !rc);
        cr_assert(rc ? !signpost_count(&of.begun) : fate_outcome(&of.end) != FILCH_UNDECIDED);
    }
    expect_balance(pool, accepted);
}

Test(refused_pool_policies, a_submission_is_refused_as_a_whole)
{
    static const filch_pool_order orders[] = {FILCH_ANY, FILCH_FIFO, FILCH_EARLIEST};
    for (unsigned i = 0; i < 3; i++) {
        policies all = have_policies();
        filch_pool *pool = pool_of(config_with(&all, orders[i]));
        submissions_refused(pool, all.letters);
        cr_assert_eq(filch_pool_destroy(pool), 0);
        end_policies(&all);
    }
}

/* ---- From acceptance to outcome: timers of retries and permits, the letter ---- */

/* Held up in its first attempt, until the refusal is set. */
static gate held;

static int waits_first(filch_self self, filch_job *job, void *data)
{
    if (filch_job_attempts(job) == 1)
        stand_still(self, job, &held);
    return once_more(self, job, data);
}

static void check_end(const account *of, int64_t refusals_met)
{
    filch_outcome outcome = fate_outcome(&of->end);
    int code = of->end.why.code;
    cr_assert_eq(fate_count(&of->end), 1);
    if (outcome == FILCH_SUCCEEDED)
        cr_assert(!of->fails && !code);
    else if (outcome == FILCH_FAILED) /* no timer, or no letter */
        cr_assert(refusals_met && code == -EAGAIN, "%d", code);
    else
        cr_assert(outcome == FILCH_DEAD_LETTERED && code == -EAGAIN);
    cr_assert_eq(signpost_count(&of->end.dropped), outcome != FILCH_DEAD_LETTERED);
}

/* Returns how many allocations were refused. */
static int64_t run_refused(filch_pool *pool, filch_dead_letters *letters, account *of, int64_t at,
                           bool from_then_on)
{
    held = (gate){0};
    fate_of_letter = &of->end;
    const filch_job_options options = {.name = "again",
                                       .done = fate_told_apart,
                                       .drop = fate_dropped,
                                       .key = "one"};
    cr_assert_eq(filch_pool_submit(NULL, pool, waits_first, of, &options, FILCH_FOREVER), 0);
    signpost_wait(&held.begun, 1);
    refuse(MEMORY, at, from_then_on);
    signpost_raise(&held.go);
    WAIT_WHILE(!fate_count(&of->end));
    int64_t count = refuse_no_more(MEMORY);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    check_end(of, count);
    cr_assert_eq(filch_dead_letters_purge(letters, 0, NULL), 0);
    cr_assert_eq(signpost_count(&of->end.dropped), 1);
    return count;
}

static uint64_t runs_refused(filch_pool *pool, filch_dead_letters *letters, bool fails,
                             bool from_then_on)
{
    uint64_t accepted = 0;
    for (int64_t at = 0, count = 1; count; at++) {
        account of = {.fails = fails};
        count = run_refused(pool, letters, &of, at, from_then_on);
        accepted++;
        cr_assert_lt(at, 1000);
    }
    return accepted;
}

Test(refused_pool_policies, a_retry_or_a_letter_without_memory_leaves_the_failure)
{
    static const filch_pool_order orders[] = {FILCH_ANY, FILCH_FIFO, FILCH_EARLIEST};
    for (unsigned i = 0; i < 3; i++) {
        policies all = have_policies();
        filch_pool *pool = pool_of(config_with(&all, orders[i]));
        uint64_t accepted = 0;
        for (unsigned how = 0; how < 4; how++)
            accepted += runs_refused(pool, all.letters, how & 1, how & 2);
        expect_balance(pool, accepted);
        cr_assert_eq(filch_pool_destroy(pool), 0);
        end_policies(&all);
    }
}

/* ---- Run timeouts ---- */

enum { ROOM = 64 }; /* the first of a heap of due times */

Test(refused_pool_policies, a_submission_with_a_run_timeout_is_refused_as_a_whole)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    uint64_t accepted = 0;
    fate of = {0};
    for (int64_t at = 0, count = 1; count; at++) {
        const filch_job_options options = {.run_timeout = 3600 * FILCH_SECOND,
                                           .done = fate_counted};
        refuse(MEMORY, at, false);
        int rc = filch_pool_submit(NULL, pool, succeeds, &of, &options, FILCH_FOREVER);
        count = refuse_no_more(MEMORY);
        cr_assert(!rc || (rc == -ENOMEM && strchr(filch_error(), ';')), "%d", rc);
        accepted += !rc;
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        cr_assert_eq(fate_count(&of), accepted);
    }
    expect_balance(pool, accepted);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(refused_pool_policies, a_run_timeout_needs_no_memory_when_its_job_begins)
{
    gate before = {0}, at = {0};
    fate of = {0};
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .run_timeout = FILCH_MILLISECOND});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, stand_still, &before, .run_timeout = 3600 * FILCH_SECOND),
                 0);
    signpost_wait(&before.begun, 1);
    filch_job *job = job_of(pool, stand_still, &at, NULL);
    for (unsigned i = 2; i < ROOM; i++) /* no room is left */
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &of, .done = fate_counted), 0);
    refuse(MEMORY, 0, true);
    signpost_raise(&before.go);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    refuse_no_more(MEMORY);
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    cr_assert_eq(fate_count(&of), ROOM - 2);
    filch_job_release(job);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}
