/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The R-MAT graph of bfs and pagerank: 2^scale vertices and RMAT_EDGES undirected edges for each,
 * drawn with the probabilities of Graph500 (0.57, 0.19, 0.19, 0.05). Few vertices have very many
 * neighbours, most have few, some none. Loops and parallel edges stay. */
#ifndef KERNELS_RMAT_H
#define KERNELS_RMAT_H

#include <stddef.h>
#include <stdint.h>

enum { RMAT_EDGES = 8 };

/* Compressed rows: the neighbours of v are to[start[v]] .. to[start[v + 1] - 1]. */
typedef struct rmat_graph {
    uint32_t *start, *to;
    long vertices;
} rmat_graph;

/* Of 32-bit numbers, for a graph of that scale: where its arrays lie, and room for making it. */
size_t rmat_numbers(long scale);

/* Makes the graph in memory of rmat_numbers(scale). */
void rmat_make(rmat_graph *out, long scale, uint32_t *memory);

#endif
