/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Simulations for tests, from texts. */
#ifndef TESTS_SIMULATED_H
#define TESTS_SIMULATED_H

#include <tests/support/test.h>
#include <tools/sim/sim.h>
#include <tools/sim/walk.h>

typedef struct simulated {
    generator graph;
    machine machine;
    costs costs;
    extent extent;
    simulation how;
} simulated;

/* levels: NULL: cores that share one cache. Random victims, mode adaptive, seed 1. */
static inline void simulated_begin(simulated *s, const char *graph, const char *levels,
                                   unsigned workers)
{
    char reason[512] = "";
    cr_assert_eq(generator_read(&s->graph, graph, reason, sizeof reason), 0, "%s", reason);
    cr_assert_eq(machine_describe(&s->machine, levels, workers, reason, sizeof reason), 0, "%s",
                 reason);
    cr_assert_eq(walk(&s->graph, UINT64_MAX, &s->extent), 0);
    costs_default(&s->costs);
    s->how = (simulation){.graph = &s->graph,
                          .machine = &s->machine,
                          .costs = &s->costs,
                          .policy = fl_policies[0],
                          .seed = 1};
}

static inline void simulated_end(simulated *s)
{
    machine_free(&s->machine);
}

/* Nothing costs anything but the tasks' own time, and a thief's look. Idle workers search on, and
 * rob at once. */
static inline void simulated_free(simulated *s, picoseconds look)
{
    for (int i = 0; i < COST_TIER_CORE; i++)
        s->costs.of[i] = 0;
    s->costs.of[COST_LOOK] = look;
    s->how.idle = FL_IDLE_SPIN;
}

static inline outcome simulated_run(const simulated *s)
{
    outcome o;
    cr_assert_eq(simulate(&s->how, &o), 0);
    return o;
}

#endif
