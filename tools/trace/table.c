/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "table.h"

#include <stdlib.h>

static table_place *find(const table *t, uint32_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    for (;; at++) {
        table_place *place = &t->place[at & (t->room - 1)];
        if (!place->is_used || place->key == key)
            return place;
    }
}

static bool grow(table *t)
{
    table larger = {.room = t->room ? 2 * t->room : 64, .count = t->count};
    larger.place = calloc(larger.room, sizeof *larger.place);
    if (!larger.place)
        return false;
    for (size_t i = 0; i < t->room; i++)
        if (t->place[i].is_used)
            *find(&larger, t->place[i].key) = t->place[i];
    free(t->place);
    *t = larger;
    return true;
}

table_place *table_at(table *t, uint32_t key)
{
    if (4 * t->count >= 3 * t->room && !grow(t))
        return NULL;
    table_place *place = find(t, key);
    if (!place->is_used) {
        place->is_used = true;
        place->key = key;
        t->count++;
    }
    return place;
}

table_place *table_look(const table *t, uint32_t key)
{
    table_place *place = t->room ? find(t, key) : NULL;
    return place && place->is_used ? place : NULL;
}

void table_free(table *t)
{
    free(t->place);
}
