/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ours.h"

enum { WORKERS_MOST = 64 };

/* One at a time: the workers of two live runtimes would not be bound to cores
 * (filch_config.bind). */
filch_runtime *ours_runtime(long workers)
{
    static filch_runtime *rt;
    static long has;
    peer_check(workers > 0 && workers <= WORKERS_MOST, "checking the number of workers");
    if (rt && has != workers) {
        ours_check(filch_runtime_destroy(rt));
        rt = NULL;
    }
    if (!rt)
        ours_check(filch_runtime_create(&rt, &(filch_config){.size = sizeof(filch_config),
                                                             .workers = (unsigned)workers}));
    has = workers;
    return rt;
}

int main(void)
{
    static const peer_kind kinds[] = {
        {"wake-blocks", ours_wake},
        {"wake-polls", ours_wake},
        {"wake-spins", ours_wake},
        {"jobs-direct", ours_jobs},
        {"jobs-queued", ours_jobs},
        {"jobs-fifo", ours_jobs},
        {"jobs-priority", ours_jobs},
        {"jobs-timeout", ours_jobs},
        {"jobs-handle", ours_jobs},
        {"jobs-all", ours_jobs},
        {"million", ours_million},
        {"channel", ours_channel},
        {"mutex", ours_mutex},
        {"timers-start", ours_timers_start},
        {"timers-stop", ours_timers_stop},
        {"timers-pairs", ours_timers_pairs},
        {"reduce", ours_reduce},
        {"for", ours_for},
        {"spawn", ours_spawn},
        {"fork", ours_fork},
        {NULL, NULL},
    };
    return peer_serve(kinds);
}
