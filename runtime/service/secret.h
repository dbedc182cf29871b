/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Secrets in files, one line each. */
#ifndef FL_SECRET_H
#define FL_SECRET_H

#include <stddef.h>

enum { FL_SECRET_BYTES = 4096 };

/* Reads the line, without its end. Others must not be able to read or write the file. 0; or -EINVAL,
 * with the reason in `why`: "cannot be opened: No such file or directory". The caller wipes
 * `text`. */
int fl_secret_read(const char *path, char text[FL_SECRET_BYTES], char *why, size_t size);
/* Wipes and frees it. NULL is allowed. */
void fl_secret_free(char *secret);

#endif
