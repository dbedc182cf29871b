/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The textbook's quicksort: partitions serially, then sorts both parts at once. The first
 * partition is a tenth of all work and nobody can help with it: parallelism grows with the
 * logarithm of n only, and parts are of random sizes. (FILCH_SORT partitions in parallel.) */
#include "data.h"
#include "kernel.h"
#include "keys.h"

#include <errno.h>

enum { LEAF = 2048 };

VOID_TASK(sort, (uint32_t *, from), (uint32_t *, to))
{
    if (to - from <= LEAF) {
        keys_sort_leaf(from, to);
        return;
    }
    uint32_t *end = keys_partition(from, to);
    FORK_VOID(sort, end, to);
    CALL(sort, from, end);
    JOIN_VOID(sort);
}

static int setup(kernel_run *run)
{
    return data_setup(run, 0, (size_t)run->size->n * sizeof(uint32_t)) ? 0 : -ENOMEM;
}

static void prepare(kernel_run *run)
{
    keys_shuffle((uint32_t *)data_items(run), (size_t)run->size->n);
}

static void run_quicksort(void *place, kernel_run *run)
{
    uint32_t *keys = (uint32_t *)data_items(run);
    RUN(place, sort, keys, keys + run->size->n);
}

static void finish(kernel_run *run)
{
    run->answer = keys_sum_in_order((uint32_t *)data_items(run), (size_t)run->size->n);
}

const kernel KERNEL(quicksort) = {
    .name = "quicksort",
    .what = "quicksort with serial partitions: little parallelism, parts of random sizes",
    .source = "Hoare 1961; the keys and answers of cilksort",
    .sizes = {{"10^4 keys", 10000, 143137647514360308u, 8},
              {"10^6 keys", 1000000, 11212771650091076311u, 853},
              {"10^7 keys", 10000000, 5543467398215014266u, 8684}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_quicksort,
    .finish = finish,
    .teardown = data_teardown,
};
