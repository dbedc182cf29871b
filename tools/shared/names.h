/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names that people choose from: lists closed by NULL. */
#ifndef SHARED_NAMES_H
#define SHARED_NAMES_H

#include <stddef.h>

/* Writes "a, b, c". */
void names_join(char *text, size_t size, const char *const *names);

/* The one that was probably meant; NULL: none is close. */
const char *names_nearest(const char *name, const char *const *names);

/* Writes to stderr that `program` knows no such `what`, or that it is missing if the name is empty: with the valid names, the
 * one that was probably meant, and the option that explains them. */
void names_refuse(const char *program, const char *what, const char *name,
                  const char *const *names);

#endif
