/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Letters by id: a treap (R. Seidel, C. Aragon, Randomized Search Trees, Algorithmica 16, 1996), whose
 * links lie in the letters. A letter's rank is a hash of its id; who has the higher rank stands
 * higher, so the tree is as deep as one that grew in random order: some 3 log2 n at most, though ids
 * come in ascending order. Nothing here allocates, fails or recurses.
 * Threads: one at a time. */
#ifndef FL_LETTERS_TREE_H
#define FL_LETTERS_TREE_H

#include <runtime/policy/letters.h>

/* Its id is not in the tree. */
void fl_tree_add(fl_letter **root, fl_letter *letter);
/* The one with the lowest id above `after`; NULL: none. */
fl_letter *fl_tree_above(fl_letter *root, uint64_t after);
/* Takes out the one with this id; NULL: it is not there. */
fl_letter *fl_tree_take(fl_letter **root, uint64_t id);

#endif
