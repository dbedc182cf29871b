/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/for.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/par/partition.h>

/* Partitioned, a part is a stretch that goes first and one that does not. Those of the first kind
 * beyond the border and those of the second before it are exchanged, by their order. */
typedef struct together {
    const filch_sort_ops *ops;
    void *context;
    char *items;
    const void *pivot;
    bool not_after;
    size_t n, parts, border;
    size_t first[FL_TOGETHER_PARTS]; /* how many of the part go first */
} together;

typedef struct stretch {
    size_t begin, end;
} stretch;

static size_t part_begin(const together *t, size_t part)
{
    const size_t rest = t->n % t->parts;
    return t->n / t->parts * part + (part < rest ? part : rest);
}

/* The items of a part on the wrong side of the border: those that should be beyond it, or not. */
static stretch wrong(const together *t, size_t part, bool beyond)
{
    const size_t begin = part_begin(t, part), end = part_begin(t, part + 1);
    stretch s = {begin + t->first[part], end};
    if (!beyond) {
        s.end = s.begin;
        s.begin = begin > t->border ? begin : t->border;
    } else if (s.end > t->border) {
        s.end = t->border;
    }
    if (s.end < s.begin)
        s.end = s.begin;
    return s;
}

static int partition_parts(filch_self self, size_t begin, size_t end, void *context)
{
    (void)self;
    together *t = context;
    for (size_t part = begin; part < end; part++) {
        const size_t at = part_begin(t, part);
        t->first[part] =
            t->ops->partition(t->items + at * t->ops->size, part_begin(t, part + 1) - at, t->pivot,
                              t->not_after, t->context);
    }
    return 0;
}

/* The stretch from the index-th wrong item of its kind on; *part: that in which it is. */
static stretch seek(const together *t, size_t index, bool beyond, size_t *part)
{
    stretch s;
    for (*part = 0; s = wrong(t, *part, beyond), s.end - s.begin <= index; ++*part)
        index -= s.end - s.begin;
    s.begin += index;
    return s;
}

static void exchange(char *a, char *b, size_t bytes)
{
    char room[256];
    for (size_t some; bytes; a += some, b += some, bytes -= some) {
        some = bytes < sizeof room ? bytes : sizeof room;
        memcpy(room, a, some);
        memcpy(a, b, some);
        memcpy(b, room, some);
    }
}

/* Exchanges the wrong items [begin, end) of the one kind with those of the other. */
static int exchange_wrong(filch_self self, size_t begin, size_t end, void *context)
{
    (void)self;
    const together *t = context;
    const size_t size = t->ops->size;
    size_t low, high;
    stretch a = seek(t, begin, true, &low), b = seek(t, begin, false, &high);
    while (begin < end) {
        if (a.begin == a.end) {
            a = wrong(t, ++low, true);
            continue;
        }
        if (b.begin == b.end) {
            b = wrong(t, ++high, false);
            continue;
        }
        size_t some = a.end - a.begin;
        some = some < b.end - b.begin ? some : b.end - b.begin;
        some = some < end - begin ? some : end - begin;
        exchange(t->items + a.begin * size, t->items + b.begin * size, some * size);
        a.begin += some;
        b.begin += some;
        begin += some;
    }
    return 0;
}

size_t fl_partition_together(filch_self self, void *items, size_t n, const void *pivot,
                             bool not_after, const filch_sort_ops *ops, void *context)
{
    together t = {.ops = ops, .context = context, .items = items, .n = n, .pivot = pivot};
    const size_t several = 4 * (size_t)fl_workers(fl_fiber_of(self)->worker->rt);
    t.not_after = not_after;
    t.parts = n / FL_TOGETHER_PART;
    t.parts = t.parts < several ? t.parts : several;
    t.parts = t.parts < FL_TOGETHER_PARTS ? t.parts : FL_TOGETHER_PARTS;
    if (t.parts < 2)
        return ops->partition(items, n, pivot, not_after, context);
    filch_for(self, 0, t.parts, 1, partition_parts, &t);
    for (size_t part = 0; part < t.parts; part++)
        t.border += t.first[part];
    size_t wrongs = 0;
    for (size_t part = 0; part < t.parts; part++) {
        const stretch s = wrong(&t, part, true);
        wrongs += s.end - s.begin;
    }
    filch_for(self, 0, wrongs, FL_TOGETHER_PART, exchange_wrong, &t);
    return t.border;
}
