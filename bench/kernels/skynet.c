/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A tree with ten children a node; each leaf returns its own number, each node the sum. Wide forks
 * of empty tasks. */
#include "kernel.h"

enum { CHILDREN = 10 };

TASK(long, skynet, (long, first), (long, leaves))
{
    if (leaves == 1)
        return first;
    long sum = 0, part = leaves / CHILDREN;
    for (int child = 0; child < CHILDREN; child++)
        FORK_ADD(sum, skynet, first + child * part, part);
    for (int child = 0; child < CHILDREN; child++)
        JOIN_ADD(sum, skynet);
    return sum;
}

static void run_skynet(void *place, kernel_run *run)
{
    run->answer = (uint64_t)RUN(place, skynet, 0, run->size->n);
}

const kernel KERNEL(skynet) = {
    .name = "skynet",
    .what = "sum over a tree with ten children a node: wide, empty tasks",
    .source = "Temelkovski, skynet microbenchmark, 2016",
    .sizes = {{"10^3", 1000, 499500, 1110},
              {"10^5", 100000, 4999950000, 111110},
              {"10^6", 1000000, 499999500000, 1111110}},
    .run = run_skynet,
};
