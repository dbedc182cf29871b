/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stable sort: halves are sorted in parallel, down to some thousand items, and merged in
 * parallel, from the array to a spare one and back, so that nothing is copied twice. Each piece is
 * first looked at: if it is in order, or strictly in the reverse one, it is done. Since pieces are
 * halved, long runs cost a look at each of a few levels.
 *
 * A piece of some ten thousand items is sorted by a stable quicksort, whose parts lie in the array and
 * in the spare one by turns. When its pivots are bad for too long, it halves and merges instead. */
#include <filch/panic.h>
#include <filch/sort_stable.h>
#include <runtime/core/worker.h>
#include <runtime/par/enter.h>
#include <runtime/par/merge.h>
#include <runtime/par/range.h>
#include <runtime/par/room.h>
#include <runtime/par/split.h>
#include <runtime/par/stable_in_place.h>
#include <stdlib.h>

typedef struct sort_call {
    const filch_stable_ops *ops;
    void *context;
    char *items;
    size_t count;
    size_t grain; /* items that are sorted at once */
} sort_call;

/* ---- Some thousand items ---- */

static void sort_some(filch_self self, const sort_call *c, char *items, char *spare, size_t count,
                      bool to_spare, unsigned patience);

/* As a merge sort does: whatever the items are, in n log n steps. */
static void sort_halves(filch_self self, const sort_call *c, char *items, char *spare, size_t count,
                        bool to_spare)
{
    const size_t half = count / 2, at = half * c->ops->merge.size;
    sort_some(self, c, items, spare, half, !to_spare, 0);
    sort_some(self, c, items + at, spare + at, count - half, !to_spare, 0);
    char *from = to_spare ? items : spare, *to = to_spare ? spare : items;
    c->ops->merge.merge(from, half, from + at, count - half, to, c->context);
}

/* The left items go to the beginning of where they are wanted, the right ones to that of the other
 * array: what is free of the one is the right place for the right items, what is free of the other
 * one is the spare place of the left. */
static void sort_some(filch_self self, const sort_call *c, char *items, char *spare, size_t count,
                      bool to_spare, unsigned patience)
{
    const size_t size = c->ops->merge.size;
    while (count > FL_STABLE_FEW) {
        if (!patience--) {
            sort_halves(self, c, items, spare, count, to_spare);
            return;
        }
        bool equal;
        const size_t left = c->ops->part(items, spare, count, to_spare, &equal, c->context);
        char *low = to_spare ? spare : items, *high = to_spare ? items : spare;
        count -= left;
        if (!equal)
            sort_some(self, c, low, high + count * size, left, false, patience);
        items = high;
        spare = low + left * size;
        to_spare = true;
        fl_heed(self);
    }
    c->ops->few(items, spare, count, to_spare, c->context);
}

static unsigned patience_for(size_t count)
{
    unsigned twice = 0;
    for (; count; count >>= 1)
        twice += 2;
    return twice;
}

/* ---- More ---- */

static void divide(filch_self self, const sort_call *c, char *items, char *spare, size_t count,
                   bool to_spare);

FILCH_VOID_TASK(sort_piece, (const sort_call *, c), (char *, items), (char *, spare),
                (size_t, count), (bool, to_spare))
{
    if (!c->ops->is_run(items, count, c->context))
        divide(self, c, items, spare, count, to_spare);
    else if (to_spare)
        memcpy(spare, items, count * c->ops->merge.size);
}

static void divide(filch_self self, const sort_call *c, char *items, char *spare, size_t count,
                   bool to_spare)
{
    const size_t size = c->ops->merge.size, half = count / 2, at = half * size;
    if (count <= c->grain) {
        sort_some(self, c, items, spare, count, to_spare, patience_for(count));
        return;
    }
    FILCH_FORK(sort_piece, c, items + at, spare + at, count - half, !to_spare);
    sort_piece(self, c, items, spare, half, !to_spare);
    FILCH_JOIN_VOID(sort_piece);
    const char *from = to_spare ? items : spare;
    fl_merge(self, &c->ops->merge, c->context,
             &(fl_lists){from, from + at, half, count - half, to_spare ? spare : items});
}

/* ---- The whole ---- */

/* From here on, memory is so dear that half of it is worth a barrier between the halves. */
#ifdef FILCH_TINY
static const size_t much = (size_t)1 << 13;
#else
static const size_t much = (size_t)1 << 22;
#endif

/* With room for half of the items. The first half is sorted into it; its old place is then spare
 * for the second one. The first half of the outcome goes there, too. What is left of the second
 * list by then has room before what is left of the first. */
static void sort_with_half(filch_self self, const sort_call *c, char *spare)
{
    const filch_merge_ops *ops = &c->ops->merge;
    const size_t b_count = c->count / 2, a_count = c->count - b_count;
    char *b = c->items + a_count * ops->size;
    sort_piece(self, c, c->items, spare, a_count, true);
    sort_piece(self, c, b, c->items, b_count, false);
    const size_t of_a = ops->split(spare, a_count, b, b_count, a_count, c->context);
    const size_t of_b = a_count - of_a;
    const fl_lists low = {spare, b, of_a, of_b, c->items};
    const fl_lists rest = {b + of_b * ops->size, b, b_count - of_b, 0, spare};
    const fl_lists high = {spare + of_a * ops->size, spare, a_count - of_a, b_count - of_b, b};
    fl_merge(self, ops, c->context, &low);
    fl_merge(self, ops, c->context, &rest);
    fl_merge(self, ops, c->context, &high);
}

static void sort_with_room(filch_self self, const sort_call *c)
{
    const size_t size = c->ops->merge.size;
    const bool half = c->count > much / size;
    char *spare = fl_room((half ? c->count - c->count / 2 : c->count) * size);
    FILCH_DEFER(free, spare);
    if (!spare)
        fl_stable_in_place(self, &c->ops->merge, c->context, c->items, c->count);
    else if (half)
        sort_with_half(self, c, spare);
    else
        divide(self, c, c->items, spare, c->count, false);
}

/* A worker gets some thirty pieces: large ones, if possible, since a quicksort's last passes cost
 * less than a merge. */
static size_t grain_for(filch_self self, size_t count, size_t size)
{
    const size_t least = fl_sort_grain(size), most = 16 * least;
    const size_t some = count / 32 / fl_workers(fl_fiber_of(self)->worker->rt);
    return some < least ? least : some < most ? some : most;
}

FILCH_TASK(int, sort_whole, (sort_call *, c))
{
    char room[2048] FILCH_ALIGNED(16);
    c->grain = grain_for(self, c->count, c->ops->merge.size);
    if (c->count < 2 || c->ops->is_run(c->items, c->count, c->context))
        return 0;
    if (c->count * c->ops->merge.size <= sizeof room)
        divide(self, c, c->items, room, c->count, false);
    else
        sort_with_room(self, c);
    return 0;
}

/* From a task, or, with rt, from elsewhere. */
static int begin(filch_self self, filch_runtime *rt, sort_call *c)
{
    int rc = fl_items_refuse("filch_sort_stable", c->items, c->count, c->ops->merge.size);
    if (rc)
        return rc;
    return fl_enter("filch_sort_stable", self, rt, &sort_whole_task, c);
}

int filch_sort_stable_by(filch_self self, void *items, size_t count, const filch_stable_ops *ops,
                         void *context)
{
    return begin(self, NULL, &(sort_call){ops, context, items, count, 0});
}

int filch_run_sort_stable_by(filch_runtime *rt, void *items, size_t count,
                             const filch_stable_ops *ops, void *context)
{
    return begin(NULL, rt, &(sort_call){ops, context, items, count, 0});
}

int filch_sort_stable(filch_self self, void *items, size_t count, size_t size, filch_less_fn *less,
                      void *context)
{
    int rc = fl_order_refuse("filch_sort_stable", size, less);
    if (rc)
        return rc;
    filch_ordering plain = {size, less, context};
    filch_stable_ops ops = fl_plain_ops(size);
    return filch_sort_stable_by(self, items, count, &ops, &plain);
}

int filch_run_sort_stable(filch_runtime *rt, void *items, size_t count, size_t size,
                          filch_less_fn *less, void *context)
{
    int rc = fl_order_refuse("filch_sort_stable", size, less);
    if (rc)
        return rc;
    filch_ordering plain = {size, less, context};
    filch_stable_ops ops = fl_plain_ops(size);
    return filch_run_sort_stable_by(rt, items, count, &ops, &plain);
}
