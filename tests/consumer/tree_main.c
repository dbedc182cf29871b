/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tree.h"
#include <stdio.h>

FILCH_VOID_TASK(whole, (long *, sum), (filch_u64 *, nodes))
{
    tree *t = tree_grow(self, 15, 1);
    FILCH_FORK(tree_sum, t);
    FILCH_JOIN(*sum, tree_sum);
    FILCH_FORK(tree_fell, t, nodes);
    FILCH_JOIN_VOID(tree_fell);
}

int main(void)
{
    filch_runtime *rt;
    int rc = filch_runtime_create(&rt, NULL);
    if (rc) {
        fprintf(stderr, "tree: %s\n", filch_error());
        return 1;
    }
    long sum;
    filch_u64 nodes = {0};
    FILCH_RUN(rt, whole, &sum, &nodes);
    printf("%lu nodes, sum %ld\n", (unsigned long)filch_u64_load(&nodes, FILCH_RELAXED), sum);
    return filch_runtime_destroy(rt);
}
