/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 11: a pipeline of two pools. */
#ifndef EXERCISE_H
#define EXERCISE_H

/* Given. */
int next_item(void);   /* a new item, or -1: there are no more. Only by who called run_line */
long refine(int item); /* by three at a time */
void store(int item, long refined); /* by one at a time */

enum { ON_THE_LINE = 20 /* items at a time, at most */ };

/* Yours: takes all items, refines each and stores the result: by the jobs of one pool,
 * three wide, which hand on to another pool, one wide. In front of each pool four can wait. Fast
 * jobs wait, so that no more than ON_THE_LINE items have been taken and not yet stored.
 * Returns 0 when all are stored, or a negative errno. */
int run_line(void);

#endif
