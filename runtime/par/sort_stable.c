/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stable sort: halves are sorted in parallel, down to some thousand items, and merged in
 * parallel, from the array to a spare one and back, so that nothing is copied twice. Each piece is
 * first looked at: if it is in order, or strictly in the reverse one, it is done. Since pieces are
 * halved, long runs cost one look at each of a few levels.
 *
 * A piece of some ten thousand items is sorted by a stable quicksort, whose parts lie in the array
 * and in the spare one by turns. When its pivots are bad for too long, it halves and merges
 * instead.
 *
 * Panics of a comparison: a step whose comparison panics leaves its items in the array from which
 * it took them, in some order. The steps around it then bring back what they finished elsewhere. */
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

enum { LEVELS = 64 }; /* of a sort of one grain, at most */

typedef struct sort_call {
    const filch_stable_ops *ops;
    void *context;
    char *items;
    size_t count;
    size_t grain; /* items that are sorted at once */
} sort_call;

/* ---- Some thousand items ---- */

/* The records of a sort of some thousand items: which of them are in the other array. Each level of
 * the quicksort and of the merge sort has one: patience_for() levels, then one for each halving. */
typedef struct serial {
    const sort_call *c;
    fl_undos undos;
    fl_undo *free;
    fl_undo records[LEVELS];
} serial;

static void sort_some(filch_self self, serial *s, char *items, char *spare, size_t count,
                      bool to_spare, unsigned patience);

/* As a merge sort does: n log n steps for any items. */
static void sort_halves(filch_self self, serial *s, char *items, char *spare, size_t count,
                        bool to_spare)
{
    const filch_merge_ops *ops = &s->c->ops->merge;
    const size_t half = count / 2, at = half * ops->size;
    fl_undo *sorted = s->free++;
    sort_some(self, s, items, spare, half, !to_spare, 0);
    fl_undo_begin(&s->undos, sorted, items, spare, to_spare ? 0 : at);
    sort_some(self, s, items + at, spare + at, count - half, !to_spare, 0);
    sorted->second = spare + (to_spare ? 0 : count * ops->size);
    char *from = to_spare ? items : spare, *to = to_spare ? spare : items;
    ops->merge(from, half, from + at, count - half, to, s->c->context);
    fl_undo_end(&s->undos, sorted);
    s->free--;
}

/* Left items go to the beginning of their final place, right ones to the beginning of the other
 * array. The free part of the one is the right place for the right items; the free part of the
 * other is spare space for the left. Each level leaves its items where they were if a comparison
 * panics; its record lists those that are in the other array. */
static void sort_some(filch_self self, serial *s, char *items, char *spare, size_t count,
                      bool to_spare, unsigned patience)
{
    const filch_stable_ops *ops = s->c->ops;
    const size_t size = ops->merge.size;
    fl_undo *const newest = s->undos.newest, *const free_before = s->free;
    for (; count > FL_STABLE_FEW && patience; patience--) {
        bool equal;
        const size_t left =
            ops->part(items, spare, count, to_spare, &equal, &s->undos, s->c->context);
        char *low = to_spare ? spare : items, *high = to_spare ? items : spare;
        count -= left;
        const size_t right_bytes = count * size, left_bytes = left * size;
        fl_undo_begin(&s->undos, s->free++, items + (to_spare ? right_bytes : left_bytes), spare,
                      to_spare ? left_bytes : right_bytes);
        if (!equal)
            sort_some(self, s, low, high + right_bytes, left, false, patience - 1);
        items = high;
        spare = low + left_bytes;
        to_spare = true;
        fl_heed(self);
    }
    if (count > FL_STABLE_FEW)
        sort_halves(self, s, items, spare, count, to_spare);
    else
        ops->few(items, spare, count, to_spare, &s->undos, s->c->context);
    s->undos.newest = newest;
    s->free = free_before;
}

static unsigned patience_for(size_t count)
{
    unsigned twice = 0;
    for (; count; count >>= 1)
        twice += 2;
    return twice;
}

/* Not inlined: its records would lie on the stack as often as forks are nested. */
static __attribute__((noinline)) void sort_at_once(filch_self self, const sort_call *c, char *items,
                                                   char *spare, size_t count, bool to_spare)
{
    serial s;
    s.c = c;
    s.undos.newest = NULL;
    s.free = s.records;
    FL_ON_PANIC(fl_undo_all, &s.undos);
    sort_some(self, &s, items, spare, count, to_spare, patience_for(count));
}

/* ---- More ---- */

/* Items whose outcome is wanted where they are or, with to_spare, in spare. If sorting them panics,
 * they are where they were, and not done. */
typedef struct piece {
    const sort_call *c;
    char *items, *spare;
    size_t count;
    bool to_spare, done;
} piece;

static void divide(filch_self self, const piece *p);

FILCH_VOID_TASK(sort_piece, (piece *, p))
{
    if (!p->c->ops->is_run(p->items, p->count, p->c->context))
        divide(self, p);
    else if (p->to_spare)
        memcpy(p->spare, p->items, p->count * p->c->ops->merge.size);
    p->done = true;
}

/* For FL_ON_PANIC: items of two pieces that went to the spare array. */
static void bring_back(void *pieces)
{
    for (const piece *p = pieces, *end = p + 2; p < end; p++)
        if (p->to_spare && p->done)
            memcpy(p->items, p->spare, p->count * p->c->ops->merge.size);
}

static void divide(filch_self self, const piece *p)
{
    const sort_call *c = p->c;
    const size_t half = p->count / 2, at = half * c->ops->merge.size;
    if (p->count <= c->grain) {
        sort_at_once(self, c, p->items, p->spare, p->count, p->to_spare);
        return;
    }
    piece halves[] = {{c, p->items, p->spare, half, !p->to_spare, false},
                      {c, p->items + at, p->spare + at, p->count - half, !p->to_spare, false}};
    FL_ON_PANIC(bring_back, halves);
    FILCH_FORK(sort_piece, &halves[1]);
    sort_piece(self, &halves[0]);
    FILCH_JOIN_VOID(sort_piece);
    const char *from = p->to_spare ? p->items : p->spare;
    fl_merge(self, &c->ops->merge, c->context,
             &(fl_lists){from, from + at, half, p->count - half,
                         p->to_spare ? p->spare : p->items});
}

/* ---- The whole ---- */

/* From here on, memory is so dear that half of it is worth a barrier between the halves. */
#ifdef FILCH_TINY
static const size_t much = (size_t)1 << 13;
#else
static const size_t much = (size_t)1 << 22;
#endif

/* With room for half of the items. The first half is sorted into it; its old place is then spare
 * for the second one. The first half of the outcome goes there, too. Then the rest of the second
 * list has room before the rest of the first. */
static void sort_with_half(filch_self self, const sort_call *c, char *spare)
{
    const filch_merge_ops *ops = &c->ops->merge;
    const size_t size = ops->size, b_count = c->count / 2, a_count = c->count - b_count;
    char *b = c->items + a_count * size;
    fl_undos undos = {NULL};
    fl_undo low_undo, high_undo;
    FL_ON_PANIC(fl_undo_all, &undos);
    sort_piece(self, &(piece){c, c->items, spare, a_count, true, false});
    fl_undo_begin(&undos, &low_undo, c->items, spare, a_count * size);
    sort_piece(self, &(piece){c, b, c->items, b_count, false, false});
    const size_t of_a = ops->split(spare, a_count, b, b_count, a_count, c->context);
    const size_t of_b = a_count - of_a, rest_count = b_count - of_b;
    const fl_lists low = {spare, b, of_a, of_b, c->items};
    const fl_lists rest = {b + of_b * size, b, rest_count, 0, spare};
    const fl_lists high = {spare + of_a * size, spare, a_count - of_a, rest_count, b};
    fl_merge(self, ops, c->context, &low);
    fl_merge(self, ops, c->context, &rest); /* compares nothing */
    fl_undo_end(&undos, &low_undo);
    fl_undo_begin(&undos, &low_undo, b, spare, rest_count * size);
    fl_undo_begin(&undos, &high_undo, b + rest_count * size, spare + of_a * size, of_b * size);
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
        divide(self, &(piece){c, c->items, spare, c->count, false, false});
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
        divide(self, &(piece){c, c->items, room, c->count, false, false});
    else
        sort_with_room(self, c);
    return 0;
}

/* From a task; or from another thread, with rt. */
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
    FL_GIVEN(ops);
    return begin(self, NULL, &(sort_call){ops, context, items, count, 0});
}

int fl_run_sort_stable_by(filch_runtime *rt, void *items, size_t count, const filch_stable_ops *ops,
                          void *context)
{
    FL_GIVEN_IN("filch_sort_stable_by", ops);
    return begin(NULL, rt, &(sort_call){ops, context, items, count, 0});
}

static int begin_plain(filch_self self, filch_runtime *rt, void *items, size_t count,
                       filch_ordering plain)
{
    int rc = fl_order_refuse("filch_sort_stable", plain.size, plain.less);
    if (rc)
        return rc;
    filch_stable_ops ops = fl_plain_ops(plain.size);
    return begin(self, rt, &(sort_call){&ops, &plain, items, count, 0});
}

int filch_sort_stable(filch_self self, void *items, size_t count, size_t size, filch_less_fn *less,
                      void *context)
{
    return begin_plain(self, NULL, items, count, (filch_ordering){size, less, context});
}

int filch_run_sort_stable(filch_runtime *rt, void *items, size_t count, size_t size,
                          filch_less_fn *less, void *context)
{
    return begin_plain(NULL, rt, items, count, (filch_ordering){size, less, context});
}
