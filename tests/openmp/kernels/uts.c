/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counts the nodes of an unbalanced tree: the number of children is geometric, and its mean falls
 * linearly with the depth. A hash makes each node from its parent; each node is a task. */
#include "kernel.h"

#include <math.h>

enum { DEPTH = 10, MOST = 100 };

static int children(uint64_t node, int depth)
{
    const double mean = depth == 0 ? 4 : 4.0 * (1 - (double)depth / DEPTH);
    if (mean <= 0)
        return 0;
    const double p = 1 / (1 + mean), u = (double)(node >> 11) * 0x1p-53;
    const int count = (int)floor(log(1 - u) / log(1 - p));
    return count < MOST ? count : MOST;
}

static uint64_t serial(uint64_t node, int depth)
{
    uint64_t total = 1;
    for (int i = children(node, depth); i > 0; i--)
        total += serial(mix(node + (uint64_t)i), depth + 1);
    return total;
}

static uint64_t search(uint64_t node, int depth)
{
    uint64_t found[MOST], total = 1;
    const int count = children(node, depth);
    for (int i = 0; i < count; i++)
#pragma omp task untied shared(found)
        found[i] = search(mix(node + (uint64_t)i + 1), depth + 1);
#pragma omp taskwait
    for (int i = 0; i < count; i++)
        total += found[i];
    return total;
}

int main(int argc, char **argv)
{
    const int roots = size_of(argc, argv, 60);
    uint64_t total = 0, right = 0;
    const double begin = now();
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < roots; i++)
        total += search(mix((uint64_t)i), 0);
    const double seconds = now() - begin;
    for (int i = 0; i < roots; i++)
        right += serial(mix((uint64_t)i), 0);
    return report("uts", seconds, total == right);
}
