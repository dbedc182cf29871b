/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A results list under everything at once. Several pools of all kinds fill it, one job or many at a
 * time; tasks and threads empty it; it is closed, or a pool shut down, at any moment. Each accepted
 * job arrives once, after its outcome was reported, and no refused one does. */
#include <filch/results.h>
#include <pthread.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { POOLS = 3, SUBMITTERS = 4, TAKERS = 4, MOST = 4000, BATCH = 200 };

struct item {
    filch_u32 told, came, dropped;
    uint64_t random;
    bool accepted;
};

struct party {
    filch_results *list;
    filch_pool *pools[POOLS];
    struct item items[SUBMITTERS][MOST];
    unsigned each;
    signpost next, submitted, emptied;
    uint64_t seed;
};

static uint64_t next(uint64_t *random)
{
    return *random = stress_mix(*random + 1);
}

static int work(filch_self self, filch_job *job, void *data)
{
    const struct item *item = data;
    stress_dawdle(item->random);
    switch (item->random >> 8 & 7) {
    case 0:
        FILCH_PANIC(-EBADMSG, "as it was told");
    case 1:
        return -EIO;
    case 2:
        return filch_context_sleep(filch_job_context(job), (int64_t)(item->random >> 20) % 100000);
    default:
        return 0;
    }
}

static void tell(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    struct item *item = data;
    filch_u32_add(&item->told, 1, FILCH_RELEASE);
}

static void drop(void *data)
{
    struct item *item = data;
    filch_u32_add(&item->dropped, 1, FILCH_RELEASE);
}

static void expect_known(int rc)
{
    if (rc && rc != -EAGAIN && rc != -EPIPE && rc != -ETIMEDOUT && rc != -ECANCELED)
        filch_die("submission: %d, %s", rc, filch_error());
}

/* Returns how many of them it has gone through. */
static unsigned submit_some(struct party *party, struct item *items, unsigned most,
                            uint64_t *random)
{
    uint64_t how = next(random);
    filch_pool *pool = party->pools[how % POOLS];
    void *data[BATCH];
    size_t accepted = 0;
    unsigned count = how >> 8 & 1 ? 1 : 1 + (unsigned)(how >> 16) % BATCH;
    int64_t until = how >> 9 & 1 ? FILCH_FOREVER : filch_in((int64_t)(how >> 32) % 50000);
    filch_job_options options = {.timeout = how >> 10 & 3 ? 0 : 1 + (int64_t)(how >> 40) % 100000,
                                 .done = tell,
                                 .drop = drop,
                                 .results = how >> 12 & 1 ? party->list : NULL};
    if (count > most)
        count = most;
    for (unsigned i = 0; i < count; i++) {
        items[i].random = next(random);
        data[i] = &items[i];
    }
    if (how >> 8 & 1) {
        int rc = filch_pool_submit(NULL, pool, work, data[0], &options, until);
        expect_known(rc);
        accepted = !rc;
    } else {
        int rc = filch_pool_submit_all(pool, work, data, count, &options, until, &accepted);
        expect_known(rc);
        if (!rc != (accepted == count))
            filch_die("%zu of %u were accepted, and %d returned", accepted, count, rc);
    }
    for (unsigned i = 0; i < accepted; i++)
        items[i].accepted = true;
    return count;
}

static void submit_all(filch_self self, void *arg)
{
    struct party *party = arg;
    unsigned mine = filch_u32_add(&party->next, 1, FILCH_RELAXED);
    uint64_t random = stress_mix(party->seed + mine);
    for (unsigned i = 0; i < party->each;)
        i += submit_some(party, &party->items[mine][i], party->each - i, &random);
    signpost_raise(&party->submitted);
}

static void *submit_as_thread(void *party)
{
    submit_all(NULL, party);
    return NULL;
}

static void take_all(filch_self self, void *arg)
{
    struct party *party = arg;
    for (uint64_t random = party->seed;;) {
        filch_job *job;
        int64_t until =
            next(&random) & 1 ? FILCH_FOREVER : filch_in((int64_t)(random >> 8) % 20000);
        int rc = filch_results_take(party->list, &job, until);
        if (rc == -EPIPE)
            break;
        if (rc == -ETIMEDOUT)
            continue;
        if (rc)
            filch_die("taking: %d, %s", rc, filch_error());
        struct item *item = filch_job_data(job);
        if (filch_u32_load(&item->told, FILCH_ACQUIRE) != 1 ||
            filch_job_outcome(job) == FILCH_UNDECIDED)
            filch_die("a job came before it was told");
        filch_u32_add(&item->came, 1, FILCH_RELAXED);
        filch_job_release(job);
    }
    signpost_raise(&party->emptied);
}

static void *take_as_thread(void *party)
{
    take_all(NULL, party);
    return NULL;
}

static void check(const struct party *party)
{
    for (unsigned i = 0; i < SUBMITTERS; i++)
        for (unsigned j = 0; j < party->each; j++) {
            const struct item *item = &party->items[i][j];
            cr_assert_eq(filch_u32_load(&item->told, FILCH_ACQUIRE), item->accepted);
            cr_assert_eq(filch_u32_load(&item->came, FILCH_RELAXED), item->accepted);
            cr_assert_eq(filch_u32_load(&item->dropped, FILCH_ACQUIRE), item->accepted);
        }
}

static void open_pools(struct party *party, filch_runtime *rt)
{
    filch_pool_config configs[POOLS] = {
        {.runtime = rt},
        {.runtime = rt, .width = 1 + (unsigned)(party->seed % 7), .capacity = 30},
        {.runtime = rt, .width = 2, .capacity = 30, .order = FILCH_PRIORITY}};
    configs[2].full = (filch_when_full)(party->seed >> 8) % FILCH_FULL_CHOICES;
    for (unsigned i = 0; i < POOLS; i++) {
        configs[i].results = party->list;
        party->pools[i] = pool_of(configs[i]);
    }
}

static void start(struct party *party, filch_runtime *rt, pthread_t *threads)
{
    static const struct {
        void (*task)(filch_self self, void *arg);
        void *(*thread)(void *arg);
        unsigned count;
    } kinds[] = {{submit_all, submit_as_thread, SUBMITTERS}, {take_all, take_as_thread, TAKERS}};
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < kinds[k].count; i++)
            if (i & 1)
                cr_assert_eq(pthread_create(threads++, NULL, kinds[k].thread, party), 0);
            else
                OK(filch_go(rt, kinds[k].task, party));
}

static void storm(filch_runtime *rt, unsigned each, uint64_t seed)
{
    static struct party party;
    pthread_t threads[SUBMITTERS / 2 + TAKERS / 2];
    party = (struct party){.each = each, .seed = seed};
    OK(filch_results_create(&party.list));
    open_pools(&party, rt);
    start(&party, rt, threads);
    if (seed >> 16 & 1) {
        filch_sleep((int64_t)(seed >> 20) % 1000000);
        filch_results_close(party.list);
    }
    if (seed >> 17 & 1) {
        filch_sleep((int64_t)(seed >> 30) % 1000000);
        filch_pool_shutdown_now(party.pools[seed >> 18 & 1]);
    }
    signpost_wait(&party.submitted, SUBMITTERS);
    filch_results_close(party.list);
    signpost_wait(&party.emptied, TAKERS);
    for (unsigned i = 0; i < sizeof threads / sizeof *threads; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < POOLS; i++)
        OK(filch_pool_destroy(party.pools[i]));
    OK(filch_results_destroy(party.list));
    check(&party);
}

Test(results_storm, each_accepted_job_comes_once)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, seed);
        for (unsigned j = 0; j < 6; j++)
            storm(rt, stress_times(2000) % MOST + 1, stress_mix(seed + 1000 * i + j));
        OK(filch_runtime_destroy(rt));
    }
}
