/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sentences of the table. */
#ifndef COMPARE_TEXT_H
#define COMPARE_TEXT_H

#include "compare.h"
#include <tools/shared/output.h>

/* "+5.2 %". Returns text. */
const char *percent_text(double quotient, char *text, size_t size);

/* The findings, a line each. */
void write_finding(const compare_report *r, FILE *out);

/* Differences between the two files that hinder a comparison, a line each. */
void write_notes(const compare_report *r, FILE *out);

#endif
