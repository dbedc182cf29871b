/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "keyed.h"

#include <stdlib.h>
#include <string.h>

/* At the list's end. 0: no memory; else its number there, from 1. */
static size_t add(keyed *k)
{
    if (k->count == k->room) {
        size_t room = k->room ? 2 * k->room : 64;
        char *more = realloc(k->list, room * k->size);
        if (!more)
            return 0;
        k->list = more;
        k->room = room;
    }
    memset(k->list + k->count * k->size, 0, k->size);
    return ++k->count;
}

void *keyed_at(keyed *k, uint32_t key)
{
    table_place *place = table_at(&k->place, key);
    if (place && !place->value)
        place->value = (int64_t)add(k);
    return place && place->value ? k->list + (size_t)(place->value - 1) * k->size : NULL;
}

void keyed_free(keyed *k)
{
    table_free(&k->place);
    free(k->list);
}
