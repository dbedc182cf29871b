/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where a command's result goes, and texts in it. What goes wrong is told on stderr. */
#ifndef SHARED_OUTPUT_H
#define SHARED_OUTPUT_H

#include <stdio.h>

/* The file of that path, or stdout where path is NULL; NULL: it cannot be written. What is
 * in the file stays until something is written. option: what the path was given with, "--output". */
FILE *output_open(const char *command, const char *option, const char *path);

/* Closes it. rc: what the writer returned. 0 or -errno: it is not whole. */
int output_close(FILE *out, const char *command, const char *path, int rc);

/* Writes a text in which each `what` is spelt as `as`. */
void output_spelt(const char *text, char what, const char *as, FILE *out);

/* Writes a text as a shell reads it back. */
void output_quoted(const char *text, FILE *out);

#endif
