/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Plain jobs, many submitted at a time by threads and by tasks, to pools that may close at any
 * moment. Accepted jobs run once, the others never, and the pool's numbers agree. */
#include <pthread.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { SUBMITTERS = 6, MOST = 20000, BATCH = 300 };

struct item {
    filch_u32 ran;
    uint64_t random;
};

struct party {
    filch_pool *pool;
    struct item items[SUBMITTERS][MOST];
    unsigned each;
    size_t accepted[SUBMITTERS];
    signpost next, ended;
    uint64_t seed;
};

static int work(filch_self self, filch_job *job, void *data)
{
    struct item *item = data;
    filch_u32_add(&item->ran, 1, FILCH_RELAXED);
    stress_dawdle(item->random);
    if (item->random % 61 == 0)
        filch_yield(self);
    return item->random % 7 ? 0 : -EIO;
}

/* Items are submitted in their order, until the pool is closed: the first so many. */
static void submit_all(filch_self self, void *arg)
{
    struct party *party = arg;
    unsigned mine = filch_u32_add(&party->next, 1, FILCH_RELAXED);
    uint64_t random = stress_mix(party->seed + mine);
    void *data[BATCH];
    int rc = 0;
    for (size_t done = 0, accepted; !rc && done < party->each; done += accepted) {
        unsigned count = 1 + (unsigned)((random = stress_mix(random + 1)) % BATCH);
        if (count > party->each - done)
            count = (unsigned)(party->each - done);
        for (unsigned i = 0; i < count; i++) {
            data[i] = &party->items[mine][done + i];
            party->items[mine][done + i].random = stress_mix(random + i);
        }
        rc = filch_pool_submit_all(party->pool, work, data, count, NULL, FILCH_FOREVER, &accepted);
        if (rc && rc != -EPIPE)
            filch_die("submission: %d, %s", rc, filch_error());
        party->accepted[mine] += accepted;
    }
    signpost_raise(&party->ended);
}

static void *submit_as_thread(void *party)
{
    submit_all(NULL, party);
    return NULL;
}

static void expect_balance(const struct party *party)
{
    filch_pool_stats stats;
    uint64_t accepted = 0;
    filch_pool_stats_read(party->pool, &stats, sizeof stats);
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        accepted += party->accepted[i];
        for (unsigned j = 0; j < party->each; j++)
            cr_assert_eq(filch_u32_load(&party->items[i][j].ran, FILCH_RELAXED),
                         j < party->accepted[i]);
    }
    cr_assert_eq(stats.accepted, accepted);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED] + stats.outcomes[FILCH_FAILED], accepted);
}

static void storm(filch_runtime *rt, filch_pool_config config, unsigned each, uint64_t seed)
{
    static struct party party;
    pthread_t threads[SUBMITTERS / 2];
    config.runtime = rt;
    party = (struct party){.pool = pool_of(config), .each = each, .seed = seed};
    for (unsigned i = 0; i < SUBMITTERS / 2; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, submit_as_thread, &party), 0);
        OK(filch_go(rt, submit_all, &party));
    }
    if (seed & 1) {
        filch_sleep((int64_t)(seed >> 8) % 1000000);
        filch_pool_close(party.pool);
    }
    signpost_wait(&party.ended, SUBMITTERS);
    for (unsigned i = 0; i < SUBMITTERS / 2; i++)
        pthread_join(threads[i], NULL);
    OK(filch_pool_shutdown(party.pool, FILCH_FOREVER));
    expect_balance(&party);
    OK(filch_pool_destroy(party.pool));
}

Test(submissions, each_accepted_job_runs_once)
{
    static const filch_pool_config configs[] = {{.name = "direct"},
                                                {.width = 3},
                                                {.width = 3, .capacity = 50}};
    uint64_t seed = stress_seed();
    unsigned each = stress_times(5000) < MOST ? stress_times(5000) : MOST;
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, seed);
        for (unsigned j = 0; j < 6; j++)
            storm(rt, configs[j % 3], each, stress_mix(seed + 1000 * i + j));
        OK(filch_runtime_destroy(rt));
    }
}
