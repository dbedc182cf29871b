/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Storms of resizing with 64 slots: threads and tasks grow and shrink a runtime at random while
 * others fork, suspend, go away and come back. Every detached task runs once, every sum is right,
 * and every waiter is told. */
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { SLOTS = 64, RESIZERS = 2, SET_CONFIGS = 8, TALKERS = 4, WORDS = 20 };

typedef struct storm {
    filch_runtime *rt;
    uint64_t seed;
    filch_u32 over;
    filch_u64 sent, ran; /* detached tasks */
} storm;

/* Mostly few, so that large and small worker sets are met alike. */
static unsigned size_of(uint64_t random)
{
    unsigned most = random % 4 ? 4 : SLOTS;
    return 1 + (unsigned)(random >> 8) % most;
}

static void resize(storm *s, uint64_t random)
{
    if (filch_runtime_resize(s->rt, size_of(random)))
        filch_die("%s", filch_error());
}

static void *resizes_on(void *arg)
{
    storm *s = arg;
    for (uint64_t i = (uintptr_t)pthread_self(); !filch_u32_load(&s->over, FILCH_ACQUIRE); i++) {
        resize(s, stress_mix(s->seed + i));
        if (stress_mix(i) % 8 == 0)
            sched_yield();
    }
    return NULL;
}

static void counted(filch_self self, void *arg)
{
    filch_u64_add(&((storm *)arg)->ran, 1, FILCH_RELAXED);
}

static void send_one(storm *s)
{
    filch_u64_add(&s->sent, 1, FILCH_RELAXED);
    if (filch_go(s->rt, counted, s))
        filch_die("%s", filch_error());
}

/* A tree whose nodes fork, start detached tasks, yield and, seldom, resize. */
FILCH_TASK(uint64_t, tree, (storm *, s), (int, depth), (uint64_t, seed))
{
    uint64_t random = stress_mix(seed);
    if (random % 13 == 0)
        send_one(s);
    if (random % 17 == 0)
        filch_yield(self);
    if (random % 1009 == 0)
        resize(s, random >> 13);
    if (!depth)
        return 1;
    FILCH_FORK(tree, s, depth - 1, 2 * seed);
    uint64_t right = tree(self, s, depth - 1, 2 * seed + 1);
    FILCH_JOIN(uint64_t left, tree);
    return left + right;
}

/* Two that talk to each other through a channel without room: each word suspends somebody. */
typedef struct talk {
    filch_channel *words;
    filch_u64 *heard;
    signpost spoken;
} talk;

static void speak(filch_self self, void *arg)
{
    talk *t = arg;
    for (int i = 1; i <= WORDS; i++)
        if (filch_channel_send(t->words, &i))
            filch_die("%s", filch_error());
    signpost_raise(&t->spoken);
}

/* (A fork would not do: where the central queue is full, it is run at once, and speaks to
 * nobody.) */
FILCH_TASK(int, listen, (talk *, t))
{
    int word;
    if (filch_go(NULL, speak, t))
        filch_die("%s", filch_error());
    for (int i = 0; i < WORDS; i++) {
        if (filch_channel_receive(t->words, &word))
            filch_die("%s", filch_error());
        filch_u64_add(t->heard, (uint64_t)word, FILCH_RELAXED);
    }
    return 0;
}

static void play(storm *s, unsigned rounds)
{
    filch_u64 heard = {0};
    talk t = {.heard = &heard};
    if (filch_channel_create(&t.words, sizeof(int), 0))
        filch_die("%s", filch_error());
    for (unsigned i = 0; i < rounds; i++) {
        cr_assert_eq(FILCH_RUN(s->rt, tree, s, 8, s->seed + i), 1 << 8);
        for (unsigned j = 0; j < TALKERS; j++)
            cr_assert_eq(FILCH_RUN(s->rt, listen, &t), 0);
    }
    cr_assert_eq(filch_u64_load(&heard, FILCH_RELAXED),
                 (uint64_t)rounds * TALKERS * WORDS * (WORDS + 1) / 2);
    signpost_wait(&t.spoken, rounds * TALKERS); /* out of their last calls, too */
    filch_channel_destroy(t.words);
}

static filch_config set_config(unsigned i, uint64_t seed)
{
    filch_config config = stress_config(i & 3, seed);
    config.workers = i & 4 ? SLOTS : 2;
    config.max_workers = SLOTS;
    return config;
}

static void storm_on(const filch_config *config, unsigned rounds)
{
    storm s = {.seed = config->seed};
    pthread_t threads[RESIZERS];
    if (filch_runtime_create(&s.rt, config))
        filch_die("%s", filch_error());
    for (unsigned i = 0; i < RESIZERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, resizes_on, &s), 0);
    play(&s, rounds);
    filch_u32_store(&s.over, 1, FILCH_RELEASE);
    for (unsigned i = 0; i < RESIZERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(filch_runtime_destroy(s.rt), 0, "with as many workers as it happens to have");
    cr_assert_eq(filch_u64_load(&s.ran, FILCH_RELAXED), filch_u64_load(&s.sent, FILCH_RELAXED));
}

Test(worker_sets, whatever_the_size_everything_runs_once)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < SET_CONFIGS; i++) {
        filch_config config = set_config(i, seed + i);
        storm_on(&config, stress_times(10));
    }
}

/* Runtimes that are destroyed while their worker sets still change. */
static void last_words(filch_self self, void *arg)
{
    storm *s = arg;
    for (unsigned i = 0; i < 3; i++) {
        resize(s, stress_mix(s->seed + i));
        send_one(s);
    }
}

Test(worker_sets, destroy_waits_for_all_started_tasks)
{
    uint64_t seed = stress_seed();
    unsigned times = stress_times(100);
    for (unsigned i = 0; i < times; i++) {
        storm s = {.seed = stress_mix(seed + i)};
        filch_config config = set_config(i, s.seed);
        config.workers = 1 + i % 5;
        cr_assert_eq(filch_runtime_create(&s.rt, &config), 0, "%s", filch_error());
        for (unsigned j = 0; j < 3; j++)
            OK(filch_go(s.rt, last_words, &s));
        OK(filch_runtime_destroy(s.rt));
        cr_assert_eq(filch_u64_load(&s.ran, FILCH_RELAXED), 9);
    }
}
