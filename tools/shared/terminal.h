/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Text that fits a terminal. */
#ifndef SHARED_TERMINAL_H
#define SHARED_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* What --color chose: auto is for a terminal, unless NO_COLOR is set and not empty. */
extern enum terminal_colours { COLOURS_AUTO, COLOURS_ALWAYS, COLOURS_NEVER } terminal_colours;
bool terminal_has_colours(FILE *out);

/* Columns of the terminal behind out, or those that COLUMNS names; 0: out is no terminal, so that
 * lines may have any length. */
unsigned terminal_width(FILE *out);

/* Columns that the bytes of a text take. */
size_t terminal_columns(const char *text, size_t length);

/* Writes lines, broken between words so that none is wider; the rest of a line is indented
 * by two more. width 0: as they are. */
void terminal_wrap(const char *text, unsigned width, FILE *out);

/* Writes left, and from that column on the text, broken so that no line is wider. column 0: whole paragraphs. */
void terminal_wrap_beside(const char *left, unsigned column, const char *text, unsigned width,
                          FILE *out);

#endif
