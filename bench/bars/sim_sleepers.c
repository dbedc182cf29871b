/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: filch sim beside real workers. A task that sleeps holds its worker but no CPU, so many workers
 * run truly in parallel on few cores. The same graph runs on the library and in the simulation;
 * each phase that computes there sleeps here. Sleeps last longer than asked for, so the simulation
 * gets the time that one worker needed for each; nothing else is fitted. */
#include "measure.h"
#include "runtimes.h"

#include <sched/victims/policy.h>
#include <tools/sim/sim.h>
#include <tools/sim/walk.h>

#include <sys/prctl.h>

enum { SEEDS = 11 };

/* Each has one time, in the place of %g: ns of a sleep. */
static const struct {
    const char *name, *text;
} graphs[] = {
    {"balanced", "tree:depth=9,leaf=%.0f"},
    {"skewed", "skew:leaves=512,part=0.1,leaf=%.0f"},
    {"uts", "uts:depth=5,branch=3,seed=11,node=%.0f"},
};
enum { GRAPHS = sizeof graphs / sizeof graphs[0], SLEEP = 2000000 /* ns */ };

static void check(int rc, const char *reason)
{
    if (!rc)
        return;
    fprintf(stderr, "bar-sim-sleepers: %s\n", reason);
    exit(1);
}

/* The timer slack of a worker would add 50 us. */
static void sleep_for(picoseconds time)
{
    prctl(PR_SET_TIMERSLACK, 1);
    measure_sleep((double)time * 1e-12);
}

/* One task: a child of a node that lives until the child is joined. parent NULL: the root. */
FILCH_VOID_TASK(visit, (const generator *, g), (const node *, parent), (uint32_t, number),
                (uint32_t, child))
{
    node here;
    phase next;
    if (parent)
        g->shape->child(g, parent, number, child, &here);
    else
        g->shape->root(g, &here);
    for (uint32_t i = 0; g->shape->phase(g, &here, i, &next); i++) {
        if (next.before)
            sleep_for(next.before);
        for (uint32_t c = 0; c < next.children; c++)
            FILCH_FORK(visit, g, &here, i, c);
        if (next.calls)
            visit(self, g, &here, i, next.children);
        for (uint32_t c = 0; c < next.children; c++)
            FILCH_JOIN_VOID(visit);
    }
}

static void read_graph(generator *g, const char *text, double ns)
{
    char graph[GENERATOR_TEXT], reason[256];
    snprintf(graph, sizeof graph, text, ns);
    check(generator_read(g, graph, reason, sizeof reason), reason);
}

/* Seconds on the library. */
static double run_real(const generator *g, unsigned workers)
{
    filch_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.workers = workers;
    config.bind = "none";
    filch_runtime *rt;
    check(filch_runtime_create(&rt, &config), "no runtime");
    FILCH_RUN(rt, visit, g, NULL, 0, 0); /* all threads have started */
    double from = measure_now();
    FILCH_RUN(rt, visit, g, NULL, 0, 0);
    double seconds = measure_now() - from;
    check(filch_runtime_destroy(rt), "the runtime could not be destroyed");
    return seconds;
}

/* The library's constants where workers outnumber CPUs (fl_may_spin). */
static void crowd(costs *c)
{
    costs_default(c);
    c->of[TIME_PATIENCE] = 2000 * PICOSECONDS;
    c->of[TIME_JOIN] = c->of[TIME_BUSY] = 0;
}

/* Median seconds of the seeds. */
static double run_simulated(const generator *g, unsigned workers)
{
    char reason[256];
    double at[SEEDS];
    machine m;
    costs c;
    outcome out;
    crowd(&c);
    check(machine_describe(&m, NULL, workers, reason, sizeof reason), reason);
    simulation how = {.graph = g, .machine = &m, .costs = &c, .policy = fl_policies[0]};
    for (how.seed = 1; how.seed <= SEEDS; how.seed++) {
        check(simulate(&how, &out), "the simulation failed");
        at[how.seed - 1] = (double)out.makespan * 1e-12;
    }
    machine_free(&m);
    return measure_spread_of(at, SEEDS).median;
}

static void show(const char *graph, unsigned workers, const char *figure, measure_spread spread)
{
    char what[96];
    snprintf(what, sizeof what, "sim: %s, %u workers, %s", graph, workers, figure);
    measure_judge(what, spread, MEASURE_REPORTED, 0);
}

static bool judge(int graph, unsigned workers, double one, int repeat)
{
    generator asked, took;
    extent e;
    char what[96];
    double ratios[MEASURE_ROUNDS], off[MEASURE_ROUNDS];
    read_graph(&asked, graphs[graph].text, SLEEP);
    check(walk(&asked, UINT64_MAX, &e), "no memory");
    read_graph(&took, graphs[graph].text, one / ((double)e.work * 1e-12) * SLEEP);
    double simulated = run_simulated(&took, workers);
    for (int i = 0; i < repeat; i++)
        ratios[i] = simulated / run_real(&asked, workers);
    show(graphs[graph].name, workers, "simulated / real", measure_spread_of(ratios, repeat));
    double greedy = one / workers + one * (double)e.span / (double)e.work;
    for (int i = 0; i < repeat; i++)
        off[i] = ratios[i] * greedy / simulated;
    show(graphs[graph].name, workers, "greedy bound / real", measure_spread_of(off, repeat));
    for (int i = 0; i < repeat; i++)
        off[i] = fmax(ratios[i], 1 / ratios[i]);
    snprintf(what, sizeof what, "sim: %s, %u workers, simulation off by", graphs[graph].name,
             workers);
    return measure_judge(what, measure_spread_of(off, repeat), MEASURE_AT_MOST, 1.1);
}

int main(int argc, char **argv)
{
    static const unsigned counts[] = {2, 8, 32, 64};
    measure_options options = measure_read_options(argc, argv, 0, "unused");
    bool reached = true;
    for (int i = 0; i < GRAPHS; i++) {
        generator g;
        if (!measure_wanted(&options, graphs[i].name))
            continue;
        read_graph(&g, graphs[i].text, SLEEP);
        double one = run_real(&g, 1);
        for (size_t j = 0; j < sizeof counts / sizeof counts[0]; j++)
            reached = judge(i, counts[j], one, options.repeat) && reached;
    }
    return reached ? 0 : 1;
}
