/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handles of jobs that may still be in their pool's intake, begin, or run. Submitting threads and
 * tasks cancel and move the jobs, ask for their ids, wait for them, and release them, while the pool
 * drops jobs or is shut down. A job runs once or has another outcome. Ids count a submitter's jobs
 * in their order. */
#include <pthread.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { THREADS = 2, TASKS = 2, PARTIES = THREADS + TASKS };

typedef struct item {
    filch_u32 ran;
    filch_job *job; /* NULL: not accepted, or released early */
} item;

typedef struct party {
    filch_pool *pool;
    item *items;
    unsigned count;
    uint64_t random;
    signpost *ended;
} party;

static uint64_t next(uint64_t *random)
{
    return *random = stress_mix(*random + 1);
}

static int work(filch_self self, filch_job *job, void *data)
{
    item *one = data;
    const uint32_t before = filch_u32_add(&one->ran, 1, FILCH_RELAXED);
    stress_dawdle(filch_job_id(job));
    return before ? -EEXIST : 0;
}

static void cancel(filch_job *job)
{
    if (!filch_job_cancel(job) && filch_job_cancel(job) != -EALREADY)
        filch_die("a job is cancelled twice");
}

static void cancel_context(filch_job *job)
{
    filch_context_cancel(filch_job_context(job), -ECANCELED);
}

static void use_handle(filch_job *job, uint64_t random)
{
    switch (random % 7) {
    case 0:
        cancel(job);
        break;
    case 1:
        filch_job_set_priority(job, (unsigned)(random >> 8) % FILCH_PRIORITIES);
        break;
    case 2:
        cancel_context(job);
        break;
    case 3:
        filch_job_wait(job, filch_in((int64_t)(random >> 8) % 100000));
        break;
    default:
        if (!filch_job_id(job))
            filch_die("a job has no id");
    }
}

static void submit_one(party *me, unsigned i)
{
    item *one = &me->items[i];
    const uint64_t random = next(&me->random);
    const filch_job_options options = {.priority = (unsigned)random % FILCH_PRIORITIES};
    *one = (item){.job = NULL};
    int rc = filch_pool_submit(&one->job, me->pool, work, one, &options, FILCH_FOREVER);
    if (rc && rc != -EPIPE && rc != -ECANCELED)
        filch_die("submission: %d, %s", rc, filch_error());
    if (rc)
        return;
    filch_job *other = me->items[i - (unsigned)(random >> 8) % (i < 4 ? i + 1 : 4)].job;
    if (other)
        use_handle(other, random >> 16);
    if (random >> 32 & 1) {
        filch_job_release(one->job);
        one->job = NULL;
    }
}

static void submit_all(filch_self self, void *arg)
{
    party *me = arg;
    for (unsigned i = 0; i < me->count; i++)
        submit_one(me, i);
    signpost_raise(me->ended);
}

static void *submit_as_thread(void *arg)
{
    submit_all(NULL, arg);
    return NULL;
}

/* The pool is gone. Returns the id of its last job that was asked. */
static uint64_t check(item *one, uint64_t before)
{
    if (!one->job)
        return before;
    const filch_outcome outcome = filch_job_outcome(one->job);
    const uint64_t id = filch_job_id(one->job);
    cr_assert_neq(outcome, FILCH_UNDECIDED);
    cr_assert_eq(filch_u32_load(&one->ran, FILCH_RELAXED), outcome == FILCH_SUCCEEDED);
    cr_assert_gt(id, before);
    filch_job_release(one->job);
    return id;
}

/* stats: the pool's last ones. */
static void expect_balance(const party *parties, const filch_pool_stats *stats)
{
    uint64_t ran = 0;
    for (unsigned i = 0; i < PARTIES; i++) {
        uint64_t id = 0;
        for (unsigned j = 0; j < parties[i].count; j++) {
            ran += filch_u32_load(&parties[i].items[j].ran, FILCH_RELAXED);
            id = check(&parties[i].items[j], id);
        }
    }
    cr_assert_eq(ran, stats->outcomes[FILCH_SUCCEEDED]);
    cr_assert_eq(stats->outcomes[FILCH_FAILED], 0);
}

static void storm(filch_runtime *rt, filch_pool_config config, unsigned each, uint64_t seed)
{
    item *items = calloc((size_t)PARTIES * each, sizeof *items);
    party parties[PARTIES];
    pthread_t threads[THREADS];
    signpost ended = {0};
    config.runtime = rt;
    config.width = 1 + (unsigned)(seed % 3);
    config.capacity = 1 + (size_t)(seed >> 8) % 300;
    filch_pool *pool = pool_of(config);
    for (unsigned i = 0; i < PARTIES; i++) {
        parties[i] = (party){pool, items + (size_t)i * each, each, stress_mix(seed + i), &ended};
        if (i < THREADS)
            cr_assert_eq(pthread_create(&threads[i], NULL, submit_as_thread, &parties[i]), 0);
        else
            OK(filch_go(rt, submit_all, &parties[i]));
    }
    if (seed >> 16 & 1) {
        signpost_wait(&ended, 1);
        if (seed >> 17 & 1)
            filch_pool_shutdown_now(pool);
        else
            filch_pool_close(pool);
    }
    signpost_wait(&ended, PARTIES);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    OK(filch_pool_shutdown(pool, FILCH_FOREVER));
    const filch_pool_stats stats = stats_of(pool);
    OK(filch_pool_destroy(pool));
    expect_balance(parties, &stats);
    free(items);
}

Test(pool_handles, job_runs_once_or_is_cancelled)
{
    static const unsigned workers[] = {1, 2, 8};
    static const filch_when_full full[] = {FILCH_FULL_WAIT, FILCH_FULL_DROP_OLDEST};
    const uint64_t seed = stress_seed();
    for (unsigned i = 0; i < 3; i++) {
        filch_config as = {.workers = workers[i], .seed = seed, .max_fibers = 10000};
        filch_runtime *rt;
        cr_assert_eq(filch_runtime_create(&rt, &as), 0, "%s", filch_error());
        for (unsigned j = 0; j < 8; j++) {
            filch_pool_config config = {.order = (filch_pool_order)(j % 4), .full = full[j / 4]};
            storm(rt, config, stress_times(200), stress_mix(seed + 10 * i + j));
        }
        OK(filch_runtime_destroy(rt));
    }
}
