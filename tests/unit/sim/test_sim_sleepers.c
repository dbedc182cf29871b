/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The simulation beside real workers whose tasks sleep: 2 to 32 of them, three queues, three
 * graphs. Makespans and numbers of stolen tasks are compared, with loose bounds:
 * ./tools/bars.sh sim-sleepers judges by a tenth, and compares idle time, too. A disturbed run
 * proves nothing, so the best of a few counts. */
#include <bench/bars/sleepers.h>
#include <criterion/criterion.h>

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
        best = fmin(best, sleepers_off(&simulated, &real, which, workers));
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

Test(sim_sleepers, a_makespan_is_that_of_real_workers)
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
Test(sim_sleepers, as_many_tasks_are_stolen_as_by_real_workers)
{
    static const char graph[] = "tree:depth=8,leaf=3000000";
    sleepers s;
    unfold(&s, graph);
    for (int queue = 0; sim_queues[queue]; queue++)
        for (unsigned workers = 8; workers <= 16; workers *= 2)
            compare(&s, sim_queues[queue], workers, graph, FL_IDLE_SLEEP, SLEEPERS_STEALS);
    free(s.list);
}

Test(sim_sleepers, a_makespan_of_workers_that_stay_awake_is_that_of_real_ones)
{
    static const char graph[] = "skew:leaves=256,part=0.1,leaf=3000000";
    sleepers s;
    unfold(&s, graph);
    for (int idle = FL_IDLE_YIELD; idle <= FL_IDLE_SPIN; idle++)
        for (unsigned workers = 2; workers <= 8; workers *= 2)
            compare(&s, sim_queues[0], workers, graph, (enum fl_idle_mode)idle, SLEEPERS_MAKESPAN);
    free(s.list);
}
