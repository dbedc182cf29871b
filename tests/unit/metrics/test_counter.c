/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counters, gauges and the shards beneath: exact however many threads there are, and never
 * falling. */
#include <filch/metrics.h>
#include <runtime/metrics/counter.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MEMBERS = 12, ROUNDS = 2000 };

static filch_counter *counter;
static filch_gauge gauge;

static void create(void)
{
    cr_assert_eq(filch_counter_create(&counter), 0, "%s", filch_error());
}

static void destroy(void)
{
    filch_counter_destroy(counter);
}

TestSuite(counter, .init = create, .fini = destroy);

static void count(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        filch_counter_add(counter, 1 + i % 3);
        filch_gauge_add(&gauge, i % 2 ? 5 : -4);
    }
}

static void count_with(crew *all, enum crew_kind kind, const char *name)
{
    uint64_t before = filch_counter_read(counter), each = 0;
    int64_t level = filch_gauge_read(&gauge);
    for (unsigned i = 0; i < ROUNDS; i++)
        each += 1 + i % 3;
    for (unsigned i = 0; i < MEMBERS; i++)
        crew_start(all, kind, count, NULL);
    crew_wait(all);
    cr_assert_eq(filch_counter_read(counter) - before, MEMBERS * each, "%s", name);
    cr_assert_eq(filch_gauge_read(&gauge) - level, MEMBERS * ROUNDS / 2, "%s", name);
}

Test(counter, concurrent_counts_are_exact)
{
    crew_everywhere(count_with);
}

static filch_u32 fell;

static void read_on(void *unused)
{
    uint64_t last = 0;
    while (last < MEMBERS * ROUNDS) {
        uint64_t now = filch_counter_read(counter);
        if (now < last || now > MEMBERS * ROUNDS)
            filch_u32_add(&fell, 1, FILCH_RELAXED);
        last = now;
        sched_yield();
    }
}

static void count_ones(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++)
        filch_counter_add(counter, 1);
}

Test(counter, reads_never_fall_or_overshoot)
{
    static crew all;
    crew_open(&all, 4);
    crew_start(&all, CREW_THREAD, read_on, NULL);
    for (unsigned i = 0; i < MEMBERS; i++)
        crew_start(&all, i % 2 ? CREW_TASK : CREW_THREAD, count_ones, NULL);
    crew_close(&all);
    cr_assert_eq(filch_u32_load(&fell, FILCH_ACQUIRE), 0);
    cr_assert_eq(filch_counter_read(counter), MEMBERS * ROUNDS);
}

/* ---- Shards ---- */

enum { MANY = 300 };
static signpost arrived, leave;
static filch_u32 owners[1024];

static void *hold_a_shard(void *unused)
{
    unsigned shard = fl_shard();
    filch_u32_add(&owners[shard], 1, FILCH_ACQ_REL);
    filch_counter_add(counter, 1);
    signpost_raise(&arrived);
    signpost_wait(&leave, 1);
    filch_counter_add(counter, shard == fl_shard());
    return unused;
}

Test(counter, shard_is_owned_or_shared)
{
    pthread_t threads[MANY];
    unsigned own = 0, started = 0;
    cr_assert_lt(fl_shards(), 1024);
    while (started < MANY && !pthread_create(&threads[started], NULL, hold_a_shard, NULL))
        started++;
    signpost_wait(&arrived, started);
    for (unsigned i = FL_SHARDS_SHARED; i < fl_shards(); i++) {
        cr_assert_leq(filch_u32_load(&owners[i], FILCH_ACQUIRE), 1);
        own += filch_u32_load(&owners[i], FILCH_ACQUIRE);
    }
    cr_assert_geq(own + FL_SHARDS_SHARED, started < fl_shards() ? started : fl_shards());
    signpost_raise(&leave);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(filch_counter_read(counter), 2 * started);
}

static void *count_once(void *shard)
{
    filch_counter_add(counter, 1);
    *(unsigned *)shard = fl_shard();
    return NULL;
}

Test(counter, shard_returns_when_thread_ends)
{
    for (unsigned i = 0; i < 3 * fl_shards(); i++) {
        pthread_t thread;
        unsigned shard = 0;
        cr_assert_eq(pthread_create(&thread, NULL, count_once, &shard), 0);
        pthread_join(thread, NULL);
        cr_assert_geq(shard, FL_SHARDS_SHARED, "thread %u has none of its own", i);
    }
    cr_assert_eq(filch_counter_read(counter), 3 * fl_shards());
}

/* Another library's key, whose destructor runs after the shard was given back. */
static pthread_key_t late;
static unsigned late_shard;

static void count_late(void *unused)
{
    filch_counter_add(counter, 1);
    late_shard = fl_shard();
    signpost_raise(&arrived);
    signpost_wait(&leave, 1);
}

static void *end_late(void *unused)
{
    filch_counter_add(counter, 1);
    pthread_setspecific(late, counter);
    return unused;
}

Test(counter, ending_thread_may_still_count)
{
    pthread_t thread, other;
    unsigned shard = 0;
    cr_assert_eq(pthread_key_create(&late, count_late), 0);
    cr_assert_eq(pthread_create(&thread, NULL, end_late, NULL), 0);
    signpost_wait(&arrived, 1);
    cr_assert_eq(pthread_create(&other, NULL, count_once, &shard), 0);
    pthread_join(other, NULL);
    cr_assert_neq(shard, late_shard, "it counts in a shard that it has");
    signpost_raise(&leave);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < 3 * fl_shards(); i++) {
        cr_assert_eq(pthread_create(&thread, NULL, end_late, NULL), 0);
        pthread_join(thread, NULL);
    }
    cr_assert_eq(filch_counter_read(counter), 3 + 6 * fl_shards());
    count_once(&shard);
    cr_assert_geq(shard, FL_SHARDS_SHARED, "none was kept");
}

/* ---- The rest ---- */

Test(counter, gauge_reads_last_set_plus_added)
{
    filch_gauge one = {0};
    cr_assert_eq(filch_gauge_read(&one), 0);
    filch_gauge_set(&one, -7);
    filch_gauge_add(&one, 3);
    cr_assert_eq(filch_gauge_read(&one), -4);
    filch_gauge_set(&one, INT64_MAX);
    cr_assert_eq(filch_gauge_read(&one), INT64_MAX);
}

Test(counter, bad_arguments_are_refused)
{
    cr_assert_eq(filch_counter_create(NULL), -EINVAL);
    cr_assert_neq(*filch_error(), '\0');
    filch_counter_destroy(NULL);
}
