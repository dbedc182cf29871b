/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Breadth-first search of an R-MAT graph, level by level: every vertex of the frontier claims its
 * neighbours that nobody has seen. A frontier grows from one vertex to half the graph and shrinks
 * again; tasks are of 64 vertices with two or ten thousand neighbours each; memory is visited at
 * random.
 *
 * A vertex is claimed by a CAS and then stands in the next frontier once; the joins at a level's
 * end order all else. Its parent may differ from run to run, its distance does not. */
#include "data.h"
#include "kernel.h"
#include "rmat.h"

#include <errno.h>

enum { BAND = 64, FOUND = 256 };
#define UNSEEN UINT32_MAX

typedef struct search {
    rmat_graph graph;
    filch_u32 *distance;
    uint32_t *frontier, *next;
    filch_u32 found; /* vertices in next */
    uint32_t level;
} search;

static void keep(search *s, const uint32_t *found, uint32_t count)
{
    const uint32_t at = filch_u32_add(&s->found, count, FILCH_RELAXED);
    memcpy(s->next + at, found, count * sizeof *found);
}

static bool claim(search *s, uint32_t vertex)
{
    uint32_t seen = filch_u32_load(&s->distance[vertex], FILCH_RELAXED);
    return seen == UNSEEN &&
           filch_u32_cas(&s->distance[vertex], &seen, s->level + 1, FILCH_RELAXED);
}

static void visit(search *s, long from, long to)
{
    const rmat_graph *g = &s->graph;
    uint32_t found[FOUND], count = 0;
    for (long i = from; i < to; i++) {
        const uint32_t vertex = s->frontier[i];
        for (uint32_t e = g->start[vertex]; e < g->start[vertex + 1]; e++) {
            if (!claim(s, g->to[e]))
                continue;
            found[count++] = g->to[e];
            if (count == FOUND) {
                keep(s, found, count);
                count = 0;
            }
        }
    }
    keep(s, found, count);
}

RANGE_TASK(expand, BAND, search, visit)

VOID_TASK(levels, (search *, s))
{
    long size = 1;
    while (size > 0) {
        CALL(expand, s, 0, size);
        size = filch_u32_load(&s->found, FILCH_RELAXED);
        filch_u32_store(&s->found, 0, FILCH_RELAXED);
        uint32_t *swap = s->frontier;
        s->frontier = s->next;
        s->next = swap;
        s->level++;
    }
}

static int setup(kernel_run *run)
{
    const long scale = run->size->n;
    const size_t vertices = (size_t)1 << scale;
    _Static_assert(sizeof(filch_u32) == sizeof(uint32_t), "distances are numbers");
    if (!data_setup(run, sizeof(search), (3 * vertices + rmat_numbers(scale)) * sizeof(uint32_t)))
        return -ENOMEM;
    uint32_t *numbers = data_items(run);
    search *s = DATA(search, run);
    *s = (search){.frontier = numbers, .next = numbers + vertices};
    s->distance = (filch_u32 *)(void *)(numbers + 2 * vertices);
    rmat_make(&s->graph, scale, numbers + 3 * vertices);
    return 0;
}

/* The search begins at vertex 0, which R-MAT gives the most neighbours. */
static void prepare(kernel_run *run)
{
    search *s = DATA(search, run);
    for (long v = 0; v < s->graph.vertices; v++)
        filch_u32_store(&s->distance[v], UNSEEN, FILCH_RELAXED);
    filch_u32_store(&s->distance[0], 0, FILCH_RELAXED);
    s->frontier[0] = 0;
    s->level = 0;
}

static void run_bfs(void *place, kernel_run *run)
{
    RUN(place, levels, DATA(search, run));
}

static void finish(kernel_run *run)
{
    const search *s = DATA(search, run);
    run->answer = 0;
    for (long v = 0; v < s->graph.vertices; v++) {
        const uint32_t distance = filch_u32_load(&s->distance[v], FILCH_RELAXED);
        run->answer += (uint64_t)(v + 1) * (distance == UNSEEN ? 0 : distance + 1);
    }
}

const kernel KERNEL(bfs) = {
    .name = "bfs",
    .what = "breadth-first search of an R-MAT graph: frontiers of all sizes, hubs, random memory",
    .source = "Graph500; Chakrabarti, Zhan, Faloutsos, SDM 2004",
    .sizes = {{"2^10 vertices", 10, 961012, 14},
              {"2^16 vertices", 16, 3370947860, 701},
              {"2^19 vertices", 19, 192964045274u, 5120}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_bfs,
    .finish = finish,
    .teardown = data_teardown,
};
