/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Texts from outside, made fit for reasons and logs: printable ASCII; other bytes become \n, \r, \t or
 * \xNN, and a backslash \x5c. */
#ifndef FL_ESCAPE_H
#define FL_ESCAPE_H

#include <stddef.h>

/* Writes as much of the beginning as fits, and a NUL; room is at least 1. Returns `to`. */
char *fl_escape(char *to, size_t room, const char *from, size_t size);
/* The same with the end of the text; white space behind it is left out. */
char *fl_escape_end(char *to, size_t room, const char *from, size_t size);

#endif
