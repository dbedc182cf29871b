/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 2: squares of integers, by five workers. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <stddef.h>

/* Given: the square of n, thoroughly computed. */
long square(long n);

/* Yours: squares[i] becomes the square of numbers[i], by a pool in which five jobs are in progress
 * at a time. Returns 0 when all are there, or a negative errno. */
int square_all(const long *numbers, long *squares, size_t count);

#endif
