/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 6: results that are collected by who submitted the jobs. */
#ifndef EXERCISE_H
#define EXERCISE_H

/* Given. */
long measure(int sensor);           /* takes a while */
void note(int sensor, long result); /* only by who called collect: the notebook has one owner */

/* Yours: measures the sensors 0 .. sensors - 1 by jobs of a pool that is four wide, and notes each
 * result as soon as it is there, while others are still being measured. Returns 0 when all have
 * been noted, or a negative errno. */
int collect(int sensors);

#endif
