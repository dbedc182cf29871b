/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How parallel this hardware is: processors that share a cache, a memory bus, a core or a noisy
 * host give two independent programs less than twice the speed of one. Measured with fib, which
 * touches no memory, each copy pinned to a CPU of its own. */
#include "bench.h"
#include "child.h"
#include "interrupt.h"

#include <sched.h>
#include <tools/shared/clock.h>
#include <tools/shared/statistics.h>

enum { ROUNDS = 7, MOST = 64 };

/* Seconds until count copies of so many runs, started together, have all ended. */
static double together(child *children, unsigned count, uint32_t runs)
{
    child_reply reply;
    double start = seconds_of(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < count; i++)
        child_send(&children[i], (child_order){runs, true});
    for (unsigned i = 0; i < count; i++)
        child_receive(&children[i], &reply);
    return seconds_of(CLOCK_MONOTONIC) - start;
}

/* Pins child i to the i-th CPU this process may use. False: the system refuses. */
static bool pin(const child *children, unsigned count)
{
    cpu_set_t usable, one;
    if (sched_getaffinity(0, sizeof usable, &usable))
        return false;
    for (int cpu = 0, i = 0; cpu < CPU_SETSIZE && i < (int)count; cpu++) {
        if (!CPU_ISSET(cpu, &usable))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(children[i++].pid, sizeof one, &one))
            return false;
    }
    return true;
}

static unsigned usable_cpus(void)
{
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof usable, &usable) ? 1 : (unsigned)CPU_COUNT(&usable);
}

void bench_measure_ceiling(report *r)
{
    const options *o = r->options;
    unsigned copies = o->workers[o->worker_count - 1], started = 0;
    uint32_t runs;
    child children[MOST];
    double gains[ROUNDS];
    block fib = {.row = kernel_find("fib"), .size = KERNEL_QUICK};
    cell serial = {.column = &o->columns[0], .workers = 1};
    if (copies < 2 || copies > MOST || copies > usable_cpus())
        return;
    while (started < copies && child_start(&children[started], o, &fib, &serial) == 0)
        started++;
    if (started == copies && pin(children, copies)) {
        runs = 1 + (uint32_t)(CHILD_SAMPLE_SECONDS / (together(children, copies, 5) / 5));
        for (int i = 0; i < ROUNDS && !interrupt_came(); i++) {
            double alone = together(children, 1, runs);
            gains[i] = copies * alone / together(children, copies, runs);
        }
        if (!interrupt_came()) {
            r->ceiling = median_of(gains, ROUNDS);
            r->ceiling_copies = copies;
        }
    }
    while (started-- > 0)
        child_stop(&children[started]);
}
