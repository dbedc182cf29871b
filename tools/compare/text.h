/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sentences of the table. */
#ifndef COMPARE_TEXT_H
#define COMPARE_TEXT_H

#include "compare.h"

enum { PLAIN_MOST = 512 };

/* A text of a file for a terminal: control characters become "?", and it is no longer than that. */
const char *plain_text(const char *text, char *plain, size_t size);
void write_plain(const char *text, FILE *out);

/* "+5.2 %". Returns text. */
const char *percent_text(double quotient, char *text, size_t size);

/* The findings, a line each. */
void write_finding(const compare_report *r, FILE *out);

/* Differences between the two files that hinder a comparison, a line each. */
void write_notes(const compare_report *r, FILE *out);

#endif
