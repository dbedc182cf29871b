/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The parallel merge: cuts the outcome in halves until they are not worth a task. A cut is found by
 * the rank of its items, so that both halves are of equal length, however the lists interleave. */
#include <filch/sort.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/merge.h>
#include <runtime/par/plain_ops.h>
#include <runtime/par/range.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

/* The same for all pieces of a merge. */
typedef struct merging {
    const filch_merge_ops *ops;
    void *context;
    size_t grain;
} merging;

static void copy(char *out, const char *from, size_t bytes)
{
    if (bytes)
        memcpy(out, from, bytes);
}

static void merge_serially(const merging *m, const fl_lists *l)
{
    if (l->a_count && l->b_count) {
        m->ops->merge(l->a, l->a_count, l->b, l->b_count, l->out, m->context);
        return;
    }
    copy(l->out, l->a, l->a_count * m->ops->size);
    copy(l->out, l->b, l->b_count * m->ops->size);
}

/* Of `whole`, the part behind its first `half` items, `of_a` of which come from a. */
static fl_lists behind(const merging *m, const fl_lists *whole, size_t half, size_t of_a)
{
    const size_t size = m->ops->size;
    return (fl_lists){.a = whole->a + of_a * size,
                      .b = whole->b + (half - of_a) * size,
                      .a_count = whole->a_count - of_a,
                      .b_count = whole->b_count - (half - of_a),
                      .out = whole->out + half * size};
}

FILCH_VOID_TASK(merge_piece, (const merging *, m), (const fl_lists *, whole))
{
    const size_t half = (whole->a_count + whole->b_count) / 2;
    if (half <= m->grain / 2) {
        merge_serially(m, whole);
        return;
    }
    const size_t of_a =
        m->ops->split(whole->a, whole->a_count, whole->b, whole->b_count, half, m->context);
    fl_lists low = *whole, high = behind(m, whole, half, of_a);
    low.a_count = of_a;
    low.b_count = half - of_a;
    FILCH_FORK(merge_piece, m, &high);
    merge_piece(self, m, &low);
    FILCH_JOIN_VOID(merge_piece);
}

void fl_merge(filch_self self, const filch_merge_ops *ops, void *context, const fl_lists *lists)
{
    const merging m = {ops, context, 4 * fl_sort_grain(ops->size)};
    merge_piece(self, &m, lists);
}

/* ---- The entry ---- */

typedef struct merge_call {
    const filch_merge_ops *ops;
    void *context;
    fl_lists lists;
} merge_call;

FILCH_TASK(int, merge_whole, (merge_call *, call))
{
    fl_merge(self, call->ops, call->context, &call->lists);
    return 0;
}

#ifdef FILCH_DEBUG
static bool overlap(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    return (uintptr_t)a < (uintptr_t)b + b_bytes && (uintptr_t)b < (uintptr_t)a + a_bytes;
}

static bool overwrites(const fl_lists *l, size_t size)
{
    const size_t all = (l->a_count + l->b_count) * size;
    return overlap(l->out, all, l->a, l->a_count * size) ||
           overlap(l->out, all, l->b, l->b_count * size);
}
#else
static bool overwrites(const fl_lists *l, size_t size)
{
    (void)l, (void)size;
    return false;
}
#endif

static int refuse(const fl_lists *l, size_t size)
{
    int rc = fl_items_refuse("filch_merge from a", l->a, l->a_count, size);
    if (!rc)
        rc = fl_items_refuse("filch_merge from b", l->b, l->b_count, size);
    if (!rc)
        rc = fl_items_refuse("filch_merge to out", l->out, l->a_count + l->b_count, size);
    if (!rc && overwrites(l, size))
        rc = fl_fail(EINVAL,
                     "filch_merge: the output overlaps an input list; give it another place");
    return rc;
}

/* From a task; or from another thread, with rt. */
static int begin(filch_self self, filch_runtime *rt, merge_call *call)
{
    fl_lists *l = &call->lists;
    int rc = refuse(l, call->ops->size);
    if (rc || !(l->a_count + l->b_count))
        return rc;
    l->a = l->a_count ? l->a : l->out; /* somewhere: it may be NULL, and NULL + 0 is undefined */
    l->b = l->b_count ? l->b : l->out;
    return fl_enter("filch_merge", self, rt, &merge_whole_task, call);
}

int filch_merge_by(filch_self self, const void *a, size_t a_count, const void *b, size_t b_count,
                   void *out, const filch_merge_ops *ops, void *context)
{
    FL_GIVEN(ops);
    merge_call call = {ops, context, {a, b, a_count, b_count, out}};
    return begin(self, NULL, &call);
}

int fl_run_merge_by(filch_runtime *rt, const void *a, size_t a_count, const void *b, size_t b_count,
                    void *out, const filch_merge_ops *ops, void *context)
{
    FL_GIVEN_IN("filch_merge_by", ops);
    merge_call call = {ops, context, {a, b, a_count, b_count, out}};
    return begin(NULL, rt, &call);
}

int filch_merge(filch_self self, const void *a, size_t a_count, const void *b, size_t b_count,
                void *out, size_t size, filch_less_fn *less, void *context)
{
    int rc = fl_order_refuse("filch_merge", size, less);
    if (rc)
        return rc;
    filch_ordering plain = {size, less, context};
    filch_stable_ops ops = fl_plain_ops(size);
    merge_call call = {&ops.merge, &plain, {a, b, a_count, b_count, out}};
    return begin(self, NULL, &call);
}
