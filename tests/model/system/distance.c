/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The distances that a thief asks for: all workers are equally far. */
#include <runtime/platform/machine/topology.h>

unsigned fl_topology_distance(const fl_topology *of, const fl_place *a, const fl_place *b)
{
    (void)of, (void)a, (void)b;
    return FL_TIER_CORE;
}
