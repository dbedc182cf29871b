/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/sort.h>
#include <filch/task.h>
#include <runtime/platform/error.h>
#include <tests/support/par.h>

typedef struct {
    const void *a, *b;
    size_t a_count, b_count;
    void *out;
    size_t size;
    filch_less_fn *less;
    void *context;
    size_t offset, bytes;
    filch_radix_kind kind;
    char why[256]; /* the text of an error, which is the worker's */
} lists;

static int explain(lists *l, int rc)
{
    if (rc)
        snprintf(l->why, sizeof l->why, "%s", filch_error());
    return rc;
}

static int explained(const lists *l, int rc)
{
    return rc ? fl_fail(-rc, "%s", l->why) : 0;
}

FILCH_TASK(int, sort, (lists *, l))
{
    return explain(l, filch_sort(self, l->out, l->a_count, l->size, l->less, l->context));
}

int par_sort(filch_runtime *rt, void *items, size_t n, size_t size, filch_less_fn *less,
             void *context)
{
    lists l = {.out = items, .a_count = n, .size = size, .less = less, .context = context};
    return explained(&l, FILCH_RUN(rt, sort, &l));
}

FILCH_TASK(int, sort_stable, (lists *, l))
{
    return explain(l, filch_sort_stable(self, l->out, l->a_count, l->size, l->less, l->context));
}

int par_sort_stable(filch_runtime *rt, void *items, size_t n, size_t size, filch_less_fn *less,
                    void *context)
{
    lists l = {.out = items, .a_count = n, .size = size, .less = less, .context = context};
    return explained(&l, FILCH_RUN(rt, sort_stable, &l));
}

FILCH_TASK(int, radix_sort, (lists *, l))
{
    return explain(l, filch_radix_sort(self, l->out, l->a_count, l->size, l->offset, l->bytes,
                                       l->kind));
}

int par_radix_sort(filch_runtime *rt, void *items, size_t n, size_t size, size_t offset,
                   size_t bytes, filch_radix_kind kind)
{
    lists l = {
        .out = items, .a_count = n, .size = size, .offset = offset, .bytes = bytes, .kind = kind};
    return explained(&l, FILCH_RUN(rt, radix_sort, &l));
}

FILCH_TASK(int, merge, (lists *, l))
{
    return explain(l, filch_merge(self, l->a, l->a_count, l->b, l->b_count, l->out, l->size,
                                  l->less, l->context));
}

int par_merge(filch_runtime *rt, const void *a, size_t a_count, const void *b, size_t b_count,
              void *out, size_t size, filch_less_fn *less, void *context)
{
    lists l = {a, b, a_count, b_count, out, size, less, context, 0, 0, 0, ""};
    return explained(&l, FILCH_RUN(rt, merge, &l));
}
