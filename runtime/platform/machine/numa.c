/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/machine/numa.h>

#include <runtime/platform/error.h>
#include <runtime/platform/machine/topology.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* NUMA nodes i and j of a latency matrix: their latency there and back, 0 where they do not lie
 * apart. */
static uint64_t apart(hwloc_topology_t h, const struct hwloc_distances_s *d, unsigned i, unsigned j)
{
    hwloc_obj_t a = hwloc_get_ancestor_obj_by_type(h, HWLOC_OBJ_PACKAGE, d->objs[i]);
    hwloc_obj_t b = hwloc_get_ancestor_obj_by_type(h, HWLOC_OBJ_PACKAGE, d->objs[j]);
    if (i == j || (a && a == b))
        return 0;
    return d->values[i * d->nbobjs + j] + d->values[j * d->nbobjs + i];
}

/* The next larger latency between any two nodes, 0: there is none. */
static uint64_t next_latency(hwloc_topology_t h, const struct hwloc_distances_s *d, uint64_t last)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < d->nbobjs; i++)
        for (unsigned j = 0; j < d->nbobjs; j++) {
            uint64_t latency = apart(h, d, i, j);
            if (latency > last && (!next || latency < next))
                next = latency;
        }
    return next;
}

/* The smallest latency is FL_TIER_FAR, the next one a tier more, up to what a byte holds. */
static void rank(hwloc_topology_t h, const struct hwloc_distances_s *d, unsigned char *matrix)
{
    unsigned tiers = FL_TIER_FAR;
    uint64_t least = next_latency(h, d, 0);
    for (; least && tiers < UCHAR_MAX; least = next_latency(h, d, least), tiers++)
        for (unsigned i = 0; i < d->nbobjs; i++)
            for (unsigned j = 0; j < d->nbobjs; j++)
                if (apart(h, d, i, j) >= least)
                    matrix[d->objs[i]->logical_index * d->nbobjs + d->objs[j]->logical_index] =
                        (unsigned char)tiers;
}

int fl_numa_tiers(hwloc_topology_t h, unsigned nodes, unsigned char **matrix)
{
    struct hwloc_distances_s *d = NULL;
    unsigned found = 1;
    *matrix = NULL;
    if (hwloc_distances_get_by_type(h, HWLOC_OBJ_NUMANODE, &found, &d,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) ||
        found == 0)
        return 0;
    int rc = 0;
    if (d->nbobjs == nodes && nodes > 2) {
        size_t size = (size_t)nodes * nodes;
        *matrix = malloc(size);
        if (*matrix) {
            memset(*matrix, FL_TIER_FAR, size);
            rank(h, d, *matrix);
        } else {
            rc = fl_fail(ENOMEM, "no memory for the distances of NUMA nodes; free some");
        }
    }
    hwloc_distances_release(h, d);
    return rc;
}
