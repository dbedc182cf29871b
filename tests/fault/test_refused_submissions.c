/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals; wraps tsearch
 *
 * Submissions to which memory is refused at each place in turn: each is accepted as a whole, or an
 * error says so. An accepted job is reported once, and its data released once; nothing is held. */
#include <filch/future.h>
#include <filch/results.h>
#include <runtime/pool/pool.h>
#include <tests/fault/pools_refused.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

TestSuite(refused_submissions, .init = warm_up_timer_thread);

static const int64_t hour = 3600 * FILCH_SECOND;

static void expect_balance(filch_pool *pool, uint64_t accepted)
{
    const filch_pool_stats stats = stats_of(pool);
    uint64_t sum = 0;
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        sum += stats.outcomes[i];
    cr_assert_eq(stats.accepted, accepted);
    cr_assert_eq(sum, accepted);
    cr_assert_eq(stats.waiting + stats.running + stats.delayed, 0);
}

/* ---- One job ---- */

/* So many that the caches of jobs are full, and what is taken comes from there. */
static void fill_caches(filch_pool *pool)
{
    for (unsigned i = 0; i < 5000; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
}

/* The cache of timers keeps some blocks, and the pool room for deadlines; the only worker has filled
 * its own caches. */
Test(refused_submissions, one_with_a_deadline)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    const filch_job_options options = {.timeout = hour, .done = fate_told};
    fate of = {0};
    int64_t before = 0;
    filch_job *job = NULL;
    fill_caches(pool);
    REFUSE_EACH(MEMORY, filch_pool_submit(&job, pool, succeeds, &of, &options, FILCH_FOREVER))
    {
        cr_assert_eq(!job, rc != 0);
        if (job)
            OK(filch_job_wait(job, FILCH_FOREVER));
        filch_job_release(job);
        job = NULL;
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert(!before || blocks <= before + 2, "%ld and %ld blocks", (long)before,
                  (long)blocks);
        before = blocks;
    }
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], stats_of(pool).accepted);
    cr_assert_eq(stats_of(pool).accepted - 5000, fate_count(&of));
    OK(filch_pool_destroy(pool));
}

/* It waits, so that its deadline is not over. */
static bool is_watched(filch_job *job)
{
    fl_lock(&job->pool->queue.room.lock);
    const bool watched = job->more->in.due.place;
    fl_unlock(&job->pool->queue.room.lock);
    return watched;
}

static void deadlines_refused(bool handle)
{
    gate at_gate;
    size_t accepted = 0;
    filch_job *job = NULL;
    const filch_job_options options = {.timeout = hour};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    block(pool, &at_gate);
    REFUSE_EACH(MEMORY, filch_pool_submit(handle ? &job : NULL, pool, succeeds, NULL, &options,
                                          FILCH_FOREVER))
    {
        accepted += !rc;
        stats_of(pool); /* collects the intake */
        cr_assert(rc || accepted == deadlines_of(pool));
        cr_assert(rc || !handle || is_watched(job));
        filch_job_release(job);
        job = NULL;
    }
    signpost_raise(&at_gate.go);
    OK(filch_pool_destroy(pool));
}

Test(refused_submissions, accepted_deadlines_are_watched)
{
    deadlines_refused(false);
}

Test(refused_submissions, deadlines_with_a_handle_too)
{
    deadlines_refused(true);
}

Test(refused_submissions, one_with_a_run_timeout)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    const filch_job_options options = {.run_timeout = hour, .done = fate_counted};
    uint64_t accepted = 0;
    fate of = {0};
    REFUSE_EACH(MEMORY, filch_pool_submit(NULL, pool, succeeds, &of, &options, FILCH_FOREVER))
    {
        accepted += !rc;
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(fate_count(&of), accepted);
    }
    expect_balance(pool, accepted);
    OK(filch_pool_destroy(pool));
}

enum { ROOM = 64 }; /* the first of a heap of due times */

Test(refused_submissions, a_beginning_run_timeout_needs_none)
{
    gate before = {0}, at = {0};
    fate of = {0};
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .run_timeout = FILCH_MILLISECOND});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, stand_still, &before, .run_timeout = hour), 0);
    signpost_wait(&before.begun, 1);
    filch_job *job = job_of(pool, stand_still, &at, NULL);
    for (unsigned i = 2; i < ROOM; i++) /* no room is left */
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &of, .done = fate_counted), 0);
    refuse(MEMORY, 0, true);
    signpost_raise(&before.go);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    refuse_no_more(MEMORY);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(fate_count(&of), ROOM - 2);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* ---- With everything that may be particular about a job ---- */

typedef struct account {
    fate end; /* first */
    signpost begun;
    bool fails; /* each time; else only once */
} account;

static int once_more(filch_self self, filch_job *job, void *data)
{
    account *of = data;
    signpost_raise(&of->begun);
    return of->fails || filch_job_attempts(job) < 2 ? -EAGAIN : 0;
}

static int submit(filch_pool *pool, filch_job **out, account *of)
{
    static const filch_traceparent trace = {.trace = {1}, .span = {1}};
    const filch_job_options options = {.name = "again",
                                       .timeout = hour,
                                       .done = fate_told_apart,
                                       .drop = fate_dropped,
                                       .retry = &again,
                                       .key = "the only one",
                                       .trace = &trace};
    fate_of_letter = &of->end;
    return filch_pool_submit(out, pool, once_more, of, &options, FILCH_FOREVER);
}

/* The key is free again, or the next one would not be accepted. */
static void submissions_refused(filch_pool *pool, filch_dead_letter_queue *letters)
{
    uint64_t accepted = 0;
    account of = {0};
    filch_job *job = NULL;
    REFUSE_EACH(MEMORY, submit(pool, &job, &of))
    {
        cr_assert_eq(!job, rc != 0);
        accepted += !rc;
        filch_job_release(job);
        job = NULL;
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(fate_count(&of.end), !rc);
        /* A runner may meet the refusal before it is called off: without a timer for the retry, the job
         * becomes a dead letter. */
        OK(filch_dead_letter_queue_purge(letters, 0, NULL));
        cr_assert_eq(signpost_count(&of.end.dropped), !rc);
        cr_assert(rc ? !signpost_count(&of.begun) : fate_outcome(&of.end) != FILCH_UNDECIDED);
        of = (account){0};
    }
    expect_balance(pool, accepted);
}

/* In a pool of each order, with all policies. */
static void with_policies(void (*call)(filch_pool *pool, filch_dead_letter_queue *letters))
{
    static const filch_pool_order orders[] = {FILCH_ANY, FILCH_FIFO, FILCH_EARLIEST};
    for (unsigned i = 0; i < 3; i++) {
        policies all = have_policies();
        filch_pool *pool = pool_of(config_with(&all, orders[i]));
        call(pool, all.letters);
        OK(filch_pool_destroy(pool));
        end_policies(&all);
    }
}

Test(refused_submissions, one_with_every_option)
{
    with_policies(submissions_refused);
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
static int64_t run_refused(filch_pool *pool, filch_dead_letter_queue *letters, account *of,
                           int64_t at, bool from_then_on)
{
    held = (gate){0};
    fate_of_letter = &of->end;
    const filch_job_options options = {.name = "again",
                                       .done = fate_told_apart,
                                       .drop = fate_dropped,
                                       .key = "one"};
    OK(filch_pool_submit(NULL, pool, waits_first, of, &options, FILCH_FOREVER));
    signpost_wait(&held.begun, 1);
    refuse(MEMORY, at, from_then_on);
    signpost_raise(&held.go);
    WAIT_WHILE(!fate_count(&of->end));
    int64_t count = refuse_no_more(MEMORY);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    check_end(of, count);
    OK(filch_dead_letter_queue_purge(letters, 0, NULL));
    cr_assert_eq(signpost_count(&of->end.dropped), 1);
    return count;
}

static void runs_refused(filch_pool *pool, filch_dead_letter_queue *letters)
{
    uint64_t accepted = 0;
    for (unsigned how = 0; how < 4; how++)
        for (int64_t at = 0, count = 1; count; at++, accepted++) {
            account of = {.fails = how & 1};
            count = run_refused(pool, letters, &of, at, how & 2);
            cr_assert_lt(at, 1000);
        }
    expect_balance(pool, accepted);
}

Test(refused_submissions, a_refused_retry_leaves_the_failure)
{
    with_policies(runs_refused);
}

/* ---- Many jobs by one call ---- */

static void many_refused(filch_pool_config config)
{
    fate of = {0};
    const filch_job_options told = {.done = fate_counted},
                            keyed = {.key = "1", .done = fate_counted};
    const filch_submission jobs[] = {{succeeds, &of, &told},
                                     {succeeds, &of, &keyed},
                                     {succeeds, &of, &told},
                                     {succeeds, NULL, NULL}};
    enum { ALL = sizeof jobs / sizeof *jobs };
    filch_pool *pool = pool_of(config);
    size_t told_in_all = 0, accepted = ALL + 1;
    REFUSE_EACH(MEMORY, filch_pool_submit_each(pool, jobs, ALL, FILCH_FOREVER, &accepted))
    {
        cr_assert(rc ? accepted < ALL : accepted == ALL);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        told_in_all += accepted < 3 ? accepted : 3;
        cr_assert_eq(fate_count(&of), told_in_all, "the first ones");
        accepted = ALL + 1;
    }
    OK(filch_pool_destroy(pool));
}

Test(refused_submissions, of_many_the_first_are_accepted)
{
    many_refused((filch_pool_config){.workers = 2, .width = 2});
    many_refused((filch_pool_config){.workers = 2});
}

enum { MANY = 300 };

static void *nothing[MANY];

/* Some thousands of places: a step at a time. */
static void all_refused(filch_pool *pool, filch_results *list, int64_t step)
{
    for (int64_t at = 0, count = 1; count; at += step) {
        size_t accepted = MANY + 1, came = 0;
        filch_job *job;
        filch_job_options options = {.timeout = hour, .results = list};
        refuse(MEMORY, at, true);
        int rc = filch_pool_submit_all(pool, succeeds, nothing, MANY, list ? &options : NULL,
                                       FILCH_FOREVER, &accepted);
        count = refuse_no_more(MEMORY);
        refusal_explained(MEMORY, at, count, rc);
        cr_assert(rc ? accepted < MANY : accepted == MANY, "%d", rc);
        for (; list && came < accepted; came++) {
            OK(filch_results_take(list, &job, FILCH_FOREVER));
            filch_job_release(job);
        }
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert(!list || filch_results_take(list, &job, 0) == -ETIMEDOUT);
    }
}

Test(refused_submissions, of_a_list_the_first_arrive)
{
    filch_results *list = NULL;
    OK(filch_results_create(&list));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    all_refused(pool, list, 7);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
}

Test(refused_submissions, of_plain_jobs_the_first_too)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    all_refused(pool, NULL, 1);
    OK(filch_pool_destroy(pool));
}

Test(refused_submissions, taking_and_futures_need_no_memory)
{
    filch_results *list = NULL;
    filch_future future = {0};
    filch_job *job, *taken;
    gate at = {0};
    OK(filch_results_create(&list));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    filch_job_options options = {.results = list};
    OK(filch_pool_submit(&job, pool, stand_still, &at, &options, FILCH_FOREVER));
    signpost_wait(&at.begun, 1);
    refuse(MEMORY, 0, true);
    OK(filch_job_future(&future, job));
    signpost_raise(&at.go);
    OK(filch_results_take(list, &taken, FILCH_FOREVER));
    OK(filch_await(&future));
    refuse_no_more(MEMORY);
    cr_assert_eq(job, taken);
    filch_job_release(job);
    filch_job_release(taken);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
}
