/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools under everything at once: submissions from tasks and threads, panics, deadlines,
 * cancellations, other widths and priorities, a shutdown at any moment. Every accepted job is
 * reported once, and its data released once. */
#include <pthread.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { THREADS = 3, TASKS = 5, MOST = 20000 };

/* One submission: the data of its job. */
struct item {
    filch_u32 began, told, dropped;
    filch_outcome outcome;
    uint64_t random;
    bool accepted, plain; /* plain: nobody is told */
};

struct party {
    filch_pool *pool;
    struct item *items;
    unsigned count;
    uint64_t random;
    signpost *ended;
};

static uint64_t next(uint64_t *random)
{
    return *random = stress_mix(*random + 1);
}

static int work(filch_self self, filch_job *job, void *data)
{
    struct item *item = data;
    filch_u32_add(&item->began, 1, FILCH_RELAXED);
    stress_dawdle(item->random);
    switch (item->random >> 8 & 15) {
    case 0:
        FILCH_PANIC(-EBADMSG, "as it was told");
    case 1:
        return -EIO;
    case 2:
        return filch_context_sleep(filch_job_context(job), (int64_t)(item->random >> 20) % 200000);
    case 3:
        return fib(self, 5) == 5 ? 0 : -EINVAL;
    case 4:
        filch_yield(self);
        return 0;
    default:
        return 0;
    }
}

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    struct item *item = data;
    if ((outcome == FILCH_SUCCEEDED) != !why || filch_job_outcome(job) != outcome)
        filch_die("an outcome without a reason");
    item->outcome = outcome;
    filch_u32_add(&item->told, 1, FILCH_RELEASE);
}

static void given_back(void *data)
{
    struct item *item = data;
    if (filch_u32_load(&item->told, FILCH_ACQUIRE) != 1)
        filch_die("data went before its outcome was told");
    filch_u32_add(&item->dropped, 1, FILCH_RELEASE);
}

static void with_a_handle(struct party *party, filch_job *job)
{
    uint64_t random = next(&party->random);
    if (random % 3 == 0)
        filch_job_cancel(job);
    else if (random % 3 == 1)
        filch_job_set_priority(job, (unsigned)(random >> 8) % FILCH_PRIORITIES);
    if (random >> 16 & 1)
        filch_job_wait(job, filch_in((int64_t)(random >> 24) % 100000));
    filch_job_release(job);
}

static void submit_one(struct party *party, struct item *item)
{
    uint64_t random = next(&party->random);
    filch_job *job = NULL;
    *item = (struct item){.random = next(&party->random), .plain = (random >> 18) % 4 == 0};
    if (item->plain) {
        item->accepted = !FILCH_SUBMIT(party->pool, work, item);
        return;
    }
    filch_job_options options = {.name = "work",
                                 .priority = (unsigned)random % FILCH_PRIORITIES,
                                 .timeout =
                                     random >> 8 & 3 ? 0 : 1 + (int64_t)(random >> 32 & 0xffff),
                                 .done = told,
                                 .drop = given_back};
    int64_t until = random >> 12 & 1 ? FILCH_FOREVER : filch_in((int64_t)(random >> 40) % 50000);
    bool handle = random >> 16 & 1;
    int rc = filch_pool_submit(handle ? &job : NULL, party->pool, work, item, &options, until);
    if (rc && rc != -EAGAIN && rc != -EPIPE && rc != -ETIMEDOUT && rc != -ECANCELED)
        filch_die("submission: %d, %s", rc, filch_error());
    item->accepted = !rc;
    if (job)
        with_a_handle(party, job);
    if ((random >> 17) % 64 == 0)
        filch_pool_resize(party->pool, 1 + (unsigned)(random >> 20) % 8);
}

static void submit_all(filch_self self, void *arg)
{
    struct party *party = arg;
    for (unsigned i = 0; i < party->count; i++)
        submit_one(party, &party->items[i]);
    signpost_raise(party->ended);
}

static void *submit_as_thread(void *arg)
{
    submit_all(NULL, arg);
    return NULL;
}

static bool always(int code, void *unused)
{
    return true;
}

static const filch_retry_policy again = {.attempts = 3,
                                         .base = 1000,
                                         .cap = 100000,
                                         .retryable = always};

static void check(const struct item *item, uint64_t *sums)
{
    bool told = item->accepted && !item->plain;
    cr_assert_eq(filch_u32_load(&item->told, FILCH_ACQUIRE), told);
    cr_assert_eq(filch_u32_load(&item->dropped, FILCH_ACQUIRE), told);
    uint32_t began = filch_u32_load(&item->began, FILCH_RELAXED);
    cr_assert_leq(began, item->accepted * again.attempts);
    if (told)
        sums[item->outcome]++;
    if (item->outcome == FILCH_SUCCEEDED || item->outcome == FILCH_PANICKED)
        cr_assert_geq(began, item->accepted);
}

static void expect_balance(filch_pool *pool, const struct item *items, unsigned n)
{
    uint64_t sums[FILCH_OUTCOMES] = {0}, accepted = 0, plain = 0;
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    for (unsigned i = 0; i < n; i++) {
        check(&items[i], sums);
        accepted += items[i].accepted;
        plain += items[i].accepted && items[i].plain;
    }
    cr_assert_eq(stats.accepted, accepted);
    for (unsigned i = 1; i < FILCH_OUTCOMES; i++) {
        cr_assert_geq(stats.outcomes[i], sums[i], "outcome %u", i);
        plain -= stats.outcomes[i] - sums[i];
    }
    cr_assert_eq(plain, 0, "jobs without a reported outcome");
}

static void storm(filch_runtime *rt, filch_pool_config config, unsigned each, uint64_t seed)
{
    static struct item items[MOST];
    struct party parties[THREADS + TASKS];
    pthread_t threads[THREADS];
    signpost ended = {0};
    config.runtime = rt;
    if (config.order != FILCH_ANY || config.full != FILCH_FULL_WAIT) { /* else it is direct */
        config.width = 1 + (unsigned)(seed % 7);
        config.capacity = 1 + (size_t)(seed >> 8) % 20;
    }
    filch_limiter *limiter;
    OK(filch_limiter_create(&limiter, (filch_limit){.rate = 1000000, .burst = 1 + (seed & 63)}));
    if (seed >> 17 & 1)
        config.retry = &again;
    if (seed >> 18 & 1)
        config.limiter = limiter;
    filch_pool *pool = pool_of(config);
    for (unsigned i = 0; i < THREADS + TASKS; i++) {
        parties[i] = (struct party){pool, items + i * each, each, stress_mix(seed + i), &ended};
        if (i < THREADS)
            cr_assert_eq(pthread_create(&threads[i], NULL, submit_as_thread, &parties[i]), 0);
        else
            OK(filch_go(rt, submit_all, &parties[i]));
    }
    if (seed >> 16 & 1) {
        filch_sleep((int64_t)(seed >> 20) % 2000000);
        filch_pool_shutdown(pool, filch_in((int64_t)(seed >> 40) % 1000000));
    }
    signpost_wait(&ended, THREADS + TASKS);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    OK(filch_pool_shutdown(pool, FILCH_FOREVER));
    expect_balance(pool, items, (THREADS + TASKS) * each);
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
}

Test(pools, accepted_jobs_have_one_outcome)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, seed);
        for (unsigned j = 0; j < FILCH_ORDERS * FILCH_FULL_CHOICES; j++) {
            filch_pool_config config = {.order = (filch_pool_order)(j % FILCH_ORDERS),
                                        .full = (filch_when_full)(j / FILCH_ORDERS)};
            config.aging = config.order == FILCH_PRIORITY ? FILCH_MILLISECOND : 0;
            storm(rt, config, stress_times(300), stress_mix(seed + 1000 * i + j));
        }
        OK(filch_runtime_destroy(rt));
    }
}
