/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fibers.h"

fiber *fibers_at(fibers *all, uint32_t number)
{
    all->list.size = sizeof(fiber);
    fiber *found = number ? keyed_at(&all->list, number) : NULL;
    all->is_short |= number && !found;
    return found;
}

void fibers_free(fibers *all)
{
    keyed_free(&all->list);
    *all = (fibers){0};
}

void fiber_begin(fiber *f, int64_t ns, uint32_t name)
{
    if (f->depth < FIBER_DEPTH)
        f->runs[f->depth] = (fiber_run){ns, name};
    f->depth++;
}

const fiber_run *fiber_end(fiber *f)
{
    if (!f->depth || --f->depth >= FIBER_DEPTH)
        return NULL;
    return &f->runs[f->depth];
}

const fiber_run *fiber_runs(const fiber *f)
{
    return f->depth && f->depth <= FIBER_DEPTH ? &f->runs[f->depth - 1] : NULL;
}
