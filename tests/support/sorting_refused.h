/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stable sorts of records to which memory is refused from the at-th time on that they ask for
 * it. */
#ifndef SUPPORT_SORTING_REFUSED_H
#define SUPPORT_SORTING_REFUSED_H

#include <tests/support/items.h>
#include <tests/support/refuse.h>

/* `asks`, an expression of at and shape: more than a page of items cannot be sorted without a
 * refusal. */
#define SORTING_REFUSED(sort, type, asks)                                                          \
    static void sort##_refused(filch_runtime *rt, size_t n, int64_t at, item_shape shape,          \
                               uint64_t *state)                                                    \
    {                                                                                              \
        type *v = malloc(n * sizeof *v + 1);                                                       \
        for (size_t i = 0; i < n; i++)                                                             \
            v[i] = (type){.key = item_key(shape, i, n, state), .index = i};                        \
        const uint64_t sum = items_sum(v, n, sizeof *v);                                           \
        refuse(MEMORY, at, true);                                                                  \
        int rc = FILCH_RUN(rt, sort, v, n);                                                        \
        const int64_t refused = refuse_no_more(MEMORY);                                            \
        cr_assert_eq(rc, 0);                                                                       \
        if ((asks) && n * sizeof *v > 4096)                                                        \
            cr_assert_gt(refused, 0);                                                              \
        cr_assert_eq(items_sum(v, n, sizeof *v), sum);                                             \
        for (size_t i = 1; i < n; i++)                                                             \
            cr_assert(v[i - 1].key < v[i].key ||                                                   \
                      (v[i - 1].key == v[i].key && v[i - 1].index < v[i].index));                  \
        free(v);                                                                                   \
    }

#endif
