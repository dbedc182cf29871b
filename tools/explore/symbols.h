/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The names in a program's symbol table: functions and variables by their addresses. */
#ifndef EXPLORE_SYMBOLS_H
#define EXPLORE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct symbols symbols;

/* NULL: the file cannot be read, or has no symbols. */
symbols *symbols_open(const char *path);
void symbols_close(symbols *s);

/* The function, or the variable, to which an address belongs, as the file counts them; its distance
 * from the beginning goes to *offset. NULL: none. s may be NULL. */
const char *symbols_find(const symbols *s, uint64_t address, bool function, uint64_t *offset);

#endif
