/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tree.h"
#include <stdlib.h>

FILCH_TASK_DEFINE(tree *, tree_grow, (int, levels), (long, root))
{
    tree *t = levels > 0 ? (tree *)malloc(sizeof *t) : NULL;
    if (!t)
        return NULL;
    FILCH_FORK(tree_grow, levels - 1, 2 * root);
    t->value = root;
    t->right = tree_grow(self, levels - 1, 2 * root + 1);
    FILCH_JOIN(t->left, tree_grow);
    return t;
}

FILCH_TASK_DEFINE(long, tree_sum, (const tree *, t))
{
    if (!t)
        return 0;
    FILCH_FORK(tree_sum, t->left);
    long right = tree_sum(self, t->right);
    FILCH_JOIN(long left, tree_sum);
    return t->value + left + right;
}

FILCH_VOID_TASK_DEFINE(tree_fell, (tree *, t), (filch_u64 *, nodes))
{
    if (!t)
        return;
    FILCH_FORK(tree_fell, t->left, nodes);
    tree_fell(self, t->right, nodes);
    FILCH_JOIN_VOID(tree_fell);
    free(t);
    filch_u64_add(nodes, 1, FILCH_RELAXED);
}
