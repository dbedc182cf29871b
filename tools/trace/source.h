/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Source lines of a program, by its debug information (libdw). Functions that a compiler makes of parts of others are
 * named `main+0x1a2b` in traces (runtime/platform/symbol.h); their line says more. */
#ifndef TRACE_SOURCE_H
#define TRACE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct source source;

/* before: Unix time in ns; a file that was changed later is another program. NULL: that, or it cannot be read,
 * or libdw is not there. */
source *source_open(const char *program, int64_t before);
void source_close(source *of);
/* Is it such a name? The program's debug information is opened only for one. */
bool source_has_place(const char *name);
/* Writes `main (file.c:12)` for `main+0x1a2b`. false: it is no such name, or its line is not known. */
bool source_name(source *of, const char *name, char *text, size_t size);

#endif
