/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Machines are imagined by hwloc (HWLOC_SYNTHETIC, HWLOC_XMLFILE); each test has a process, and so
 * a topology, of its own. Tests of the affinity mask run on the real topology, on any computer. */
#include <filch/base.h>
#include <pthread.h>
#include <runtime/platform/machine/topology.h>
#include <sched.h>
#include <stdio.h>
#include <tests/support/hybrid.h>
#include <tests/support/test.h>
#include <unistd.h>

/* 2 packages, each with a NUMA node, an L3 and 4 cores of 2 hardware threads. */
#define DUAL "pack:2 numa:1 l3:1 core:4 pu:2"

static const fl_topology *loaded(void)
{
    const fl_topology *t = NULL;
    cr_assert_eq(fl_topology_load(&t), 0, "%s", filch_error());
    return t;
}

static const fl_topology *imagine(const char *description)
{
    setenv("HWLOC_SYNTHETIC", description, 1);
    return loaded();
}

static fl_place place(const fl_topology *t, enum fl_bind bind, unsigned worker)
{
    fl_place p = {-9, -9, -9, -9, -9, true};
    cr_assert_eq(fl_topology_place(t, bind, worker, &p), 0);
    return p;
}

/* The CPUs of workers 0 .. count - 1. */
static void expect_cpus(const fl_topology *t, enum fl_bind bind, const int *cpus, unsigned count)
{
    for (unsigned w = 0; w < count; w++)
        cr_expect_eq(place(t, bind, w).cpu, cpus[w], "worker %u: CPU %d instead of %d", w,
                     place(t, bind, w).cpu, cpus[w]);
}

static unsigned distance(const fl_topology *t, enum fl_bind bind, unsigned a, unsigned b)
{
    fl_place pa = place(t, bind, a), pb = place(t, bind, b);
    cr_assert_eq(fl_topology_distance(t, &pa, &pb), fl_topology_distance(t, &pb, &pa));
    return fl_topology_distance(t, &pa, &pb);
}

/* Lets this thread run on one of the CPUs it may use, and returns which: the last one. */
static int narrow(void)
{
    cpu_set_t all, one;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    int last = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all))
            last = cpu;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    return last;
}

Test(topology, an_imagined_machine_is_not_real)
{
    cr_assert_not(fl_topology_real(imagine(DUAL)));
}

Test(topology, this_machine_is_real)
{
    cr_assert(fl_topology_real(loaded()));
}

Test(topology, units_are_cores_or_hardware_threads)
{
    const fl_topology *t = imagine(DUAL);
    cr_assert_eq(fl_topology_units(t, FL_BIND_CORE), 8);
    cr_assert_eq(fl_topology_units(t, FL_BIND_PU), 16);
    cr_assert_eq(fl_topology_units(t, FL_BIND_NONE), 8);
}

Test(topology, imagined_machine_ignores_affinity_mask)
{
    narrow();
    cr_assert_eq(fl_topology_units(imagine(DUAL), FL_BIND_CORE), 8);
}

Test(topology, core_binding_fills_second_threads_last)
{
    static const int cpus[] = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15, 0, 2};
    expect_cpus(imagine(DUAL), FL_BIND_CORE, cpus, 18);
}

Test(topology, pu_binding_spreads_over_cores_first)
{
    static const int cpus[] = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15, 0, 2};
    expect_cpus(imagine(DUAL), FL_BIND_PU, cpus, 18);
}

Test(topology, surplus_workers_share_single_thread_cores)
{
    static const int cpus[] = {0, 1, 2, 0, 1, 2, 0};
    const fl_topology *t = imagine("pack:1 core:3 pu:1");
    expect_cpus(t, FL_BIND_CORE, cpus, 7);
    expect_cpus(t, FL_BIND_PU, cpus, 7);
}

Test(topology, os_indexes_are_not_logical_indexes)
{
    static const int cpus[] = {3, 9, 5, 7};
    const fl_topology *t = imagine("pack:2 core:2 pu:1(indexes=3,9,5,7)");
    expect_cpus(t, FL_BIND_CORE, cpus, 4);
    cr_assert_eq(place(t, FL_BIND_CORE, 1).core, 1);
}

Test(topology, place_names_core_package_and_node)
{
    fl_place p = place(imagine(DUAL), FL_BIND_CORE, 5);
    cr_assert_eq(p.cpu, 10);
    cr_assert_eq(p.core, 5);
    cr_assert_eq(p.package, 1);
    cr_assert_eq(p.node, 1);
}

Test(topology, by_none_nobody_has_a_place)
{
    fl_place p = place(imagine(DUAL), FL_BIND_NONE, 3);
    cr_assert_eq(p.cpu, -1);
    cr_assert_eq(p.core, -1);
    cr_assert_eq(p.node, -1);
}

static const struct {
    const char *claim, *machine;
    enum fl_bind bind;
    unsigned a, b, tier;
} distances[] = {
    {"distance is none on one core", DUAL, FL_BIND_PU, 0, 8, FL_TIER_CORE},
    {"distance is a cache under one l3", DUAL, FL_BIND_CORE, 0, 3, FL_TIER_CACHE},
    {"distance is a node between caches of a package", "pack:2 numa:1 l3:2 core:2 pu:1",
     FL_BIND_CORE, 0, 1, FL_TIER_CACHE},
    {"distance is a node between caches of a package", "pack:2 numa:1 l3:2 core:2 pu:1",
     FL_BIND_CORE, 0, 2, FL_TIER_NODE},
    {"distance is a node between nodes of a package", "pack:2 numa:2 core:2 pu:1", FL_BIND_CORE, 0,
     2, FL_TIER_NODE},
    {"distance is far between packages", DUAL, FL_BIND_CORE, 3, 4, FL_TIER_FAR},
    {"a cache shared below a private one is no last level", "pack:1 l3:2 l2:2 core:1 pu:1",
     FL_BIND_CORE, 0, 1, FL_TIER_CACHE},
    {"a cache shared below a private one is no last level", "pack:1 l3:2 l2:2 core:1 pu:1",
     FL_BIND_CORE, 0, 2, FL_TIER_NODE},
    {"unpinned workers are far from one another", DUAL, FL_BIND_NONE, 0, 1, FL_TIER_FAR},
};

FOR_EACH(topology, distance_depends_on_shared_levels, distances)
{
    cr_assert_eq(distance(imagine(one->machine), one->bind, one->a, one->b), one->tier);
}

Test(topology, machine_without_cores_counts_pus)
{
    const fl_topology *t = imagine("pu:3");
    cr_assert_eq(fl_topology_units(t, FL_BIND_CORE), 3);
    cr_assert_eq(place(t, FL_BIND_CORE, 2).core, 2);
    cr_assert_eq(distance(t, FL_BIND_CORE, 0, 1), FL_TIER_NODE);
}

/* One object of a description in XML, left open; sets is a bit mask of PUs and of NUMA nodes. */
static void object(FILE *out, const char *type, int index, unsigned sets, const char *more)
{
    static int serial;
    fprintf(out,
            "<object type=\"%s\" os_index=\"%d\" gp_index=\"%d\" cpuset=\"%#x\" "
            "complete_cpuset=\"%#x\" nodeset=\"%#x\" complete_nodeset=\"%#x\" %s>\n",
            type, index, ++serial, sets, sets, sets, sets, more);
}

/* Loads a machine of four cores, each with a NUMA node of its own. */
static const fl_topology *four_nodes(int cores_per_package, const char *latencies)
{
    char name[] = P_tmpdir "/filch-test-XXXXXX";
    FILE *out = fdopen(mkstemp(name), "w");
    cr_assert_not_null(out);
    fputs("<?xml version=\"1.0\"?>\n<topology version=\"2.0\">\n", out);
    object(out, "Machine", 0, 15, "allowed_cpuset=\"0xf\" allowed_nodeset=\"0xf\"");
    for (int i = 0; i < 4; i++) {
        if (i % cores_per_package == 0)
            object(out, "Package", i, ((1u << cores_per_package) - 1) << i, "");
        object(out, "Core", i, 1u << i, "");
        object(out, "NUMANode", i, 1u << i, "local_memory=\"1048576\"");
        fputs("</object>", out);
        object(out, "PU", i, 1u << i, "");
        fputs("</object></object>\n", out);
        if ((i + 1) % cores_per_package == 0)
            fputs("</object>\n", out);
    }
    fprintf(out,
            "</object>\n<distances2 type=\"NUMANode\" nbobjs=\"4\" kind=\"5\" name=\"NUMALatency\" "
            "indexing=\"os\">\n<indexes length=\"8\">0 1 2 3 </indexes>\n"
            "<u64values length=\"%zu\">%s</u64values>\n</distances2>\n</topology>\n",
            strlen(latencies), latencies);
    cr_assert_eq(fclose(out), 0);
    setenv("HWLOC_XMLFILE", name, 1);
    const fl_topology *t = loaded();
    unlink(name);
    return t;
}

Test(topology, larger_numa_latency_makes_own_tier)
{
    /* A ring: a neighbour costs 20, the one across 30. */
    const fl_topology *t = four_nodes(1, "10 20 30 20 20 10 20 30 30 20 10 20 20 30 20 10 ");
    cr_expect_eq(distance(t, FL_BIND_CORE, 0, 1), FL_TIER_FAR);
    cr_expect_eq(distance(t, FL_BIND_CORE, 3, 0), FL_TIER_FAR);
    cr_expect_eq(distance(t, FL_BIND_CORE, 0, 2), FL_TIER_FAR + 1);
    cr_expect_eq(distance(t, FL_BIND_CORE, 1, 3), FL_TIER_FAR + 1);
}

Test(topology, latencies_inside_package_make_no_tier)
{
    const fl_topology *t = four_nodes(2, "10 12 20 20 12 10 20 20 20 20 10 12 20 20 12 10 ");
    cr_expect_eq(distance(t, FL_BIND_CORE, 0, 1), FL_TIER_NODE);
    cr_expect_eq(distance(t, FL_BIND_CORE, 0, 2), FL_TIER_FAR);
}

Test(topology, unreadable_description_is_refused_by_name)
{
    const fl_topology *t = NULL;
    setenv("HWLOC_SYNTHETIC", "pack:two", 1);
    cr_assert_eq(fl_topology_load(&t), -EINVAL);
    cr_assert_null(t);
    cr_assert(strstr(filch_error(), "HWLOC_SYNTHETIC"), "%s", filch_error());
}

Test(topology, a_failed_load_can_be_repeated)
{
    const fl_topology *t = NULL;
    setenv("HWLOC_XMLFILE", "/nowhere/at/all.xml", 1);
    cr_assert_eq(fl_topology_load(&t), -EINVAL);
    unsetenv("HWLOC_XMLFILE");
    cr_assert_eq(fl_topology_units(imagine(DUAL), FL_BIND_CORE), 8);
}

Test(topology, it_is_loaded_once)
{
    const fl_topology *t = imagine(DUAL);
    cr_assert_eq(imagine("pu:3"), t);
}

Test(topology, it_is_loaded_anew_after_unload)
{
    imagine(DUAL);
    fl_topology_unload();
    cr_assert_eq(fl_topology_units(imagine("pu:3"), FL_BIND_CORE), 3);
}

enum { THREADS = 8 };

static pthread_barrier_t start;

static void *load_at_once(void *out)
{
    pthread_barrier_wait(&start);
    if (fl_topology_load(out))
        *(const fl_topology **)out = NULL;
    return NULL;
}

static const fl_topology *flat(void)
{
    const fl_topology *t = NULL;
    cr_assert_eq(fl_topology_flat(&t), 0, "%s", filch_error());
    return t;
}

/* The CPUs of the mask, by their numbers, and nothing of hwloc, which could not read that machine. */
Test(topology, flat_has_the_masks_cpus)
{
    setenv("HWLOC_SYNTHETIC", "nonsense", 1);
    int cpu = narrow();
    unsigned count;
    char text[256];
    const fl_place *pu = fl_topology_pus(flat(), &count);
    cr_assert_eq(count, 1);
    cr_assert_eq(pu[0].cpu, cpu);
    cr_assert(fl_topology_real(flat()));
    cr_assert_eq(fl_topology_cpus(flat()), 1);
    cr_assert_lt(fl_topology_describe(flat(), text, sizeof text), sizeof text);
    cr_assert(strstr(text, "usable:  hardware threads 1 ") == text, "%s", text);
}

Test(topology, flat_cpus_are_far_apart)
{
    fl_place a = {0, 0, -1, -1, -1, false}, b = {1, 1, -1, -1, -1, false};
    cr_assert_eq(fl_topology_distance(flat(), &a, &a), FL_TIER_CORE);
    cr_assert_eq(fl_topology_distance(flat(), &a, &b), FL_TIER_FAR);
}

Test(topology, flat_reuses_the_loaded_topology)
{
    const fl_topology *all = imagine(DUAL);
    cr_assert_eq(flat(), all);
    fl_topology_unload();
    char text[256];
    fl_topology_describe(flat(), text, sizeof text);
    cr_assert(strstr(text, "usable:") == text, "%s", text);
    fl_topology_unload();
}

Test(topology, simultaneous_loads_get_one_pointer)
{
    pthread_t thread[THREADS];
    const fl_topology *seen[THREADS];
    for (int round = 0; round < 20; round++) {
        pthread_barrier_init(&start, NULL, THREADS);
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&thread[i], NULL, load_at_once, &seen[i]), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(seen[i], loaded());
        pthread_barrier_destroy(&start);
        fl_topology_unload();
    }
}

Test(topology, one_cpu_mask_leaves_one_unit)
{
    int cpu = narrow();
    const fl_topology *t = loaded();
    cr_assert_eq(fl_topology_units(t, FL_BIND_CORE), 1);
    cr_assert_eq(fl_topology_units(t, FL_BIND_PU), 1);
    cr_assert_eq(fl_topology_cpus(t), 1);
    int cpus[] = {cpu, cpu, cpu};
    expect_cpus(t, FL_BIND_CORE, cpus, 3);
    expect_cpus(t, FL_BIND_PU, cpus, 3);
}

Test(topology, mask_changes_after_loading_still_count)
{
    const fl_topology *t = loaded();
    cpu_set_t all;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    cr_assert_eq(fl_topology_units(t, FL_BIND_PU), (unsigned)CPU_COUNT(&all));
    int cpu = narrow();
    cr_assert_eq(fl_topology_units(t, FL_BIND_PU), 1);
    char list[32], expected[32];
    fl_topology_allowed(t, list, sizeof list);
    snprintf(expected, sizeof expected, "%d", cpu);
    cr_assert_str_eq(list, expected);
}

Test(topology, loading_leaves_the_affinity_mask_alone)
{
    int cpu = narrow();
    loaded();
    cpu_set_t now;
    cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
    cr_assert_eq(CPU_COUNT(&now), 1);
    cr_assert(CPU_ISSET(cpu, &now));
}

Test(topology, real_places_are_permitted_cpus)
{
    const fl_topology *t = loaded();
    cpu_set_t all;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    for (unsigned w = 0; w < 2 * fl_topology_units(t, FL_BIND_PU); w++) {
        cr_expect(CPU_ISSET(place(t, FL_BIND_CORE, w).cpu, &all));
        cr_expect(CPU_ISSET(place(t, FL_BIND_PU, w).cpu, &all));
    }
}

Test(topology, imagined_machine_defaults_to_its_units)
{
    struct fl_sizing why;
    cr_assert_eq(fl_topology_default_workers(imagine(DUAL), FL_BIND_PU, FL_CORES_ALL, &why), 16);
    cr_assert_eq(why.units, 16);
    cr_assert_eq(why.quota, 0);
    cr_assert(strstr(why.reason, "given to hwloc"));
}

Test(topology, one_cpu_mask_gives_one_worker)
{
    const fl_topology *t = loaded();
    struct fl_sizing why;
    narrow();
    cr_assert_eq(fl_topology_default_workers(t, FL_BIND_CORE, FL_CORES_ALL, &why), 1);
    cr_assert_eq(why.units, 1);
}

Test(topology, truncated_description_still_reports_length)
{
    const fl_topology *t = imagine(DUAL);
    char whole[512], part[16];
    size_t length = fl_topology_describe(t, whole, sizeof whole);
    cr_assert_eq(length, strlen(whole));
    cr_assert_eq(fl_topology_describe(t, part, sizeof part), length);
    cr_assert_eq(strlen(part), sizeof part - 1);
    cr_assert(strstr(whole, "NUMA nodes 2, cores 8, hardware threads 16"), "%s", whole);
    cr_assert(strstr(whole, "(CPUs 0-15; 0 and 1 share a core)"), "%s", whole);
}

Test(topology, binding_rows_follow_their_enum)
{
    for (int b = FL_BIND_AUTO; b <= FL_BIND_NONE; b++)
        cr_assert_str_eq(*(const char *const *)fl_binds[b], fl_bind_name((enum fl_bind)b));
    cr_assert_null(fl_binds[FL_BIND_NONE + 1]);
}

/* ---- Kinds of cores ---- */

static const fl_topology *hybrid(const char *description, const struct kind *kinds)
{
    const char *file = hybrid_machine(description, kinds);
    const fl_topology *t = loaded();
    unlink(file);
    return t;
}

/* Of cores 0 .. 7 the list of efficient ones; "": all count as one kind. */
static const struct {
    const char *claim;
    struct kind kinds[4];
    const char *efficient;
} kinds[] = {
    {"the lower of two is efficient", {{4, 0, NULL}, {4, 1, NULL}}, "0-3"},
    {"the lowest of three is efficient", {{1, 2, NULL}, {3, 1, NULL}, {4, 0, NULL}}, "4-7"},
    {"all small cores are efficient",
     {{2, 2, "IntelCore"}, {4, 1, "IntelAtom"}, {2, 0, "IntelAtom"}},
     "2-7"},
    {"of small cores alone the lowest is efficient",
     {{4, 1, "IntelAtom"}, {4, 0, "IntelAtom"}},
     "4-7"},
    {"unknown efficiency is one kind", {{4, -1, NULL}, {4, -1, NULL}}, ""},
    {"one kind is not split", {{8, 0, NULL}}, ""},
};

FOR_EACH(topology, kinds_are_fast_or_efficient, kinds)
{
    static const struct fl_affinity everything;
    char text[64] = "";
    const fl_topology *t = hybrid("pack:1 core:8 pu:1", one->kinds);
    struct fl_affinity only = fl_topology_only(t, &everything, FL_CORES_EFFICIENT);
    if (only.set)
        fl_topology_list(t, &only, text, sizeof text);
    cr_assert_str_eq(text, one->efficient);
    fl_affinity_free(&only);
}

/* 2 efficient cores and 3 fast ones, of two hardware threads each: CPUs 0-3, 4-9. */
static const fl_topology *two_and_three(void)
{
    return hybrid("pack:1 core:5 pu:2", (const struct kind[]){{2, 0, NULL}, {3, 1, NULL}, {0}});
}

Test(topology, fast_cores_get_workers_first)
{
    static const int cores[] = {4, 6, 8, 0, 2, 5, 7, 9, 1, 3, 4},
                     pus[] = {4, 6, 8, 0, 2, 5, 7, 9, 1, 3, 4};
    expect_cpus(two_and_three(), FL_BIND_CORE, cores, 11);
    expect_cpus(two_and_three(), FL_BIND_PU, pus, 11);
}

Test(topology, kinds_change_default_workers)
{
    static const struct {
        enum fl_cores_mode cores;
        unsigned workers;
        const char *reason;
    } cases[] = {{FL_CORES_ALL, 5, "given to hwloc"},
                 {FL_CORES_FAST, 3, "the fast cores"},
                 {FL_CORES_EFFICIENT, 2, "the efficient cores"}};
    const fl_topology *t = two_and_three();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fl_sizing why;
        cr_expect_eq(fl_topology_default_workers(t, FL_BIND_CORE, cases[i].cores, &why),
                     cases[i].workers);
        cr_expect(strstr(why.reason, cases[i].reason), "%s", why.reason);
    }
}

/* Even if the machine has two kinds. */
Test(topology, masks_of_one_kind_stay_whole)
{
    cpu_set_t cpus;
    const fl_topology *t = two_and_three();
    const struct fl_affinity mask = {&cpus, sizeof cpus};
    CPU_ZERO(&cpus);
    CPU_SET(1, &cpus);
    cr_expect_null(fl_topology_only(t, &mask, FL_CORES_FAST).set);
    CPU_SET(7, &cpus);
    struct fl_affinity only = fl_topology_only(t, &mask, FL_CORES_FAST);
    cr_expect(CPU_ISSET_S(7, only.size, only.set));
    cr_expect_eq(CPU_COUNT_S(only.size, only.set), 1);
    fl_affinity_free(&only);
}

Test(topology, description_lists_kinds_of_cores)
{
    char text[512];
    fl_topology_describe(two_and_three(), text, sizeof text);
    cr_expect(strstr(text,
                     "\nkinds:   fast cores 3 (CPUs 4-9), efficient cores 2 (CPUs 0-3)\nusable:"),
              "%s", text);
    fl_topology_unload();
    unsetenv("HWLOC_XMLFILE");
    unsetenv("HWLOC_THISSYSTEM");
    fl_topology_describe(imagine(DUAL), text, sizeof text);
    cr_expect_null(strstr(text, "kinds"));
}
