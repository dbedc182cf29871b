/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Texts of files, on a terminal. */
#ifndef SHARED_PLAIN_H
#define SHARED_PLAIN_H

#include <stdio.h>

enum { PLAIN_MOST = 512 };

/* A text of a file for a terminal: control characters become "?", and it is no longer than that. */
const char *plain_text(const char *text, char *plain, size_t size);
void write_plain(const char *text, FILE *out);

#endif
