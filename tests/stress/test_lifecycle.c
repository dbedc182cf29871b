/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runtimes come and go: nothing is left behind, however little they did. */
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static signpost gone;

static void go(filch_self self, void *unused)
{
    signpost_raise(&gone);
}

/* Destroyed at once, after a run, or with detached tasks still to come. */
static void live(uint64_t random)
{
    filch_runtime *rt;
    filch_config config = {.workers = 1 + (unsigned)(random % 4),
                           .queue = random / 4 % 2 ? "central-mutex" : "chase-lev",
                           .fence = random / 8 % 2 ? "full" : "asymmetric",
                           .max_fibers = random / 128 % 2 ? 1 : 0 /* as few as can be */};
    OK(filch_runtime_create(&rt, &config));
    unsigned tasks = (unsigned)(random / 16 % 3 * 5);
    filch_u32_store(&gone, 0, FILCH_RELEASE);
    if (random / 64 % 2)
        cr_assert_eq(FILCH_RUN(rt, fib, 10), 55);
    for (unsigned i = 0; i < tasks; i++)
        OK(filch_go(rt, go, NULL));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&gone), tasks);
}

Test(lifecycle, a_thousand_lives_leave_nothing_behind)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < 64; i++) /* allocators and sanitizers keep what they will keep */
        live(stress_mix(seed - i));
    unsigned threads = process_threads(), files = process_files(), before = process_mappings();
    for (unsigned i = 0; i < stress_times(1000); i++)
        live(stress_mix(seed + i));
    process_wait_for_threads(threads);
    cr_assert_eq(process_files(), files);
    /* One for each life would be 200 at least; the memory that address sanitizer quarantines is
     * bounded by its size alone. */
    cr_assert_leq(process_mappings(), before + (BUILD_ASAN ? 100 : 32), "from %u mappings to %u",
                  before, process_mappings());
}

Test(lifecycle, runtimes_end_in_any_order)
{
    enum { ROOM = 12 };
    uint64_t seed = stress_seed();
    filch_runtime *all[ROOM] = {NULL};
    for (unsigned i = 0; i < stress_times(400); i++) {
        uint64_t random = stress_mix(seed + i);
        filch_runtime **rt = &all[random % ROOM];
        if (*rt) {
            cr_assert_eq(FILCH_RUN(*rt, fib, 12), 144);
            OK(filch_runtime_destroy(*rt));
            *rt = NULL;
        } else {
            filch_config config = {.workers = 1 + (unsigned)(random / ROOM % 3)};
            OK(filch_runtime_create(rt, &config));
            cr_assert_eq(FILCH_RUN(*rt, fib, 12), 144);
        }
    }
    for (unsigned i = 0; i < ROOM; i++)
        OK(filch_runtime_destroy(all[i]));
}
