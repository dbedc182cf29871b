/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Numbers as people type them. Pure functions; any thread. Each returns false, and leaves
 * *out alone, for other texts. */
#ifndef SHARED_SPELL_H
#define SHARED_SPELL_H

#include <stdbool.h>

/* A finite decimal number from least to most. */
bool spell_number(const char *text, double least, double most, double *out);

/* A whole number from least to most. */
bool spell_count(const char *text, unsigned long least, unsigned long most, unsigned long *out);

#endif
