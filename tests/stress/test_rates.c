/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Limiters and adaptive limits under deadlines, cancellations, give-backs and changes, all at once:
 * no permit is granted that does not exist, and the counts match the grants. */
#include <filch/adaptive.h>
#include <filch/limiter.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 30, THREADS = 3, KEYS = 16 };

static filch_u32 wrong; /* parties do not assert: a failed assertion must not unwind a fiber */

static void expect(bool condition)
{
    if (!condition)
        filch_u32_add(&wrong, 1, FILCH_RELAXED);
}

static uint32_t wrongs(void)
{
    return filch_u32_exchange(&wrong, 0, FILCH_ACQ_REL);
}

typedef struct storm {
    filch_limiter *limiter;
    filch_keyed_limiter *limiters;
    filch_adaptive *adaptive;
    uint64_t seed;
    unsigned rounds;
    filch_u32 used, keyed[KEYS], admitted;
} storm;

static uint64_t next(uint64_t *random)
{
    return *random = stress_mix(*random + 1);
}

static uint32_t count(const filch_u32 *counter)
{
    return filch_u32_load(counter, FILCH_ACQUIRE);
}

/* A context of one's own, which a timer cancels now and then: at about the time that is waited
 * for. */
static filch_context *some_context(uint64_t random)
{
    filch_context *context = NULL;
    if (random % 3 &&
        filch_context_create_until(&context, NULL,
                                   filch_in((int64_t)(random / 4 % 200) * FILCH_MICROSECOND)))
        expect(false);
    return context;
}

/* ---- A limiter ---- */

static void use(storm *one, uint64_t random)
{
    unsigned permits = 1 + (unsigned)(random % 3);
    filch_context *context = some_context(random / 4);
    int rc = filch_limiter_acquire(one->limiter, permits, context, party_deadline(random / 1024));
    expect(!rc || rc == -ETIMEDOUT);
    if (!rc)
        filch_u32_add(&one->used, permits, FILCH_ACQ_REL);
    filch_context_release(context);
}

static void reserve_and_think(storm *one, filch_self self, uint64_t random)
{
    filch_reservation mine;
    unsigned permits = 1 + (unsigned)(random % 3);
    if (filch_limiter_reserve(one->limiter, permits, &mine))
        expect(false);
    party_gives_way(self);
    int rc = random / 4 % 2 ? filch_limiter_give_back(&mine) : -EBUSY;
    expect(!rc || rc == -EBUSY || rc == -ESTALE);
    if (rc)
        filch_u32_add(&one->used, permits, FILCH_ACQ_REL);
}

static void use_and_give_back(filch_self self, void *arg, unsigned index)
{
    storm *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned i = 0; i < one->rounds; i++) {
        uint64_t what = next(&random);
        if (what % 4 == 0)
            reserve_and_think(one, self, what / 4);
        else
            use(one, what / 4);
    }
}

/* Reservations may lie ahead: so the time is that of the last one, too. */
Test(rates, timeouts_and_cancellations_grant_no_extra)
{
    filch_limit limit = {.rate = 200, .burst = 5, .period = FILCH_MILLISECOND};
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        filch_reservation last;
        storm one = {.seed = stress_seed(), .rounds = stress_times(200)};
        OK(filch_limiter_create(&one.limiter, limit));
        int64_t begun = filch_now();
        parties_meet(rt, TASKS, THREADS, use_and_give_back, &one);
        OK(filch_limiter_reserve(one.limiter, 1, &last));
        cr_assert(rates_allow(limit, count(&one.used) + 1, last.at - begun + 1), "%s",
                  config_name(i));
        filch_limiter_destroy(one.limiter);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
    }
}

static void change_now_and_then(filch_self self, void *arg, unsigned index)
{
    storm *one = arg;
    uint64_t random = one->seed + index;
    if (index)
        use_and_give_back(self, arg, index);
    for (unsigned i = 0; !index && i < one->rounds; i++) {
        filch_limit limit = {.rate = 100 + (uint32_t)(next(&random) % 900),
                             .burst = 3 + (uint32_t)(next(&random) % 20),
                             .period = FILCH_MILLISECOND};
        expect(!filch_limiter_set(one->limiter, limit));
        party_gives_way(self);
    }
}

Test(rates, everybody_passes_while_limit_changes)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        storm one = {.seed = stress_seed(), .rounds = stress_times(200)};
        OK(filch_limiter_create(&one.limiter, (filch_limit){.rate = 100000, .burst = 3}));
        parties_meet(rt, TASKS, THREADS, change_now_and_then, &one);
        filch_limiter_destroy(one.limiter);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
    }
}

/* ---- What is there from the beginning is all there is ---- */

static void take_what_is_there(filch_self self, void *arg, unsigned index)
{
    storm *one = arg;
    uint64_t random = one->seed + index;
    filch_reservation mine;
    for (unsigned i = 0; i < one->rounds; i++) {
        unsigned permits = 1 + (unsigned)(next(&random) % 3);
        uint64_t how = next(&random) % 4;
        int rc = how == 0   ? filch_limiter_acquire(one->limiter, permits, NULL, 0)
                 : how == 1 ? filch_limiter_reserve(one->limiter, permits, &mine)
                            : filch_limiter_allow(one->limiter, permits);
        expect(!rc);
        filch_u32_add(&one->used, permits, FILCH_ACQ_REL);
        if (next(&random) % 16 == 0)
            party_gives_way(self);
    }
}

Test(rates, missing_permits_equal_used_permits)
{
    filch_limit limit = {.rate = 1, .burst = 1000000000, .period = 24 * 3600 * FILCH_SECOND};
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        storm one = {.seed = stress_seed(), .rounds = stress_times(1000)};
        OK(filch_limiter_create(&one.limiter, limit));
        parties_meet(rt, TASKS, THREADS, take_what_is_there, &one);
        cr_assert_eq(filch_limiter_available(one.limiter), limit.burst - count(&one.used));
        filch_limiter_destroy(one.limiter);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
    }
}

/* ---- Keys that come and go ---- */

static void use_keys(filch_self self, void *arg, unsigned index)
{
    storm *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned i = 0; i < one->rounds; i++) {
        unsigned key = (unsigned)(next(&random) % KEYS);
        int rc;
        if (next(&random) % 2) {
            rc = filch_keyed_limiter_allow(one->limiters, &key, sizeof key, 1);
        } else {
            filch_context *context = some_context(next(&random));
            rc = filch_keyed_limiter_acquire(one->limiters, &key, sizeof key, 1, context,
                                             party_deadline(next(&random)));
            filch_context_release(context);
        }
        expect(!rc || rc == -EAGAIN || rc == -ENOSPC || rc == -ETIMEDOUT);
        if (!rc)
            filch_u32_add(&one->keyed[key], 1, FILCH_ACQ_REL);
        if (next(&random) % 16 == 0)
            party_gives_way(self);
    }
}

Test(rates, forgetting_key_grants_no_extra)
{
    filch_limit limit = {.rate = 50, .burst = 3, .period = FILCH_MILLISECOND};
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        storm one = {.seed = stress_seed(), .rounds = stress_times(200)};
        OK(filch_keyed_limiter_create(&one.limiters, limit, KEYS / 4, sizeof(unsigned)));
        int64_t begun = filch_now();
        parties_meet(rt, TASKS, THREADS, use_keys, &one);
        int64_t ended = filch_now();
        for (unsigned key = 0; key < KEYS; key++)
            cr_assert(rates_allow(limit, count(&one.keyed[key]), ended - begun + 1));
        cr_assert_leq(filch_keyed_limiter_count(one.limiters), KEYS / 4);
        filch_keyed_limiter_destroy(one.limiters);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
    }
}

/* ---- An adaptive limit ---- */

static void come_and_go(filch_self self, void *arg, unsigned index)
{
    storm *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned i = 0; i < one->rounds; i++) {
        filch_context *context = some_context(next(&random));
        int rc = filch_adaptive_acquire(one->adaptive, context, party_deadline(next(&random)));
        filch_context_release(context);
        expect(!rc || rc == -ETIMEDOUT);
        if (rc)
            continue;
        filch_u32_add(&one->admitted, 1, FILCH_ACQ_REL);
        if (next(&random) % 4 == 0)
            party_gives_way(self);
        filch_adaptive_outcome outcome = (filch_adaptive_outcome)(next(&random) % 3);
        expect(!filch_adaptive_give_back(one->adaptive, outcome, (int64_t)(next(&random) % 5000)));
        if (next(&random) % 64 == 0)
            expect(!filch_adaptive_set(one->adaptive, 1, 1 + (unsigned)(next(&random) % 20)));
    }
}

Test(rates, every_admission_is_released)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        storm one = {.seed = stress_seed(), .rounds = stress_times(200)};
        filch_adaptive_stats stats;
        OK(filch_adaptive_create(&one.adaptive, NULL));
        parties_meet(rt, TASKS, THREADS, come_and_go, &one);
        filch_adaptive_stats_read(one.adaptive, &stats, sizeof stats);
        cr_assert_eq(stats.running + stats.waiting, 0);
        cr_assert_eq(stats.admitted, count(&one.admitted));
        cr_assert_eq(stats.released, stats.admitted);
        filch_adaptive_destroy(one.adaptive);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
    }
}
