/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TRACE_JSON_H
#define TRACE_JSON_H

#include <stdio.h>

/* A text of a trace as JSON. It may be any bytes: those that are not UTF-8 are spelt as Latin-1. '<' is spelt as an
 * escape, so that no text can end a script of a page. */
void json_text(const char *text, FILE *out);

#endif
