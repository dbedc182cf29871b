/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 5: a priority pool. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <stddef.h>

typedef struct call {
    int number;
    unsigned urgency; /* 0, can wait, .. 7, somebody is in danger */
} call;

/* Given. */
void answer(const call *one); /* takes until all have called; then not long */
void all_have_called(void);   /* to be called when all calls have been submitted */

/* Yours: submits the calls, in this order, to a pool in which one is answered at a time: the most
 * urgent first; of those that are equally urgent, the one that came first. Returns 0 when all have
 * been answered, or a negative errno. */
int answer_calls(const call *calls, size_t count);

#endif
