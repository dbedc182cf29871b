/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The names that a misspelt one is close to, for messages. */
#ifndef FL_NEAREST_H
#define FL_NEAREST_H

#include <stddef.h>

/* Writes "nearest: " and the names that are closest to a misspelt one; or "valid: " and as many of
 * `names`, which ends with NULL, as have room, if none is close. */
void fl_nearest(const char *name, const char *const *names, char *text, size_t size);

#endif
