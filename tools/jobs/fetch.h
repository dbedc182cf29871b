/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A text from a web server or a file. */
#ifndef JOBS_FETCH_H
#define JOBS_FETCH_H

#include <stdbool.h>

enum { FETCH_WHY = 160 };

/* Does it begin with http:// or https://? */
bool fetch_is_url(const char *place);
/* The text at a URL, without a proxy, or in the file of this name; at most 16 MiB. The caller frees it.
 * NULL: `why` says why not. */
char *fetch_text(const char *place, char why[FETCH_WHY]);

#endif
