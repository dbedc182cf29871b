/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/runtime.h>

#include <runtime/engine/outside.h>
#include <runtime/engine/runtime.h>

int filch_phase_begin(filch_runtime *rt)
{
    int rc = fl_runtime_meant(&rt, "filch_phase_begin");
    if (!rc)
        filch_u32_add(&rt->phases, 1, FILCH_RELAXED); /* a hint (runtime/engine/gap.h) */
    return rc;
}

int filch_phase_end(filch_runtime *rt)
{
    int rc = fl_runtime_meant(&rt, "filch_phase_end");
    if (!rc && !filch_u32_add(&rt->phases, (uint32_t)-1, FILCH_RELAXED)) /* the same */
        filch_die("filch_phase_end without filch_phase_begin; call each once, in this order");
    return rc;
}
