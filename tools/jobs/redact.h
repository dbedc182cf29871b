/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Headers whose values are not shown, because their names say that they hold a secret. */
#ifndef JOBS_REDACT_H
#define JOBS_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/* Shown in the place of such a value. */
#define JOBS_REDACTED "[redacted]"

/* Does the header's name contain, without regard to case, a word of the built-in list or one of
 * `more`? Any thread. */
bool redact_hides(const char *name, const char *const *more, size_t count);

/* The built-in list; ends with NULL. */
extern const char *const redact_words[];

#endif
