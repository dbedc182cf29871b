/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 1: a basic pool. */
#ifndef EXERCISE_H
#define EXERCISE_H

/* Given: visits a house, which takes a while. */
void visit(int house);

/* Yours: visits the houses 0 .. count - 1, each once, as jobs of a pool that is three wide. Returns
 * 0 when all have been visited, or a negative errno. */
int visit_all(int count);

#endif
