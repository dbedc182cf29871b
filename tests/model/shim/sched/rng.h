/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Chance: either as it is, so that an execution can be repeated, or explored like other choices. */
#ifndef SHIM_RNG_H
#define SHIM_RNG_H

#define fl_rng_below fl_rng_below_real
#include_next <sched/rng.h>

#include <sched/rng.h>

#undef fl_rng_below

#include <tests/model/checker/check.h>

/* Setup: all ways are tried (system/system.c). */
extern unsigned chance_is_explored;

static inline uint32_t fl_rng_below(uint64_t *state, uint32_t n)
{
    return chance_is_explored ? mc_choose(n) : fl_rng_below_real(state, n);
}

#endif
