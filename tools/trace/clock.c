/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "clock.h"

#include <stdlib.h>

#define FARTHEST (INT64_C(1) << 60) /* ns; of damaged readings */

bool trace_clock_add(trace_clock *clock, uint64_t ticks, int64_t ns)
{
    if (clock->count == clock->room) {
        size_t room = clock->room ? 2 * clock->room : 64;
        trace_reading *more = realloc(clock->reading, room * sizeof *more);
        if (!more)
            return false;
        clock->reading = more;
        clock->room = room;
    }
    clock->reading[clock->count++] = (trace_reading){ticks, ns};
    return true;
}

static int by_ticks(const void *one, const void *other)
{
    const trace_reading *a = one, *b = other;
    return (a->ticks > b->ticks) - (a->ticks < b->ticks);
}

/* Two threads may read both clocks at the same time, and be held up in between: a reading that goes back
 * is left out. */
static void keep_ascending(trace_clock *clock)
{
    size_t kept = clock->count ? 1 : 0;
    for (size_t i = 1; i < clock->count; i++) {
        const trace_reading *last = &clock->reading[kept - 1], *next = &clock->reading[i];
        if (next->ticks > last->ticks && next->ns > last->ns)
            clock->reading[kept++] = *next;
    }
    clock->count = kept;
}

int64_t trace_clock_ready(trace_clock *clock, bool ticks_are_ns)
{
    if (clock->count)
        qsort(clock->reading, clock->count, sizeof *clock->reading, by_ticks);
    keep_ascending(clock);
    clock->rate = 1;
    if (clock->count < 2 || ticks_are_ns)
        return 0;
    const trace_reading *first = clock->reading, *last = &first[clock->count - 1];
    clock->rate = (double)(last->ns - first->ns) / (double)(last->ticks - first->ticks);
    int64_t drift = 0;
    for (size_t i = 1; i + 1 < clock->count; i++) {
        const trace_reading *one = &clock->reading[i];
        int64_t straight = first->ns + (int64_t)((double)(one->ticks - first->ticks) * clock->rate);
        int64_t off = one->ns > straight ? one->ns - straight : straight - one->ns;
        drift = off > drift ? off : drift;
    }
    return drift;
}

int64_t trace_clock_ns(const trace_clock *clock, uint64_t ticks, size_t *hint)
{
    size_t i = *hint;
    if (!clock->count)
        return (int64_t)ticks;
    if (i >= clock->count || clock->reading[i].ticks > ticks)
        i = 0;
    while (i + 1 < clock->count && clock->reading[i + 1].ticks <= ticks)
        i++;
    *hint = i;
    const trace_reading *at = &clock->reading[i];
    double rate = clock->rate;
    if (i + 1 < clock->count)
        rate = (double)(at[1].ns - at->ns) / (double)(at[1].ticks - at->ticks);
    double more = (double)(ticks - at->ticks) * rate;
    return at->ns + (more < (double)FARTHEST ? (int64_t)more : FARTHEST);
}

void trace_clock_free(trace_clock *clock)
{
    free(clock->reading);
}
