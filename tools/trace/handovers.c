/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "handovers.h"

#include <stdlib.h>

void handovers_end(handovers *all)
{
    for (size_t i = 0; i < all->objects.count; i++)
        free(((handed *)(void *)all->objects.list)[i].queue);
    keyed_free(&all->objects);
}

static handed *find(handovers *all, uint32_t number)
{
    handed *found = keyed_at(&all->objects, number);
    all->is_short |= !found;
    return found;
}

static bool has_room(handed *o)
{
    if (o->first == o->count)
        o->first = o->count = 0;
    if (o->count < o->room)
        return true;
    uint32_t room = o->room ? 2 * o->room : 4;
    handed_part *more = realloc(o->queue, room * sizeof *more);
    if (!more)
        return false;
    o->queue = more;
    o->room = room;
    return true;
}

static void add(handovers *all, handed *o, uint32_t count, uint32_t strand)
{
    if (has_room(o))
        o->queue[o->count++] = (handed_part){strand, count};
    else
        all->is_short = true;
}

void handovers_free(handovers *all, uint32_t number, uint32_t count)
{
    handed *o = find(all, number);
    if (o && !o->is_known)
        add(all, o, count, 0);
    if (o)
        o->is_known = true;
}

void handovers_give(handovers *all, uint32_t number, uint32_t count, uint32_t strand)
{
    handed *o = find(all, number);
    if (o)
        add(all, o, count, strand);
    if (o)
        o->is_known = true;
}

uint32_t handovers_take(handovers *all, uint32_t number, uint32_t *count)
{
    handed *o = find(all, number);
    if (o)
        o->is_known = true;
    if (!o || o->first == o->count) {
        *count = 0;
        return 0;
    }
    handed_part *oldest = &o->queue[o->first];
    uint32_t taken = *count < oldest->count ? *count : oldest->count;
    oldest->count -= taken;
    *count -= taken;
    o->first += oldest->count == 0;
    return oldest->strand;
}
