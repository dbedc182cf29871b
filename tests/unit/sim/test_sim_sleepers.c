/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tiny tsan (the simulation has neither three fibers nor slow workers); needs filch_sim_parts; label simulation (minutes without optimization); run_serial on (it compares times with those of a simulation)
 *
 * The simulation beside real workers whose tasks sleep: 2 to 32 of them, three queues, three
 * graphs. A task that sleeps holds its worker but no CPU, so many workers run truly side by side on
 * few cores. Each task notes how long its sleep really lasted, and the simulation gets these times:
 * they are the system's, not the scheduler's. Makespans and numbers of stolen tasks are compared,
 * with loose bounds. A disturbed run proves nothing, so the best of a few counts. */
#include <math.h>
#include <sched.h>
#include <sched/rng.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <tests/support/test.h>
#include <tools/shared/clock.h>
#include <tools/shared/statistics.h>
#include <tools/sim/sim.h>
#include <tools/sim/walk.h>

/* A graph that is unfolded, of tasks with one phase each. */
typedef struct sleeper {
    picoseconds usual;        /* sleep */
    picoseconds asked, took;  /* of this run, and how long it took in the last one */
    uint32_t first, children; /* the called one is behind the forked ones */
    bool calls;
} sleeper;

typedef struct sleepers {
    sleeper *list; /* 0: the root; children stand side by side */
    uint32_t count;
} sleepers;

/* Of one run; times in seconds. */
enum sleepers_figure { SLEEPERS_MAKESPAN, SLEEPERS_STEALS, SLEEPERS_FIGURES };
static const char *const sleepers_figure_names[SLEEPERS_FIGURES] = {"makespan", "steals"};

typedef struct sleepers_run {
    double of[SLEEPERS_FIGURES];
} sleepers_run;

/* ---- The graph ---- */

static bool sleepers_unfold(sleepers *s, const generator *g)
{
    extent e;
    if (walk(g, UINT32_MAX, &e))
        return false;
    node *at = calloc(e.tasks, sizeof *at);
    s->list = calloc(e.tasks, sizeof *s->list);
    s->count = 1;
    if (at && s->list)
        g->shape->root(g, at);
    for (uint32_t i = 0; at && s->list && i < s->count; i++) {
        phase p;
        if (!g->shape->phase(g, &at[i], 0, &p))
            continue;
        s->list[i] = (sleeper){p.before, p.before, 0, s->count, p.children, p.calls};
        for (uint32_t child = 0; child < p.children + p.calls; child++)
            g->shape->child(g, &at[i], 0, child, &at[s->count++]);
    }
    free(at);
    return at && s->list;
}

/* Other lengths for each seed: between half and three halves of the usual ones. Equal sleeps end at
 * the same moment on all workers, whose order within some microseconds then decides about the
 * steals: that is the system's, and no two runs have the same. */
static void sleepers_vary(sleepers *s, uint64_t seed)
{
    uint64_t rng = fl_rng_seed(seed, 0);
    for (uint32_t i = 0; i < s->count; i++)
        s->list[i].asked =
            s->list[i].usual / 2 + s->list[i].usual / 1000 * fl_rng_below(&rng, 1000);
}

static void sleepers_root(const generator *g, node *root)
{
    *root = (node){0};
}

static bool sleepers_phase(const generator *g, const node *at, uint32_t number, phase *out)
{
    const sleeper *one = &((const sleepers *)g->data)->list[at->state];
    *out = (phase){one->took, one->children, one->calls};
    return number == 0;
}

static void sleepers_child(const generator *g, const node *at, uint32_t number, uint32_t child,
                           node *out)
{
    *out = (node){.state = ((const sleepers *)g->data)->list[at->state].first + child,
                  .depth = at->depth + 1};
}

static const shape sleepers_shape = {.name = "sleepers",
                                     .root = sleepers_root,
                                     .phase = sleepers_phase,
                                     .child = sleepers_child};

/* With the times of the last run. */
static generator sleepers_graph(const sleepers *s)
{
    return (generator){.shape = &sleepers_shape, .data = s};
}

/* ---- On the library ---- */

static void sleepers_sleep(sleeper *one)
{
    double from = seconds_of(CLOCK_MONOTONIC);
    prctl(PR_SET_TIMERSLACK, 1); /* that of a worker would add 50 us */
    nanosleep(&(struct timespec){.tv_nsec = (long)(one->asked / PICOSECONDS)}, NULL);
    one->took = (picoseconds)((seconds_of(CLOCK_MONOTONIC) - from) * 1e12);
}

FILCH_VOID_TASK(sleepers_visit, (sleeper *, list), (uint32_t, at))
{
    sleeper *one = &list[at];
    if (one->asked)
        sleepers_sleep(one);
    for (uint32_t child = 0; child < one->children; child++)
        FILCH_FORK(sleepers_visit, list, one->first + child);
    if (one->calls)
        sleepers_visit(self, list, one->first + one->children);
    for (uint32_t child = 0; child < one->children; child++)
        FILCH_JOIN_VOID(sleepers_visit);
}

/* false: there is no runtime, and filch_error() says why. */
static bool sleepers_real(sleepers *s, unsigned workers, const char *queue, enum fl_idle_mode idle,
                          sleepers_run *out)
{
    const filch_config config = {.size = sizeof config,
                                 .workers = workers,
                                 .bind = "none",
                                 .queue = queue,
                                 .idle = fl_idle_modes[idle]->name};
    sleepers warm = {0};
    sleeper few[9] = {{0, 0, 0, 1, 8, false}};
    filch_runtime_stats before, after;
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &config))
        return false;
    warm.list = few;
    for (int i = 1; i < 9; i++)
        few[i].asked = 1000000 * PICOSECONDS;
    FILCH_RUN(rt, sleepers_visit, warm.list, 0);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* all threads have started */
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &before, sizeof before);
    double from = seconds_of(CLOCK_MONOTONIC);
    FILCH_RUN(rt, sleepers_visit, s->list, 0);
    double seconds = seconds_of(CLOCK_MONOTONIC) - from;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &after, sizeof after);
    *out = (sleepers_run){{seconds, (double)(after.tasks_taken - before.tasks_taken)}};
    return filch_runtime_destroy(rt) == 0;
}

/* ---- In the simulation ---- */

enum { SLEEPERS_SEEDS = 21 };

/* The library's constants where workers outnumber CPUs (fl_may_spin). */
static void sleepers_crowd(costs *c)
{
    costs_default(c);
    c->of[TIME_PATIENCE] = 2000 * PICOSECONDS;
    c->of[TIME_JOIN] = c->of[TIME_BUSY] = 0;
}

/* Workers do not wake as many others as they would with a CPU each (sched/idle.h). */
static unsigned sleepers_cpus(void)
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) ? 1 : (unsigned)CPU_COUNT(&mask);
}

/* Medians of the seeds, with the times of the last run. */
static bool sleepers_simulated(const sleepers *s, unsigned workers, const sim_queue *queue,
                               enum fl_idle_mode idle, const costs *c, sleepers_run *out)
{
    char reason[256];
    double at[SLEEPERS_FIGURES][SLEEPERS_SEEDS];
    generator g = sleepers_graph(s);
    machine m;
    outcome one;
    if (machine_describe(&m, NULL, workers, reason, sizeof reason))
        return false;
    simulation how = {.graph = &g,
                      .machine = &m,
                      .costs = c,
                      .policy = fl_policies[0],
                      .queue = queue,
                      .idle = idle,
                      .cpus = sleepers_cpus()};
    int rc = 0;
    for (how.seed = 0; !rc && how.seed < SLEEPERS_SEEDS; how.seed++) {
        rc = simulate(&how, &one);
        at[SLEEPERS_MAKESPAN][how.seed] = (double)one.makespan * 1e-12;
        at[SLEEPERS_STEALS][how.seed] = (double)one.stolen;
    }
    machine_free(&m);
    for (int i = 0; !rc && i < SLEEPERS_FIGURES; i++)
        out->of[i] = median_of(at[i], SLEEPERS_SEEDS);
    return !rc;
}

/* How far apart two runs are, as a factor from 1 on. Numbers near 0 have no ratio: three steals
 * are counted as nothing. */
static double sleepers_off(const sleepers_run *one, const sleepers_run *other,
                           enum sleepers_figure which)
{
    static const double least[SLEEPERS_FIGURES] = {[SLEEPERS_STEALS] = 3};
    double a = one->of[which], b = other->of[which];
    return fabs(a - b) <= least[which] ? 1 : fmax(a / b, b / a);
}

/* ---- Side by side ---- */

enum { TRIES = 8 };

static const double bounds[SLEEPERS_FIGURES] = {[SLEEPERS_MAKESPAN] = 1.5, [SLEEPERS_STEALS] = 1.3};

static void compare(sleepers *s, const sim_queue *queue, unsigned workers, const char *graph,
                    enum fl_idle_mode idle, enum sleepers_figure which)
{
    double best = INFINITY;
    costs c;
    sleepers_crowd(&c);
    for (int i = 0; i < TRIES && best > bounds[which]; i++) {
        sleepers_run real = {0}, simulated = {0};
        sleepers_vary(s, (uint64_t)i);
        cr_assert(sleepers_real(s, workers, queue->name, idle, &real), "%s", filch_error());
        cr_assert(sleepers_simulated(s, workers, queue, idle, &c, &simulated));
        best = fmin(best, sleepers_off(&simulated, &real, which));
    }
    cr_expect_leq(best, bounds[which], "%s, %s, %u workers: %s off by %g", queue->name, graph,
                  workers, sleepers_figure_names[which], best);
}

static void unfold(sleepers *s, const char *graph)
{
    char reason[256] = "";
    generator g;
    cr_assert_eq(generator_read(&g, graph, reason, sizeof reason), 0, "%s", reason);
    cr_assert(sleepers_unfold(s, &g));
}

Test(sim_sleepers, makespan_matches_real_workers)
{
    static const char *const graphs[] = {"tree:depth=8,leaf=3000000",
                                         "skew:leaves=256,part=0.1,leaf=3000000",
                                         "uts:depth=5,branch=3,seed=11,node=1000000"};
    for (int i = 0; i < 3; i++) {
        sleepers s;
        unfold(&s, graphs[i]);
        for (int queue = 0; sim_queues[queue]; queue++)
            for (unsigned workers = 2; workers <= 32; workers *= 4)
                compare(&s, sim_queues[queue], workers, graphs[i], FL_IDLE_SLEEP,
                        SLEEPERS_MAKESPAN);
        free(s.list);
    }
}

/* In a central queue most entries are old, and stand for the forks that have their slots now. */
Test(sim_sleepers, steal_count_matches_real_workers)
{
    static const char graph[] = "tree:depth=8,leaf=3000000";
    sleepers s;
    unfold(&s, graph);
    for (int queue = 0; sim_queues[queue]; queue++)
        for (unsigned workers = 8; workers <= 16; workers *= 2)
            compare(&s, sim_queues[queue], workers, graph, FL_IDLE_SLEEP, SLEEPERS_STEALS);
    free(s.list);
}

Test(sim_sleepers, awake_makespan_matches_real_workers)
{
    static const char graph[] = "skew:leaves=256,part=0.1,leaf=3000000";
    sleepers s;
    unfold(&s, graph);
    for (int idle = FL_IDLE_YIELD; idle <= FL_IDLE_SPIN; idle++)
        for (unsigned workers = 2; workers <= 8; workers *= 2)
            compare(&s, sim_queues[0], workers, graph, (enum fl_idle_mode)idle, SLEEPERS_MAKESPAN);
    free(s.list);
}
