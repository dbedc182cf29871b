/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ten iterations of PageRank over an R-MAT graph: every vertex sums its neighbours' shares. Loops
 * over vertices, whose work is as uneven as their degrees, with a barrier between two. Ranks are
 * fixed-point numbers, so that sums do not depend on their order. */
#include "data.h"
#include "kernel.h"
#include "rmat.h"

#include <errno.h>

enum { ITERATIONS = 10, BAND = 256, DAMPING = 85 }; /* per cent */
#define ALL_RANKS ((uint64_t)1 << 50)

typedef struct ranking {
    rmat_graph graph;
    uint64_t *rank, *given; /* given: by each vertex to each of its neighbours */
} ranking;

static void give_each(ranking *r, long from, long to)
{
    const uint32_t *start = r->graph.start;
    for (long v = from; v < to; v++) {
        const uint64_t degree = start[v + 1] - start[v];
        r->given[v] = degree ? r->rank[v] * DAMPING / (100 * degree) : 0;
    }
}

static void gather_each(ranking *r, long from, long to)
{
    const rmat_graph *g = &r->graph;
    const uint64_t base = ALL_RANKS / (uint64_t)g->vertices * (100 - DAMPING) / 100;
    for (long v = from; v < to; v++) {
        uint64_t sum = base;
        for (uint32_t e = g->start[v]; e < g->start[v + 1]; e++)
            sum += r->given[g->to[e]];
        r->rank[v] = sum;
    }
}

RANGE_TASK(give, BAND, ranking, give_each)
RANGE_TASK(gather, BAND, ranking, gather_each)

VOID_TASK(iterate, (ranking *, r))
{
    for (int i = 0; i < ITERATIONS; i++) {
        CALL(give, r, 0, r->graph.vertices);
        CALL(gather, r, 0, r->graph.vertices);
    }
}

static int setup(kernel_run *run)
{
    const long scale = run->size->n;
    const size_t vertices = (size_t)1 << scale;
    if (!data_setup(run, sizeof(ranking),
                    2 * vertices * sizeof(uint64_t) + rmat_numbers(scale) * sizeof(uint32_t)))
        return -ENOMEM;
    ranking *r = DATA(ranking, run);
    r->rank = data_items(run);
    r->given = r->rank + vertices;
    memset(r->given, 0, vertices * sizeof *r->given);
    rmat_make(&r->graph, scale, (uint32_t *)(r->given + vertices));
    return 0;
}

static void prepare(kernel_run *run)
{
    ranking *r = DATA(ranking, run);
    for (long v = 0; v < r->graph.vertices; v++)
        r->rank[v] = ALL_RANKS / (uint64_t)r->graph.vertices;
}

static void run_pagerank(void *place, kernel_run *run)
{
    RUN(place, iterate, DATA(ranking, run));
}

static void finish(kernel_run *run)
{
    const ranking *r = DATA(ranking, run);
    run->answer = 0;
    for (long v = 0; v < r->graph.vertices; v++)
        run->answer += (uint64_t)(v + 1) * r->rank[v];
}

const kernel KERNEL(pagerank) = {
    .name = "pagerank",
    .what = "PageRank of an R-MAT graph: loops over vertices of very different degrees",
    .source = "Page and others 1999; the graph of bfs",
    .sizes = {{"2^10 vertices", 10, 268059114711638963u, 60},
              {"2^16 vertices", 16, 14802135484195626209u, 5100},
              {"2^19 vertices", 19, 17483286037746821164u, 40940}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_pagerank,
    .finish = finish,
    .teardown = data_teardown,
};
