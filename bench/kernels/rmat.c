/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rmat.h"

#include <string.h>

static size_t edges_of(long scale)
{
    return (size_t)RMAT_EDGES << scale;
}

size_t rmat_numbers(long scale)
{
    return ((size_t)1 << scale) + 1 + 4 * edges_of(scale);
}

/* One of the four quarters of the matrix for each bit of the two vertices, from 16 random bits. */
static void draw_edge(uint64_t *state, long scale, uint32_t *edge)
{
    enum { A = 37356, B = A + 12452, C = B + 12452 }; /* of 65536 */
    uint64_t bits = 0;
    edge[0] = edge[1] = 0;
    for (long level = 0; level < scale; level++) {
        if (level % 2 == 0) {
            *state = *state * 6364136223846793005u + 1442695040888963407u;
            bits = *state >> 32;
        }
        const uint32_t drawn = bits & 0xffff;
        bits >>= 16;
        edge[0] = edge[0] << 1 | (drawn >= B);
        edge[1] = edge[1] << 1 | ((drawn >= A && drawn < B) || drawn >= C);
    }
}

/* A counting sort of the edges, each in both directions. */
void rmat_make(rmat_graph *out, long scale, uint32_t *memory)
{
    const size_t vertices = (size_t)1 << scale, edges = edges_of(scale);
    uint32_t *start = memory, *to = start + vertices + 1, *ends = to + 2 * edges;
    uint64_t state = 500;
    memset(start, 0, (vertices + 1) * sizeof *start);
    for (size_t e = 0; e < edges; e++) {
        draw_edge(&state, scale, ends + 2 * e);
        start[ends[2 * e]]++;
        start[ends[2 * e + 1]]++;
    }
    for (size_t v = 1; v <= vertices; v++)
        start[v] += start[v - 1];
    for (size_t i = 2 * edges; i-- > 0;)
        to[--start[ends[i]]] = ends[i ^ 1];
    *out = (rmat_graph){start, to, (long)vertices};
}
