/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A word that two threads change in turn, each on its own processor:
 *   PassTurn one adds 1, release   -> the other sees it, acquire, and adds 1 */
#include "calibrate.h"

#include <bench/bind.h>
#include <errno.h>
#include <filch/atomic.h>
#include <pthread.h>
#include <runtime/platform/machine/topology.h>
#include <sched.h>
#include <tools/shared/clock.h>

enum { TURNS = 5000, WARM = 200 };

typedef struct relay {
    FILCH_ALIGNED(FILCH_APART) filch_u32 turn;
    int cpu;
} relay;

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Waits for each second number, and counts on. */
static void take_turns(relay *r, uint32_t first, uint32_t last)
{
    for (uint32_t turn = first; turn <= last; turn += 2) {
        while (filch_u32_load(&r->turn, FILCH_ACQUIRE) != turn) /* PassTurn */
            filch_pause();
        filch_u32_store(&r->turn, turn + 1, FILCH_RELEASE); /* PassTurn */
    }
}

static void *take_odd_turns(void *arg)
{
    relay *r = arg;
    pin(r->cpu);
    take_turns(r, 1, 2 * (WARM + TURNS) - 1);
    return NULL;
}

/* ns of one way. */
static int measure(const fl_place *one, const fl_place *other, double *ns)
{
    relay r = {.cpu = other->cpu};
    pthread_t thread;
    cpu_set_t before;
    filch_u32_store(&r.turn, 0, FILCH_RELAXED); /* before the thread exists */
    int rc = -pthread_create(&thread, NULL, take_odd_turns, &r);
    if (rc)
        return rc;
    sched_getaffinity(0, sizeof before, &before);
    pin(one->cpu);
    take_turns(&r, 0, 2 * WARM - 2);
    double from = seconds_of(CLOCK_MONOTONIC);
    take_turns(&r, 2 * WARM, 2 * (WARM + TURNS) - 2);
    *ns = (seconds_of(CLOCK_MONOTONIC) - from) / (2 * TURNS) * 1e9;
    pthread_join(thread, NULL);
    sched_setaffinity(0, sizeof before, &before);
    return 0;
}

/* The first pair at that distance that this process may use. false: there is none. */
static bool find_pair(const fl_topology *t, unsigned tier, fl_place *one, fl_place *other)
{
    cpu_set_t allowed;
    unsigned count;
    const fl_place *pu = fl_topology_pus(t, &count);
    sched_getaffinity(0, sizeof allowed, &allowed);
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = i + 1; j < count && CPU_ISSET((unsigned)pu[i].cpu, &allowed); j++) {
            unsigned distance = fl_topology_distance(t, &pu[i], &pu[j]);
            distance = distance < SIM_TIERS ? distance : FL_TIER_FAR;
            *one = pu[i];
            *other = pu[j];
            if (distance == tier && CPU_ISSET((unsigned)pu[j].cpu, &allowed))
                return true;
        }
    return false;
}

int calibrate_lines(calibrate_round *r)
{
    const fl_topology *t;
    fl_place one, other;
    int rc = fl_topology_load(&t);
    bool pins = !bench_affinity_refused(); /* else both threads might share a processor */
    for (unsigned tier = 0; !rc && tier < SIM_TIERS; tier++) {
        r->line[tier] = -1;
        if (pins && fl_topology_real(t) && find_pair(t, tier, &one, &other))
            rc = measure(&one, &other, &r->line[tier]);
    }
    return rc;
}

bool calibrate_tier(unsigned *tier)
{
    const fl_topology *t;
    fl_place one, other;
    if (fl_topology_load(&t) || fl_topology_cpus(t) < 2)
        return false;
    fl_topology_place(t, FL_BIND_CORE, 0, &one);
    fl_topology_place(t, FL_BIND_CORE, 1, &other);
    *tier = fl_topology_distance(t, &one, &other);
    *tier = *tier < SIM_TIERS ? *tier : FL_TIER_FAR;
    return true;
}
