/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/dead_letters_tree.h>

#include <sched/rng.h>

static uint64_t rank(const fl_dead_letter *letter)
{
    return fl_rng_seed(letter->is.id, 0);
}

/* Those below `id`, and those above. */
static void split(fl_dead_letter *tree, uint64_t id, fl_dead_letter **below, fl_dead_letter **above)
{
    while (tree) {
        if (tree->is.id < id) {
            *below = tree;
            below = &tree->right;
            tree = tree->right;
        } else {
            *above = tree;
            above = &tree->left;
            tree = tree->left;
        }
    }
    *below = *above = NULL;
}

void fl_tree_add(fl_dead_letter **root, fl_dead_letter *letter)
{
    fl_dead_letter **at = root;
    while (*at && rank(*at) >= rank(letter))
        at = letter->is.id < (*at)->is.id ? &(*at)->left : &(*at)->right;
    split(*at, letter->is.id, &letter->left, &letter->right);
    *at = letter;
}

fl_dead_letter *fl_tree_above(fl_dead_letter *root, uint64_t after)
{
    fl_dead_letter *found = NULL;
    while (root) {
        if (root->is.id > after) {
            found = root;
            root = root->left;
        } else {
            root = root->right;
        }
    }
    return found;
}

/* All of `left` are below all of `right`. */
static void merge(fl_dead_letter **at, fl_dead_letter *left, fl_dead_letter *right)
{
    while (left && right) {
        if (rank(left) > rank(right)) {
            *at = left;
            at = &left->right;
            left = left->right;
        } else {
            *at = right;
            at = &right->left;
            right = right->left;
        }
    }
    *at = left ? left : right;
}

fl_dead_letter *fl_tree_take(fl_dead_letter **root, uint64_t id)
{
    fl_dead_letter **at = root, *found;
    while (*at && (*at)->is.id != id)
        at = id < (*at)->is.id ? &(*at)->left : &(*at)->right;
    found = *at;
    if (found)
        merge(at, found->left, found->right);
    return found;
}
