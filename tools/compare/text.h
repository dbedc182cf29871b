/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the table says, in words. */
#ifndef COMPARE_TEXT_H
#define COMPARE_TEXT_H

#include "compare.h"

/* A text of a file for a terminal: control characters become "?". */
void write_plain(const char *text, FILE *out);

/* "+5.2 %", "0.003" or "<0.0001". Return text. */
const char *percent_text(double quotient, char *text, size_t size);
const char *p_text(double p, char *text, size_t size);

/* What was found, in one or some sentences. */
void write_finding(const compare_report *r, FILE *out);

/* What stands in the way of comparing the two files, a line each. */
void write_notes(const compare_report *r, FILE *out);

#endif
