/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 9: not more than so many calls a second. */
#ifndef EXERCISE_H
#define EXERCISE_H

enum { RATE = 200 /* calls a second */, BURST = 5 /* at once, after a pause */ };

/* Given: calls somebody else's service, who does not want more than RATE and BURST. */
void call(int number);

/* Yours: makes the calls 0 .. calls - 1 by jobs of a pool that is eight wide, as soon as the
 * service wants them, and no sooner. Returns 0 when all have been made, or a negative errno. */
int call_all(int calls);

#endif
