/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel merge sort with parallel merge: sorts quarters, merges pairs, merges the halves; a merge
 * splits the longer run in the middle and the other by binary search. Leaves are a quicksort that
 * ends in an insertion sort. */
#include "data.h"
#include "kernel.h"
#include "keys.h"

#include <errno.h>

enum { LEAF = 2048 };

typedef uint32_t key;

typedef struct arrays {
    key *keys, *spare;
} arrays;

/* Which run is next is no more predictable than a coin: no branch depends on it. */
static void merge_leaf(const key *a, const key *a_end, const key *b, const key *b_end, key *out)
{
    while (a < a_end && b < b_end) {
        bool first = *a <= *b;
        *out++ = first ? *a : *b;
        a += first;
        b += !first;
    }
    memcpy(out, a, (size_t)(a_end - a) * sizeof *a);
    memcpy(out + (a_end - a), b, (size_t)(b_end - b) * sizeof *b);
}

static const key *first_not_below(const key *from, const key *to, key bound)
{
    while (from < to) {
        const key *middle = from + (to - from) / 2;
        if (*middle < bound)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

VOID_TASK(merge, (const key *, a), (const key *, a_end), (const key *, b), (const key *, b_end),
          (key *, out))
{
    ptrdiff_t a_size = a_end - a, b_size = b_end - b;
    if (a_size + b_size <= LEAF) {
        merge_leaf(a, a_end, b, b_end, out);
        return;
    }
    const key *a_split, *b_split;
    if (a_size >= b_size) {
        a_split = a + a_size / 2;
        b_split = first_not_below(b, b_end, *a_split);
    } else {
        b_split = b + b_size / 2;
        a_split = first_not_below(a, a_end, *b_split);
    }
    FORK_VOID(merge, a, a_split, b, b_split, out);
    CALL(merge, a_split, a_end, b_split, b_end, out + (a_split - a) + (b_split - b));
    JOIN_VOID(merge);
}

VOID_TASK(sort, (key *, keys), (key *, spare), (long, size))
{
    if (size <= LEAF) {
        keys_sort_leaf(keys, keys + size);
        return;
    }
    long quarter = size / 4, half = 2 * quarter, rest = size - 3 * quarter;
    FORK_VOID(sort, keys, spare, quarter);
    FORK_VOID(sort, keys + quarter, spare + quarter, quarter);
    FORK_VOID(sort, keys + half, spare + half, quarter);
    CALL(sort, keys + half + quarter, spare + half + quarter, rest);
    JOIN_VOID(sort);
    JOIN_VOID(sort);
    JOIN_VOID(sort);
    FORK_VOID(merge, keys, keys + quarter, keys + quarter, keys + half, spare);
    CALL(merge, keys + half, keys + half + quarter, keys + half + quarter, keys + size,
         spare + half);
    JOIN_VOID(merge);
    CALL(merge, spare, spare + half, spare + half, spare + size, keys);
}

static int setup_keys(kernel_run *run)
{
    const size_t n = (size_t)run->size->n;
    if (!data_setup(run, sizeof(arrays), 2 * n * sizeof(key)))
        return -ENOMEM;
    key *keys = (key *)data_items(run);
    *DATA(arrays, run) = (arrays){keys, keys + n};
    memset(keys + n, 0, n * sizeof(key));
    return 0;
}

static void shuffle_keys(kernel_run *run)
{
    const arrays *a = DATA(arrays, run);
    keys_shuffle(a->keys, (size_t)run->size->n);
}

static void run_cilksort(void *place, kernel_run *run)
{
    const arrays *a = DATA(arrays, run);
    RUN(place, sort, a->keys, a->spare, run->size->n);
}

static void sum_in_order(kernel_run *run)
{
    const arrays *a = DATA(arrays, run);
    run->answer = keys_sum_in_order(a->keys, (size_t)run->size->n);
}

const kernel KERNEL(cilksort) = {
    .name = "cilksort",
    .what = "merge sort with parallel merge: tasks of about 5 us",
    .source = "Akl and Santoro 1987; Cilk 5 distribution",
    .quick_unless_asked = true,
    .sizes = {{"10^4 keys", 10000, 143137647514360308u, 37},
              {"10^6 keys", 1000000, 11212771650091076311u, 5520},
              {"10^7 keys", 10000000, 5543467398215014266u, 120149}},
    .setup = setup_keys,
    .prepare = shuffle_keys,
    .run = run_cilksort,
    .finish = sum_in_order,
    .teardown = data_teardown,
};
