/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_kernels
 *
 * The answers of kernels that nobody has published, at their tiny sizes, computed here once more:
 * in another order, by another algorithm, or from the definition. (Those of heat, lu, cholesky and
 * integrate are closed forms; test_kernels.c has the rest.) */
#include <bench/kernels/par/par.h>
#include <bench/kernels/rmat.h>
#include <bench/kernels/spmv.h>
#include <bench/kernels/stencil_dag.h>
#include <bench/kernels/task_bench.h>
#include <math.h>
#include <tests/support/test.h>

/* The tiny instance of a kernel, ready to run. */
static kernel_run prepared(const char *name)
{
    const kernel *k = kernel_find(name)->column[KERNEL_SERIAL];
    kernel_run run = {.size = &k->sizes[KERNEL_TINY]};
    cr_assert_eq(k->setup(&run), 0);
    k->prepare(&run);
    return run;
}

static void expect_answer(const kernel_run *run, uint64_t found)
{
    cr_expect_eq(found, run->size->answer, "%llu", (unsigned long long)found);
}

/* Column by column where the kernel goes by rows. */
Test(kernel_answers, spmv_matches_transposed_loops)
{
    kernel_run run = prepared("spmv");
    const spmv_data *d = run.data;
    uint64_t *x = calloc((size_t)d->n, sizeof *x), *y = calloc((size_t)d->n, sizeof *y), sum = 0;
    for (long i = 0; i < d->n; i++)
        x[i] = (uint64_t)i + 1;
    for (int product = 0; product < 10; product++) {
        memset(y, 0, (size_t)d->n * sizeof *y);
        for (long row = d->n; row-- > 0;)
            for (uint32_t e = d->start[row + 1]; e-- > d->start[row];)
                y[row] = (y[row] + (uint64_t)d->values[e] * x[d->columns[e]]) & UINT32_MAX;
        memcpy(x, y, (size_t)d->n * sizeof *x);
    }
    for (long i = 0; i < d->n; i++)
        sum += (uint64_t)(i + 1) * x[i];
    expect_answer(&run, sum);
    free(x);
    free(y);
    data_teardown(&run);
}

static rmat_graph tiny_graph(long scale)
{
    rmat_graph g;
    uint32_t *memory = malloc(rmat_numbers(scale) * sizeof *memory);
    cr_assert_not_null(memory);
    rmat_make(&g, scale, memory);
    return g;
}

Test(kernel_answers, graph_edges_have_two_ends)
{
    rmat_graph g = tiny_graph(8);
    long balance[1 << 8][1 << 8] = {{0}}, entries = 0;
    for (long v = 0; v < g.vertices; v++)
        for (uint32_t e = g.start[v]; e < g.start[v + 1]; e++, entries++) {
            cr_assert_lt(g.to[e], g.vertices);
            balance[v][g.to[e]]++;
            balance[g.to[e]][v]--;
        }
    cr_expect_eq(entries, 2 * RMAT_EDGES * g.vertices);
    for (long v = 0; v < g.vertices; v++)
        for (long w = 0; w < g.vertices; w++)
            cr_expect_eq(balance[v][w], 0);
    cr_expect_gt(g.start[1] - g.start[0], 10 * 2 * RMAT_EDGES, "vertex 0 is a hub");
    free(g.start);
}

/* Bellman's way: distances shrink until no edge makes them smaller. */
Test(kernel_answers, of_bfs_are_shortest_paths)
{
    kernel_run run = {.size = &kernel_find("bfs")->column[KERNEL_SERIAL]->sizes[KERNEL_TINY]};
    rmat_graph g = tiny_graph(run.size->n);
    uint32_t *distance = malloc((size_t)g.vertices * sizeof *distance);
    uint64_t sum = 0;
    memset(distance, 0xff, (size_t)g.vertices * sizeof *distance);
    distance[0] = 0;
    for (bool shrunk = true; shrunk;) {
        shrunk = false;
        for (long v = g.vertices; v-- > 0;)
            for (uint32_t e = g.start[v]; e < g.start[v + 1]; e++)
                if (distance[v] != UINT32_MAX && distance[v] + 1 < distance[g.to[e]]) {
                    distance[g.to[e]] = distance[v] + 1;
                    shrunk = true;
                }
    }
    for (long v = 0; v < g.vertices; v++)
        if (distance[v] != UINT32_MAX)
            sum += (uint64_t)(v + 1) * (distance[v] + 1);
    expect_answer(&run, sum);
    free(distance);
    free(g.start);
}

/* Pushed along the edges where the kernel pulls, in whole units of 2^-50. */
Test(kernel_answers, of_pagerank_are_those_of_pushing)
{
    kernel_run run = {.size = &kernel_find("pagerank")->column[KERNEL_SERIAL]->sizes[KERNEL_TINY]};
    rmat_graph g = tiny_graph(run.size->n);
    const uint64_t all = (uint64_t)1 << 50, each = all / (uint64_t)g.vertices;
    uint64_t *rank = malloc((size_t)g.vertices * sizeof *rank), sum = 0;
    uint64_t *next = malloc((size_t)g.vertices * sizeof *next);
    for (long v = 0; v < g.vertices; v++)
        rank[v] = each;
    for (int i = 0; i < 10; i++) {
        for (long v = 0; v < g.vertices; v++)
            next[v] = each * 15 / 100;
        for (long v = g.vertices; v-- > 0;)
            for (uint32_t e = g.start[v]; e < g.start[v + 1]; e++)
                next[g.to[e]] += rank[v] * 85 / (100 * (g.start[v + 1] - g.start[v]));
        memcpy(rank, next, (size_t)g.vertices * sizeof *rank);
    }
    for (long v = 0; v < g.vertices; v++)
        sum += (uint64_t)(v + 1) * rank[v];
    expect_answer(&run, sum);
    free(rank);
    free(next);
    free(g.start);
}

Test(kernel_answers, stencil_dag_matches_textbook)
{
    kernel_run run = prepared("stencil-dag");
    const stencil_data *d = run.data;
    const size_t row = (size_t)d->n + 1;
    uint32_t *longest = calloc(row * row, sizeof *longest);
    for (size_t i = 1; i < row; i++)
        for (size_t j = 1; j < row; j++) {
            const uint32_t up = longest[(i - 1) * row + j], left = longest[i * row + j - 1];
            longest[i * row + j] = d->a[i - 1] == d->b[j - 1] ? longest[(i - 1) * row + j - 1] + 1
                                   : up > left                ? up
                                                              : left;
        }
    expect_answer(&run, longest[row * row - 1]);
    free(longest);
    data_teardown(&run);
}

/* Schoolbook multiplication: the cyclic square of a sequence of complex integers. */
Test(kernel_answers, fft_matches_schoolbook_multiplication)
{
    kernel_run run = prepared("fft");
    const struct {
        double re, im;
    } *z = data_items(&run); /* the input comes first */
    const long n = run.size->n;
    uint64_t sum = 0;
    for (long k = 0; k < n; k++) {
        long re = 0, im = 0;
        for (long i = 0; i < n; i++) {
            const long j = (k - i + n) % n;
            re += (long)z[i].re * (long)z[j].re - (long)z[i].im * (long)z[j].im;
            im += (long)z[i].re * (long)z[j].im + (long)z[i].im * (long)z[j].re;
        }
        sum += (uint64_t)(k + 1) * ((uint64_t)re + 3 * (uint64_t)im);
    }
    expect_answer(&run, sum);
    data_teardown(&run);
}

/* Dynamic programming over capacities; the items lie behind the kernel's description. */
Test(kernel_answers, knapsack_matches_dynamic_programming)
{
    kernel_run run = prepared("knapsack");
    const struct {
        long value, weight;
    } *items = data_items(&run);
    const long *count_and_capacity = run.data, capacity = count_and_capacity[1];
    long *best = calloc((size_t)capacity + 1, sizeof *best);
    for (long i = 0; i < run.size->n; i++)
        for (long c = capacity; c >= items[i].weight; c--)
            if (best[c - items[i].weight] + items[i].value > best[c])
                best[c] = best[c - items[i].weight] + items[i].value;
    expect_answer(&run, (uint64_t)best[capacity]);
    free(best);
    data_teardown(&run);
}

/* Step by step, every point of one before any of the next. */
static uint64_t of_pattern(const task_bench_pattern *p, long steps)
{
    uint64_t sums[2][TASK_BENCH_WIDTH] = {{0}}, answer = 0;
    for (long step = 0; step < steps; step++) {
        uint64_t *here = sums[step % 2], *next = sums[(step + 1) % 2];
        memset(next, 0, sizeof sums[0]);
        for (int i = 0; i < p->width(step); i++) {
            const uint64_t value = task_bench_value(here[i], step, i);
            int out[TASK_BENCH_DEPENDENTS];
            for (int d = p->dependents(step, i, out); d-- > 0;)
                next[out[d]] += value;
            if (step + 1 == steps)
                answer += value;
        }
    }
    return answer;
}

Test(kernel_answers, task_graphs_match_stepwise_computation)
{
    static const char *const names[] = {"tb-stencil", "tb-fft", "tb-tree", "tb-random"};
    for (int p = 0; p < 4; p++)
        for (int size = KERNEL_TINY; size < KERNEL_SIZES; size++) {
            const kernel_size *s = &kernel_find(names[p])->column[KERNEL_SERIAL]->sizes[size];
            cr_expect_eq(of_pattern(&task_bench_patterns[p], s->n), s->answer, "%s(%s) = %llu",
                         names[p], s->label,
                         (unsigned long long)of_pattern(&task_bench_patterns[p], s->n));
        }
}

/* A point that nobody needs, or that needs nobody, would run at any time. */
Test(kernel_answers, of_task_graphs_need_every_point)
{
    for (size_t p = 0; p < sizeof task_bench_patterns / sizeof task_bench_patterns[0]; p++)
        for (long step = 0; step < 50; step++) {
            const task_bench_pattern *pattern = &task_bench_patterns[p];
            int needs[TASK_BENCH_WIDTH] = {0}, out[TASK_BENCH_DEPENDENTS];
            for (int i = 0; i < pattern->width(step); i++) {
                int count = pattern->dependents(step, i, out);
                cr_expect_gt(count, 0);
                for (int d = 0; d < count; d++)
                    needs[out[d]]++;
            }
            for (int i = 0; i < TASK_BENCH_WIDTH; i++)
                cr_expect_eq(needs[i] > 0, i < pattern->width(step + 1));
        }
}

/* The grain changes how long a task takes, not what it finds. */
Test(kernel_answers, task_graphs_ignore_grain)
{
    const kernel *k = kernel_find("tb-random")->column[KERNEL_SERIAL];
    kernel_run run = {.size = &k->sizes[KERNEL_TINY], .grain = 1};
    cr_assert_eq(k->setup(&run), 0);
    k->prepare(&run);
    k->run(NULL, &run);
    k->finish(&run);
    cr_expect(kernel_answer_is_right(&run));
    k->teardown(&run);
}

/* A step is linear over XOR: the result for a number is the XOR of the results for its bits. */
Test(kernel_answers, steps_of_loops_are_linear)
{
    static const char *const names[] = {"for-100ns", "for-1us", "for-10us"};
    long steps = 50;
    for (int k = 0; k < 3; k++, steps *= 10) {
        uint32_t of_bit[32];
        uint64_t sum = 0;
        for (unsigned bit = 0; bit < 32; bit++) {
            of_bit[bit] = 1u << bit;
            for (long step = 0; step < steps; step++) {
                of_bit[bit] ^= of_bit[bit] * (1u << 13);
                of_bit[bit] ^= of_bit[bit] / (1u << 17);
                of_bit[bit] ^= of_bit[bit] * (1u << 5);
            }
        }
        kernel_run run = prepared(names[k]);
        for (uint32_t i = 1; i <= (uint32_t)run.size->n; i++) {
            uint32_t all = 0;
            for (unsigned bit = 0; bit < 32; bit++)
                all ^= i >> bit & 1 ? of_bit[bit] : 0;
            sum += (uint64_t)all * i;
        }
        expect_answer(&run, sum);
        data_teardown(&run);
    }
}
