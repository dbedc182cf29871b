/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The simulation beside real workers whose tasks sleep: 2 to 32 of them, three queues, three
 * graphs. The makespan is compared, with a loose bound: ./tools/bars.sh sim-sleepers judges it by a
 * tenth, and compares steals and idle time. A disturbed run proves nothing, so the best of a few
 * counts. */
#include <bench/bars/sleepers.h>
#include <criterion/criterion.h>

enum { TRIES = 8 };

static const double bound = 1.5;

static void compare(sleepers *s, const sim_queue *queue, unsigned workers, const char *graph)
{
    double best = INFINITY;
    costs c;
    sleepers_crowd(&c);
    for (int i = 0; i < TRIES && best > bound; i++) {
        sleepers_run real = {0}, simulated = {0};
        cr_assert(sleepers_real(s, workers, queue->name, &real), "%s", filch_error());
        cr_assert(sleepers_simulated(s, workers, queue, &c, &simulated));
        best = fmin(best, sleepers_off(&simulated, &real, SLEEPERS_MAKESPAN, workers));
    }
    cr_expect_leq(best, bound, "%s, %s, %u workers: makespan off by %g", queue->name, graph,
                  workers, best);
}

Test(sim_sleepers, a_makespan_is_that_of_real_workers)
{
    static const char *const graphs[] = {"tree:depth=8,leaf=3000000",
                                         "skew:leaves=256,part=0.1,leaf=3000000",
                                         "uts:depth=5,branch=3,seed=11,node=1000000"};
    for (int i = 0; i < 3; i++) {
        char reason[256] = "";
        sleepers s;
        generator g;
        cr_assert_eq(generator_read(&g, graphs[i], reason, sizeof reason), 0, "%s", reason);
        cr_assert(sleepers_unfold(&s, &g));
        for (int queue = 0; sim_queues[queue]; queue++)
            for (unsigned workers = 2; workers <= 32; workers *= 4)
                compare(&s, sim_queues[queue], workers, graphs[i]);
        free(s.list);
    }
}
