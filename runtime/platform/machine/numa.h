/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Distance tiers of NUMA nodes that lie in different packages, from the latencies that the firmware
 * claims. Part of loading the topology; keeps nothing. */
#ifndef FL_NUMA_H
#define FL_NUMA_H

#include <hwloc.h>

/* Gives *matrix, which the caller frees, the tier between nodes i and j at [i * nodes + j] (logical
 * indexes): FL_TIER_FAR and up, one tier for each latency that occurs. NULL where hwloc knows no
 * latencies for all nodes, or there is no need to tell them apart: all are FL_TIER_FAR. 0, or
 * -ENOMEM. */
int fl_numa_tiers(hwloc_topology_t h, unsigned nodes, unsigned char **matrix);

#endif
