/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan (one thread); needs filch_sim_parts
 *
 * The simulated machine: its grammar, and its distances beside those of the library for the same
 * description read by hwloc. */
#include <hwloc.h>
#include <runtime/platform/machine/topology.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <tools/sim/machine.h>
#include <unistd.h>

enum { REASON = 256 };

static const struct {
    const char *text, *reason; /* words of the error; NULL: valid */
    unsigned workers;
} descriptions[] = {
    {"package:2 l3:4 core:16", NULL, 128},
    {"  core:3\t", NULL, 3},
    {"package:1 numa:2 l2:2 core:2 pu:2", NULL, 16},
    {"core:1024", NULL, 1024},
    {"core:1048576", NULL, 1},
    {"package:2 l3:4 core:16", "129 workers do not fit on 128 hardware threads", 129},
    {"", "unknown level ''", 1},
    {" ", "unknown level ' '", 1},
    {"socket:2", "unknown level 'socket:2'", 1},
    {"core", "unknown level 'core'", 1},
    {"cores:4", "unknown level 'cores:4'", 1},
    {"cor:4", "unknown level 'cor:4'", 1},
    {":4", "unknown level ':4'", 1},
    {"core:", "count of level 'core:'", 1},
    {"core:0", "count of level 'core:0'", 1},
    {"core:-1", "count of level 'core:-1'", 1},
    {"core:4x", "count of level 'core:4x'", 1},
    {"core:1048577", "count of level", 1},
    {"core:99999999999999999999", "count of level", 1},
    {"core:1024 pu:1025", "machine is too large", 1},
    {"core:4 package:2", "level 'package:2' is out of order", 1},
    {"core:4 core:4", "level 'core:4' is out of order", 1},
    {"/nonexistent/machine.xml", "machine file '/nonexistent/machine.xml' cannot be read", 1},
};

Test(sim_machine, descriptions_parse_or_name_bad_word)
{
    for (size_t i = 0; i < sizeof descriptions / sizeof descriptions[0]; i++) {
        char reason[REASON] = "";
        machine m;
        int rc = machine_describe(&m, descriptions[i].text, descriptions[i].workers, reason,
                                  sizeof reason);
        cr_expect_eq(!rc, !descriptions[i].reason, "'%s': %s", descriptions[i].text, reason);
        if (descriptions[i].reason)
            cr_expect(strstr(reason, descriptions[i].reason), "'%s': %s", descriptions[i].text,
                      reason);
        if (!rc)
            machine_free(&m);
    }
}

Test(sim_machine, overlong_description_is_refused)
{
    char text[SIM_MACHINE_TEXT + 1], reason[REASON] = "";
    machine m;
    memset(text, ' ', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cr_assert_eq(machine_describe(&m, text, 1, reason, sizeof reason), -EINVAL);
    cr_assert(strstr(reason, "too long"), "%s", reason);
}

static void check_against_library(const char *text, const char *in_hwloc, unsigned workers)
{
    char reason[REASON] = "";
    const fl_topology *topology;
    fl_place places[SIM_WORKERS];
    machine m;
    setenv("HWLOC_SYNTHETIC", in_hwloc, 1);
    cr_assert_eq(fl_topology_load(&topology), 0);
    cr_assert_eq(machine_describe(&m, text, workers, reason, sizeof reason), 0, "%s", reason);
    for (unsigned i = 0; i < workers; i++)
        fl_topology_place(topology, FL_BIND_CORE, i, &places[i]);
    for (unsigned i = 0; i < workers; i++)
        for (unsigned j = 0; j < workers; j++)
            cr_assert_eq(machine_tier(&m, i, j),
                         fl_topology_distance(topology, &places[i], &places[j]),
                         "%s: %u, %u: %u here", text, i, j, machine_tier(&m, i, j));
    machine_free(&m);
    fl_topology_unload();
}

/* One process each: the topology is read once. */
Test(sim_machine, package_and_cache_distances_match_library)
{
    check_against_library("package:2 l3:4 core:16", "package:2 numa:1 l3:4 core:16 pu:1", 128);
}

Test(sim_machine, hardware_thread_distances_match_library)
{
    check_against_library("package:2 numa:2 l3:1 l2:2 core:2 pu:2",
                          "package:2 numa:2 l3:1 l2:2 core:2 pu:2", 32);
}

Test(sim_machine, core_distances_match_library)
{
    check_against_library("core:8", "core:8 pu:1", 8);
}

Test(sim_machine, second_level_cache_distances_match_library)
{
    check_against_library("numa:2 l2:3 core:2", "numa:2 l2:3 core:2 pu:1", 12);
}

Test(sim_machine, hwloc_file_keeps_machine_distances)
{
    static const char xml[] = "machine-XXXXXX.xml";
    char path[sizeof xml + 256], reason[REASON] = "";
    const char *folder = getenv("TMPDIR");
    machine m;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "/tmp", xml);
    int file = mkstemps(path, 4);
    cr_assert_geq(file, 0);
    close(file);
    setenv("HWLOC_SYNTHETIC", "package:2 numa:1 l3:2 core:2 pu:1", 1);
    hwloc_topology_t topology;
    cr_assert_eq(hwloc_topology_init(&topology), 0);
    cr_assert_eq(hwloc_topology_load(topology), 0);
    cr_assert_eq(hwloc_topology_export_xml(topology, path, 0), 0);
    hwloc_topology_destroy(topology);
    cr_assert_eq(machine_describe(&m, path, 9, reason, sizeof reason), -EINVAL);
    cr_assert(strstr(reason, "9 workers do not fit on 8"), "%s", reason);
    cr_assert_eq(machine_describe(&m, path, 8, reason, sizeof reason), 0, "%s", reason);
    cr_expect_eq(machine_tier(&m, 0, 0), FL_TIER_CORE);
    cr_expect_eq(machine_tier(&m, 0, 1), FL_TIER_CACHE);
    cr_expect_eq(machine_tier(&m, 0, 2), FL_TIER_NODE);
    cr_expect_eq(machine_tier(&m, 7, 0), FL_TIER_FAR);
    machine_free(&m);
    unlink(path);
}
