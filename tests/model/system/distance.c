/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What a thief may ask of the machine: all workers are equally far. */
#include <runtime/core/topology.h>

unsigned fl_topology_distance(const fl_topology *of, const fl_place *a, const fl_place *b)
{
    (void)of, (void)a, (void)b;
    return FL_TIER_CORE;
}
