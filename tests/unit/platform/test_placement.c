/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rule of placement on machines that hwloc imagines; each test has a process, and so a
 * topology, of its own. */
#include <runtime/platform/machine/placement.h>
#include <tests/support/hybrid.h>
#include <tests/support/test.h>

/* 2 packages, each with a NUMA node, 2 last-level caches, and 2 cores of 2 hardware threads in each
 * of those: cores 0-1, 2-3 | 4-5, 6-7, of CPUs 0-3, 4-7 | 8-11, 12-15. */
#define SMT "pack:2 numa:1 l3:2 core:2 pu:2"

enum { CPUS = 64 };

static const fl_topology *imagine(const char *machine)
{
    const fl_topology *t = NULL;
    setenv("HWLOC_SYNTHETIC", machine, 1);
    cr_assert_eq(fl_topology_load(&t), 0);
    return t;
}

/* A mask of CPUs from `first` to `last`, without `hole`. */
static cpu_set_t cpus;
static struct fl_affinity mask_of(int first, int last, int hole)
{
    CPU_ZERO(&cpus);
    for (int cpu = first; cpu <= last; cpu++)
        if (cpu != hole)
            CPU_SET(cpu, &cpus);
    return (struct fl_affinity){&cpus, sizeof cpus};
}

static const struct fl_affinity everything;

/* The CPUs of worker 0, 1, ..., as text: "0-3". */
static const char *cpus_of(const fl_placement *p, unsigned worker)
{
    static char text[128];
    fl_placement_list(p, fl_placement_span(p, worker), text, sizeof text);
    return text;
}

static fl_placement placed(const struct fl_placing *in)
{
    fl_placement p;
    fl_placement_make(&p, in);
    return p;
}

static fl_placement autoplaced(const fl_topology *t, unsigned workers)
{
    return placed(&(struct fl_placing){
        .topology = t, .mask = &everything, .bind = FL_BIND_AUTO, .workers = workers});
}

/* ---- Pinned or floating ---- */

Test(placement, one_worker_per_core_is_pinned)
{
    fl_placement p = autoplaced(imagine(SMT), 8);
    cr_assert(p.pinned);
    for (unsigned i = 0; i < 8; i++) {
        cr_expect_eq(atoi(cpus_of(&p, i)), (int)(2 * i));
        cr_expect_eq(fl_placement_place(&p, i).cpu, (int)(2 * i));
    }
}

/* Each case alone keeps a runtime with a worker for each core, or not quite, from being pinned. */
static const struct {
    unsigned workers;
    double quota;
    bool others;
    const char *why;
} floats[] = {
    {7, 0, false, "fewer"},
    {9, 0, false, "more"},
    {8, 7.9, false, "quota"},
    {8, 0, true, "another"},
};

Test(placement, each_condition_alone_makes_workers_float)
{
    const fl_topology *t = imagine(SMT);
    for (unsigned i = 0; i < sizeof floats / sizeof *floats; i++) {
        fl_placement p = placed(&(struct fl_placing){.topology = t,
                                                     .mask = &everything,
                                                     .workers = floats[i].workers,
                                                     .quota = floats[i].quota,
                                                     .others_pinned = floats[i].others});
        cr_expect_not(p.pinned);
        cr_expect_not_null(strstr(p.why, floats[i].why), "%s", p.why);
        for (unsigned w = 0; w < 12; w++) {
            cr_expect_str_eq(cpus_of(&p, w), "0-15");
            cr_expect_eq(fl_placement_place(&p, w).cpu, -1);
        }
    }
}

Test(placement, quota_covering_all_cores_changes_nothing)
{
    const fl_topology *t = imagine(SMT);
    for (double quota = 8; quota < 100; quota *= 4)
        cr_expect(placed(&(struct fl_placing){
                             .topology = t, .mask = &everything, .workers = 8, .quota = quota})
                      .pinned);
}

Test(placement, core_and_pu_always_pin)
{
    const fl_topology *t = imagine(SMT);
    for (unsigned workers = 1; workers <= 20; workers++) {
        struct fl_placing in = {.topology = t,
                                .mask = &everything,
                                .workers = workers,
                                .quota = 1,
                                .others_pinned = true};
        for (enum fl_bind bind = FL_BIND_CORE; bind <= FL_BIND_PU; bind++) {
            in.bind = bind;
            fl_placement p = placed(&in);
            cr_assert(p.pinned && !p.why);
            for (unsigned w = 0; w < workers; w++)
                cr_expect_eq(fl_placement_place(&p, w).cpu,
                             fl_bind_place(t, &everything, bind, w).cpu);
            unsigned beyond = workers > p.units ? workers : p.units;
            cr_expect_eq(fl_placement_place(&p, beyond).cpu, -1);
            cr_expect_str_eq(cpus_of(&p, beyond), "0-15");
        }
    }
}

Test(placement, none_leaves_workers_to_system)
{
    struct fl_affinity mask = mask_of(1, 9, 4);
    fl_placement p = placed(&(struct fl_placing){
        .topology = imagine(SMT), .mask = &mask, .bind = FL_BIND_NONE, .workers = 3});
    cr_assert(!p.pinned && !p.why);
    cr_expect_str_eq(cpus_of(&p, 0), "1-3,5-9");
    fl_place place = fl_placement_place(&p, 0);
    cr_expect(place.cpu == -1 && place.core == -1 && place.cache == -1 && place.node == -1);
}

/* ---- Which object ---- */

/* Of several equal objects, with seed 0, the first. */
static const struct {
    const char *machine;
    unsigned workers;
    const char *cpus;
} objects[] = {
    {SMT, 1, "0-3"},
    {SMT, 2, "0-3"},
    {SMT, 3, "0-7"},
    {SMT, 4, "0-7"},
    {SMT, 5, "0-15"},
    {"pack:1 numa:4 core:4 pu:1", 3, "0-3"},    /* nodes without a cache */
    {"pack:2 numa:2 core:4 pu:1", 5, "0-7"},    /* more than a node, less than a package */
    {"pack:2 l3:1 l2:4 core:2 pu:1", 2, "0-7"}, /* a last-level cache, none of those below */
    {"pack:4 l2:1 core:1 pu:1", 1, "0-3"},      /* a single core would be a pin */
    {"pack:1 l3:1 core:1 pu:2", 2, "0-1"},      /* there is one core */
    {"core:2 pu:1", 1, "0-1"},                  /* nothing but cores */
    {"pu:6", 4, "0-5"},                         /* nothing but hardware threads */
};

Test(placement, workers_float_on_smallest_sufficient_object)
{
    for (unsigned i = 0; i < sizeof objects / sizeof *objects; i++) {
        fl_placement p = autoplaced(imagine(objects[i].machine), objects[i].workers);
        cr_expect_str_eq(cpus_of(&p, 0), objects[i].cpus, "%s, %u workers: %s", objects[i].machine,
                         objects[i].workers, cpus_of(&p, 0));
        cr_expect_str_eq(cpus_of(&p, objects[i].workers - 1), objects[i].cpus);
        fl_topology_unload();
    }
}

Test(placement, holes_in_mask_shrink_objects)
{
    const fl_topology *t = imagine(SMT);
    struct fl_affinity mask = mask_of(0, 15, 2);
    CPU_CLR(3, &cpus); /* of core 1 nothing is left */
    fl_placement p =
        placed(&(struct fl_placing){.topology = t, .mask = &mask, .workers = 2, .seed = 0});
    cr_expect_eq(p.units, 7);
    cr_expect_str_eq(cpus_of(&p, 0), "4-7", "cache 0 has one core only: %s", cpus_of(&p, 0));
    CPU_SET(3, &cpus); /* one hardware thread is a core */
    p = placed(&(struct fl_placing){.topology = t, .mask = &mask, .workers = 2});
    cr_expect_str_eq(cpus_of(&p, 0), "0-1,3");
    p = placed(&(struct fl_placing){.topology = t, .mask = &mask, .workers = 8});
    cr_expect(p.pinned);
    cr_expect_str_eq(cpus_of(&p, 1), "3");
}

Test(placement, one_core_mask_pins_lone_worker)
{
    const fl_topology *t = imagine(SMT);
    struct fl_affinity mask = mask_of(6, 6, -1);
    fl_placement p = placed(&(struct fl_placing){.topology = t, .mask = &mask, .workers = 1});
    cr_expect(p.pinned);
    cr_expect_str_eq(cpus_of(&p, 0), "6");
    p = placed(&(struct fl_placing){.topology = t, .mask = &mask, .workers = 2});
    cr_expect_not(p.pinned);
    cr_expect_str_eq(cpus_of(&p, 1), "6");
}

/* ---- Beside other runtimes ---- */

/* So many runtimes, one after the other, of so many workers each; counts workers by the first CPU
 * of their object. */
static void crowd_in(const fl_topology *t, unsigned runtimes, unsigned workers, uint64_t seed,
                     unsigned *count)
{
    double load[CPUS] = {0};
    memset(count, 0, CPUS * sizeof *count);
    for (unsigned i = 0; i < runtimes; i++) {
        fl_placement p = placed(&(struct fl_placing){.topology = t,
                                                     .mask = &everything,
                                                     .workers = workers,
                                                     .load = load,
                                                     .seed = seed * 31 + i});
        fl_placement_load(&p, workers, load);
        count[atoi(cpus_of(&p, 0))] += workers;
    }
}

Test(placement, runtimes_spread_over_equal_objects)
{
    const fl_topology *t = imagine(SMT);
    unsigned count[CPUS];
    for (uint64_t seed = 0; seed < 20; seed++)
        for (unsigned workers = 1; workers <= 2; workers++) {
            crowd_in(t, 12, workers, seed, count);
            for (int cpu = 0; cpu < 16; cpu += 4)
                cr_expect_eq(count[cpu], 3 * workers, "CPU %d: %u", cpu, count[cpu]);
        }
}

Test(placement, a_larger_object_takes_more_workers)
{
    const fl_topology *t = imagine("pack:2 l3:1 core:6 pu:1");
    struct fl_affinity mask = mask_of(0, 8, -1); /* 6 cores, and 3 */
    double load[CPUS] = {0};
    unsigned count[2] = {0};
    for (unsigned i = 0; i < 9; i++) {
        fl_placement p = placed(&(struct fl_placing){
            .topology = t, .mask = &mask, .workers = 1, .load = load, .seed = i});
        fl_placement_load(&p, 1, load);
        count[atoi(cpus_of(&p, 0)) / 6]++;
    }
    cr_expect(count[0] == 6 && count[1] == 3, "%u and %u", count[0], count[1]);
}

Test(placement, pinned_workers_crowd_their_objects)
{
    const fl_topology *t = imagine(SMT);
    double load[CPUS] = {0};
    fl_placement p = placed(&(
        struct fl_placing){.topology = t, .mask = &everything, .bind = FL_BIND_CORE, .workers = 6});
    fl_placement_load(&p, 6, load);
    p = placed(&(struct fl_placing){
        .topology = t, .mask = &everything, .workers = 2, .load = load, .others_pinned = true});
    cr_expect_str_eq(cpus_of(&p, 0), "12-15");
}

Test(placement, seeds_decide_between_equal_objects)
{
    const fl_topology *t = imagine(SMT);
    unsigned seen[CPUS] = {0};
    for (uint64_t seed = 0; seed < 64; seed++) {
        fl_placement p = placed(
            &(struct fl_placing){.topology = t, .mask = &everything, .workers = 1, .seed = seed});
        seen[atoi(cpus_of(&p, 0))]++;
    }
    for (int cpu = 0; cpu < 16; cpu += 4)
        cr_expect_eq(seen[cpu], 16);
}

/* ---- Slots beyond the workers ---- */

Test(placement, extra_slots_float_on_larger_object)
{
    fl_placement p = autoplaced(imagine(SMT), 1);
    static const char *const expected[] = {"0-3",  "0-3",  "0-7",  "0-7", "0-15",
                                           "0-15", "0-15", "0-15", "0-15"};
    for (unsigned w = 0; w < sizeof expected / sizeof *expected; w++)
        cr_expect_str_eq(cpus_of(&p, w), expected[w], "slot %u: %s", w, cpus_of(&p, w));
}

Test(placement, slots_beyond_pinned_cores_float)
{
    fl_placement p = autoplaced(imagine(SMT), 8);
    cr_expect_str_eq(cpus_of(&p, 7), "14");
    cr_expect_str_eq(cpus_of(&p, 8), "0-15");
    cr_expect_eq(fl_placement_place(&p, 8).cpu, -1);
}

/* ---- Distances ---- */

Test(placement, floating_distance_follows_shared_object)
{
    const fl_topology *t = imagine(SMT);
    static const unsigned tier[] = {0, 0, FL_TIER_CACHE, 0, FL_TIER_NODE, FL_TIER_FAR};
    static const unsigned workers[] = {2, 4, 5};
    for (unsigned i = 0; i < 3; i++) {
        fl_placement p = autoplaced(t, workers[i]);
        fl_place a = fl_placement_place(&p, 0), b = fl_placement_place(&p, 1);
        cr_expect_eq(fl_topology_distance(t, &a, &b), tier[workers[i]], "%u workers", workers[i]);
    }
    fl_placement p = autoplaced(t, 2);
    fl_place in = fl_placement_place(&p, 0), out = fl_placement_place(&p, 3);
    cr_expect_eq(fl_topology_distance(t, &in, &out), FL_TIER_NODE, "a slot of the package");
}

Test(placement, one_cache_floats_as_one_tier)
{
    const fl_topology *t = imagine("l3:1 core:4 pu:1");
    fl_placement p = autoplaced(t, 2);
    fl_place a = fl_placement_place(&p, 0), b = fl_placement_place(&p, 1);
    cr_expect_eq(fl_topology_distance(t, &a, &b), FL_TIER_CACHE);
}

/* ---- Fast and efficient cores ---- */

static const fl_topology *hybrid(const char *description, const struct kind *kinds)
{
    const fl_topology *t = NULL;
    const char *file = hybrid_machine(description, kinds);
    cr_assert_eq(fl_topology_load(&t), 0);
    unlink(file);
    return t;
}

/* 4 efficient cores, then `fast` ones, of one hardware thread, in one cache. */
static const fl_topology *four_and(unsigned fast)
{
    char description[64];
    snprintf(description, sizeof description, "pack:1 l3:1 core:%u pu:1", 4 + fast);
    return hybrid(description, (const struct kind[]){{4, 0, NULL}, {fast, 1, NULL}, {0, 0, NULL}});
}

static const struct {
    const char *claim;
    unsigned fast, workers, slot;
    const char *cpus;
} floating[] = {
    {"one worker is on the fast cores", 4, 1, 0, "4-7"},
    {"as many workers as fast cores stay on them", 4, 4, 3, "4-7"},
    {"more workers than fast cores use all cores", 4, 5, 0, "0-7"},
    {"a slot up to the number of fast cores is on them", 4, 2, 3, "4-7"},
    {"a slot beyond the fast cores is not", 4, 2, 4, "0-7"},
    {"a single fast core would be a pin", 1, 1, 0, "0-4"},
};

FOR_EACH(placement, workers_float_on_fast_cores, floating)
{
    fl_placement p = autoplaced(four_and(one->fast), one->workers);
    cr_assert_str_eq(cpus_of(&p, one->slot), one->cpus);
}

Test(placement, fast_cores_are_pinned_first)
{
    const fl_topology *t = four_and(4);
    fl_placement p = autoplaced(t, 8);
    for (unsigned i = 0; i < 8; i++)
        cr_expect_eq(fl_placement_place(&p, i).cpu, (int)((i + 4) % 8));
    p = placed(&(
        struct fl_placing){.topology = t, .mask = &everything, .bind = FL_BIND_CORE, .workers = 3});
    cr_expect_eq(fl_placement_place(&p, 2).cpu, 6);
}

Test(placement, crowded_fast_cores_are_left)
{
    static const char *const expected[] = {"4-7", "4-7", "0-7"};
    const fl_topology *t = four_and(4);
    double load[CPUS] = {0};
    for (unsigned i = 0; i < 3; i++) {
        fl_placement p = placed(
            &(struct fl_placing){.topology = t, .mask = &everything, .workers = 2, .load = load});
        fl_placement_load(&p, 2, load);
        cr_expect_str_eq(cpus_of(&p, 0), expected[i], "runtime %u: %s", i, cpus_of(&p, 0));
    }
}

/* Two caches of 4 cores; the last two cores are efficient. */
Test(placement, slots_take_other_fast_cores)
{
    static const char *const expected[] = {"0-3", "0-3", "0-3", "0-3", "0-5", "0-5", "0-7"};
    fl_placement p =
        autoplaced(hybrid("pack:1 l3:2 core:4 pu:1",
                          (const struct kind[]){{6, 1, NULL}, {2, 0, NULL}, {0, 0, NULL}}),
                   2);
    for (unsigned w = 0; w < sizeof expected / sizeof *expected; w++)
        cr_expect_str_eq(cpus_of(&p, w), expected[w], "slot %u: %s", w, cpus_of(&p, w));
}
