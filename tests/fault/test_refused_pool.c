/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools to which memory or threads are refused, at each place in turn: an error says so, nothing is
 * held, and jobs accepted before have their outcome. */
#include <runtime/pool/pool.h>
#include <tests/support/pools_refused.h>

TestSuite(refused_pool, .init = warm_up_timer_thread);

Test(refused_pool, creation_leaves_nothing_behind)
{
    creation_refused((filch_pool_config){.workers = 2, .width = 3});
}

/* So many that the caches of jobs are full, and what is taken comes from there. */
static void fill_caches(filch_pool *pool)
{
    for (unsigned i = 0; i < 5000; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
}

/* The cache of timers keeps some blocks; the only worker has filled its own caches. */
static void submissions_refused(filch_pool *pool, fate *of)
{
    int64_t before = 0;
    for (int64_t at = 0, count = 1; count; at++) {
        filch_job *job = NULL;
        filch_job_options options = {.timeout = 3600 * FILCH_SECOND, .done = fate_told};
        refuse(MEMORY, at, false);
        int rc = filch_pool_submit(&job, pool, succeeds, of, &options, FILCH_FOREVER);
        count = refuse_no_more(MEMORY);
        cr_assert(rc ? rc == -ENOMEM && !job : job != NULL, "%d", rc);
        cr_assert(!rc || strchr(filch_error(), ';'), "%s", filch_error());
        if (!rc)
            cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0);
        filch_job_release(job);
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        cr_assert(!before || blocks <= before + 1, "%ld and %ld blocks", (long)before,
                  (long)blocks);
        before = blocks;
    }
}

Test(refused_pool, a_submission_is_refused_as_a_whole)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_pool_stats stats;
    fate of = {0};
    fill_caches(pool);
    submissions_refused(pool, &of);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.accepted, stats.outcomes[FILCH_SUCCEEDED]);
    cr_assert_eq(stats.accepted - 5000, fate_count(&of));
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(refused_pool, a_width_that_cannot_be_had_is_refused)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    refuse(MEMORY, 2, true);
    cr_assert_eq(filch_pool_resize(pool, 100), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert(strchr(filch_error(), ';'));
    cr_assert_eq(filch_pool_resize(pool, 100), 0);
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

/* It waits, so that its deadline is not over. */
static bool is_watched(filch_job *job)
{
    fl_lock(&job->pool->room.lock);
    const bool watched = job->more->in.due.place;
    fl_unlock(&job->pool->room.lock);
    return watched;
}

Test(refused_pool, a_job_is_accepted_only_if_its_deadline_is_watched)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    const filch_job_options options = {.timeout = 3600 * FILCH_SECOND};
    block(pool, &at);
    for (int64_t nth = 0, count = 1; count; nth++) {
        filch_job *job = NULL;
        refuse(MEMORY, nth, false);
        int rc = filch_pool_submit(&job, pool, succeeds, NULL, &options, FILCH_FOREVER);
        count = refuse_no_more(MEMORY);
        cr_assert(rc ? rc == -ENOMEM : is_watched(job), "%d at %ld", rc, (long)nth);
        filch_job_release(job);
    }
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

typedef struct asking {
    int64_t nth, count; /* the refusal, and how many there were */
    bool lost;          /* a block that the refused call did not free */
} asking;

static int asks_for_its_context(filch_self self, filch_job *job, void *data)
{
    asking *one = data;
    (void)self;
    int64_t before = blocks_now();
    refuse(MEMORY, one->nth, false);
    filch_job_context(job);
    one->count = refuse_no_more(MEMORY);
    one->lost = one->count && blocks_now() != before;
    return 0;
}

Test(refused_pool, a_refused_context_leaves_no_block_behind)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    asking one = {.count = 1};
    for (; one.count; one.nth++) {
        filch_job *job;
        cr_assert_eq(filch_pool_submit(&job, pool, asks_for_its_context, &one, NULL, FILCH_FOREVER),
                     0);
        cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0);
        filch_job_release(job);
        cr_assert_not(one.lost, "refusal %ld", (long)one.nth);
    }
    cr_assert_geq(one.nth, 3, "its parts, and the context");
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

typedef struct waiting {
    int64_t refused; /* allocations in the wait */
    int rc, cause;   /* of the wait; of the context for which there is no memory */
} waiting;

static int waits_without_a_context(filch_self self, filch_job *job, void *data)
{
    waiting *one = data;
    (void)self;
    refuse(MEMORY, 0, false);
    one->rc = filch_sleep(1000);
    one->refused = refuse_no_more(MEMORY);
    refuse(MEMORY, 0, true);
    one->cause = filch_context_cause(filch_job_context(job));
    refuse_no_more(MEMORY);
    return 0;
}

Test(refused_pool, waits_go_on_without_a_context)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    waiting one = {0};
    filch_job *job = job_of(pool, waits_without_a_context, &one, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0);
    filch_job_release(job);
    cr_assert_eq(one.refused, 1);
    cr_assert_eq(one.rc, 0, "%d", one.rc);
    cr_assert_eq(one.cause, -ENOMEM, "%d", one.cause);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

static _Thread_local int64_t mutexes; /* that this thread holds */

WRAPPED(int, pthread_mutex_lock, pthread_mutex_t *mutex)
{
    mutexes++;
    return __real_pthread_mutex_lock(mutex);
}

WRAPPED(int, pthread_mutex_unlock, pthread_mutex_t *mutex)
{
    mutexes--;
    return __real_pthread_mutex_unlock(mutex);
}

/* All of the same errno share one, which is written under a mutex. */
Test(refused_pool, a_failure_without_memory_has_its_words_and_no_name)
{
    char name[] = "one";
    filch_job *jobs[2];
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    for (unsigned i = 0; i < 2; i++) {
        jobs[i] = job_of(pool, succeeds, NULL, &(filch_job_options){.name = name, .timeout = 1});
        cr_assert_eq(filch_job_wait(jobs[i], FILCH_FOREVER), -ETIMEDOUT);
    }
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    for (unsigned i = 0; i < 2; i++) {
        const int64_t held = mutexes;
        refuse(MEMORY, 0, true);
        const filch_failure *why = filch_job_failure(jobs[i]);
        cr_assert_eq(refuse_no_more(MEMORY), 1);
        cr_assert_eq(why->code, -ETIMEDOUT);
        cr_assert_str_eq(why->message, "its deadline came before its end");
        cr_assert_null(why->task);
        cr_assert_eq(mutexes, held, "it gives back no other than it has taken");
        filch_job_release(jobs[i]);
    }
    cr_assert_eq(filch_pool_destroy(pool), 0);
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
    size_t told_in_all = 0;
    for (int64_t at = 0, count = 1; count; at++) {
        size_t accepted = ALL + 1;
        refuse(MEMORY, at, false);
        int rc = filch_pool_submit_each(pool, jobs, ALL, FILCH_FOREVER, &accepted);
        count = refuse_no_more(MEMORY);
        cr_assert(rc ? rc == -ENOMEM && accepted < ALL : accepted == ALL, "%d", rc);
        cr_assert(!rc || strchr(filch_error(), ';'), "%s", filch_error());
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        told_in_all += accepted < 3 ? accepted : 3;
        cr_assert_eq(fate_count(&of), told_in_all, "the first ones");
    }
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(refused_pool, of_many_jobs_by_one_call_the_first_ones_are_accepted)
{
    many_refused((filch_pool_config){.workers = 2, .width = 2});
    many_refused((filch_pool_config){.workers = 2});
}
