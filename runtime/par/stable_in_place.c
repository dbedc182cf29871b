/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Merge sort in place. A merge finds the items of the first half of its outcome. It swaps those of
 * them that are in the second list with those of the first list that are not, and goes on with both
 * halves: n log n moves (after P. S. Kim, A. Kutzner, Stable minimum storage merging by symmetric
 * comparisons, ESA 2004; here the cut is that of the parallel merge). */
#include <runtime/par/merge.h>
#include <runtime/par/stable_in_place.h>
#include <string.h>

static void swap(char *a, char *b, size_t bytes)
{
    char room[256];
    for (size_t some; bytes; bytes -= some, a += some, b += some) {
        some = bytes < sizeof room ? bytes : sizeof room;
        memcpy(room, a, some);
        memcpy(a, b, some);
        memcpy(b, room, some);
    }
}

/* Makes the first `left` bytes the last ones: swaps the shorter side with the far end of the longer
 * one, where it stays (D. Gries, H. Mills, Swapping sections, 1981). */
static void rotate(char *bytes, size_t left, size_t right)
{
    while (left && right)
        if (left <= right) {
            swap(bytes, bytes + left, left);
            bytes += left;
            right -= left;
        } else {
            swap(bytes + left - right, bytes + left, right);
            left -= right;
        }
}

FILCH_VOID_TASK(merge_in_place, (const filch_merge_ops *, ops), (void *, context), (char *, items),
                (size_t, a_count), (size_t, b_count))
{
    const size_t size = ops->size, half = (a_count + b_count) / 2;
    char *b = items + a_count * size;
    if (!a_count || !b_count)
        return;
    const size_t of_a = ops->split(items, a_count, b, b_count, half, context), of_b = half - of_a;
    rotate(items + of_a * size, (a_count - of_a) * size, of_b * size);
    if (half <= fl_sort_grain(size)) {
        merge_in_place(self, ops, context, items, of_a, of_b);
        merge_in_place(self, ops, context, items + half * size, a_count - of_a, b_count - of_b);
        return;
    }
    FILCH_FORK(merge_in_place, ops, context, items + half * size, a_count - of_a, b_count - of_b);
    merge_in_place(self, ops, context, items, of_a, of_b);
    FILCH_JOIN_VOID(merge_in_place);
}

FILCH_VOID_TASK(sort_in_place, (const filch_merge_ops *, ops), (void *, context), (char *, items),
                (size_t, count))
{
    const size_t half = count / 2;
    if (count < 2)
        return;
    if (half <= fl_sort_grain(ops->size)) {
        sort_in_place(self, ops, context, items, half);
        sort_in_place(self, ops, context, items + half * ops->size, count - half);
    } else {
        FILCH_FORK(sort_in_place, ops, context, items + half * ops->size, count - half);
        sort_in_place(self, ops, context, items, half);
        FILCH_JOIN_VOID(sort_in_place);
    }
    merge_in_place(self, ops, context, items, half, count - half);
}

void fl_stable_in_place(filch_self self, const filch_merge_ops *ops, void *context, char *items,
                        size_t count)
{
    sort_in_place(self, ops, context, items, count);
}
