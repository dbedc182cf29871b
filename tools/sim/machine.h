/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The simulated machine: how far each worker is from each other one.
 *
 * Two ways to describe it. A string of levels, outermost first, each with its number in one of the
 * level before, as hwloc's synthetic descriptions: "package:2 l3:4 core:16" has 2 packages, 8
 * caches and 128 cores. Without numa, each package has memory of its own. Or a file of hwloc (lstopo
 * machine.xml), whose name ends in ".xml". Without a description, each worker has a core, and all cores
 * share one cache.
 *
 * Worker n has the n-th core, as pinned workers have, and after the last core they go round again
 * on the further hardware threads. More workers than hardware threads are refused: the simulation
 * knows no preemption. Distances are the tiers of runtime/platform/machine/topology.h. Each worker
 * has a speed: the time that its tasks, forks and joins take is divided by it. */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stddef.h>

enum {
    SIM_WORKERS = 1024,     /* at most */
    SIM_UNITS = 1 << 20,    /* hardware threads of a description, at most */
    SIM_SPEED = 1000,       /* the highest: work takes the time that is given for it */
    SIM_TIERS = 4,          /* FL_TIER_CORE .. FL_TIER_FAR; farther ones count as far */
    SIM_MACHINE_TEXT = 4096 /* bytes of a description, at most */
};

typedef struct machine {
    unsigned workers;
    unsigned char *tier; /* of worker a and worker b: tier[a * workers + b] */
    unsigned speed[SIM_WORKERS];
} machine;

/* text: NULL: no description. 0 or -errno, with the reason in `error`: an unknown level, a count that is out of
 * range, levels in the wrong order, a file that hwloc cannot read, too few hardware threads. */
int machine_describe(machine *m, const char *text, unsigned workers, char *error, size_t size);
void machine_free(machine *m);
/* Speeds of workers 0, 1, 2 ...; further workers have the last one. None: SIM_SPEED. */
void machine_set_speeds(machine *m, const unsigned *speeds, unsigned count);

static inline unsigned machine_tier(const machine *m, unsigned one, unsigned other)
{
    return m->tier[(size_t)one * m->workers + other];
}

#endif
