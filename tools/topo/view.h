/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The facts of `filch topo`, gathered once, for each of its formats. */
#ifndef FILCH_TOPO_VIEW_H
#define FILCH_TOPO_VIEW_H

#include <hwloc.h>
#include <runtime/platform/placement.h>

struct topo_view {
    const fl_topology *topology;
    hwloc_topology_t hwloc;
    struct fl_affinity mask; /* usable CPUs; of an imagined machine, all */
    enum fl_bind bind;
    fl_placement placement;  /* of a process's first runtime */
    struct fl_sizing sizing; /* of a default runtime with this binding */
    unsigned cpus;           /* fl_topology_cpus */
    unsigned workers;
    fl_place *place; /* of each worker */
    unsigned tiers;
    unsigned long *pairs; /* pairs of workers in each tier */
};

static inline unsigned topo_distance(const struct topo_view *v, unsigned a, unsigned b)
{
    return fl_topology_distance(v->topology, &v->place[a], &v->place[b]);
}

/* "same core"; steps beyond FL_TIER_FAR have no name of their own. */
const char *topo_tier_name(unsigned tier);

/* Whether the object is drawn: groups and caches that tell nothing are not. */
bool topo_shown(const struct topo_view *v, hwloc_obj_t object);

/* The formats write to stdout: 0, or 1 after a message on stderr. */
int topo_table(const struct topo_view *v);
int topo_json(const struct topo_view *v);

#endif
