/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How parallel this hardware is: processors that share a cache, a memory bus, a core or a noisy
 * host give two independent programs less than twice the speed of one. Measured with fib, which
 * touches no memory, each copy pinned to a worker's CPU: first one copy per core. */
#include "bench.h"
#include "child.h"
#include "interrupt.h"

#include <runtime/platform/machine/topology.h>
#include <sched.h>
#include <tools/shared/clock.h>
#include <tools/shared/statistics.h>

enum { ROUNDS = 7, MOST = 256 };

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

/* Pins child i to the CPU of worker i. False: the system refuses. */
static bool pin(const child *children, const int *cpus, unsigned count)
{
    cpu_set_t one;
    for (unsigned i = 0; i < count; i++) {
        CPU_ZERO(&one);
        CPU_SET((size_t)cpus[i], &one);
        if (sched_setaffinity(children[i].pid, sizeof one, &one))
            return false;
    }
    return true;
}

/* Reads the CPUs of pinned workers. Returns their number, at most MOST; 0: not the real machine. */
static unsigned read_cpus(int *cpus)
{
    const fl_topology *t;
    unsigned count = 0;
    if (fl_topology_load(&t))
        return 0;
    if (fl_topology_real(t))
        count = fl_topology_units(t, FL_BIND_PU);
    count = count < MOST ? count : MOST;
    for (unsigned i = 0; i < count; i++) {
        fl_place place;
        fl_topology_place(t, FL_BIND_CORE, i, &place);
        cpus[i] = place.cpu;
    }
    fl_topology_unload(); /* children start without it */
    return count;
}

static double gain_of(child *children, unsigned copies, uint32_t runs)
{
    double gains[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double alone = together(children, 1, runs);
        gains[i] = copies * alone / together(children, copies, runs);
    }
    return median_of(gains, ROUNDS);
}

/* One ceiling for each number of workers from 2 to `count`. */
static void measure_all(report *r, child *children, unsigned count)
{
    const options *o = r->options;
    uint32_t runs = 1 + (uint32_t)(CHILD_SAMPLE_SECONDS / (together(children, count, 5) / 5));
    for (size_t i = 0; i < o->worker_count && o->workers[i] <= count; i++) {
        bench_ceiling found = {o->workers[i], 1};
        if (found.copies < 2)
            continue;
        found.gain = gain_of(children, found.copies, runs);
        if (interrupt_came())
            return;
        r->ceilings[r->ceiling_count++] = found;
    }
}

void bench_measure_ceiling(report *r)
{
    const options *o = r->options;
    child children[MOST];
    int cpus[MOST];
    unsigned usable = read_cpus(cpus), copies = 0, started = 0;
    block fib = {.row = kernel_find("fib"), .size = KERNEL_QUICK};
    cell serial = {.column = &o->columns[0], .workers = 1};
    for (size_t i = 0; i < o->worker_count; i++)
        copies = o->workers[i] <= usable ? o->workers[i] : copies;
    if (copies < 2)
        return;
    while (started < copies && child_start(&children[started], o, &fib, &serial) == 0)
        started++;
    if (started == copies && pin(children, cpus, copies))
        measure_all(r, children, copies);
    while (started-- > 0)
        child_stop(&children[started]);
}
