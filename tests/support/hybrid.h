/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Machines with cores of several kinds, for hwloc. */
#ifndef TESTS_HYBRID_H
#define TESTS_HYBRID_H

#include <hwloc.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <unistd.h>

struct kind {
    unsigned cores;   /* the next cores of the machine; 0 ends the list */
    int efficiency;   /* higher: faster; -1: unknown */
    const char *type; /* hwloc's CoreType, or NULL */
};

static inline void hybrid_register(hwloc_topology_t h, const struct kind *kinds)
{
    for (unsigned core = 0; kinds->cores; kinds++) {
        hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
        struct hwloc_info_s info = {(char *)(uintptr_t) "CoreType", (char *)(uintptr_t)kinds->type};
        for (unsigned i = 0; i < kinds->cores; i++)
            hwloc_bitmap_or(cpus, cpus, hwloc_get_obj_by_type(h, HWLOC_OBJ_CORE, core++)->cpuset);
        cr_assert_eq(hwloc_cpukinds_register(h, cpus, kinds->efficiency, kinds->type != NULL, &info,
                                             0),
                     0);
        hwloc_bitmap_free(cpus);
    }
}

/* From now on hwloc reads this machine (NULL: the real one) with these kinds of cores. Returns the
 * name of a file, which the caller removes. */
static inline const char *hybrid_machine(const char *description, const struct kind *kinds)
{
    static char name[64];
    hwloc_topology_t h;
    snprintf(name, sizeof name, P_tmpdir "/filch-test-XXXXXX");
    close(mkstemp(name));
    cr_assert_eq(hwloc_topology_init(&h), 0);
    cr_assert(!description || !hwloc_topology_set_synthetic(h, description));
    cr_assert_eq(hwloc_topology_load(h), 0);
    hybrid_register(h, kinds);
    cr_assert_eq(hwloc_topology_export_xml(h, name, 0), 0);
    hwloc_topology_destroy(h);
    setenv("HWLOC_XMLFILE", name, 1);
    setenv("HWLOC_THISSYSTEM", description ? "0" : "1", 1);
    return name;
}

#endif
