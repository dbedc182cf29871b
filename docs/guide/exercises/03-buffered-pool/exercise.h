/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 3: a buffered pool, and what to do when its buffer is full. */
#ifndef EXERCISE_H
#define EXERCISE_H

/* Given. */
void serve(int request);     /* takes until the rush is over */
void turn_away(int request); /* tells a client to come again later */
void rush_is_over(void);     /* to be called when all requests have been accepted or turned away */

/* Yours: submits the requests 0 .. requests - 1 to a pool that is two wide and in which four can
 * wait. A request without room is turned away, at once. Returns 0 when all who were accepted
 * have been served, or a negative errno. */
int serve_crowd(int requests);

#endif
