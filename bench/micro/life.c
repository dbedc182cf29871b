/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Creating and destroying a runtime of N workers; floor: as many threads, created and joined. */
#include "micro.h"

enum { WORKERS_MOST = 8 };

static void create_and_destroy(shim_state *state)
{
    while (shim_keep_running(state)) {
        filch_runtime *rt = micro_workers(state, (unsigned)shim_range(state));
        if (!rt)
            return;
        filch_runtime_destroy(rt);
    }
}

static void *nothing(void *arg)
{
    return arg;
}

static void threads(shim_state *state)
{
    pthread_t all[WORKERS_MOST];
    int64_t count = shim_range(state);
    while (shim_keep_running(state)) {
        int64_t started = 0;
        while (started < count && pthread_create(&all[started], NULL, nothing, NULL) == 0)
            started++;
        for (int64_t i = 0; i < started; i++)
            pthread_join(all[i], NULL);
        if (started < count) {
            shim_fail(state, "a thread was refused");
            return;
        }
    }
}

void register_life(void)
{
    shim_benchmark *filch = shim_register("create, destroy/filch/workers", create_and_destroy);
    shim_benchmark *floor = shim_register("create, destroy/floor/threads", threads);
    for (int count = 1; count <= WORKERS_MOST; count *= 2) {
        shim_argument(filch, count);
        shim_argument(floor, count);
    }
    shim_use_real_time(filch);
    shim_use_real_time(floor);
}
