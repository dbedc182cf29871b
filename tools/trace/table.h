/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Numbers found by 32-bit keys: open addressing, doubled at three quarters. */
#ifndef TRACE_TABLE_H
#define TRACE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct table_place {
    int64_t value;
    uint32_t key, note;
    bool is_used;
} table_place;

/* Zero bytes: empty. */
typedef struct table {
    table_place *place;
    size_t room, count; /* room: a power of two, or 0 */
} table;

/* The place of a key, made (all zero but the key) if it is not there. NULL: no memory. Valid until the
 * next call. */
table_place *table_at(table *t, uint32_t key);
/* The same, but NULL if it is not there. */
table_place *table_look(const table *t, uint32_t key);
void table_free(table *t);

#endif
