/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Every idle, take and wait mode with every other, on few and many workers: answers are right, and
 * the runtime ends. Deep recursions with large frames, whose joins help, stay within their
 * stacks. */
#include <sched/mode.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { FIB = 14, ITEMS = 3000, DEPTH = 11, FRAME = 1500 };

FILCH_FOR(double_items, i, (int *, items))
{
    items[i] *= 2;
}

static void doubles(filch_runtime *rt)
{
    static int items[ITEMS];
    for (int i = 0; i < ITEMS; i++)
        items[i] = i;
    FILCH_RUN(rt, double_items, 0, ITEMS, items);
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(items[i], 2 * i);
}

/* Uneven, so that joins often find their task stolen and not done. */
FILCH_TASK(uint64_t, uneven, (uint64_t, seed), (int, depth))
{
    volatile char frame[FRAME];
    frame[seed % FRAME] = 1;
    if (depth <= 0)
        return seed % 7 + frame[seed % FRAME];
    stress_dawdle(seed);
    FILCH_FORK(uneven, stress_mix(seed), depth - 1 - (int)(seed % 3));
    uint64_t right = uneven(self, stress_mix(seed + 1), depth - 1);
    FILCH_JOIN(uint64_t left, uneven);
    return 3 * left + right + frame[seed % FRAME];
}

static void right_with(filch_config config, unsigned workers)
{
    filch_runtime *rt = mode_runtime((filch_config){.workers = 1});
    uint64_t expected = FILCH_RUN(rt, uneven, config.seed, DEPTH);
    filch_runtime_destroy(rt);
    config.workers = workers;
    rt = mode_runtime(config);
    cr_assert_eq(FILCH_RUN(rt, uneven, config.seed, DEPTH), expected, "%s %s %s %u", config.idle,
                 config.take, config.wait, config.workers);
    cr_assert_eq(FILCH_RUN(rt, fib, FIB), serial_fib(FIB));
    doubles(rt);
    OK(filch_runtime_destroy(rt));
}

/* Where there is time, each on each number of workers. */
Test(modes, answers_are_right_with_every_combination)
{
    enum { OF_EACH = 3, ALL = OF_EACH * OF_EACH * OF_EACH };
    cr_assert(!fl_idle_modes[OF_EACH] && !fl_take_modes[OF_EACH] && !fl_wait_modes[OF_EACH]);
    uint64_t seed = stress_seed();
    unsigned rounds = stress_times(MODE_SIZES);
    for (unsigned i = 0; i < ALL * rounds; i++)
        right_with((filch_config){.idle = fl_idle_modes[i % OF_EACH]->name,
                                  .take = fl_take_modes[i / OF_EACH % OF_EACH]->name,
                                  .wait = fl_wait_modes[i / (OF_EACH * OF_EACH) % OF_EACH]->name,
                                  .stack_size = BUILD_ASAN ? 512 << 10 : 128 << 10,
                                  .seed = seed + i + 1},
                   config_workers[(i + i / 3 + i / 9 + i / ALL) % MODE_SIZES]);
}

/* The frames of one recursion fill half of what is left where joins still help; nested in each
 * other without a bound they would fill many stacks. */
Test(modes, helping_joins_stay_within_stack)
{
    uint64_t seed = stress_seed();
    uint64_t helps = 0;
    for (unsigned times = stress_times(30), wait = FL_WAIT_HELP_ANY; times > 0; times--) {
        filch_runtime *rt =
            mode_runtime((filch_config){.wait = fl_wait_modes[wait]->name,
                                        .workers = config_workers[1 + times % 3],
                                        .stack_size = BUILD_ASAN ? 256 << 10 : 64 << 10,
                                        .seed = seed + times});
        FILCH_RUN(rt, uneven, seed + times, DEPTH + 5);
        helps += mode_stats(rt).helps;
        OK(filch_runtime_destroy(rt));
        wait = wait == FL_WAIT_HELP_ANY ? FL_WAIT_HELP_OWN : FL_WAIT_HELP_ANY;
    }
    printf("%llu times a join helped\n", (unsigned long long)helps);
}

/* Tasks wait for time and for channels during joins that help: the frames below only wait
 * longer. */
FILCH_TASK(int, sleepy, (uint64_t, seed), (int, depth))
{
    if (seed % 50 == 0)
        filch_sleep((int64_t)(seed % 10000));
    if (depth == 0)
        return 1;
    FILCH_FORK(sleepy, stress_mix(seed), depth - 1);
    int right = sleepy(self, stress_mix(seed + 1), depth - 1);
    FILCH_JOIN(int left, sleepy);
    return left + right;
}

Test(modes, tasks_on_top_may_sleep)
{
    uint64_t seed = stress_seed();
    for (unsigned times = stress_times(3); times > 0; times--)
        for (unsigned wait = FL_WAIT_HELP_ANY; wait <= FL_WAIT_HELP_OWN; wait++)
            for (unsigned i = 0; i < MODE_SIZES; i++) {
                filch_runtime *rt = mode_runtime((filch_config){.wait = fl_wait_modes[wait]->name,
                                                                .workers = config_workers[i]});
                cr_assert_eq(FILCH_RUN(rt, sleepy, seed + times, 6), 1 << 6);
                OK(filch_runtime_destroy(rt));
            }
}
