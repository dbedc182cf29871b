/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reading while workers work, come and go: no number ever falls, for any reader, and in the end
 * they add up. */
#include <pthread.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { READERS = 2, SLOTS = 8, HEIGHT = 10 };

static filch_runtime *rt;
static filch_u32 ended;

/* Some suspend, so that fibers migrate and ready deques are stolen from. */
FILCH_TASK(unsigned, tree, (unsigned, height), (uint64_t, seed))
{
    if (!height)
        return 1;
    FILCH_FORK(tree, height - 1, stress_mix(seed));
    if (seed % 16 == 0)
        filch_yield(self);
    unsigned right = tree(self, height - 1, stress_mix(seed + 1));
    FILCH_JOIN(unsigned left, tree);
    return left + right;
}

/* Returns how many numbers have fallen. before: this reader's last values of that worker. */
static unsigned read_one(int worker, filch_runtime_stats *before)
{
    unsigned fallen = 0;
    filch_runtime_stats stats;
    const filch_runtime_stat *row;
    if (filch_runtime_stats_read(rt, worker, &stats, sizeof stats))
        return 1;
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++)
        fallen += !row->now && stats_value(row, &stats) < stats_value(row, before);
    *before = stats;
    return fallen;
}

static int count_pieces(const char *text, size_t size, void *pieces)
{
    *(size_t *)pieces += text[size - 1] != '\0';
    return 0;
}

static void *reads(void *unused)
{
    filch_runtime_stats before[SLOTS + 1];
    uint64_t row[SLOTS], taken[SLOTS][SLOTS] = {0};
    size_t pieces = 0, wrong = 0;
    memset(before, 0, sizeof before);
    while (!filch_u32_load(&ended, FILCH_ACQUIRE)) {
        for (int i = 0; i <= SLOTS; i++)
            wrong += read_one(i < SLOTS ? i : FILCH_ALL_WORKERS, &before[i]);
        for (unsigned i = 0; i < SLOTS; i++) {
            wrong += filch_runtime_steals_read(rt, i, row, SLOTS) != 0;
            for (unsigned k = 0; k < SLOTS; k++)
                wrong += row[k] < taken[i][k];
            memcpy(taken[i], row, sizeof row);
        }
        wrong += filch_runtime_stats_write_json(rt, count_pieces, &pieces) != 0;
        sched_yield();
    }
    return (void *)(uintptr_t)wrong;
}

static void *resizes_at_random(void *unused)
{
    uint64_t seed = stress_seed();
    while (!filch_u32_load(&ended, FILCH_ACQUIRE)) {
        if (filch_runtime_resize(rt, 1 + (unsigned)((seed = stress_mix(seed + 1)) % SLOTS)))
            return (void *)1;
        sched_yield();
    }
    return NULL;
}

static void play(const char *queue, const char *fence, const char *guest)
{
    pthread_t thread[READERS + 1];
    void *wrong;
    filch_config config = {.workers = 2,
                           .max_workers = SLOTS,
                           .queue = queue,
                           .fence = fence,
                           .max_fibers = 100000,
                           .guest = guest};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    filch_u32_store(&ended, 0, FILCH_RELEASE);
    for (unsigned i = 0; i <= READERS; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, i ? reads : resizes_at_random, NULL), 0);
    for (unsigned i = 0; i < stress_times(30); i++)
        cr_assert_eq(FILCH_RUN(rt, tree, HEIGHT, stress_mix(i)), 1u << HEIGHT);
    filch_u32_store(&ended, 1, FILCH_RELEASE);
    for (unsigned i = 0; i <= READERS; i++) {
        pthread_join(thread[i], &wrong);
        cr_expect_null(wrong, "thread %u on %s", i, queue);
    }
    filch_runtime_stats all = stats_rested(rt);
    cr_expect_eq(all.tasks_taken, all.joins_taken, "%s", queue);
    if (*guest == '0') /* else joins of the caller help, which no table of victims has */
        stats_thefts_agree(rt);
    if (all.all_forks)
        cr_expect_eq(all.forks, all.joins_kept + all.joins_taken, "%s", queue);
    OK(filch_runtime_destroy(rt));
}

Test(statistics, no_counter_falls_under_load, .timeout = 600)
{
    play("chase-lev", "asymmetric", "0");
    play("chase-lev", "asymmetric", "1");
    play("chase-lev", "full", "0");
    play("central-mutex", NULL, "0");
}
