/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table format: a few facts, the machine as an indented tree, the distances. */
#include "view.h"

#include <runtime/platform/affinity.h>
#include <runtime/platform/bind.h>
#include <runtime/platform/placement.h>
#include <runtime/platform/topology.h>

#include <stdio.h>

enum { MATRIX_WORKERS = 16, LISTED_WORKERS = 8, INDENT = 2 };

const char *topo_tier_name(unsigned tier)
{
    static const char *const names[] = {
        [FL_TIER_CORE] = "same core",
        [FL_TIER_CACHE] = "same last-level cache",
        [FL_TIER_NODE] = "same NUMA node or package",
        [FL_TIER_FAR] = "farther",
    };
    return tier < sizeof names / sizeof names[0] ? names[tier] : "farther still";
}

/* ---- The tree ---- */

bool topo_shown(const struct topo_view *v, hwloc_obj_t object)
{
    if (object->type == HWLOC_OBJ_GROUP)
        return object->memory_arity > 0;
    if (!hwloc_obj_type_is_dcache(object->type))
        return true;
    /* A core's own caches below a larger one are the same everywhere. */
    bool last = true;
    for (hwloc_obj_t up = object->parent; up; up = up->parent)
        last = last && !hwloc_obj_type_is_dcache(up->type);
    return last ||
           hwloc_get_nbobjs_inside_cpuset_by_type(v->hwloc, object->cpuset, HWLOC_OBJ_CORE) > 1;
}

static void print_size(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    unsigned unit = 0;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        size /= 1024;
    printf("  %.3g %s", size, units[unit]);
}

/* " CPU 4" and the workers that sit there. */
static void print_pu(const struct topo_view *v, hwloc_obj_t pu)
{
    unsigned workers = 0, listed = 0;
    printf("  CPU %u", pu->os_index);
    if (!fl_affinity_allows(&v->mask, (int)pu->os_index))
        printf("  (not usable)");
    for (unsigned w = 0; w < v->workers; w++)
        workers += v->place[w].cpu == (int)pu->os_index;
    if (workers)
        printf(workers == 1 ? "  worker" : "  workers");
    for (unsigned w = 0; w < v->workers && listed < LISTED_WORKERS; w++)
        if (v->place[w].cpu == (int)pu->os_index)
            printf(listed++ ? ", %u" : " %u", w);
    if (workers > listed)
        printf(" and %u more", workers - listed);
}

static void print_object(const struct topo_view *v, hwloc_obj_t object, unsigned depth)
{
    char name[64];
    hwloc_obj_type_snprintf(name, sizeof name, object, 0);
    printf("%*s%s", (int)(INDENT * depth), "",
           object->type == HWLOC_OBJ_NUMANODE ? "NUMA node" : name);
    if (object->type != HWLOC_OBJ_MACHINE)
        printf(" %u", object->logical_index);
    if (object->type == HWLOC_OBJ_NUMANODE && object->attr->numanode.local_memory)
        print_size(object->attr->numanode.local_memory);
    if (hwloc_obj_type_is_dcache(object->type) && object->attr->cache.size)
        print_size(object->attr->cache.size);
    const char *model = hwloc_obj_get_info_by_name(object, "CPUModel");
    if (model)
        printf("  %s", model);
    /* A core and its only hardware thread share a line. */
    if (object->type == HWLOC_OBJ_PU)
        print_pu(v, object);
    else if (object->type == HWLOC_OBJ_CORE && object->arity == 1)
        print_pu(v, object->first_child);
    putchar('\n');
}

/* NUMA nodes are drawn between what they are attached to and its parts. */
static void print_tree(const struct topo_view *v, hwloc_obj_t object, unsigned depth)
{
    if (topo_shown(v, object))
        print_object(v, object, depth++);
    for (hwloc_obj_t node = object->memory_first_child; node; node = node->next_sibling)
        print_object(v, node, depth);
    if (object->type == HWLOC_OBJ_CORE && object->arity == 1)
        return;
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling)
        print_tree(v, child, depth + (object->memory_arity > 0));
}

/* ---- The distances ---- */

static void print_matrix(const struct topo_view *v)
{
    printf("%6s", "");
    for (unsigned b = 0; b < v->workers; b++)
        printf("%4u", b);
    putchar('\n');
    for (unsigned a = 0; a < v->workers; a++) {
        printf("%6u", a);
        for (unsigned b = 0; b < v->workers; b++)
            printf(a == b ? "   ." : "%4u", topo_distance(v, a, b));
        putchar('\n');
    }
}

/* How many others a worker finds in a tier: the fewest and the most. */
static void print_others(const struct topo_view *v, unsigned tier)
{
    unsigned fewest = v->workers, most = 0;
    for (unsigned a = 0; a < v->workers; a++) {
        unsigned others = 0;
        for (unsigned b = 0; b < v->workers; b++)
            others += a != b && topo_distance(v, a, b) == tier;
        fewest = others < fewest ? others : fewest;
        most = others > most ? others : most;
    }
    if (fewest == most)
        printf("%10u\n", most);
    else
        printf("%6u-%u\n", fewest, most);
}

static void print_distances(const struct topo_view *v)
{
    if (v->bind == FL_BIND_NONE) {
        printf("\nWorkers are not pinned: they have no places, and no distances.\n");
        return;
    }
    printf("\nDistance tiers%*spairs%s\n", 19, "",
           v->workers > MATRIX_WORKERS ? "  others of each worker" : "");
    for (unsigned tier = 0; tier < v->tiers; tier++) {
        printf("%4u  %-27s%5lu", tier, topo_tier_name(tier), v->pairs[tier]);
        if (v->workers > MATRIX_WORKERS)
            print_others(v, tier);
        else
            putchar('\n');
    }
    if (v->workers <= MATRIX_WORKERS) {
        printf("\nTier between workers\n");
        print_matrix(v);
    }
}

/* ---- The whole ---- */

static void print_floating(const struct topo_view *v)
{
    char cpus[512];
    fl_placement_list(&v->placement, fl_placement_span(&v->placement, 0), cpus, sizeof cpus);
    printf("         not pinned: each worker runs on any of CPUs %s (%s)\n", cpus,
           v->placement.why);
}

static void print_sizing(const struct topo_view *v)
{
    const struct fl_sizing *s = &v->sizing;
    const char *unit = v->bind == FL_BIND_PU ? "usable hardware threads" : "usable cores";
    printf("default: workers %u; %s %u, CPU quota ", s->workers, unit, s->units);
    if (s->quota > 0)
        printf("%.3g", s->quota);
    else
        printf("none");
    printf(", CPUs at once %u; decided by %s\n", v->cpus, s->reason);
    printf("shown:   workers %u, bind %s\n", v->workers, fl_bind_name(v->bind));
    if (v->placement.why)
        print_floating(v);
    putchar('\n');
}

int topo_table(const struct topo_view *v)
{
    char text[512];
    fl_topology_describe(v->topology, text, sizeof text);
    fputs(text, stdout);
    print_sizing(v);
    print_tree(v, hwloc_get_root_obj(v->hwloc), 0);
    print_distances(v);
    return 0;
}
