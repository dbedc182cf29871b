/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where workers may run on this machine, by the masks that the system gives them. On a machine of
 * one core there is nothing to tell apart. */
#include <runtime/engine/worker.h>
#include <runtime/platform/machine/quota.h>
#include <sched.h>
#include <tests/support/hybrid.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MOST = 64 };

static unsigned cores(void)
{
    const fl_topology *t;
    cr_assert_eq(fl_topology_load(&t), 0);
    return fl_topology_units(t, FL_BIND_CORE);
}

static cpu_set_t mask(void)
{
    cpu_set_t now;
    CPU_ZERO(&now);
    if (sched_getaffinity(0, sizeof now, &now))
        filch_die("no affinity mask");
    return now;
}

/* ---- One worker, beside others that it cannot know of ---- */

FILCH_TASK(int, count_cpus)
{
    cpu_set_t now = mask();
    return CPU_COUNT(&now);
}

static void one_worker(void)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 1}) == 0);
    dprintf(STDERR_FILENO, "%d", FILCH_RUN(rt, count_cpus));
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(placed, single_worker_processes_stay_unpinned)
{
    struct child children[2];
    for (unsigned i = 0; i < 2; i++) {
        child_run(&children[i], one_worker);
        cr_assert(child_passed(&children[i]), "%s", children[i].text);
        int cpus = atoi(children[i].text);
        cr_assert(cpus > 1 || cores() == 1, "process %u: %d CPU", i, cpus);
    }
}

static int look(filch_self self, filch_job *job, void *out)
{
    *(cpu_set_t *)out = mask();
    return 0;
}

Test(placed, single_worker_pools_stay_unpinned)
{
    filch_pool *pools[2];
    cpu_set_t seen[2];
    for (unsigned i = 0; i < 2; i++) {
        filch_pool_config config = {.workers = 1};
        cr_assert_eq(filch_pool_create(&pools[i], &config), 0, "%s", filch_error());
        cr_assert_eq(FILCH_SUBMIT(pools[i], look, &seen[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        OK(filch_pool_destroy(pools[i]));
        cr_assert(CPU_COUNT(&seen[i]) > 1 || cores() == 1, "pool %u", i);
    }
}

/* ---- All workers at the same time ---- */

static signpost arrived;
static cpu_set_t masks[MOST];

FILCH_VOID_TASK(visit, (unsigned, all))
{
    masks[filch_worker_index()] = mask();
    signpost_raise(&arrived);
    signpost_wait(&arrived, all);
}

FILCH_VOID_TASK(visit_all, (unsigned, workers))
{
    for (unsigned i = 1; i < workers; i++)
        FILCH_FORK(visit, workers);
    visit(self, workers);
    for (unsigned i = 1; i < workers; i++)
        FILCH_JOIN_VOID(visit);
}

/* The system's masks are those of the placement, for each worker. */
static void expect_as_placed(filch_runtime *rt)
{
    unsigned workers = filch_runtime_workers(rt), count;
    const fl_placement *p = &rt->resident.placement;
    const fl_place *pu = fl_topology_pus(p->topology, &count);
    filch_u32_store(&arrived, 0, FILCH_RELEASE);
    FILCH_RUN(rt, visit_all, workers);
    for (unsigned w = 0; w < workers; w++)
        for (unsigned i = 0; i < count; i++)
            cr_expect_eq(fl_placement_has(p, fl_placement_span(p, w), &pu[i]),
                         CPU_ISSET((size_t)pu[i].cpu, &masks[w]) != 0, "worker %u, CPU %d", w,
                         pu[i].cpu);
}

Test(placed, masks_are_those_of_the_placement)
{
    static const char *const binds[] = {"auto", "core", "pu", "none"};
    for (unsigned b = 0; b < 4; b++)
        for (unsigned workers = 1; workers <= 8; workers *= 2) {
            filch_runtime *rt;
            filch_config config = {.workers = workers,
                                   .max_workers = 12,
                                   .bind = binds[b],
                                   .guest = "0"};
            OK(filch_runtime_create(&rt, &config));
            expect_as_placed(rt);
            OK(filch_runtime_resize(rt, 12));
            expect_as_placed(rt);
            OK(filch_runtime_destroy(rt));
        }
}

Test(placed, default_runtime_without_quota_reports_pinning)
{
    char text[4096];
    filch_runtime *rt;
    double quota = 0;
    OK(filch_runtime_create(&rt, NULL));
    filch_runtime_describe(rt, text, sizeof text);
    fl_quota_read(NULL, &quota);
    bool pinned = quota == 0 || quota >= cores();
    cr_expect_not_null(strstr(text, pinned ? "binding      auto, worker@cpu 0@" : "quota"), "%s",
                       text);
    OK(filch_runtime_destroy(rt));
}

Test(placed, floating_runtime_reports_place_and_reason)
{
    char text[4096];
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = cores() + 1}));
    filch_runtime_describe(rt, text, sizeof text);
    cr_expect_not_null(
        strstr(text, "binding      auto, not pinned: more workers than cores; on any of CPUs "),
        "%s", text);
    OK(filch_runtime_destroy(rt));
}

/* ---- Fast and efficient cores ---- */

static const struct {
    const char *claim, *cores, *bind;
} kinds[] = {
    {"fast, pinned", "fast", "core"},
    {"fast, floating", "fast", "none"},
    {"efficient, pinned", "efficient", "auto"},
    {"efficient, floating", "efficient", "none"},
};

/* According to hwloc, the first core of this machine is efficient and the others are fast. */
FOR_EACH(placed, workers_stay_on_their_cores, kinds)
{
    const unsigned all = cores();
    if (all < 2)
        cr_skip_test("one core");
    fl_topology_unload();
    const char *file =
        hybrid_machine(NULL, (const struct kind[]){{1, 0, NULL}, {all - 1, 1, NULL}, {0}});
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.max_workers = MOST,
                                                 .cores = one->cores,
                                                 .bind = one->bind,
                                                 .guest = "0"}));
    unlink(file);
    const bool efficient = strcmp(one->cores, "efficient") == 0;
    cr_expect_eq(filch_runtime_workers(rt), efficient ? 1 : all - 1);
    OK(filch_runtime_resize(rt, all + 1));
    expect_as_placed(rt);
    unsigned count;
    const fl_place *pu = fl_topology_pus(rt->topology, &count);
    for (unsigned i = 0; i < count; i++)
        for (unsigned w = 0; w < filch_runtime_workers(rt); w++)
            cr_expect(pu[i].efficient == efficient || !CPU_ISSET((size_t)pu[i].cpu, &masks[w]),
                      "worker %u, CPU %d", w, pu[i].cpu);
    OK(filch_runtime_destroy(rt));
}
