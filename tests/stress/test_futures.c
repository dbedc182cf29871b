/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures under load: setting, awaiting, giving up and breaking, all at once. */
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Several settlers, a deadline: one winner ---- */

typedef struct race {
    filch_future future;
    filch_u32 winners;
    uint64_t seed;
} race;

/* One of five setters wins; everybody sees its value. */
static void settle_as(race *of, unsigned who)
{
    uint64_t value = who;
    int rc;
    stress_dawdle(stress_mix(of->seed + who));
    if (who % 5 == 4)
        rc = filch_future_break(&of->future);
    else if (who % 5 == 3)
        rc = FILCH_FUTURE_FAIL(&of->future, -EIO, "%u", who);
    else
        rc = filch_future_set(&of->future, &value, sizeof value);
    if (rc == 0)
        signpost_raise(&of->winners);
    else if (rc != -EALREADY && rc != -EBUSY)
        filch_die("settling: %d", rc);
}

static int64_t soon(uint64_t random)
{
    return random % 4 ? FILCH_FOREVER : filch_in((int64_t)(random / 4 % 100000));
}

/* A member that gives up comes again. */
static long await_some_time(race *of, uint64_t random)
{
    int rc = filch_await_until(&of->future, soon(random));
    if (rc == -ETIMEDOUT)
        rc = filch_await(&of->future);
    return rc ? rc : (long)FILCH_VALUE(uint64_t, &of->future);
}

FILCH_TASK(long, settle_task, (race *, of), (unsigned, who))
{
    settle_as(of, who);
    return 0;
}

FILCH_TASK(long, await_task, (race *, of), (unsigned, who))
{
    return await_some_time(of, stress_mix(of->seed - who));
}

typedef struct thread_party {
    race *races;
    unsigned count;
    long *seen;
} thread_party;

static void *settle_and_await(void *arg)
{
    thread_party *party = arg;
    for (unsigned i = 0; i < party->count; i++) {
        race *of = &party->races[i];
        if (stress_mix(of->seed) % 3)
            settle_as(of, 5 + (unsigned)(stress_mix(of->seed ^ 77) % 5));
        party->seen[i] = await_some_time(of, stress_mix(of->seed ^ 5));
    }
    return NULL;
}

enum { RACES = 40, PARTIES = 10 };

FILCH_TASK(unsigned, run_races, (race *, races), (long *, seen))
{
    static const unsigned settlers = 5;
    unsigned wrong = 0;
    for (unsigned r = 0; r < RACES; r++) {
        for (unsigned who = 0; who < PARTIES; who++)
            if (who < settlers)
                FILCH_FORK(settle_task, &races[r], who);
            else
                FILCH_FORK(await_task, &races[r], who);
        seen[r] = await_some_time(&races[r], stress_mix(races[r].seed + 100));
        for (unsigned who = PARTIES; who-- > 0;)
            if (who < settlers) {
                FILCH_JOIN(long nothing, settle_task);
                wrong += nothing != 0;
            } else {
                FILCH_JOIN(long saw, await_task);
                wrong += saw != seen[r];
            }
    }
    return wrong;
}

Test(futures, one_settler_wins_for_all_waiters)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        for (unsigned i = 0; i < stress_times(10); i++) {
            static race races[RACES];
            static long seen[RACES], seen_outside[RACES];
            pthread_t thread;
            thread_party party = {races, RACES, seen_outside};
            memset(races, 0, sizeof races);
            for (unsigned r = 0; r < RACES; r++)
                races[r].seed = stress_mix(seed + i * RACES + r);
            cr_assert_eq(pthread_create(&thread, NULL, settle_and_await, &party), 0);
            unsigned wrong = FILCH_RUN(rt, run_races, races, seen);
            pthread_join(thread, NULL);
            cr_assert_eq(wrong, 0, "%s", stress_name(config));
            for (unsigned r = 0; r < RACES; r++) {
                cr_assert_eq(signpost_count(&races[r].winners), 1, "%s", stress_name(config));
                cr_assert_eq(seen[r], seen_outside[r], "%s", stress_name(config));
            }
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Memory that goes away as soon as it may ---- */

FILCH_TASK(uint64_t, mixed, (uint64_t, seed))
{
    stress_dawdle(seed);
    return stress_mix(seed);
}

/* The frame in which the future lay is another's at once. */
static uint64_t in_a_frame(uint64_t seed)
{
    filch_future future;
    memset(&future, 0, sizeof future);
    if (FILCH_ASYNC(NULL, &future, mixed, seed))
        filch_die("%s", filch_error());
    stress_dawdle(seed / 3);
    int rc = filch_await_until(&future, soon(seed));
    if (rc == -ETIMEDOUT)
        rc = filch_await(&future);
    uint64_t value = rc ? 0 : FILCH_VALUE(uint64_t, &future);
    memset(&future, 0xff, sizeof future);
    return value;
}

FILCH_TASK(unsigned, frames, (uint64_t, seed), (unsigned, depth))
{
    unsigned wrong = 0;
    for (unsigned i = 0; depth && i < 2; i++)
        FILCH_FORK(frames, stress_mix(seed + i), depth - 1);
    for (unsigned i = 0; i < 4; i++)
        wrong += in_a_frame(seed + i) != stress_mix(seed + i);
    for (unsigned i = 0; depth && i < 2; i++) {
        FILCH_JOIN(unsigned more, frames);
        wrong += more;
    }
    return wrong;
}

static void *set_one(void *arg)
{
    filch_future_set(arg, &(uint64_t){1}, sizeof(uint64_t));
    return NULL;
}

Test(futures, awaited_future_can_be_freed_immediately)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        for (unsigned i = 0; i < stress_times(10); i++)
            cr_assert_eq(FILCH_RUN(rt, frames, seed + i, 6), 0, "%s", stress_name(config));
        OK(filch_runtime_destroy(rt));
    }
    for (unsigned i = 0; i < stress_times(500); i++) {
        filch_future *future = calloc(1, sizeof *future);
        pthread_t thread;
        cr_assert_not_null(future);
        cr_assert_eq(pthread_create(&thread, NULL, set_one, future), 0);
        OK(filch_await(future));
        free(future);
        pthread_join(thread, NULL);
    }
}

/* ---- Breaking, then freeing, during waits that may give up ---- */

FILCH_TASK(int, wait_for_it, (filch_future *, future), (uint64_t, random), (signpost *, begun))
{
    int64_t until = soon(random);
    signpost_raise(begun);
    return filch_await_until(future, until);
}

FILCH_TASK(unsigned, break_and_free, (uint64_t, seed))
{
    filch_future *future = calloc(1, sizeof *future);
    signpost begun = {0};
    unsigned wrong = 0;
    int rc = -1;
    enum { WAITERS = 6 };
    if (!future)
        return 1;
    for (unsigned i = 0; i < WAITERS; i++)
        FILCH_FORK(wait_for_it, future, stress_mix(seed + i), &begun);
    while (signpost_count(&begun) < WAITERS) /* from then on they wait, or are about to */
        filch_yield(self);
    stress_dawdle(seed);
    if (seed % 2 == 0)
        rc = filch_future_break(future);
    else
        filch_future_set(future, NULL, 0);
    for (unsigned i = 0; i < WAITERS; i++) {
        FILCH_JOIN(int got, wait_for_it);
        wrong += got != -ETIMEDOUT && got != (rc ? 0 : -EPIPE);
    }
    free(future);
    return wrong;
}

Test(futures, broken_promise_fails_its_waiters)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        for (unsigned i = 0; i < stress_times(100); i++)
            cr_assert_eq(FILCH_RUN(rt, break_and_free, seed + i), 0, "%s", stress_name(config));
        OK(filch_runtime_destroy(rt));
    }
}

/* Nobody joins it: the object it waits for is freed when the break returns. */
typedef struct leaver {
    filch_future *future;
    int64_t patience; /* ns */
    signpost over;
} leaver;

static void wait_and_leave(filch_self self, void *arg)
{
    leaver *who = arg;
    int rc = filch_await_until(who->future, filch_in(who->patience));
    if (rc != -ETIMEDOUT && rc != -EPIPE)
        filch_die("a waiter got %d", rc);
    signpost_raise(&who->over);
}

Test(futures, impatient_waiters_allow_freeing_broken_future)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        for (unsigned i = 0; i < stress_times(100); i++) {
            leaver who = {.future = calloc(1, sizeof(filch_future)),
                          .patience = (int64_t)(stress_mix(seed + i) % 200000)};
            cr_assert_not_null(who.future);
            OK(filch_go(rt, wait_and_leave, &who));
            WAIT_WHILE(filch_future_reset(who.future) == 0 &&
                       !signpost_count(&who.over)); /* -EBUSY: it is in the queue, or was */
            OK(filch_future_break(who.future));
            memset(who.future, 0xff, sizeof *who.future);
            free(who.future);
            signpost_wait(&who.over, 1);
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Graphs ---- */

static int mix_both(filch_self self, const void *value, void *result, void *arg)
{
    filch_future *const *below = arg;
    stress_dawdle(FILCH_VALUE(uint64_t, below[0]));
    *(uint64_t *)result =
        stress_mix(FILCH_VALUE(uint64_t, below[0]) + 3 * FILCH_VALUE(uint64_t, below[1]));
    return 0;
}

/* A layered graph of random edges, built while it runs; then the same sum serially. */
enum { LAYERS = 12, WIDE = 16 };

typedef struct graph {
    filch_future node[LAYERS][WIDE], both[LAYERS][WIDE];
    filch_future *below[LAYERS][WIDE][2];
    uint64_t serial[LAYERS][WIDE];
} graph;

FILCH_TASK(int, build, (graph *, g), (uint64_t, seed))
{
    for (unsigned i = 0; i < WIDE; i++) {
        g->serial[0][i] = stress_mix(seed + i);
        if (FILCH_ASYNC(NULL, &g->node[0][i], mixed, seed + i))
            return -1;
    }
    for (unsigned l = 1; l < LAYERS; l++)
        for (unsigned i = 0; i < WIDE; i++) {
            uint64_t random = stress_mix(seed ^ (l * WIDE + i));
            unsigned left = random % WIDE, right = random / WIDE % WIDE;
            g->serial[l][i] = stress_mix(g->serial[l - 1][left] + 3 * g->serial[l - 1][right]);
            g->below[l][i][0] = &g->node[l - 1][left];
            g->below[l][i][1] = &g->node[l - 1][right];
            if (filch_when_all(&g->both[l][i], g->below[l][i], 2) ||
                filch_then(&g->node[l][i], &g->both[l][i], NULL, mix_both, g->below[l][i],
                           sizeof(uint64_t)))
                return -1;
        }
    return 0;
}

Test(futures, random_graphs_match_serial_walk)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        graph *g = malloc(sizeof *g);
        cr_assert_not_null(g);
        for (unsigned times = 0; times < stress_times(20); times++) {
            memset(g, 0, sizeof *g);
            cr_assert_eq(FILCH_RUN(rt, build, g, stress_mix(seed + times)), 0);
            for (unsigned l = 0; l < LAYERS; l++)
                for (unsigned i = 0; i < WIDE; i++) {
                    OK(filch_await(&g->node[l][i]));
                    cr_assert_eq(FILCH_VALUE(uint64_t, &g->node[l][i]), g->serial[l][i], "%s",
                                 stress_name(config));
                    if (l)
                        OK(filch_await(&g->both[l][i]));
                }
        }
        free(g);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Any: the first settles it once, the others are left alone and may go at once ---- */

enum { RUNNERS = 8 };

FILCH_TASK(unsigned, hurdles, (uint64_t, seed))
{
    filch_future futures[RUNNERS] = {0}, any = {0};
    filch_future *array[RUNNERS];
    filch_context *losers;
    unsigned wrong = 0;
    if (filch_context_create(&losers, NULL))
        return 1;
    for (unsigned i = 0; i < RUNNERS; i++)
        array[i] = &futures[i];
    for (unsigned i = 0; i < RUNNERS / 2; i++)
        wrong += FILCH_ASYNC(NULL, &futures[i], mixed, stress_mix(seed + i)) != 0;
    wrong += filch_when_any(&any, array, RUNNERS, losers) != 0;
    wrong += filch_await(&any) != 0;
    wrong += filch_context_cause(losers) != -ECANCELED;
    size_t first = FILCH_VALUE(size_t, &any);
    wrong += first >= RUNNERS / 2 || !filch_future_done(&futures[first]);
    for (unsigned i = RUNNERS / 2; i < RUNNERS; i++)
        wrong += filch_future_reset(&futures[i]) != 0; /* nobody waits for them */
    for (unsigned i = 0; i < RUNNERS / 2; i++)
        wrong += filch_await(&futures[i]) != 0;
    filch_context_release(losers);
    return wrong;
}

Test(futures, first_future_wins_and_spares_others)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        for (unsigned i = 0; i < stress_times(200); i++)
            cr_assert_eq(FILCH_RUN(rt, hurdles, stress_mix(seed + i)), 0, "%s",
                         stress_name(config));
        OK(filch_runtime_destroy(rt));
    }
}
