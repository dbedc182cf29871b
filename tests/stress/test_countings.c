/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counting, recording, writing, adding and removing, all at a time: nothing is lost, every text is
 * as it has to be. */
#include <filch/metrics.h>
#include <runtime/metrics/counter.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 20, THREADS = 8, WRITERS = 2 /* of these */, PARTIES = TASKS + THREADS };

typedef struct shop {
    filch_metrics *metrics;
    filch_counter *counter;
    filch_distribution *distribution;
    filch_gauge gauge;
    uint64_t seed;
    unsigned rounds;
    filch_u32 wrong, fresh, running; /* fresh: names of metrics that come and go */
    filch_u64 added, sum, records;
} shop;

static void expect(shop *one, bool condition)
{
    if (!condition)
        filch_u32_add(&one->wrong, 1, FILCH_RELAXED);
}

/* A metric whose value must not be read once it was removed. */
typedef struct passing {
    shop *of;
    filch_u32 there;
} passing;

static double read_passing(void *arg)
{
    passing *one = arg;
    sched_yield(); /* so that it might go meanwhile */
    expect(one->of, filch_u32_load(&one->there, FILCH_ACQUIRE) == 1);
    return 1;
}

static void come_and_go(shop *one, uint64_t random)
{
    char name[32];
    passing *mine = calloc(1, sizeof *mine);
    mine->of = one;
    filch_u32_store(&mine->there, 1, FILCH_RELEASE);
    snprintf(name, sizeof name, "%u", filch_u32_add(&one->fresh, 1, FILCH_RELAXED));
    filch_metric metric = {.name = random % 2 ? "odd" : "even",
                           .help = "Passing.",
                           .labels = {{"number", name}},
                           .kind = FILCH_METRIC_GAUGE,
                           .read = read_passing,
                           .arg = mine};
    expect(one, filch_metrics_add(one->metrics, &metric) == 0);
    expect(one, filch_metrics_add(one->metrics, &metric) == -EEXIST);
    stress_dawdle(random / 2);
    expect(one, filch_metrics_remove(one->metrics, mine) == 1);
    filch_u32_store(&mine->there, 0, FILCH_RELEASE);
    free(mine);
}

static void count_and_record(shop *one, uint64_t random)
{
    int64_t value = (int64_t)(random % 1000000);
    filch_counter_add(one->counter, random % 7);
    filch_distribution_record(one->distribution, value);
    filch_gauge_add(&one->gauge, random % 2 ? 1 : -1);
    filch_u64_add(&one->added, random % 7, FILCH_RELAXED);
    filch_u64_add(&one->sum, (uint64_t)value, FILCH_RELAXED);
    filch_u64_add(&one->records, 1, FILCH_RELAXED);
    filch_gauge_add(&one->gauge, random % 2 ? -1 : 1);
}

static void write_until_the_end(shop *one, filch_self self)
{
    exposition *all = malloc(sizeof *all);
    double last = 0, last_count = 0;
    do {
        all->length = 0;
        expect(one, filch_metrics_write(one->metrics, exposition_take, all) == 0);
        double count = exposition_value(all->text, "shop_total");
        expect(one, count >= last);
        last = count;
        count = exposition_value(all->text, "shop_seconds_count");
        expect(one, count >= last_count);
        last_count = count;
        party_gives_way(self);
    } while (filch_u32_load(&one->running, FILCH_ACQUIRE));
    free(all);
}

static void take_part(filch_self self, void *arg, unsigned index)
{
    shop *one = arg;
    uint64_t random = one->seed + index;
    if (index >= PARTIES - WRITERS) {
        write_until_the_end(one, self);
        return;
    }
    for (unsigned i = 0; i < one->rounds; i++) {
        random = stress_mix(random + i);
        count_and_record(one, random / 16);
        if (random % 16 == 0)
            come_and_go(one, random / 16);
        if (random % 32 == 1)
            party_gives_way(self);
    }
    filch_u32_add(&one->running, (uint32_t)-1, FILCH_ACQ_REL);
}

static void open_shop(shop *one)
{
    *one = (shop){.seed = stress_seed(), .rounds = stress_times(400)};
    filch_u32_store(&one->running, PARTIES - WRITERS, FILCH_RELEASE);
    OK(filch_metrics_create(&one->metrics));
    OK(filch_counter_create(&one->counter));
    OK(filch_distribution_create(&one->distribution));
    OK(filch_metrics_add(one->metrics, &(filch_metric){.name = "shop_total",
                                                       .help = "All.",
                                                       .kind = FILCH_METRIC_COUNTER,
                                                       .counter = one->counter}));
    OK(filch_metrics_add(one->metrics, &(filch_metric){.name = "shop_seconds",
                                                       .help = "Time.",
                                                       .kind = FILCH_METRIC_HISTOGRAM,
                                                       .distribution = one->distribution,
                                                       .unit = 1e9}));
}

/* All have ended: now it is exact. */
static void close_shop(shop *one, const char *name)
{
    static exposition all;
    filch_snapshot *snapshot;
    cr_assert_eq(filch_u32_load(&one->wrong, FILCH_ACQUIRE), 0, "%s", name);
    cr_assert_eq(filch_counter_read(one->counter), filch_u64_load(&one->added, FILCH_ACQUIRE), "%s",
                 name);
    cr_assert_eq(filch_gauge_read(&one->gauge), 0, "%s", name);
    OK(filch_snapshot_create(&snapshot));
    filch_snapshot_add(snapshot, one->distribution);
    cr_assert_eq(filch_snapshot_read(snapshot).count, filch_u64_load(&one->records, FILCH_ACQUIRE),
                 "%s", name);
    cr_assert_eq(filch_snapshot_read(snapshot).sum, filch_u64_load(&one->sum, FILCH_ACQUIRE), "%s",
                 name);
    filch_snapshot_destroy(snapshot);
    exposition_written(one->metrics, &all);
    cr_assert_null(strstr(all.text, "Passing"), "%s: nobody passes any more", name);
    filch_metrics_destroy(one->metrics);
    filch_counter_destroy(one->counter);
    filch_distribution_destroy(one->distribution);
}

Test(countings, concurrent_changes_lose_no_count)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static shop one;
        open_shop(&one);
        filch_runtime *rt = config_runtime(i, 1000000);
        parties_meet(rt, TASKS, THREADS, take_part, &one);
        OK(filch_runtime_destroy(rt));
        close_shop(&one, config_name(i));
    }
}

/* ---- Threads that begin and end: shards change hands ---- */

static filch_counter *handed;

static void *count_and_end(void *times)
{
    for (unsigned i = 0; i < (unsigned)(uintptr_t)times; i++)
        filch_counter_add(handed, 1);
    return NULL;
}

Test(countings, shards_that_change_hands_lose_nothing)
{
    enum { AT_A_TIME = 24 };
    unsigned rounds = stress_times(200), each = 50;
    OK(filch_counter_create(&handed));
    for (unsigned round = 0; round < rounds; round++) {
        pthread_t threads[AT_A_TIME];
        for (unsigned i = 0; i < AT_A_TIME; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, count_and_end, (void *)(uintptr_t)each),
                         0);
        for (unsigned i = 0; i < AT_A_TIME; i++)
            pthread_join(threads[i], NULL);
    }
    cr_assert_eq(filch_counter_read(handed), (uint64_t)rounds * AT_A_TIME * each);
    filch_counter_destroy(handed);
}

/* ---- Threads beyond the shards ---- */

static signpost held, leave;

static void *hold_a_shard(void *unused)
{
    filch_counter_add(handed, 1);
    signpost_raise(&held);
    signpost_wait(&leave, 1);
    return unused;
}

Test(countings, threads_sharing_shard_lose_nothing)
{
    enum { HOLDERS_MOST = 300, SHARERS = 3 * FL_SHARDS_SHARED };
    pthread_t holders[HOLDERS_MOST], sharers[SHARERS];
    unsigned count = fl_shards() - FL_SHARDS_SHARED, each = stress_times(500000);
    cr_assert_leq(count, HOLDERS_MOST);
    OK(filch_counter_create(&handed));
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(pthread_create(&holders[i], NULL, hold_a_shard, NULL), 0);
    signpost_wait(&held, count);
    for (unsigned i = 0; i < SHARERS; i++)
        cr_assert_eq(pthread_create(&sharers[i], NULL, count_and_end, (void *)(uintptr_t)each), 0);
    for (unsigned i = 0; i < SHARERS; i++)
        pthread_join(sharers[i], NULL);
    signpost_raise(&leave);
    for (unsigned i = 0; i < count; i++)
        pthread_join(holders[i], NULL);
    cr_assert_eq(filch_counter_read(handed), count + (uint64_t)SHARERS * each);
    filch_counter_destroy(handed);
}
