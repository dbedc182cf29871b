/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "agenda.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int agenda_init(agenda *a, unsigned workers)
{
    *a = (agenda){.heap = calloc(workers, sizeof *a->heap),
                  .place = calloc(workers, sizeof *a->place)};
    if (a->heap && a->place)
        return 0;
    agenda_free(a);
    return -ENOMEM;
}

void agenda_free(agenda *a)
{
    free(a->heap);
    free(a->place);
    *a = (agenda){0};
}

static bool is_before(const event *one, const event *other)
{
    return one->at < other->at || (one->at == other->at && one->order < other->order);
}

static void put(agenda *a, unsigned at, event e)
{
    a->heap[at] = e;
    a->place[e.worker] = at + 1;
}

static void rise(agenda *a, unsigned at, event e)
{
    for (; at && is_before(&e, &a->heap[(at - 1) / 2]); at = (at - 1) / 2)
        put(a, at, a->heap[(at - 1) / 2]);
    put(a, at, e);
}

static void sink(agenda *a, unsigned at, event e)
{
    for (unsigned child; (child = 2 * at + 1) < a->count; at = child) {
        if (child + 1 < a->count && is_before(&a->heap[child + 1], &a->heap[child]))
            child++;
        if (!is_before(&a->heap[child], &e))
            break;
        put(a, at, a->heap[child]);
    }
    put(a, at, e);
}

void agenda_set(agenda *a, unsigned worker, picoseconds at)
{
    event e = {at, a->set++, worker};
    unsigned place = a->place[worker];
    if (!place)
        rise(a, a->count++, e);
    else if (is_before(&e, &a->heap[place - 1]))
        rise(a, place - 1, e);
    else
        sink(a, place - 1, e);
}

void agenda_drop(agenda *a, unsigned worker)
{
    unsigned place = a->place[worker];
    if (!place)
        return;
    a->place[worker] = 0;
    event last = a->heap[--a->count];
    if (place - 1 == a->count)
        return;
    if (place > 1 && is_before(&last, &a->heap[(place - 2) / 2]))
        rise(a, place - 1, last);
    else
        sink(a, place - 1, last);
}

event agenda_next(agenda *a)
{
    event first = a->heap[0];
    agenda_drop(a, first.worker);
    return first;
}
