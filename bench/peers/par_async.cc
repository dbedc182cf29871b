// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A thread per task. It has no workers: their number says on how many CPUs its threads may run.
#include "peer.h"

#include <sched.h>

// This thread, and those that it and they start.
static void *stay_on(unsigned workers)
{
    static char place;
    cpu_set_t all, some;
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all))
        return &place;
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&some) < (int)workers; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &some);
    sched_setaffinity(0, sizeof some, &some);
    return &place;
}

static const peer_kernel no_algorithms[] = {{nullptr, nullptr}};

extern "C" {
extern const peer peer_async;
const peer peer_async = {"async", stay_on, no_algorithms};
}
