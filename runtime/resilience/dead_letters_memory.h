/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The store that keeps dead letters in memory. */
#ifndef FL_DEAD_LETTERS_MEMORY_H
#define FL_DEAD_LETTERS_MEMORY_H

#include <filch/dead_letters.h>
#include <runtime/resilience/dead_letters.h>

/* -ENOMEM through fl_fail. */
int fl_dead_letters_memory_create(void **out);
extern const filch_dead_letter_store fl_dead_letters_memory;

/* ---- The tree ---- */

/* Letters by id: a treap (R. Seidel, C. Aragon, Randomized Search Trees, Algorithmica 16, 1996),
 * whose links lie in the letters. A letter's rank is a hash of its id; a higher rank stands higher
 * in the tree. So the tree is as deep as one that grew in random order, about 3 log2 n at most,
 * although ids come in ascending order. Nothing here allocates, fails or recurses.
 * Threads: one at a time. */

/* Its id is not in the tree. */
void fl_tree_add(fl_dead_letter **root, fl_dead_letter *letter);
/* The one with the lowest id above `after`; NULL: none. */
fl_dead_letter *fl_tree_above(fl_dead_letter *root, uint64_t after);
/* Takes out the one with this id; NULL: it is not there. */
fl_dead_letter *fl_tree_take(fl_dead_letter **root, uint64_t id);

#endif
