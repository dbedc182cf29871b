/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: UTS T1 runs again and again on 8 workers while a thread changes the policy every
 * millisecond, a thousand times. How many of the runs count wrong? tests/stress/test_policies.c
 * shows that each worker chooses by the new policy at its next theft. */
#include "bars.h"

#include <sched/victims/policy.h>

enum { WORKERS = 8, SWAPS = 1000, MS = 1000000 };

extern const kernel uts_t1_filch;

static filch_u32 done; /* swaps */

static void *change(void *rt)
{
    const fl_policy *const *next = fl_policies;
    for (unsigned i = 0; i < SWAPS; i++, next = fl_policy_next(next)) {
        measure_check(filch_runtime_set_policy(rt, (*next)->name));
        filch_u32_add(&done, 1, FILCH_RELAXED);
        filch_sleep(MS);
    }
    return NULL;
}

bool swap_judge(const bar *unused, const measure_options *options)
{
    filch_runtime *rt = runtime_for_kernels(WORKERS, NULL);
    kernel_run run = {.size = &uts_t1_filch.sizes[options->size]};
    pthread_t thread;
    unsigned runs = 0, wrong = 0;
    double from = measure_now();
    pthread_create(&thread, NULL, change, rt);
    do {
        uts_t1_filch.run(rt, &run);
        wrong += run.answer != run.size->answer;
        runs++;
    } while (filch_u32_load(&done, FILCH_RELAXED) < SWAPS);
    pthread_join(thread, NULL);
    printf("  %u runs of UTS %s on %d workers, %d swaps, in %.1f s\n", runs, run.size->label,
           WORKERS, SWAPS, measure_now() - from);
    return !filch_runtime_destroy(rt) &&
           measure_judge_one("swap: runs with a wrong number of nodes", wrong, MEASURE_AT_MOST, 0);
}
