/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The json format: the same facts as the table's, for programs. */
#include "view.h"

#include <runtime/platform/bind.h>
#include <runtime/platform/placement.h>
#include <runtime/platform/topology.h>

#include <stdio.h>

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

/* -1, "unknown", becomes null. */
static json_t *index_or_null(int index)
{
    return index < 0 ? json_null() : json_integer(index);
}

static void append_children(const struct topo_view *v, hwloc_obj_t object, json_t *list);

static json_t *object_of(const struct topo_view *v, hwloc_obj_t object)
{
    json_t *children = json_array(), *nodes = json_array();
    bool cache = hwloc_obj_type_is_dcache(object->type);
    uint64_t size = cache ? object->attr->cache.size : 0;
    if (object->type == HWLOC_OBJ_NUMANODE)
        size = object->attr->numanode.local_memory;
    for (hwloc_obj_t node = object->memory_first_child; node; node = node->next_sibling)
        json_array_append_new(nodes, object_of(v, node));
    append_children(v, object, children);
    char name[64];
    hwloc_obj_type_snprintf(name, sizeof name, object, 0);
    json_t *it = json_pack("{s:s, s:i}", "type", name, "index", (int)object->logical_index);
    if (object->type == HWLOC_OBJ_PU)
        json_object_set_new(it, "cpu", json_integer(object->os_index));
    if (size)
        json_object_set_new(it, "bytes", json_integer((json_int_t)size));
    if (json_array_size(nodes))
        json_object_set(it, "numa_nodes", nodes);
    if (json_array_size(children))
        json_object_set(it, "children", children);
    json_decref(nodes);
    json_decref(children);
    return it;
}

static void append_children(const struct topo_view *v, hwloc_obj_t object, json_t *list)
{
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling) {
        if (topo_shown(v, child))
            json_array_append_new(list, object_of(v, child));
        else
            append_children(v, child, list);
    }
}

static json_t *machine(const struct topo_view *v)
{
    unsigned api = hwloc_get_api_version();
    return json_pack("{s:b, s:i, s:i, s:i, s:i, s:o, s:o}", "real",
                     (int)fl_topology_real(v->topology), "packages",
                     hwloc_get_nbobjs_by_type(v->hwloc, HWLOC_OBJ_PACKAGE), "numa_nodes",
                     hwloc_get_nbobjs_by_type(v->hwloc, HWLOC_OBJ_NUMANODE), "cores",
                     hwloc_get_nbobjs_by_type(v->hwloc, HWLOC_OBJ_CORE), "hardware_threads",
                     hwloc_get_nbobjs_by_type(v->hwloc, HWLOC_OBJ_PU), "hwloc_api",
                     json_sprintf("%u.%u.%u", api >> 16, api >> 8 & 255, api & 255), "tree",
                     object_of(v, hwloc_get_root_obj(v->hwloc)));
}

static json_t *usable(const struct topo_view *v)
{
    char list[1024];
    fl_topology_allowed(v->topology, list, sizeof list);
    return json_pack("{s:i, s:i, s:s, s:i}", "cores",
                     (int)fl_topology_units(v->topology, FL_BIND_CORE), "hardware_threads",
                     (int)fl_topology_units(v->topology, FL_BIND_PU), "cpus", list, "at_once",
                     (int)v->cpus);
}

static json_t *sizing(const struct fl_sizing *s)
{
    return json_pack("{s:i, s:i, s:o, s:s}", "workers", (int)s->workers, "units", (int)s->units,
                     "quota", s->quota > 0 ? json_real(s->quota) : json_null(), "decided_by",
                     s->reason);
}

static json_t *workers(const struct topo_view *v)
{
    json_t *list = json_array();
    for (unsigned w = 0; w < v->workers; w++) {
        const fl_place *p = &v->place[w];
        char cpus[1024];
        fl_placement_list(&v->placement, fl_placement_span(&v->placement, w), cpus, sizeof cpus);
        json_array_append_new(list,
                              json_pack("{s:i, s:o, s:o, s:o, s:o, s:s}", "worker", (int)w, "cpu",
                                        index_or_null(p->cpu), "core", index_or_null(p->core),
                                        "package", index_or_null(p->package), "numa_node",
                                        index_or_null(p->node), "cpus", cpus));
    }
    return list;
}

static json_t *tiers(const struct topo_view *v)
{
    json_t *list = json_array();
    for (unsigned tier = 0; tier < v->tiers; tier++)
        json_array_append_new(list,
                              json_pack("{s:i, s:s, s:I}", "tier", (int)tier, "name",
                                        topo_tier_name(tier), "pairs", (json_int_t)v->pairs[tier]));
    return list;
}

static json_t *distances(const struct topo_view *v)
{
    json_t *rows = json_array();
    for (unsigned a = 0; a < v->workers; a++) {
        json_t *row = json_array();
        for (unsigned b = 0; b < v->workers; b++)
            json_array_append_new(row, a == b ? json_null() : json_integer(topo_distance(v, a, b)));
        json_array_append_new(rows, row);
    }
    return rows;
}

int topo_json(const struct topo_view *v)
{
    bool pinned = v->bind != FL_BIND_NONE;
    json_t *all = json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "machine", machine(v), "usable",
                            usable(v), "default", sizing(&v->sizing), "bind", fl_bind_name(v->bind),
                            "workers", workers(v), "tiers", pinned ? tiers(v) : json_null(),
                            "distance", pinned ? distances(v) : json_null());
    int status = !all || json_dumpf(all, stdout, JSON_INDENT(1)) || putchar('\n') == EOF;
    json_decref(all);
    if (status)
        fprintf(stderr, "filch topo: the JSON text cannot be written; is memory or the disk full, "
                        "or the pipe closed?\n");
    return status;
}

#else

int topo_json(const struct topo_view *v)
{
    (void)v;
    fprintf(stderr, "filch topo: this build has no JSON; use --format table, or install jansson's "
                    "headers and build again\n");
    return 1;
}

#endif
