/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sort for those who come without a type: its core made for items of usual sizes, whose moves
 * are then a register's, and for any; the comparison is called. */
#include <filch/sort.h>
#include <runtime/par/merge.h>
#include <runtime/par/plain_ops.h>

static bool plain_less(const void *a, const void *b, void *context)
{
    const filch_ordering *plain = context;
    return plain->less(a, b, plain->context);
}

/* clang-format off */
#define PLAIN_ORDER(bytes)                                                                         \
    const filch_ordering *plain = fl_context;                                                      \
    const filch_ordering fl_order = {bytes, plain->less, plain->context};
/* clang-format on */

FL_SORT_OPS(four_, PLAIN_ORDER(4), 4, plain_less)
FL_SORT_OPS(eight_, PLAIN_ORDER(8), 8, plain_less)
FL_SORT_OPS(sixteen_, PLAIN_ORDER(16), 16, plain_less)
FL_SORT_OPS(any_, PLAIN_ORDER(plain->size), 0, plain_less)

static filch_sort_ops ops_for(size_t size)
{
    filch_sort_ops ops = size == 4    ? four_ops
                         : size == 8  ? eight_ops
                         : size == 16 ? sixteen_ops
                                      : any_ops;
    ops.size = size;
    return ops;
}

/* From a task; or, where self is NULL, from another thread. */
static int sort(filch_self self, filch_runtime *rt, void *items, size_t n, filch_ordering plain)
{
    const filch_sort_ops ops = ops_for(plain.size);
    int rc = fl_order_refuse("filch_sort", plain.size, plain.less);
    if (rc)
        return rc;
    return self ? filch_sort_by(self, items, n, &ops, &plain)
                : fl_run_sort_by(rt, items, n, &ops, &plain);
}

int filch_sort(filch_self self, void *items, size_t n, size_t size, filch_less_fn *less,
               void *context)
{
    return sort(self, NULL, items, n, (filch_ordering){size, less, context});
}

int filch_run_sort(filch_runtime *rt, void *items, size_t n, size_t size, filch_less_fn *less,
                   void *context)
{
    return sort(NULL, rt, items, n, (filch_ordering){size, less, context});
}
