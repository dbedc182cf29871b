/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runtimes whose workers have begun and sleep: one that begins would take a refusal that is meant for
 * another call. */
#ifndef SUPPORT_REST_H
#define SUPPORT_REST_H

#include <runtime/engine/runtime.h>
#include <sched/idle.h>
#include <tests/support/patience.h>
#include <tests/support/test.h>

static inline void runtime_rests(filch_runtime *rt, unsigned workers)
{
    WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < workers);
}

static inline filch_runtime *runtime_at_rest(unsigned workers)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = workers}), 0, "%s",
                 filch_error());
    runtime_rests(rt, workers);
    return rt;
}

#endif
