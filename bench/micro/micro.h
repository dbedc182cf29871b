/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the micro benchmarks. Each file registers its own; a benchmark stands beside its floor:
 * the same thing without Filch. Names: what/filch/..., what/floor/... */
#ifndef MICRO_H
#define MICRO_H

#include "../bars/measure.h"
#include "../bind.h"
#include "../gbench_shim.h"
#include "handoff.h"
#include <filch/filch.h>

void register_forkjoin(void);
void register_steal(void);
void register_outside(void);
void register_life(void);
void register_scopes(void);
void register_calls(void);

/* A runtime, or NULL after the benchmark was marked as failed. */
static inline filch_runtime *micro_runtime(shim_state *state, const filch_config *like)
{
    filch_runtime *rt;
    filch_config config = *like;
    config.bind = bench_bind_told();
    if (filch_runtime_create(&rt, &config) == 0)
        return rt;
    shim_fail(state, filch_error());
    return NULL;
}

static inline filch_runtime *micro_workers(shim_state *state, unsigned workers)
{
    return micro_runtime(state, &(filch_config){.size = sizeof(filch_config), .workers = workers});
}

/* A partner for hand-offs to the same CPU (0) or another (1), with the caller pinned; NULL after
 * shim_fail. */
static inline handoff *micro_partner(shim_state *state, int place, cpu_set_t *before)
{
    int cpus[2];
    handoff *h;
    sched_getaffinity(0, sizeof *before, before);
    if (measure_cpus(cpus) < 2 && place == 1) {
        shim_fail(state, "one CPU only");
        return NULL;
    }
    if (handoff_create(&h, cpus[place])) {
        shim_fail(state, "no partner thread");
        return NULL;
    }
    measure_pin(cpus[0]);
    return h;
}

static inline void micro_partner_end(handoff *h, const cpu_set_t *before)
{
    handoff_destroy(h);
    sched_setaffinity(0, sizeof *before, before);
}

#endif
