/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/engine.h>
#include <tests/support/test.h>

void runtime_rests(filch_runtime *rt, unsigned workers)
{
    WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < workers);
}

filch_runtime *runtime_at_rest(unsigned workers)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = workers}), 0, "%s",
                 filch_error());
    runtime_rests(rt, workers);
    return rt;
}

__attribute__((no_sanitize_thread)) void believe_in_cpus(filch_runtime *rt, unsigned cpus)
{
    rt->cpus = cpus;
}
