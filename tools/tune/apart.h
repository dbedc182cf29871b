/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A measurement in a process of its own. */
#ifndef TUNE_APART_H
#define TUNE_APART_H

#include <stddef.h>

/* Facts of all measurements of one kind. */
typedef struct apart_facts {
    double cpus_seconds;  /* that the machine had meanwhile: time x CPUs */
    double other_seconds; /* that other programs took of these; counted in steps of 10 ms */
    char error[256];      /* "": all is well; else the first failure */
} apart_facts;

/* Calls body(order, result, error) in a child process, and copies the `size` bytes of its
 * result. Text that it writes to error, at most 256 bytes, or how it died, goes to facts->error; then
 * *result is untouched. A body that takes a minute is ended. Returns whether there is a result. */
typedef void apart_fn(const void *order, void *result, char *error);
enum { APART_ERROR = 256 };
_Bool apart_run(apart_fn *body, const void *order, void *result, size_t size, apart_facts *facts);

/* Of the machine, what other programs took. */
double apart_other_share(const apart_facts *facts);

#endif
