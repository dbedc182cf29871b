/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: filch sim beside real workers whose tasks sleep (sleepers.h), for 1 to 64 workers, three
 * queues and three graphs. Each round has other lengths of sleeps, and runs the graph once on the
 * library, and then in the simulation with the times that its sleeps took. The greedy bound stands beside both. */
#include "measure.h"
#include "sleepers.h"

/* Each has one time, in the place of %d: ns of a sleep. */
static const struct {
    const char *name, *text;
} graphs[] = {
    {"balanced", "tree:depth=9,leaf=%d"},
    {"skewed", "skew:leaves=512,part=0.1,leaf=%d"},
    {"uts", "uts:depth=5,branch=3,seed=11,node=%d"},
};
enum {
    GRAPHS = sizeof graphs / sizeof graphs[0],
    SLEEP = 2000000 /* ns */,
    MOST_WORKERS = 64,
    NAME = 96
};

static void check(bool good, const char *reason)
{
    if (good)
        return;
    fprintf(stderr, "bar-sim-sleepers: %s\n", reason);
    exit(1);
}

static sleepers read_graph(const char *text)
{
    char graph[GENERATOR_TEXT], reason[256];
    generator g;
    sleepers s;
    snprintf(graph, sizeof graph, text, SLEEP);
    check(!generator_read(&g, graph, reason, sizeof reason), reason);
    check(sleepers_unfold(&s, &g), "no memory");
    return s;
}

typedef struct rounds {
    double at[SLEEPERS_FIGURES][MEASURE_ROUNDS];
} rounds;

static sleepers_run medians(const rounds *r, int count)
{
    sleepers_run m;
    for (int i = 0; i < SLEEPERS_FIGURES; i++)
        m.of[i] = measure_spread_of(r->at[i], count).median;
    return m;
}

/* One row. A number of steals is a matter of chance, so medians of the rounds are compared. */
static bool judge(sleepers *s, const sim_queue *queue, unsigned workers, int repeat,
                  const char *name)
{
    rounds real, simulated;
    double greedy[MEASURE_ROUNDS];
    bool reached = true;
    costs c;
    sleepers_crowd(&c);
    for (int i = 0; i < repeat; i++) {
        sleepers_run one, other;
        sleepers_vary(s, (uint64_t)i);
        check(sleepers_real(s, workers, queue->name, FL_IDLE_SLEEP, &one), "no runtime");
        check(sleepers_simulated(s, workers, queue, FL_IDLE_SLEEP, &c, &other),
              "the simulation failed");
        greedy[i] = sleepers_greedy(s, workers) / one.of[SLEEPERS_MAKESPAN];
        for (int which = 0; which < SLEEPERS_FIGURES; which++) {
            real.at[which][i] = one.of[which];
            simulated.at[which][i] = other.of[which];
        }
    }
    sleepers_run one = medians(&simulated, repeat), other = medians(&real, repeat);
    for (int which = 0; which < SLEEPERS_FIGURES; which++) {
        char what[NAME];
        measure_spread of = measure_spread_of(real.at[which], repeat);
        snprintf(what, sizeof what, "%s%s", name, sleepers_figure_names[which]);
        printf("    simulated %.4g, real %.4g, %.4g .. %.4g\n", one.of[which], of.median, of.least,
               of.most);
        double off = sleepers_off(&one, &other, (enum sleepers_figure)which, workers);
        reached = measure_judge_one(what, off, MEASURE_AT_MOST, 1.1) && reached;
    }
    char what[NAME];
    snprintf(what, sizeof what, "%sgreedy bound / real", name);
    measure_judge(what, measure_spread_of(greedy, repeat), MEASURE_REPORTED, 0);
    return reached;
}

/* Names as "the, uts, 64 workers, steals": --only finds any part. */
static bool judge_all(const sim_queue *queue, int graph, const measure_options *options)
{
    sleepers s = read_graph(graphs[graph].text);
    bool reached = true;
    for (unsigned workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        char name[NAME / 2];
        snprintf(name, sizeof name, "%s, %s, %u workers, ", queue->name, graphs[graph].name,
                 workers);
        if (measure_wanted(options, name))
            reached = judge(&s, queue, workers, options->repeat, name) && reached;
    }
    free(s.list);
    return reached;
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "unused");
    bool reached = true;
    for (int i = 0; sim_queues[i]; i++)
        for (int k = 0; k < GRAPHS; k++)
            reached = judge_all(sim_queues[i], k, &options) && reached;
    return reached ? 0 : 1;
}
