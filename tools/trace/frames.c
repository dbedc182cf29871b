/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "frames.h"

#include <stdlib.h>

/* ---- Fibers ---- */

bool frames_begin(frames *all, uint32_t workers)
{
    *all = (frames){.fibers.size = sizeof(fiber_frames),
                    .runs = calloc(workers, sizeof *all->runs),
                    .workers = workers};
    return all->runs;
}

void frames_end(frames *all)
{
    for (size_t i = 0; i < all->fibers.count; i++)
        free(((fiber_frames *)(void *)all->fibers.list)[i].list);
    keyed_free(&all->fibers);
    free(all->runs);
}

fiber_frames *frames_of(frames *all, uint32_t number)
{
    fiber_frames *found = number ? keyed_at(&all->fibers, number) : NULL;
    all->is_short |= number && !found;
    return found;
}

fiber_frames *frames_here(frames *all, uint32_t writer)
{
    return writer < all->workers ? frames_of(all, all->runs[writer]) : NULL;
}

bool frames_may_run(frames *all, uint32_t writer, uint32_t number)
{
    const fiber_frames *fiber = frames_of(all, number);
    return !fiber || !fiber->runs_on || fiber->runs_on == writer + 1;
}

void frames_switch(frames *all, uint32_t writer, uint32_t number)
{
    fiber_frames *left = frames_here(all, writer), *arrived = frames_of(all, number);
    if (writer >= all->workers)
        return;
    if (left)
        left->runs_on = 0;
    if (arrived)
        arrived->runs_on = writer + 1;
    all->runs[writer] = number;
}

/* ---- Frames ---- */

frame *frames_top(const fiber_frames *on)
{
    return on->count ? &on->list[on->count - 1] : NULL;
}

bool frames_push(fiber_frames *on, const frame *pushed)
{
    if (on->count == on->room) {
        uint32_t room = on->room ? 2 * on->room : 8;
        frame *more = realloc(on->list, room * sizeof *more);
        if (!more)
            return false;
        on->list = more;
        on->room = room;
    }
    on->list[on->count++] = *pushed;
    return true;
}

void frames_pop(fiber_frames *on)
{
    on->count--;
}

/* ---- Slots ---- */

void slots_end(slots *all)
{
    table_free(&all->newest);
    free(all->record);
}

slot_record *slots_at(slots *all, uint32_t slot)
{
    const table_place *place = table_look(&all->newest, slot);
    return place && place->value ? &all->record[place->value] : NULL;
}

/* The number of an unused record; 0: no memory. */
static uint32_t take_record(slots *all)
{
    uint32_t taken = all->unused;
    if (taken) {
        all->unused = all->record[taken].older;
        return taken;
    }
    if (all->count + 1 >= all->room) {
        uint32_t room = all->room ? 2 * all->room : 256;
        slot_record *more = realloc(all->record, room * sizeof *more);
        if (!more)
            return 0;
        all->record = more;
        all->room = room;
    }
    return ++all->count;
}

slot_record *slots_fork(slots *all, uint32_t slot)
{
    table_place *place = table_at(&all->newest, slot);
    if (!place)
        return NULL;
    uint32_t newest = (uint32_t)place->value, older = newest;
    bool is_free = newest && all->record[newest].state != SLOT_ENDED;
    if (is_free)
        older = all->record[newest].older;
    else
        newest = take_record(all);
    if (!newest)
        return NULL;
    all->record[newest] = (slot_record){.state = SLOT_FORKED, .older = older};
    place->value = newest;
    return &all->record[newest];
}

void slots_joined(slots *all, uint32_t slot)
{
    table_place *place = table_at(&all->newest, slot);
    uint32_t joined = (uint32_t)place->value, older = all->record[joined].older;
    if (!older) {
        all->record[joined].state = SLOT_FREE;
        return;
    }
    place->value = older;
    all->record[joined].older = all->unused;
    all->unused = joined;
}
