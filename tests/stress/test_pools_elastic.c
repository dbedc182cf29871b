/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Elastic pools whose monitor comes all the time: bursts of jobs and pauses, other least widths, a
 * shutdown at any moment. The number of running jobs never exceeds the maximum, and each job has
 * its outcome once. */
#include <pthread.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { PARTIES = 6, THREADS = 3, MOST_ITEMS = 6000 };

struct item {
    struct storm *storm;
    filch_u32 began, told;
    filch_outcome outcome;
    uint64_t random;
    bool accepted;
};

static struct storm {
    filch_pool *pool;
    unsigned most;
    filch_u32 in_progress;
    signpost ended;
} now;

struct party {
    struct storm *storm;
    struct item *items;
    unsigned count;
    uint64_t random;
};

static int work(filch_self self, filch_job *job, void *data)
{
    struct item *item = data;
    struct storm *storm = item->storm;
    if (filch_u32_add(&storm->in_progress, 1, FILCH_RELAXED) >= storm->most)
        filch_die("more than %u in progress", storm->most);
    filch_u32_add(&item->began, 1, FILCH_RELAXED);
    stress_dawdle(item->random);
    unsigned kind = item->random >> 8 & 7;
    int rc = kind == 1 ? -EIO : 0;
    if (kind == 2 || kind > 5)
        rc = filch_context_sleep(filch_job_context(job), (int64_t)(item->random >> 20) % 300000);
    else if (kind == 3)
        rc = fib(self, 5) == 5 ? 0 : -EINVAL;
    else if (kind == 5)
        filch_yield(self);
    filch_u32_add(&storm->in_progress, (uint32_t)-1, FILCH_RELAXED);
    if (kind == 4)
        FILCH_PANIC(-EBADMSG, "as it was told");
    return rc;
}

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    struct item *item = data;
    item->outcome = outcome;
    filch_u32_add(&item->told, 1, FILCH_RELEASE);
}

static void look(struct storm *storm)
{
    filch_pool_stats stats;
    filch_pool_stats_read(storm->pool, &stats, sizeof stats);
    if (!stats.width || stats.width > storm->most || stats.running > storm->most)
        filch_die("%u in progress, width %u", (unsigned)stats.running, (unsigned)stats.width);
}

static void *submit_all(void *arg)
{
    struct party *party = arg;
    struct storm *storm = party->storm;
    for (unsigned i = 0; i < party->count; i++) {
        uint64_t random = party->random = stress_mix(party->random + 1);
        struct item *item = &party->items[i];
        *item = (struct item){.storm = storm, .random = stress_mix(random)};
        int64_t timeout = random >> 8 & 7 ? 0 : 1 + (int64_t)(random >> 32 & 0x3ffff);
        int rc = FILCH_SUBMIT_AS(storm->pool, work, item, .timeout = timeout, .done = told);
        if (rc && rc != -EAGAIN && rc != -EPIPE && rc != -ETIMEDOUT && rc != -ECANCELED)
            filch_die("submission: %d, %s", rc, filch_error());
        item->accepted = !rc;
        if (random >> 16 & 1)
            look(storm);
        if (!(random >> 17 & 31))
            filch_pool_resize(storm->pool, 1 + (unsigned)(random >> 24) % storm->most);
        if (!(random >> 40 & 63))
            filch_sleep((int64_t)(random >> 46) % 500000);
    }
    signpost_raise(&storm->ended);
    return NULL;
}

static void submit_as_task(filch_self self, void *arg)
{
    submit_all(arg);
}

static void expect_balance(filch_pool *pool, const struct item *items, unsigned count)
{
    uint64_t sums[FILCH_OUTCOMES] = {0}, accepted = 0;
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    for (unsigned i = 0; i < count; i++) {
        const struct item *item = &items[i];
        cr_assert_eq(filch_u32_load(&item->told, FILCH_ACQUIRE), item->accepted);
        uint32_t began = filch_u32_load(&item->began, FILCH_RELAXED);
        cr_assert_leq(began, item->accepted);
        if (item->outcome == FILCH_SUCCEEDED || item->outcome == FILCH_PANICKED)
            cr_assert_eq(began, 1);
        accepted += item->accepted;
        sums[item->outcome] += item->accepted;
    }
    cr_assert_eq(stats.accepted, accepted);
    for (unsigned i = 1; i < FILCH_OUTCOMES; i++)
        cr_assert_eq(stats.outcomes[i], sums[i], "outcome %u", i);
}

static void start(filch_runtime *rt, unsigned each, uint64_t seed)
{
    static struct item items[MOST_ITEMS];
    struct party parties[PARTIES];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < PARTIES; i++) {
        parties[i] = (struct party){&now, items + i * each, each, stress_mix(seed + i)};
        if (i < THREADS)
            cr_assert_eq(pthread_create(&threads[i], NULL, submit_all, &parties[i]), 0);
        else
            OK(filch_go(rt, submit_as_task, &parties[i]));
    }
    if (seed >> 16 & 1) {
        filch_sleep((int64_t)(seed >> 20) % 4000000);
        filch_pool_shutdown(now.pool, filch_in((int64_t)(seed >> 40) % 1000000));
    }
    signpost_wait(&now.ended, PARTIES);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (seed >> 17 & 1) /* else the monitor may be due in the destruction */
        OK(filch_pool_shutdown(now.pool, FILCH_FOREVER));
    OK(filch_pool_wait(now.pool, FILCH_FOREVER));
    expect_balance(now.pool, items, PARTIES * each);
}

static void storm(filch_runtime *rt, filch_pool_config config, unsigned each, uint64_t seed)
{
    config.runtime = rt;
    config.width = 1 + (unsigned)(seed % 3);
    config.width_max = config.width + (unsigned)(seed >> 8) % 20;
    config.grow_depth = (seed >> 20) % 5;
    config.interval = 1 + (int64_t)(seed >> 24) % 20000;
    config.grow_after = 1 + (int64_t)(seed >> 32) % 20000;
    config.shrink_after = 1 + (int64_t)(seed >> 40) % 300000;
    now = (struct storm){.pool = pool_of(config), .most = config.width_max};
    start(rt, each, seed);
    OK(filch_pool_destroy(now.pool));
}

Test(pools_elastic, moving_width_gives_jobs_one_outcome)
{
    static const filch_when_full fulls[] = {FILCH_FULL_WAIT, FILCH_FULL_REJECT,
                                            FILCH_FULL_DROP_OLDEST};
    uint64_t seed = stress_seed();
    unsigned each = stress_times(1000);
    if (each > MOST_ITEMS / PARTIES)
        each = MOST_ITEMS / PARTIES;
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, seed);
        for (unsigned j = 0; j < 4; j++) {
            uint64_t random = stress_mix(seed + 1000 * i + j);
            filch_pool_config config = {.order = (filch_pool_order)((random >> 48) % FILCH_ORDERS),
                                        .full = fulls[(random >> 52) % 3],
                                        .capacity = j ? 1 + random % 30 : 0};
            storm(rt, config, each, random);
        }
        OK(filch_runtime_destroy(rt));
    }
}
