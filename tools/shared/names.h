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

/* The name that a misspelt one probably means; NULL: none is close. */
const char *names_nearest(const char *name, const char *const *names);

#endif
