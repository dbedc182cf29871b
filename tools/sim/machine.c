/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "machine.h"

#include <runtime/platform/machine/topology.h>
#include <tools/shared/spell.h>

#include <errno.h>
#include <filch/base.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- A string of levels ---- */

/* Outermost first. The last-level cache is l3, or l2 where there is no l3. */
enum level { PACKAGE, NUMA, L3, L2, CORE, PU, LEVELS };
static const char *const level_names[LEVELS] = {"package", "numa", "l3", "l2", "core", "pu"};

/* Hardware threads in one of each level; 0: the level is not there. */
typedef struct layout {
    unsigned long count[LEVELS], within[LEVELS], units;
} layout;

static int refuse(char *error, size_t size, const char *word)
{
    snprintf(error, size,
             "unknown level '%.40s' of a machine (valid: package:N, numa:N, l3:N, l2:N, core:N, "
             "pu:N, in this order, or FILE.xml of hwloc)",
             word);
    return -EINVAL;
}

static int add_level(layout *l, const char *word, enum level *least, char *error, size_t size)
{
    const char *colon = strchr(word, ':');
    size_t length = colon ? (size_t)(colon - word) : strlen(word);
    unsigned level = 0;
    while (level < LEVELS && !(strlen(level_names[level]) == length &&
                               strncmp(word, level_names[level], length) == 0))
        level++;
    if (level == LEVELS || !colon)
        return refuse(error, size, word);
    if (level < *least) {
        snprintf(error, size,
                 "level '%.40s' is out of order (valid: each level once, in the order "
                 "package, numa, l3, l2, core, pu)",
                 word);
        return -EINVAL;
    }
    if (!spell_count(colon + 1, 1, SIM_UNITS, &l->count[level])) {
        snprintf(error, size, "count of level '%.40s' is out of range (1..%d)", word, SIM_UNITS);
        return -EINVAL;
    }
    *least = level + 1;
    l->units *= l->count[level];
    if (l->units <= SIM_UNITS)
        return 0;
    snprintf(error, size, "machine is too large: more than %d hardware threads", SIM_UNITS);
    return -EINVAL;
}

static int read_levels(layout *l, const char *text, char *error, size_t size)
{
    char copy[SIM_MACHINE_TEXT], *rest = copy, *word;
    enum level least = PACKAGE;
    *l = (layout){.units = 1};
    if (strlen(text) >= sizeof copy) {
        snprintf(error, size, "description of the machine is too long (at most %zu bytes)",
                 sizeof copy - 1);
        return -EINVAL;
    }
    strcpy(copy, text);
    while ((word = strsep(&rest, " \t\n")))
        if (*word) {
            int rc = add_level(l, word, &least, error, size);
            if (rc)
                return rc;
        }
    if (least == PACKAGE)
        return refuse(error, size, text);
    unsigned long within = 1;
    for (unsigned level = LEVELS; level-- > 0;) {
        l->within[level] = l->count[level] ? within : 0;
        within *= l->count[level] ? l->count[level] : 1;
    }
    return 0;
}

static bool share(const layout *l, enum level level, unsigned long one, unsigned long other)
{
    return l->count[level] && one / l->within[level] == other / l->within[level];
}

/* The rule of fl_topology_distance. If no NUMA nodes are named, each package is one, as on most
 * real machines. (hwloc imagines a single one then, and all packages near.) */
static unsigned tier_of(const layout *l, unsigned long one, unsigned long other)
{
    enum level last = l->count[L3] ? L3 : L2;
    bool is_whole = !l->count[PACKAGE] && !l->count[NUMA];
    if (one == other || share(l, CORE, one, other))
        return FL_TIER_CORE;
    if (share(l, last, one, other))
        return FL_TIER_CACHE;
    return is_whole || share(l, NUMA, one, other) || share(l, PACKAGE, one, other) ? FL_TIER_NODE
                                                                                   : FL_TIER_FAR;
}

/* Every core gets a worker before one gets two. */
static unsigned long unit_of(const layout *l, unsigned worker)
{
    unsigned long threads = l->count[CORE] && l->count[PU] ? l->count[PU] : 1;
    unsigned long cores = l->units / threads;
    return worker % cores * threads + worker / cores;
}

static int fit(unsigned long units, unsigned workers, char *error, size_t size)
{
    if (workers <= units)
        return 0;
    snprintf(error, size, "%u workers do not fit on %lu hardware threads (valid: 1..%lu)", workers,
             units, units);
    return -EINVAL;
}

static int imagine(machine *m, const char *text, char *error, size_t size)
{
    layout l;
    int rc = read_levels(&l, text, error, size);
    if (!rc)
        rc = fit(l.units, m->workers, error, size);
    for (unsigned i = 0; !rc && i < m->workers; i++)
        for (unsigned j = 0; j < m->workers; j++)
            m->tier[i * m->workers + j] =
                (unsigned char)tier_of(&l, unit_of(&l, i), unit_of(&l, j));
    return rc;
}

/* ---- A file of hwloc ---- */

static void measure(machine *m, const fl_topology *topology)
{
    fl_place places[SIM_WORKERS];
    for (unsigned i = 0; i < m->workers; i++)
        fl_topology_place(topology, FL_BIND_CORE, i, &places[i]);
    for (unsigned i = 0; i < m->workers; i++)
        for (unsigned j = 0; j < m->workers; j++) {
            unsigned tier = fl_topology_distance(topology, &places[i], &places[j]);
            m->tier[i * m->workers + j] = (unsigned char)(tier < SIM_TIERS ? tier : FL_TIER_FAR);
        }
}

static int load(machine *m, const char *path, char *error, size_t size)
{
    const fl_topology *topology;
    unsigned units;
    unsetenv("HWLOC_SYNTHETIC");
    setenv("HWLOC_XMLFILE", path, 1);
    int rc = fl_topology_load(&topology);
    if (rc) {
        snprintf(error, size, "machine file '%s' cannot be read: %s", path,
                 access(path, R_OK) ? strerror(errno)
                 : rc == -ENOMEM
                     ? filch_error()
                     : "hwloc cannot parse it (valid: a file written by lstopo FILE.xml)");
        return rc;
    }
    fl_topology_pus(topology, &units);
    rc = fit(units, m->workers, error, size);
    if (!rc)
        measure(m, topology);
    return rc;
}

int machine_describe(machine *m, const char *text, unsigned workers, char *error, size_t size)
{
    size_t length = text ? strlen(text) : 0;
    bool is_file = length > 4 && strcmp(text + length - 4, ".xml") == 0;
    *m = (machine){.workers = workers, .tier = calloc(workers, workers)};
    if (!m->tier) {
        snprintf(error, size, "no memory for %u workers", workers);
        return -ENOMEM;
    }
    memset(m->tier, FL_TIER_CACHE, (size_t)workers * workers);
    machine_set_speeds(m, NULL, 0);
    int rc = is_file ? load(m, text, error, size) : text ? imagine(m, text, error, size) : 0;
    if (rc)
        machine_free(m);
    return rc;
}

void machine_set_speeds(machine *m, const unsigned *speeds, unsigned count)
{
    for (unsigned i = 0; i < m->workers; i++)
        m->speed[i] = count ? speeds[i < count ? i : count - 1] : SIM_SPEED;
}

void machine_free(machine *m)
{
    free(m->tier);
    m->tier = NULL;
}
