/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The same graph on the library and in the simulation. A task that sleeps holds its worker but no
 * CPU, so many workers run truly side by side on few cores. Each task notes how long its sleep
 * really lasted, and the simulation gets these times: they are the system's, not the scheduler's.
 * Compared are the makespan, the number of stolen tasks, and the idle time of all workers. */
#ifndef BARS_SLEEPERS_H
#define BARS_SLEEPERS_H

#include <filch/filch.h>
#include <sched/rng.h>
#include <tools/shared/clock.h>
#include <tools/shared/statistics.h>
#include <tools/sim/sim.h>
#include <tools/sim/walk.h>

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

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
enum sleepers_figure { SLEEPERS_MAKESPAN, SLEEPERS_STEALS, SLEEPERS_IDLE, SLEEPERS_FIGURES };
static const char *const sleepers_figure_names[SLEEPERS_FIGURES] = {"makespan", "steals",
                                                                    "idle time"};

typedef struct sleepers_run {
    double of[SLEEPERS_FIGURES];
} sleepers_run;

/* ---- The graph ---- */

static inline bool sleepers_unfold(sleepers *s, const generator *g)
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
static inline void sleepers_vary(sleepers *s, uint64_t seed)
{
    uint64_t rng = fl_rng_seed(seed, 0);
    for (uint32_t i = 0; i < s->count; i++)
        s->list[i].asked =
            s->list[i].usual / 2 + s->list[i].usual / 1000 * fl_rng_below(&rng, 1000);
}

static inline void sleepers_root(const generator *g, node *root)
{
    (void)g;
    *root = (node){0};
}

static inline bool sleepers_phase(const generator *g, const node *at, uint32_t number, phase *out)
{
    const sleeper *one = &((const sleepers *)g->data)->list[at->state];
    *out = (phase){one->took, one->children, one->calls};
    return number == 0;
}

static inline void sleepers_child(const generator *g, const node *at, uint32_t number,
                                  uint32_t child, node *out)
{
    (void)number;
    *out = (node){.state = ((const sleepers *)g->data)->list[at->state].first + child,
                  .depth = at->depth + 1};
}

static const shape sleepers_shape = {.name = "sleepers",
                                     .root = sleepers_root,
                                     .phase = sleepers_phase,
                                     .child = sleepers_child};

/* With the times of the last run. */
static inline generator sleepers_graph(const sleepers *s)
{
    return (generator){.shape = &sleepers_shape, .data = s};
}

/* ---- On the library ---- */

static inline void sleepers_sleep(sleeper *one)
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
static inline bool sleepers_real(sleepers *s, unsigned workers, const char *queue,
                                 enum fl_idle_mode idle, sleepers_run *out)
{
    const filch_config config = {.size = sizeof config,
                                 .workers = workers,
                                 .bind = "none",
                                 .queue = queue,
                                 .idle = fl_idle_modes[idle]->name};
    sleepers warm = {0};
    sleeper few[9] = {{0, 0, 0, 1, 8, false}};
    filch_stats before, after;
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &config))
        return false;
    warm.list = few;
    for (int i = 1; i < 9; i++)
        few[i].asked = 1000000 * PICOSECONDS;
    FILCH_RUN(rt, sleepers_visit, warm.list, 0);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* all threads have started */
    filch_runtime_stats_read(rt, &before, sizeof before);
    double from = seconds_of(CLOCK_MONOTONIC);
    FILCH_RUN(rt, sleepers_visit, s->list, 0);
    double seconds = seconds_of(CLOCK_MONOTONIC) - from;
    filch_runtime_stats_read(rt, &after, sizeof after);
    double worked = (double)(after.work_ns - before.work_ns) * 1e-9;
    *out = (sleepers_run){{seconds, (double)(after.tasks_taken - before.tasks_taken),
                           fmax(workers * seconds - worked, 0)}};
    return filch_runtime_destroy(rt) == 0;
}

/* ---- In the simulation ---- */

enum { SLEEPERS_SEEDS = 21 };

/* The library's constants where workers outnumber CPUs (fl_may_spin). */
static inline void sleepers_crowd(costs *c)
{
    costs_default(c);
    c->of[TIME_PATIENCE] = 2000 * PICOSECONDS;
    c->of[TIME_JOIN] = c->of[TIME_BUSY] = 0;
}

/* Workers do not wake as many others as they would with a CPU each (sched/idle.h). */
static inline unsigned sleepers_cpus(void)
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) ? 1 : (unsigned)CPU_COUNT(&mask);
}

/* Medians of the seeds, with the times of the last run. */
static inline bool sleepers_simulated(const sleepers *s, unsigned workers, const sim_queue *queue,
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
        double seconds = (double)one.makespan * 1e-12;
        at[SLEEPERS_MAKESPAN][how.seed] = seconds;
        at[SLEEPERS_STEALS][how.seed] = (double)one.stolen;
        at[SLEEPERS_IDLE][how.seed] = workers * seconds - (double)one.spent[FL_WORKING] * 1e-12;
    }
    machine_free(&m);
    for (int i = 0; !rc && i < SLEEPERS_FIGURES; i++)
        out->of[i] = median_of(at[i], SLEEPERS_SEEDS);
    return !rc;
}

/* work / workers + span, in seconds: the null model. */
static inline double sleepers_greedy(const sleepers *s, unsigned workers)
{
    generator g = sleepers_graph(s);
    extent e;
    return walk(&g, UINT64_MAX, &e) ? NAN : ((double)e.work / workers + (double)e.span) * 1e-12;
}

/* How far apart two runs are, as a factor from 1 on. Numbers near 0 have no ratio: three steals,
 * and a fiftieth of all workers' time, are counted as nothing. */
static inline double sleepers_off(const sleepers_run *one, const sleepers_run *other,
                                  enum sleepers_figure which, unsigned workers)
{
    const double least[SLEEPERS_FIGURES] = {0, 3, 0.02 * workers * other->of[SLEEPERS_MAKESPAN]};
    double a = one->of[which], b = other->of[which];
    return fabs(a - b) <= least[which] ? 1 : fmax(a / b, b / a);
}

#endif
