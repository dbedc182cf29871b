/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_sim_parts
 *
 * Traces of real runs, simulated. The tasks sleep, so that all workers run side by side on any
 * machine, and the trace has their true times. */
#include <filch/filch.h>
#include <math.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <tests/unit/sim/simulated.h>
#include <time.h>
#include <tools/sim/replay.h>

enum { MS = 1000000, SIZE = 11, LOOP = 60, FORKS = 143 + LOOP + 60 /* of `whole` */ };

static void leaf(void)
{
    nanosleep(&(struct timespec){.tv_nsec = MS}, NULL);
}

FILCH_VOID_TASK(sleepers, (int, n))
{
    if (n < 2) {
        leaf();
        return;
    }
    FILCH_FORK(sleepers, n - 1);
    sleepers(self, n - 2);
    FILCH_JOIN_VOID(sleepers);
}

/* A tree, a loop, and forks between joins. */
FILCH_VOID_TASK(whole, (int, n))
{
    sleepers(self, n);
    for (int i = 0; i < LOOP; i++)
        FILCH_FORK(sleepers, i % 2);
    for (int i = 0; i < LOOP; i++)
        FILCH_JOIN_VOID(sleepers);
    for (int i = 0; i < 20; i++) {
        FILCH_FORK(sleepers, 0);
        FILCH_FORK(sleepers, 1);
        FILCH_JOIN_VOID(sleepers);
        FILCH_FORK(sleepers, 1);
        FILCH_JOIN_VOID(sleepers);
        FILCH_JOIN_VOID(sleepers);
    }
}

static void record(unsigned workers, const char *queue, char *path, size_t size)
{
    static unsigned number; /* of this process's runtimes with a trace */
    char trace[256];
    filch_runtime *rt;
    const char *folder = folder_make();
    snprintf(trace, sizeof trace, "%s/run.trace,tasks", folder);
    snprintf(path, size, number ? "%s/run.trace.%u" : "%s/run.trace", folder, number + 1);
    number++;
    const filch_config config = {
        .size = sizeof config, .workers = workers, .bind = "none", .queue = queue, .trace = trace};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    FILCH_RUN(rt, whole, SIZE);
    OK(filch_runtime_destroy(rt));
}

static void simulate_on(const replay *r, unsigned workers, outcome *o, extent *e)
{
    char reason[256] = "";
    generator g;
    machine m;
    costs c;
    replay_graph(r, &g);
    cr_assert_eq(walk(&g, UINT64_MAX, e), 0);
    cr_assert_eq(machine_describe(&m, NULL, workers, reason, sizeof reason), 0, "%s", reason);
    costs_default(&c);
    simulation how = {.graph = &g, .machine = &m, .costs = &c, .policy = fl_policies[0], .seed = 1};
    cr_assert_eq(simulate(&how, o), 0);
    machine_free(&m);
}

Test(sim_replay, any_worker_count_runs_all_tasks)
{
    static const char *const queues[] = {"chase-lev-outline", "central-mutex", "the"};
    for (int i = 0; i < 3; i++) {
        char path[200], reason[512] = "";
        replay r;
        record(4, queues[i], path, sizeof path);
        cr_assert_eq(replay_read(&r, path, reason, sizeof reason), 0, "%s", reason);
        for (unsigned workers = 1; workers <= 256; workers *= 4) {
            outcome o;
            extent e;
            simulate_on(&r, workers, &o, &e);
            cr_expect_eq(e.forks, (uint64_t)FORKS, "%s: %llu", queues[i],
                         (unsigned long long)e.forks);
            cr_expect_eq(o.tasks, e.tasks, "%s on %u", queues[i], workers);
            cr_expect_eq(o.computed, e.work, "%s on %u", queues[i], workers);
            cr_expect_geq(o.makespan, e.span, "%s on %u", queues[i], workers);
            cr_expect_geq(o.makespan, e.work / workers, "%s on %u", queues[i], workers);
        }
        replay_free(&r);
    }
}

/* A disturbed run takes longer than the graph of its trace: it has waits that the trace does not show. So the best of a few
 * counts, and the bound below is a loose one. */
Test(sim_replay, trace_takes_as_long_as_run)
{
    static const unsigned counts[] = {1, 3, 8};
    enum { TRIES = 5 };
    for (int i = 0; i < 3; i++) {
        double best = 0;
        for (int k = 0; k < TRIES && fabs(best - 1) > 0.03; k++) {
            char path[200], reason[512] = "";
            replay r;
            outcome o;
            extent e;
            record(counts[i], "chase-lev-outline", path, sizeof path);
            cr_assert_eq(replay_read(&r, path, reason, sizeof reason), 0, "%s", reason);
            simulate_on(&r, counts[i], &o, &e);
            double ratio = (double)o.makespan / (double)r.makespan;
            best = fabs(ratio - 1) < fabs(best - 1) ? ratio : best;
            replay_free(&r);
        }
        cr_expect(best > 0.6 && best < 1.1, "%u workers: %g", counts[i], best);
    }
}
