/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/adaptive.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

static fl_aimd with(filch_adaptive_config config)
{
    fl_aimd aimd;
    cr_assert_eq(fl_aimd_init(&aimd, config, 0), 0);
    return aimd;
}

/* A round in which the limit was reached; each call takes `latency`. Returns the time after it. */
static int64_t play_round(fl_aimd *aimd, int64_t latency, int64_t now)
{
    unsigned calls = aimd->limit;
    now += latency;
    aimd->reached = true;
    for (unsigned i = 0; i < calls; i++)
        fl_aimd_call_over(aimd, FILCH_ADAPTIVE_OK, latency, now);
    return now;
}

Test(aimd, zeros_are_defaults_nonsense_is_refused)
{
    fl_aimd aimd = with((filch_adaptive_config){0});
    cr_assert_eq(aimd.limit, 20);
    cr_assert_eq(aimd.config.min, 1);
    cr_assert_eq(aimd.config.max, 1000);
    cr_assert_eq(with((filch_adaptive_config){.max = 5}).limit, 5);
    cr_assert_eq(with((filch_adaptive_config){.min = 5000}).config.max, 5000);
    static const filch_adaptive_config bad[] = {
        {.min = 3, .max = 2}, {.max = 1000001},     {.start = 1001},   {.min = 2, .start = 1},
        {.tolerance = 100},   {.tolerance = 10001}, {.decrease = 100}, {.memory = -1},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(fl_aimd_init(&aimd, bad[i], 0), -EINVAL, "configuration %u", i);
    cr_assert_eq(aimd.limit, 20, "untouched");
}

Test(aimd, good_latency_raises_limit_per_round)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 5, .max = 8});
    int64_t now = 0;
    for (unsigned limit = 5; limit < 8; limit++) {
        cr_assert_eq(aimd.limit, limit);
        now = play_round(&aimd, limit % 2 ? 10 * MS : 20 * MS, now); /* twice is tolerable */
    }
    play_round(&aimd, 10 * MS, now);
    cr_assert_eq(aimd.limit, 8, "the most");
    cr_assert_eq(aimd.raised, 3);
    cr_assert_eq(fl_aimd_best(&aimd), 10 * MS);
}

Test(aimd, a_limit_that_nobody_reaches_stays)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 5});
    for (unsigned i = 0; i < 100; i++)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OK, MS, (i + 1) * MS);
    cr_assert_eq(aimd.limit, 5);
}

Test(aimd, bad_latency_lowers_limit_by_factor)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 100, .min = 70, .decrease = 80});
    int64_t now = play_round(&aimd, 10 * MS, 0);
    cr_assert_eq(aimd.limit, 101);
    now = play_round(&aimd, 20 * MS + 1, now);
    cr_assert_eq(aimd.limit, 80);
    now = play_round(&aimd, 30 * MS, now);
    cr_assert_eq(aimd.limit, 70, "the least");
    play_round(&aimd, 30 * MS, now);
    cr_assert_eq(aimd.limit, 70);
    cr_assert_eq(aimd.lowered, 2);
}

Test(aimd, earlier_calls_never_lower_limit_again)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 100, .decrease = 50});
    int64_t now = play_round(&aimd, 10 * MS, 0);
    now = play_round(&aimd, 50 * MS, now);
    cr_assert_eq(aimd.limit, 50);
    for (unsigned i = 0; i < 1000; i++)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OK, 50 * MS, now + 50 * MS - 1);
    cr_assert_eq(aimd.limit, 50);
    for (unsigned i = 0; i < 50; i++)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OK, 50 * MS, now + 50 * MS);
    cr_assert_eq(aimd.limit, 25);
}

Test(aimd, overload_lowers_limit_once_per_latency)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 100, .decrease = 50});
    int64_t now = play_round(&aimd, 10 * MS, 0);
    for (unsigned i = 0; i < 100; i++)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OVERLOAD, 0, now + i);
    cr_assert_eq(aimd.limit, 50);
    fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OVERLOAD, 0, now + 10 * MS);
    cr_assert_eq(aimd.limit, 25);
    cr_assert_eq(aimd.overloads, 101);
}

Test(aimd, what_is_ignored_changes_nothing)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 1});
    for (unsigned i = 0; i < 100; i++)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_IGNORE, 1, i);
    cr_assert_eq(aimd.limit, 1);
    cr_assert_eq(fl_aimd_best(&aimd), 0);
    cr_assert_eq(aimd.average, 0);
}

Test(aimd, best_latency_expires_after_memory_time)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 1, .memory = FILCH_SECOND});
    int64_t now = 0;
    fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OK, MS, now);
    for (; now < FILCH_SECOND; now += 100 * MS)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OK, 5 * MS, now);
    cr_assert_eq(fl_aimd_best(&aimd), MS);
    for (; now <= 2 * FILCH_SECOND; now += 100 * MS)
        fl_aimd_call_over(&aimd, FILCH_ADAPTIVE_OK, 5 * MS, now);
    cr_assert_eq(fl_aimd_best(&aimd), 5 * MS);
}

Test(aimd, new_bounds_clamp_limit)
{
    fl_aimd aimd = with((filch_adaptive_config){.start = 50});
    cr_assert_eq(fl_aimd_set(&aimd, 60, 70), 0);
    cr_assert_eq(aimd.limit, 60);
    cr_assert_eq(fl_aimd_set(&aimd, 1, 40), 0);
    cr_assert_eq(aimd.limit, 40);
    cr_assert_eq(fl_aimd_set(&aimd, 5, 4), -EINVAL);
    cr_assert_eq(aimd.limit, 40);
}

/* The other side works on `servers` calls at a time, each for 10 ms; the others wait there. */
static int64_t latency_at(unsigned running, unsigned servers)
{
    return 10 * MS * (int64_t)(running > servers ? running : servers) / servers;
}

Test(aimd, limit_tracks_changing_peer_capacity)
{
    static const unsigned phases[] = {40, 10, 160};
    fl_aimd aimd = with((filch_adaptive_config){.start = 1});
    int64_t now = 0;
    for (unsigned phase = 0; phase < 3; phase++) {
        unsigned servers = phases[phase], most = 0, least = UINT32_MAX;
        for (unsigned round = 0; round < 1000; round++) {
            now = play_round(&aimd, latency_at(aimd.limit, servers), now);
            if (round >= 500) {
                most = aimd.limit > most ? aimd.limit : most;
                least = aimd.limit < least ? aimd.limit : least;
            }
        }
        cr_assert_leq(most, 2 * servers + 1, "tolerance: twice the latency");
        cr_assert_geq(least, servers, "all servers are busy");
    }
}

Test(aimd, steady_load_refreshes_best_without_creep)
{
    enum { SERVERS = 40 };
    fl_aimd aimd = with((filch_adaptive_config){.start = 1, .memory = FILCH_SECOND});
    for (int64_t now = 0; now < 1000 * FILCH_SECOND;) {
        now = play_round(&aimd, latency_at(aimd.limit, SERVERS), now);
        cr_assert_eq(fl_aimd_best(&aimd), 10 * MS);
        cr_assert_leq(aimd.limit, 2 * SERVERS + 1);
        cr_assert(aimd.limit >= SERVERS * 8 / 10 || now < FILCH_SECOND, "%u", aimd.limit);
    }
}

Test(aimd, no_report_breaks_it)
{
    static const int64_t latencies[] = {0, 1, MS, FILCH_SECOND, FILCH_FOREVER};
    uint64_t random = stress_seed();
    fl_aimd aimd = with((filch_adaptive_config){.min = 2, .max = 50, .start = 10});
    int64_t now = FILCH_SECOND;
    for (unsigned i = 0; i < 100000; i++) {
        random = stress_mix(random + i);
        aimd.reached |= random % 3 == 0;
        now += (int64_t)(random / 64 % MS);
        fl_aimd_call_over(&aimd, (filch_adaptive_outcome)(random / 8 % 3),
                          latencies[random / 512 % 5], now);
        cr_assert(aimd.limit >= 2 && aimd.limit <= 50);
        cr_assert_geq(aimd.average, 0);
    }
}
