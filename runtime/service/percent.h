/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * %XX, as URLs and headers have it. */
#ifndef FL_PERCENT_H
#define FL_PERCENT_H

#include <stdbool.h>

/* Replaces %XX by the byte; `to` may be `text`. Another % stays. Returns the place behind the NUL. */
char *fl_percent_decode(char *to, const char *text);
/* Has each % two hexadecimal digits behind it, which are not 00? */
bool fl_percent_is_valid(const char *text);

#endif
