/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names that people choose from: lists closed by NULL. */
#ifndef SHARED_NAMES_H
#define SHARED_NAMES_H

#include <stddef.h>

enum { NAMES_MOST = 127, NAMES_ALLOWED = 1024 };

/* A list that is filled from a registry; names beyond NAMES_MOST are left out. */
typedef struct names_list {
    const char *at[NAMES_MOST + 1]; /* closed by NULL */
    size_t count;
} names_list;

void names_add(names_list *list, const char *name);
/* rows: pointers, closed by NULL, to structures that begin with their name. */
void names_add_rows(names_list *list, const void *const *rows);
#define NAMES_ROWS(registry) ((const void *const *)(registry))

/* Writes "a, b, c". */
void names_join(char *text, size_t size, const char *const *list);

/* The name that was probably meant; NULL: none is close. */
const char *names_nearest(const char *name, const char *const *list);

/* Writes the names that could replace an unknown one: "nearest: tree; valid: tree, loop", or "valid: tree, loop".
 * Returns text. */
const char *names_allowed(char text[NAMES_ALLOWED], const char *name, const char *const *list);

/* Writes a message to stderr, with the valid names: `program` has no such `what` ("command"); the name is empty, so `what` is missing;
 * or the name is an option, which must follow `what`. */
void names_refuse(const char *program, const char *what, const char *name, const char *const *list);

#endif
