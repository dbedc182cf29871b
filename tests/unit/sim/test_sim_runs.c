/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan (one thread); needs filch_sim_parts; label simulation (minutes without optimization)
 *
 * Runs of the simulation: exact times of one worker, bounds of many, conservation of tasks and
 * time, the same outcome for the same seed. */
#include <tests/support/test.h>
#include <tests/unit/sim/simulated.h>
#include <tools/sim/world.h>

static const char *const graphs[] = {
    "tree:depth=11,leaf=700,node=30", "tree:fan=5,depth=4,leaf=2000", "skew:leaves=2000,part=0.03",
    "uts:depth=6,seed=2,branch=3",    "uts-deep:roots=30,seed=7",     "dag:seed=5,depth=6",
    "dag:seed=9,depth=5,phases=4",    "loop:n=1000,ns=2000",          "loop:n=90,ns=20000",
};
/* The loops are the last ones. */
enum { GRAPHS = sizeof graphs / sizeof graphs[0], TREES = GRAPHS - 2 };
static const unsigned counts[] = {1, 2, 3, 8, 33, 128};
enum { COUNTS = sizeof counts / sizeof counts[0], SPANS = 3 };

Test(sim_runs, single_worker_time_is_exact_sum)
{
    for (int i = 0; i < GRAPHS; i++) {
        simulated s;
        simulated_begin(&s, graphs[i], NULL, 1);
        outcome o = simulated_run(&s);
        picoseconds each = s.costs.of[COST_FORK] + s.costs.of[COST_JOIN];
        cr_expect_eq(o.makespan, s.extent.work + (picoseconds)s.extent.forks * each, "%s",
                     graphs[i]);
        cr_expect_eq(o.tasks, s.extent.tasks, "%s", graphs[i]);
        simulated_end(&s);
    }
}

static void check_sums(const simulated *s, const outcome *o, const char *graph)
{
    picoseconds all = (picoseconds)s->machine.workers * o->makespan;
    uint64_t steals = o->gifts + o->robs + o->ready_stolen, of_tiers = 0;
    for (int i = 0; i < SIM_TIERS; i++)
        of_tiers += o->steals_of[i];
    cr_expect_eq(o->tasks, s->extent.tasks, "%s, %u: every task runs once", graph,
                 s->machine.workers);
    cr_expect_geq(o->forks, s->extent.forks, "%s", graph);
    cr_expect_eq(o->computed, s->extent.work, "%s", graph);
    cr_expect_eq(o->spent[FL_WORKING] + o->spent[FL_SEARCHING] + o->spent[FL_SLEEPING], all, "%s",
                 graph);
    cr_expect_eq(of_tiers, steals, "%s", graph);
    cr_expect_geq(o->stolen, o->gifts + o->robs, "%s", graph);
    if (o->asks)
        cr_expect_geq(o->asks, o->gifts + o->robs, "%s", graph);
    cr_expect_geq(o->makespan, s->extent.span, "%s", graph);
    cr_expect_geq(all, s->extent.work, "%s", graph);
}

Test(sim_runs, tasks_and_time_are_counted_once)
{
    unsigned variant = 0;
    for (int i = 0; i < GRAPHS; i++)
        for (int j = 0; j < COUNTS; j++)
            for (const fl_policy *const *policy = fl_policies; *policy; policy++, variant++) {
                simulated s;
                simulated_begin(&s, graphs[i], "package:4 l3:2 core:8 pu:2", counts[j]);
                s.how.policy = *policy;
                s.how.queue = sim_queues[variant / 2 % 3];
                s.how.take = (enum fl_take_mode)(variant % 3);
                s.how.idle = variant % 2 ? FL_IDLE_SPIN : FL_IDLE_SLEEP;
                s.how.seed = variant;
                outcome o = simulated_run(&s);
                check_sums(&s, &o, graphs[i]);
                simulated_end(&s);
            }
}

/* The ring has 4096 entries, so most children run at their forks, and all are joined. */
Test(sim_runs, full_central_queue_runs_forks_inline)
{
    for (unsigned workers = 1; workers <= 64; workers *= 8) {
        simulated s;
        simulated_begin(&s, "loop:n=20000,ns=20000", NULL, workers);
        s.how.queue = sim_queues[2];
        outcome o = simulated_run(&s);
        check_sums(&s, &o, "loop");
        cr_expect(workers > 1 || !o.stolen, "%llu", (unsigned long long)o.stolen);
        cr_expect(workers == 1 || o.stolen > 4096, "%llu", (unsigned long long)o.stolen);
        cr_expect_lt(o.stolen, 20000u, "some ran at once");
        simulated_end(&s);
    }
}

Test(sim_runs, arriving_jobs_run_and_count_once)
{
    for (int queue = 0; sim_queues[queue]; queue++)
        for (int idle = FL_IDLE_SLEEP; idle <= FL_IDLE_SPIN; idle += FL_IDLE_SPIN)
            for (int j = 0; j < COUNTS; j++) {
                simulated s;
                simulated_begin(&s, "arrivals:jobs=3000,load=0.8", NULL, counts[j]);
                s.how.queue = sim_queues[queue];
                s.how.idle = (enum fl_idle_mode)idle;
                outcome o = simulated_run(&s);
                picoseconds held = 0;
                double jobs = 0;
                for (int i = 0; i < SIM_JOBS; i++) {
                    held += o.held[i];
                    jobs += i * (double)o.held[i];
                }
                check_sums(&s, &o, "arrivals");
                cr_expect_eq(o.forks, 3000u);
                cr_expect_eq(held % counts[j], 0, "the same time is counted for each worker");
                cr_expect_lt(held, (picoseconds)counts[j] * o.makespan);
                cr_expect_geq(o.jobs, jobs);
                cr_expect(counts[j] == 1 || o.ready_stolen);
                simulated_end(&s);
            }
}

/* One lock for all: many workers of tiny tasks are slower than a few. */
Test(sim_runs, only_central_lock_slows_tiny_tasks)
{
    picoseconds makespan[3][2];
    for (int queue = 0; queue < 3; queue++)
        for (int many = 0; many < 2; many++) {
            simulated s;
            simulated_begin(&s, "tree:depth=15,leaf=100", NULL, many ? 64 : 4);
            s.how.queue = sim_queues[queue];
            s.how.idle = FL_IDLE_SPIN;
            makespan[queue][many] = simulated_run(&s).makespan;
            simulated_end(&s);
        }
    cr_expect_lt(4 * makespan[0][1], makespan[0][0]);
    cr_expect_lt(4 * makespan[1][1], makespan[1][0]);
    cr_expect_gt(2 * makespan[2][1], makespan[2][0]);
}

Test(sim_runs, loop_is_shared_in_large_gifts)
{
    simulated s;
    simulated_begin(&s, "loop:n=20000,ns=2000", NULL, 16);
    outcome o = simulated_run(&s);
    check_sums(&s, &o, "loop");
    cr_expect_gt(o.stolen, 4 * (o.gifts + o.robs), "%llu tasks in %llu",
                 (unsigned long long)o.stolen, (unsigned long long)(o.gifts + o.robs));
    s.how.take = FL_TAKE_ONE;
    o = simulated_run(&s);
    cr_expect_eq(o.stolen, o.gifts + o.robs);
    simulated_end(&s);
}

/* With two workers each policy chooses the same victim, so only the looks differ. */
Test(sim_runs, a_policy_pays_for_its_looks)
{
    picoseconds makespans[2];
    static const fl_policy *const policies[] = {&fl_policy_random, &fl_policy_richest};
    for (int i = 0; i < 2; i++) {
        simulated s;
        simulated_begin(&s, "tree:depth=8", NULL, 2);
        simulated_free(&s, 10000 * PICOSECONDS);
        s.how.policy = policies[i];
        makespans[i] = simulated_run(&s).makespan;
        simulated_end(&s);
    }
    cr_expect_gt(makespans[1], makespans[0]);
}

/* ---- Bounds ---- */

/* A greedy scheduler needs at most work / P + span (Graham 1969). A thief also needs time to find
 * work: it searches while less than one task for each worker is there, which further spans cover,
 * and each steal takes a look. (A loop that is robbed has one task a steal, so it is all search.) */
static void check_bounds(const simulated *s, const outcome *o, const char *graph)
{
    double workers = s->machine.workers, span = (double)s->extent.span;
    double looks = (double)(s->costs.of[COST_LOOK] * (picoseconds)(o->gifts + o->robs));
    double ideal = ((double)s->extent.work + looks) / workers;
    cr_expect_geq((double)o->makespan, (double)s->extent.work / workers, "%s, %g", graph, workers);
    cr_expect_geq((double)o->makespan, span, "%s, %g", graph, workers);
    cr_expect_leq((double)o->makespan, ideal + SPANS * span, "%s, %g workers, seed %llu: %g spans",
                  graph, workers, (unsigned long long)s->how.seed,
                  ((double)o->makespan - ideal) / span);
}

Test(sim_runs, costless_run_stays_within_bounds)
{
    enum { SEEDS = 5, LOOK = 20 /* ns */ };
    for (int i = 0; i < TREES; i++)
        for (int j = 0; counts[j] < 128; j++) {
            simulated s;
            simulated_begin(&s, graphs[i], NULL, counts[j]);
            simulated_free(&s, LOOK * PICOSECONDS);
            for (s.how.seed = 1; s.how.seed <= SEEDS; s.how.seed++) {
                outcome o = simulated_run(&s);
                check_bounds(&s, &o, graphs[i]);
            }
            simulated_end(&s);
        }
}

Test(sim_runs, half_speed_takes_twice_as_long)
{
    static const unsigned half = SIM_SPEED / 2;
    for (int i = 0; i < GRAPHS; i++) {
        simulated s;
        simulated_begin(&s, graphs[i], NULL, 1);
        picoseconds whole = simulated_run(&s).makespan;
        machine_set_speeds(&s.machine, &half, 1);
        cr_expect_eq(simulated_run(&s).makespan, 2 * whole, "%s", graphs[i]);
        simulated_end(&s);
    }
}

/* ---- Two speeds ---- */

/* The mean makespan of the seeds, relative to the work at the sum of all speeds. */
static double over_ideal(simulated *s, const unsigned *speeds, unsigned count)
{
    enum { SEEDS = 9 };
    double capacity = 0, sum = 0;
    machine_set_speeds(&s->machine, speeds, count);
    for (unsigned i = 0; i < s->machine.workers; i++)
        capacity += (double)s->machine.speed[i] / SIM_SPEED;
    const double ideal = (double)s->extent.work / capacity;
    for (s->how.seed = 1; s->how.seed <= SEEDS; s->how.seed++) {
        double makespan = (double)simulated_run(s).makespan;
        cr_expect_geq(makespan, ideal);
        sum += makespan / SEEDS;
    }
    return sum / ideal;
}

static const struct {
    const char *claim;
    unsigned speeds[4];
} uneven[] = {{"half of them at half the speed", {1000, 1000, 500, 500}},
              {"the slow ones begin", {500, 500, 1000, 1000}},
              {"half of them at less than a third", {1000, 1000, 300, 300}},
              {"one fast worker", {1000, 400, 400, 400}}};

/* A range of 10 ms, halved down to pieces of 5 us like a parallel loop, loses no more time. */
FOR_EACH(sim_runs, stealing_evens_out_two_speeds, uneven)
{
    simulated s;
    simulated_begin(&s, "tree:depth=11,leaf=5000", NULL, 4);
    double even = over_ideal(&s, NULL, 0), mixed = over_ideal(&s, one->speeds, 4);
    cr_expect_leq(mixed, 1.02 * even, "%g instead of %g", mixed, even);
    cr_expect_leq(mixed, 1.05, "%g", mixed);
    simulated_end(&s);
}

Test(sim_runs, seed_determines_outcome)
{
    simulated s;
    simulated_begin(&s, "uts:depth=7", "package:2 core:8", 16);
    outcome one = simulated_run(&s), again = simulated_run(&s);
    cr_expect_eq(memcmp(&one, &again, sizeof one), 0);
    s.how.seed = 2;
    again = simulated_run(&s);
    cr_expect_neq(memcmp(&one, &again, sizeof one), 0);
    simulated_end(&s);
}

/* ---- Events ---- */

Test(sim_agenda, events_come_by_time_then_insertion)
{
    enum { WORKERS = 100 };
    agenda a;
    cr_assert_eq(agenda_init(&a, WORKERS), 0);
    for (unsigned i = 0; i < WORKERS; i++)
        agenda_set(&a, i, 1000 - i % 10);
    for (unsigned i = 0; i < WORKERS; i += 3)
        agenda_set(&a, i, i % 7); /* earlier */
    for (unsigned i = 0; i < WORKERS; i += 5)
        agenda_set(&a, i, 2000 + i % 4); /* later */
    for (unsigned i = 0; i < WORKERS; i += 11)
        agenda_drop(&a, i);
    agenda_drop(&a, 0); /* it has none */
    cr_expect_eq(a.count, WORKERS - 10);
    event before = agenda_next(&a);
    while (a.count) {
        event e = agenda_next(&a);
        cr_expect(before.at < e.at || (before.at == e.at && before.order < e.order));
        cr_expect_neq(e.worker % 11, 0);
        before = e;
    }
    agenda_free(&a);
}
