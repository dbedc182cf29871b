/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The radix sort: distributes ranges of items by the highest bits in which their keys differ until
 * a cache holds them, and has those sorted by what the type's operations are (radix_core.h).
 *
 * A range is distributed in parts that are counted and moved in parallel: one for a worker alone,
 * several for each of many, so that nobody waits for a late one. A sample of the keys chooses the
 * bits to take; if the counts show that it misled, they are made again. Children of a range lie in
 * the other array, so `there` (where the outcome is wanted) changes from range to child.
 *
 * Panics of a key: a range whose key panics leaves its items where it took them from, in some
 * order. The range around it then brings back those that it distributed. */
#include <filch/sort.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/merge.h>
#include <runtime/par/plain_ops.h>
#include <runtime/par/range.h>
#include <runtime/par/second_array.h>
#include <runtime/par/split.h>
#include <runtime/par/stable_in_place.h>
#include <runtime/platform/given.h>
#include <stdlib.h>

/* With 10^7 random uint32_t, one worker: moving by 8 or 9 bits took 13 ms, by 10 bits 34 ms.
 * Buffers of a cache line for each bucket, written at once when full, past the cache or not, made
 * it 20 ms for any number of bits. Small pages for the spare array: 35 ms. All is small in a tiny
 * build, so that few items take every way. */
enum {
#ifdef FILCH_TINY
    SOME = 1 << 6,
    CACHED = 1 << 11,
    SHARED = 1 << 10,
    PART = 1 << 8,
    BUCKET = 1 << 4,
    BITS = 4,
#else
    SOME = 1 << 10,   /* items that are not distributed, however large */
    CACHED = 1 << 20, /* bytes that are sorted at once, */
    SHARED = 1 << 18, /* unless another worker wants a part of so many; */
    PART = 1 << 16,   /* of at least so many each */
    BUCKET = 1 << 8,  /* items for which a bucket is worth while, */
    BITS = 9,         /* up to so many buckets, each with a line in the innermost cache */
#endif
    FEW_BITS = 6, /* where no memory is to be had for more */
    PARTS = 4,    /* for each worker */
    TABLE = 2 * sizeof(uint32_t) << FILCH_RADIX_MOST
};

typedef struct sort_call {
    const filch_radix_ops *ops;
    void *context;
    char *items;
    size_t n;
    unsigned workers;
    char *tables; /* for each worker TABLE bytes */
} sort_call;

typedef struct range {
    char *items, *other;
    size_t n;
    bool there; /* the outcome is wanted in `other` */
} range;

/* ---- Ranges that a cache holds ---- */

static void sort_cached(filch_self self, const sort_call *c, range r, void *table, unsigned bits)
{
    fl_undos undos = {NULL};
    filch_radix_tables tables = {table, bits, &undos};
    FL_ON_PANIC(fl_undo_all, &undos);
    c->ops->cached(r.items, r.other, r.n, r.there, tables, c->context);
}

/* ---- Larger ones ---- */

typedef struct distribution {
    const sort_call *c;
    range r;
    filch_radix_digit digit;
    size_t parts;
    size_t *counts;        /* of each part, 1 << digit.bits; later places */
    uint64_t *differing;   /* of each part: bits in which its keys differ from the range's first */
    bool moved;            /* the items are in the other array, */
    unsigned char *sorted; /* but those of such buckets are where they are wanted */
} distribution;

static void sort_range(filch_self self, const sort_call *c, range r);

static fl_radix_of radix_of(const sort_call *c)
{
    return (fl_radix_of){c->ops->size, c->ops->key, c->context};
}

/* The first item of a part. */
static size_t part_at(const distribution *d, size_t part)
{
    const size_t rest = d->r.n % d->parts;
    return d->r.n / d->parts * part + (part < rest ? part : rest);
}

static size_t *counts_of(const distribution *d, size_t part)
{
    return d->counts + (part << d->digit.bits);
}

static int count_parts(filch_self self, size_t part, size_t end, void *context, void *sum)
{
    (void)self, (void)sum;
    distribution *d = context;
    const fl_radix_of of = radix_of(d->c);
    for (; part < end; part++) {
        const size_t at = part_at(d, part);
        const char *items = d->r.items + at * of.size;
        size_t *counts = counts_of(d, part);
        memset(counts, 0, sizeof *counts << d->digit.bits);
        d->differing[part] =
            (fl_radix_key(items, 0, of) ^ fl_radix_key(d->r.items, 0, of)) |
            d->c->ops->count(items, part_at(d, part + 1) - at, d->digit, counts, of.context);
    }
    return 0;
}

static int move_parts(filch_self self, size_t part, size_t end, void *context, void *sum)
{
    (void)self, (void)sum;
    distribution *d = context;
    for (; part < end; part++) {
        const size_t at = part_at(d, part);
        d->c->ops->scatter(d->r.items + at * d->c->ops->size, part_at(d, part + 1) - at, d->digit,
                           d->r.other, counts_of(d, part), d->c->context);
    }
    return 0;
}

static int copy_parts(filch_self self, size_t part, size_t end, void *context, void *sum)
{
    (void)self, (void)sum;
    distribution *d = context;
    const size_t from = part_at(d, part) * d->c->ops->size;
    const size_t to = part_at(d, end) * d->c->ops->size;
    memcpy(d->r.other + from, d->r.items + from, to - from);
    return 0;
}

/* A bucket ends where the last part's next item would have gone. */
static int sort_buckets(filch_self self, size_t bucket, size_t end, void *context, void *sum)
{
    (void)sum;
    distribution *d = context;
    const size_t *ends = counts_of(d, d->parts - 1), size = d->c->ops->size;
    for (; bucket < end; bucket++) {
        const size_t first = bucket ? ends[bucket - 1] : 0;
        range r = {d->r.other + first * size, d->r.items + first * size, ends[bucket] - first,
                   !d->r.there};
        sort_range(self, d->c, r);
        d->sorted[bucket] = true;
    }
    return 0;
}

/* For FL_ON_PANIC: moves back what is in the other array. */
static void bring_back(void *distributed)
{
    const distribution *d = distributed;
    const size_t *ends = counts_of(d, d->parts - 1), size = d->c->ops->size;
    size_t first = 0;
    for (size_t bucket = 0; d->moved && bucket < (size_t)1 << d->digit.bits; bucket++) {
        if (d->r.there || !d->sorted[bucket])
            memcpy(d->r.items + first * size, d->r.other + first * size,
                   (ends[bucket] - first) * size);
        first = ends[bucket];
    }
}

static void each(filch_self self, distribution *d, size_t end, fl_chunk_fn *chunk)
{
    fl_loop loop = {.chunk = chunk, .context = d, .hint = 1};
    fl_loop_run(self, &loop, 0, end, NULL);
}

/* The highest bits of those in which keys differ; all of them if they are few. */
static filch_radix_digit digit_for(uint64_t differing, size_t n, unsigned most)
{
    const unsigned end = fl_radix_width(differing);
    const unsigned span = end ? end - (unsigned)__builtin_ctzll(differing) : 0;
    unsigned bits = fl_radix_width(n / BUCKET);
    if (bits > most || span <= most)
        bits = most;
    if (bits > span)
        bits = span;
    return bits ? (filch_radix_digit){end - bits, bits} : (filch_radix_digit){0, 1};
}

static uint64_t count(filch_self self, distribution *d)
{
    each(self, d, d->parts, count_parts);
    uint64_t differing = 0;
    for (size_t part = 0; part < d->parts; part++)
        differing |= d->differing[part];
    return differing;
}

/* Chooses the digit and counts. Returns the bits in which keys differ. */
static uint64_t choose(filch_self self, distribution *d, unsigned most)
{
    d->digit = digit_for(fl_radix_sample(d->r.items, d->r.n, radix_of(d->c)), d->r.n, most);
    const uint64_t differing = count(self, d);
    const unsigned found = fl_radix_width(differing), end = d->digit.shift + d->digit.bits;
    if (found > end || found + 1 < end) {
        d->digit = digit_for(differing, d->r.n, most);
        count(self, d);
    }
    return differing;
}

/* Turns the counts into the places of the first items: bucket by bucket, in each part by part. */
static void place(distribution *d)
{
    size_t sum = 0;
    for (size_t bucket = 0; bucket < (size_t)1 << d->digit.bits; bucket++)
        for (size_t part = 0; part < d->parts; part++) {
            size_t *at = counts_of(d, part) + bucket;
            const size_t some = *at;
            *at = sum;
            sum += some;
        }
}

static void distribute(filch_self self, distribution *d, unsigned most)
{
    const uint64_t differing = choose(self, d, most);
    bool there = false;
    if (differing) {
        place(d);
        each(self, d, d->parts, move_parts);
        if (differing & fl_radix_below(d->digit.shift)) {
            memset(d->sorted, 0, (size_t)1 << d->digit.bits);
            d->moved = true;
            each(self, d, (size_t)1 << d->digit.bits, sort_buckets);
            return;
        }
        there = true;
    }
    if (there == d->r.there)
        return;
    if (there) {
        char *items = d->r.items;
        d->r.items = d->r.other;
        d->r.other = items;
    }
    each(self, d, d->parts, copy_parts);
}

static void sort_large(filch_self self, const sort_call *c, range r, bool shared)
{
    size_t few[(1 << FEW_BITS) + 1 + (1 << FEW_BITS) / sizeof(size_t)];
    distribution d = {.c = c, .r = r, .parts = 1};
    unsigned most = BITS;
    if (shared && r.n * c->ops->size / PART > 1)
        d.parts = r.n * c->ops->size / PART;
    if (d.parts > PARTS * c->workers)
        d.parts = PARTS * c->workers;
    if (d.parts > r.n)
        d.parts = r.n;
    size_t *room = malloc(d.parts * ((1 << BITS) + 1) * sizeof *room + (1 << BITS));
    FILCH_DEFER(free, room);
    if (!room) {
        d.parts = 1;
        most = FEW_BITS < BITS ? FEW_BITS : BITS;
    }
    d.counts = room ? room : few;
    d.differing = d.counts + (d.parts << most);
    d.sorted = (unsigned char *)(d.differing + d.parts);
    FL_ON_PANIC(bring_back, &d);
    distribute(self, &d, most);
}

static bool is_shared(filch_self self, const sort_call *c, size_t n)
{
    const size_t bytes = n * c->ops->size;
    return c->workers > 1 && n > SOME &&
           (bytes > CACHED || (bytes > SHARED && fl_idle_demand(self)));
}

static bool is_cached(const sort_call *c, size_t n)
{
    return n <= SOME || n * c->ops->size <= CACHED;
}

static void sort_range(filch_self self, const sort_call *c, range r)
{
    const bool shared = is_shared(self, c, r.n);
    if (r.n == 0)
        return;
    if (shared || !is_cached(c, r.n))
        sort_large(self, c, r, shared);
    else
        sort_cached(self, c, r, c->tables + (size_t)fl_fiber_of(self)->worker->index * TABLE,
                    FILCH_RADIX_MOST);
}

/* ---- The whole ---- */

static bool key_less(const void *a, const void *b, void *context)
{
    const sort_call *c = context;
    return c->ops->key(a, c->context) < c->ops->key(b, c->context);
}

static void sort_without_memory(filch_self self, sort_call *c)
{
    filch_ordering plain = {c->ops->size, key_less, c};
    const filch_stable_ops ops = fl_plain_ops(c->ops->size);
    fl_stable_in_place(self, &ops.merge, &plain, c->items, c->n);
}

FILCH_TASK(int, sort_whole, (sort_call *, c))
{
    char room[1024] FILCH_ALIGNED(16);
    uint32_t table[2 << 7];
    const size_t bytes = (c->n * c->ops->size + 63) & ~(size_t)63;
    range r = {c->items, room, c->n, false};
    c->workers = fl_workers(fl_fiber_of(self)->worker->rt);
    if (c->n < 2)
        return 0;
    if (bytes <= sizeof room) {
        sort_cached(self, c, r, table, 7);
        return 0;
    }
    const bool alone = !is_shared(self, c, c->n) && is_cached(c, c->n);
    r.other = fl_room(bytes + (alone ? 1 : (size_t)c->workers) * TABLE);
    if (!r.other) {
        sort_without_memory(self, c);
        return 0;
    }
    FILCH_DEFER(free, r.other);
    c->tables = r.other + bytes;
    if (alone)
        sort_cached(self, c, r, c->tables, FILCH_RADIX_MOST);
    else
        sort_range(self, c, r);
    return 0;
}

/* From a task, or, with rt, from elsewhere. */
static int begin(filch_self self, filch_runtime *rt, sort_call *c)
{
    int rc = fl_items_refuse("filch_radix_sort", c->items, c->n, c->ops->size);
    if (rc)
        return rc;
    return fl_enter("filch_radix_sort", self, rt, &sort_whole_task, c);
}

int filch_radix_sort_by(filch_self self, void *items, size_t n, const filch_radix_ops *ops,
                        void *context)
{
    FL_GIVEN(ops);
    return begin(self, NULL, &(sort_call){ops, context, items, n, 0, NULL});
}

int fl_run_radix_sort_by(filch_runtime *rt, void *items, size_t n, const filch_radix_ops *ops,
                         void *context)
{
    FL_GIVEN_IN("filch_radix_sort_by", ops);
    return begin(NULL, rt, &(sort_call){ops, context, items, n, 0, NULL});
}
