/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Numbers and times as people type them. Pure functions; any thread. Each returns false, and leaves
 * *out alone, for other texts. */
#ifndef SHARED_SPELL_H
#define SHARED_SPELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "50us", "1.5ms", "2s", "5m", "1h", "800ns", "0": nanoseconds, rounded, at most `most`. A number without a
 * unit is none, but for 0. */
bool spell_duration(const char *text, int64_t most, int64_t *out);

/* Writes a duration as it is typed, in the largest unit that divides it, and returns text. */
const char *spell_limit(int64_t ns, char *text, size_t size);

/* A finite decimal number from least to most. */
bool spell_number(const char *text, double least, double most, double *out);

/* A whole number from least to most. */
bool spell_count(const char *text, unsigned long least, unsigned long most, unsigned long *out);

#endif
