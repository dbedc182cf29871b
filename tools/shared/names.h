/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names that people choose from: lists closed by NULL. */
#ifndef SHARED_NAMES_H
#define SHARED_NAMES_H

#include <argp.h>
#include <stddef.h>

/* Writes "a, b, c". */
void names_join(char *text, size_t size, const char *const *names);

/* The place of name in the list, or ends the command by argp_error: "unknown WHAT 'name' (valid: a, b, c)". */
int names_choose(const char *name, const char *what, const char *const *names,
                 const struct argp_state *state);

/* Writes to stderr that `program` knows no such `what`, or that it is missing if the name is empty: with the valid names, the
 * one that was probably meant, and the option that explains them. */
void names_refuse(const char *program, const char *what, const char *name,
                  const char *const *names);

#endif
