/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan (one thread); needs filch_sim_parts
 *
 * Generators: their grammar, and work and span against closed forms. Costs: their file. */
#include <math.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <tools/sim/walk.h>
#include <unistd.h>

enum { REASON = 512 };

static extent extent_of(const char *text)
{
    char reason[REASON] = "";
    generator g;
    extent e;
    cr_assert_eq(generator_read(&g, text, reason, sizeof reason), 0, "%s", reason);
    cr_assert_eq(walk(&g, 1000000, &e), 0);
    return e;
}

static void is(const char *text, uint64_t tasks, uint64_t forks, double work, double span)
{
    extent e = extent_of(text);
    cr_expect_eq(e.tasks, tasks, "%s: %llu tasks", text, (unsigned long long)e.tasks);
    cr_expect_eq(e.forks, forks, "%s: %llu forks", text, (unsigned long long)e.forks);
    cr_expect_eq(e.work, (picoseconds)(work * PICOSECONDS), "%s", text);
    cr_expect_eq(e.span, (picoseconds)(span * PICOSECONDS), "%s", text);
}

Test(sim_graphs, trees_and_loops_match_closed_forms)
{
    is("tree:depth=0,leaf=7", 1, 0, 7, 7);
    is("tree:depth=10,leaf=3,node=2", 2047, 1023, 3 * 1024 + 2 * 1023, 10 * 2 + 3);
    is("tree:fan=3,depth=4,leaf=0.5,node=1", 121, 80, 81 * 0.5 + 40, 4.5);
    is("loop:n=1000,ns=5", 1001, 1000, 5000, 5);
    is("loop:n=0", 1, 0, 0, 0);
    is("skew:leaves=100,part=0.5,leaf=4", 199, 99, 400, 4);
    is("stencil:steps=10,blocks=7,ns=5,spread=0", 71, 70, 350, 50);
    is("wakeups:bursts=3,tasks=4,ns=5,apart=100", 13, 12, 360, 315);
    /* A part that is rounded down to one leaf: a chain of so many nodes */
    is("skew:leaves=50,part=0.01,leaf=1,node=1", 99, 49, 50 + 49, 50);
}

Test(sim_graphs, span_sums_longest_of_each_phase)
{
    /* Without children, a task of the random graph is a chain. */
    extent chain = extent_of("dag:depth=0,phases=50");
    cr_expect_eq(chain.tasks, 1);
    cr_expect_eq(chain.work, chain.span);
    extent wide = extent_of("dag:depth=6,seed=3");
    cr_expect_lt(wide.span, wide.work);
    cr_expect_gt(wide.span, 0);
}

Test(sim_graphs, jobs_that_arrive_need_their_load)
{
    enum { JOBS = 20000, WORKERS = 10 };
    char reason[REASON] = "";
    generator g;
    cr_assert_eq(generator_read(&g, "arrivals:jobs=20000,load=0.5,ns=300", reason, sizeof reason),
                 0);
    picoseconds time = 0;
    for (uint64_t i = 0; i < JOBS; i++)
        time += g.shape->apart(&g, i, WORKERS);
    extent e = extent_of("arrivals:jobs=20000,load=0.5,ns=300");
    cr_expect_eq(e.forks, (uint64_t)JOBS);
    /* The deviation of either sum is its mean / sqrt(JOBS): five of them */
    double work = (double)e.work / (300.0 * JOBS * PICOSECONDS),
           load = (double)e.work / WORKERS / time;
    cr_expect_lt(fabs(work - 1), 5 / sqrt(JOBS), "%g", work);
    cr_expect_lt(fabs(load / 0.5 - 1), 5 * sqrt(2.0 / JOBS), "%g", load);
}

Test(sim_graphs, seed_determines_graph)
{
    extent one = extent_of("uts:seed=4"), again = extent_of("uts:seed=4"),
           other = extent_of("uts:seed=5");
    cr_expect_eq(one.tasks, again.tasks);
    cr_expect_neq(one.tasks, other.tasks);
}

Test(sim_graphs, geometric_tree_approximates_mean_children)
{
    double children = 0;
    enum { SEEDS = 4000 };
    for (int seed = 0; seed < SEEDS; seed++) {
        char text[64];
        snprintf(text, sizeof text, "uts:depth=1,branch=4,seed=%d", seed);
        children += (double)extent_of(text).forks;
    }
    /* The distribution's deviation is sqrt(4 * 5): five deviations of the mean */
    cr_expect_lt(fabs(children / SEEDS - 4), 5 * sqrt(20.0 / SEEDS), "%g", children / SEEDS);
}

static const struct {
    const char *text, *reason;
} wrong[] = {
    {"", "unknown generator ''"},
    {"trees", "unknown generator 'trees' (nearest: tree; valid: tree, skew, uts,"},
    {"tree:", "unknown parameter ''"},
    {"tree:width=3", "unknown parameter 'width' (valid: fan, depth"},
    {"tree:depth", "value '' of depth is out of range (whole, 0..60)"},
    {"tree:depth=", "value '' of depth"},
    {"tree:depth=61", "value '61' of depth"},
    {"tree:depth=1.5", "value '1.5' of depth"},
    {"tree:leaf=-1", "value '-1' of leaf is out of range (0..1000000000)"},
    {"tree:leaf=nan", "value 'nan' of leaf"},
    {"tree:depth=3,", "unknown parameter ''"},
    {"tree:depth=30", "more than 2,000,000,000 tasks"},
    {"tree:fan=1000,depth=60", "more than 2,000,000,000 tasks"},
    {"uts-deep:children=8,chance=0.125", "the tree has no end"},
};

Test(sim_graphs, wrong_generator_is_refused_by_word)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char reason[REASON] = "";
        generator g;
        cr_expect_eq(generator_read(&g, wrong[i].text, reason, sizeof reason), -EINVAL, "%s",
                     wrong[i].text);
        cr_expect(strstr(reason, wrong[i].reason), "'%s': %s", wrong[i].text, reason);
    }
    char long_text[GENERATOR_TEXT + 1], reason[REASON] = "";
    generator g;
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    cr_expect_eq(generator_read(&g, long_text, reason, sizeof reason), -EINVAL);
}

Test(sim_graphs, oversized_graph_is_refused)
{
    char reason[REASON];
    generator g;
    extent e;
    cr_assert_eq(generator_read(&g, "tree:fan=2,depth=29", reason, sizeof reason), 0);
    cr_expect_eq(walk(&g, 100000, &e), -E2BIG);
    cr_assert_eq(generator_read(&g, "loop:n=99", reason, sizeof reason), 0);
    cr_expect_eq(walk(&g, 100, &e), 0);
    cr_expect_eq(walk(&g, 99, &e), -E2BIG);
}

/* ---- Costs ---- */

static int read_text(costs *c, const char *text, char *reason)
{
    char path[] = "/tmp/sim-costs-XXXXXX";
    int file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    int rc = costs_read(c, path, reason, REASON);
    unlink(path);
    return rc;
}

Test(sim_costs, file_replaces_costs_it_names)
{
    char reason[REASON] = "";
    costs c, built_in;
    costs_default(&built_in);
    costs_default(&c);
    cr_assert_eq(read_text(&c, "# mine\n\nfork 12.5 # ns\n  tier-far\t3\n", reason), 0, "%s",
                 reason);
    cr_expect_eq(c.of[COST_FORK], 12500);
    cr_expect_eq(costs_across(&c, COST_FORK, 3), 37500);
    cr_expect_eq(c.of[COST_JOIN], built_in.of[COST_JOIN]);
}

Test(sim_costs, shown_costs_are_read_back)
{
    char reason[REASON] = "", *text;
    size_t size;
    costs shown, c;
    costs_default(&shown);
    for (int i = 0; i < COSTS; i++)
        shown.of[i] += 500 + i * PICOSECONDS;
    FILE *out = open_memstream(&text, &size);
    costs_write(&shown, NULL, out);
    fclose(out);
    costs_default(&c);
    cr_assert_eq(read_text(&c, text, reason), 0, "%s", reason);
    cr_expect_eq(memcmp(&c, &shown, sizeof c), 0);
    free(text);
}

Test(sim_costs, wrong_file_is_refused_with_line)
{
    static const struct {
        const char *text, *reason;
    } files[] = {
        {"fork 1\nforks 1\n", ":2: unknown cost 'forks' (nearest: fork; valid: fork, join,"},
        {"fork\n", ":1: a line is not NAME NUMBER: 'fork'"},
        {"fork 1 2\n", ":1: a line is not NAME NUMBER"},
        {"fork -1\n", ":1: value '-1' of cost 'fork' is out of range"},
        {"look 0\n", ":1: value '0' of cost 'look' is out of range (1.."},
        {"\n\nfork 1e99\n", ":3: value '1e99'"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char reason[REASON] = "";
        costs c;
        costs_default(&c);
        cr_expect_eq(read_text(&c, files[i].text, reason), -EINVAL, "%s", files[i].text);
        cr_expect(strstr(reason, files[i].reason), "%s", reason);
    }
    char reason[REASON] = "", line[1024];
    costs c;
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    cr_expect_eq(read_text(&c, line, reason), -EINVAL);
    cr_expect(strstr(reason, ":1: the line is too long"), "%s", reason);
    cr_expect_eq(costs_read(&c, "/nonexistent/costs", reason, sizeof reason), -ENOENT);
}
