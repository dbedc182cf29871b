/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 7: jobs that fail, and jobs that panic. */
#ifndef EXERCISE_H
#define EXERCISE_H

/* Given. */
int parse(int page); /* 0, or a negative errno; of some pages it panics */
void note_failure(int page, int code, const char *message); /* not by two at a time */

typedef struct summary {
    int succeeded, failed, panicked;
} summary;

/* Yours: parses the pages 0 .. pages - 1 by jobs of a pool that is four wide. Each page of which
 * this failed, or panicked, is noted once, with the code and a message that say why; *out becomes
 * how many there were of each kind. That pages fail is no error of this function: it returns 0, or
 * a negative errno. */
int parse_all(int pages, summary *out);

#endif
