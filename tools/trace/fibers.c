/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fibers.h"

#include <stdlib.h>

fiber *fibers_at(fibers *all, uint32_t number)
{
    all->list.size = sizeof(fiber);
    fiber *found = number ? keyed_at(&all->list, number) : NULL;
    all->is_short |= number && !found;
    return found;
}

void fibers_free(fibers *all)
{
    for (size_t i = 0; i < all->list.count; i++)
        free(((fiber *)(void *)all->list.list)[i].runs);
    keyed_free(&all->list);
    *all = (fibers){0};
}

void fiber_begin(fibers *all, fiber *f, const fiber_run *begun)
{
    if (f->depth == f->room) {
        size_t room = f->room ? 2 * f->room : 8;
        fiber_run *more = realloc(f->runs, room * sizeof *more);
        if (!more) {
            all->is_short = true;
            return;
        }
        f->runs = more;
        f->room = room;
    }
    f->runs[f->depth++] = *begun;
}

const fiber_run *fiber_end(fiber *f, uint32_t kind, uint32_t slot)
{
    size_t at = f->depth;
    while (at && (f->runs[at - 1].kind != kind || f->runs[at - 1].slot != slot))
        at--;
    if (!at)
        return NULL;
    f->depth = at - 1;
    return &f->runs[f->depth];
}

const fiber_run *fiber_runs(const fiber *f)
{
    return f->depth ? &f->runs[f->depth - 1] : NULL;
}
