/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A list of things of one size, found by 32-bit keys. A damaged file may name any number, so there is a place only
 * for those that it names. */
#ifndef TRACE_KEYED_H
#define TRACE_KEYED_H

#include "table.h"

/* Zero bytes but for the size: empty. */
typedef struct keyed {
    size_t size; /* bytes of a thing */
    char *list;
    size_t count, room;
    table place; /* by key: in the list, from 1 */
} keyed;

/* That of a key, made of zero bytes if it is not there. NULL: no memory. Valid until the next call. */
void *keyed_at(keyed *k, uint32_t key);
void keyed_free(keyed *k);

#endif
