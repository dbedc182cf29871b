/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHARED_CSV_H
#define SHARED_CSV_H

#include <stdio.h>

/* One field in quotes, as RFC 4180 has it. */
void csv_text(const char *text, FILE *out);

#endif
