/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks that several files share; for header.sh. */
#ifndef TREE_H
#define TREE_H

#include <filch/filch.h>

typedef struct tree {
    long value;
    struct tree *left, *right;
} tree;

/* A tree of that many levels, numbered in level order from root on; NULL: no memory. */
FILCH_TASK_DECLARE(tree *, tree_grow, (int, levels), (long, root));
FILCH_TASK_DECLARE(long, tree_sum, (const tree *, t));
/* Frees the tree and counts its nodes in *nodes. */
FILCH_VOID_TASK_DECLARE(tree_fell, (tree *, t), (filch_u64 *, nodes));

#endif
