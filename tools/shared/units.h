/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Figures as people read them: three significant digits with the unit that suits. Each writes at
 * most size bytes and returns text. */
#ifndef SHARED_UNITS_H
#define SHARED_UNITS_H

#include <stddef.h>

const char *time_text(double seconds, char *text, size_t size); /* "12.3 ms" */
const char *count_text(double count, char *text, size_t size);  /* "12.3 k" */

#endif
