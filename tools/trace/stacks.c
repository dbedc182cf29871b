/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A list that is sorted and folded whenever it is full: there are many waits, but few different ones. */
#include "stacks.h"

#include <stdlib.h>

static int by_names(const void *one, const void *other)
{
    const stack *a = one, *b = other;
    if (a->task != b->task)
        return a->task < b->task ? -1 : 1;
    if (a->call != b->call)
        return a->call < b->call ? -1 : 1;
    return (a->by > b->by) - (a->by < b->by);
}

static int by_time(const void *one, const void *other)
{
    const stack *a = one, *b = other;
    return a->ns != b->ns ? (a->ns < b->ns ? 1 : -1) : by_names(one, other);
}

static void merge(stacks *all)
{
    size_t kept = 0;
    if (all->count)
        qsort(all->list, all->count, sizeof *all->list, by_names);
    for (size_t i = 0; i < all->count; i++) {
        stack *last = kept ? &all->list[kept - 1] : NULL;
        if (!last || by_names(last, &all->list[i]) != 0)
            all->list[kept++] = all->list[i];
        else if (__builtin_add_overflow(last->ns, all->list[i].ns, &last->ns))
            last->ns = INT64_MAX; /* times of a damaged file */
    }
    all->count = kept;
}

static bool grow(stacks *all)
{
    size_t room = all->room ? 2 * all->room : 1024;
    stack *more = realloc(all->list, room * sizeof *more);
    if (!more)
        return false;
    all->list = more;
    all->room = room;
    return true;
}

bool stacks_add(stacks *all, stack one)
{
    if (all->count == all->room) {
        merge(all);
        if (2 * all->count >= all->room && !grow(all))
            return false;
    }
    all->list[all->count++] = one;
    return true;
}

void stacks_fold(stacks *all)
{
    merge(all);
    if (all->count)
        qsort(all->list, all->count, sizeof *all->list, by_time);
}

void stacks_free(stacks *all)
{
    free(all->list);
    *all = (stacks){0};
}
