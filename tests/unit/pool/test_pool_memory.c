/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bytes of each job that waits, or that has ended and waits in a results list, by its options: as
 * malloc counts them, on the submitting thread. */
#include <filch/results.h>

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { JOBS = 10000 };

static int64_t in_use(void)
{
    struct mallinfo2 now = mallinfo2();
    return (int64_t)(now.uordblks + now.hblkhd);
}

/* Sanitizers have a malloc of their own, which says nothing. */
static bool malloc_counts(void)
{
    int64_t before = in_use();
    void *volatile probe = malloc(100000);
    bool counts = in_use() >= before + 100000;
    free(probe);
    return counts;
}

/* ---- Shapes ---- */

static char keys[JOBS][12];
static filch_results *list;
static filch_context *above;

static void nothing_done(filch_job *job, filch_outcome outcome, const filch_failure *why,
                         void *data)
{
}

static void nothing_dropped(void *data)
{
}

typedef struct shape {
    const char *name;
    bool timeout, done, drop, list, handle, key, context;
    int64_t most; /* bytes of each */
    bool run_timeout;
} shape;

static const shape shapes[] = {
    {.name = "bare", .most = 112},
    {.name = "timeout", .timeout = true, .most = 224},
    {.name = "done", .done = true, .most = 192},
    {.name = "drop", .drop = true, .most = 192},
    {.name = "timeout and done", .timeout = true, .done = true, .most = 224},
    {.name = "list", .list = true, .most = 192},
    {.name = "timeout and list", .timeout = true, .list = true, .most = 224},
    {.name = "handle", .handle = true, .most = 192},
    {.name = "handle, timeout and done",
     .timeout = true,
     .done = true,
     .drop = true,
     .handle = true,
     .most = 224},
    {.name = "key", .key = true, .most = 480}, /* libc's tree included */
    {.name = "context", .context = true, .most = 640},
    {.name = "run timeout", .run_timeout = true, .most = 464},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

#ifdef FILCH_DEBUG
enum { RECORD = 192 }; /* of a handle that is not released yet: runtime/pool/handle.h */
#else
enum { RECORD = 0 };
#endif

static filch_job_options options_of(const shape *s, int i)
{
    return (filch_job_options){.timeout = s->timeout ? 3600 * FILCH_SECOND : 0,
                               .run_timeout = s->run_timeout ? 3600 * FILCH_SECOND : 0,
                               .done = s->done ? nothing_done : NULL,
                               .drop = s->drop ? nothing_dropped : NULL,
                               .results = s->list ? list : NULL,
                               .key = s->key ? keys[i] : NULL,
                               .context = s->context ? above : NULL};
}

static void submit(filch_pool *pool, filch_job **handles, const shape *s)
{
    for (int i = 0; i < JOBS; i++) {
        const filch_job_options options = options_of(s, i);
        filch_job **out = s->handle ? &handles[i] : NULL;
        cr_assert_eq(filch_pool_submit(out, pool, succeeds, NULL, &options, FILCH_FOREVER), 0, "%s",
                     filch_error());
    }
}

/* Of each that waits. All stay, or the next shape would find their memory. */
typedef struct waiting {
    gate at;
    filch_pool *pool;
    filch_job **handles;
} waiting;

static int64_t begin(waiting *all, const shape *s)
{
    all->pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .order = FILCH_FIFO});
    all->handles = calloc(JOBS, sizeof *all->handles);
    block(all->pool, &all->at);
    int64_t before = in_use();
    submit(all->pool, all->handles, s);
    return (in_use() - before) / JOBS;
}

static void end(waiting *all)
{
    signpost_raise(&all->at.go);
    for (int i = 0; i < JOBS; i++)
        filch_job_release(all->handles[i]);
    free(all->handles);
    OK(filch_pool_destroy(all->pool));
}

Test(pool_memory, waiting_job_costs_only_its_options)
{
    static waiting all[SHAPES];
    if (!malloc_counts())
        return;
    OK(filch_results_create(&list));
    OK(filch_context_create(&above, NULL));
    for (int i = 0; i < JOBS; i++)
        snprintf(keys[i], sizeof keys[i], "%d", i);
    for (int i = 0; i < SHAPES; i++) {
        int64_t cost = begin(&all[i], &shapes[i]);
        cr_assert_leq(cost, shapes[i].most + (shapes[i].handle ? RECORD : 0), "%s: %ld bytes",
                      shapes[i].name, (long)cost);
    }
    for (int i = 0; i < SHAPES; i++)
        end(&all[i]);
    filch_context_release(above);
    OK(filch_results_destroy(list));
}

/* ---- Ended, and not yet taken ---- */

Test(pool_memory, listed_success_fits_in_192_bytes)
{
    static const shape timed = {.timeout = true, .done = true, .list = true};
    gate at;
    if (!malloc_counts())
        return;
    OK(filch_results_create(&list));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    block(pool, &at);
    int64_t before = in_use();
    submit(pool, NULL, &timed);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    int64_t cost = (in_use() - before) / JOBS;
    cr_assert_leq(cost, 192, "%ld bytes", (long)cost);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
}

/* Spares for jobs that do not return, where others than runners run the jobs. */

static filch_u32 reports;

static void report(const filch_stuck *one, void *unused)
{
    filch_u32_add(&reports, 1, FILCH_RELEASE);
}

/* It is in progress as far as its submitter is concerned, but no worker has come to it. */
Test(pool_spares, unbegun_extra_job_is_not_stuck)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1,
                                                   .width = 1,
                                                   .capacity = 1,
                                                   .full = FILCH_FULL_RUN,
                                                   .stuck_after = FILCH_MILLISECOND,
                                                   .stuck = report});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 1);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .timeout = FILCH_MILLISECOND), 0);
    filch_sleep(20 * FILCH_MILLISECOND);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&reports, FILCH_ACQUIRE), 0);
}

static int fail(filch_self self, filch_job *job, void *tries)
{
    filch_u32_add(tries, 1, FILCH_RELAXED);
    return -EAGAIN;
}

/* A spare is a worker; that jobs are tried again puts none of them into the inbox twice. */
Test(pool_spares, direct_pool_retries_beside_stuck_job)
{
    enum { RETRIED = 600, ATTEMPTS = 3 };
    static const filch_retry_policy retry = {.attempts = ATTEMPTS, .base = 1000, .cap = 1000};
    gate at = {0};
    filch_u32 tries = {0};
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 1, .stuck_after = FILCH_MILLISECOND, .spares = 1, .retry = &retry});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, hog, &at, .timeout = FILCH_MILLISECOND), 0);
    for (unsigned i = 0; i < RETRIED; i++) {
        cr_assert_eq(FILCH_SUBMIT(pool, fail, &tries), 0);
        if (i % 64 == 0)
            filch_sleep(FILCH_MILLISECOND);
    }
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_FAILED], RETRIED);
    cr_assert_eq(filch_u32_load(&tries, FILCH_RELAXED), RETRIED * ATTEMPTS);
    OK(filch_pool_destroy(pool));
}
