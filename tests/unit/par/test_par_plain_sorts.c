/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The plain sorts, called by a thread that is not a worker: for other languages. */
#include <errno.h>
#include <filch/sort.h>
#include <string.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MANY = 50000 };

static bool less_int(const void *a, const void *b, void *context)
{
    return *(const int *)a < *(const int *)b;
}

static int by_order(filch_runtime *rt, int *items, size_t n)
{
    return filch_run_sort(rt, items, n, sizeof *items, less_int, NULL);
}

static int stably(filch_runtime *rt, int *items, size_t n)
{
    return filch_run_sort_stable(rt, items, n, sizeof *items, less_int, NULL);
}

static int by_number(filch_runtime *rt, int *items, size_t n)
{
    return filch_run_radix_sort(rt, items, n, sizeof *items, 0, sizeof *items, FILCH_RADIX_SIGNED);
}

static const struct {
    const char *claim;
    int (*sort)(filch_runtime *rt, int *items, size_t n);
} sorts[] = {{"sort", by_order}, {"stable sort", stably}, {"radix sort", by_number}};

FOR_EACH(plain_sorts, threads_outside_sort_on_a_runtime, sorts)
{
    static int items[MANY];
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    for (int i = 0; i < MANY; i++)
        items[i] = (int)((unsigned)i * 2654435761u);
    OK(one->sort(rt, items, MANY));
    for (int i = 1; i < MANY; i++)
        cr_assert_leq(items[i - 1], items[i]);
    OK(filch_runtime_destroy(rt));
}

FOR_EACH(plain_sorts, a_runtime_must_be_given, sorts)
{
    int items[] = {2, 1};
    cr_assert_eq(one->sort(NULL, items, 2), -EINVAL);
    cr_assert(strstr(filch_error(), "without a runtime"));
    cr_assert_eq(items[0], 2);
}
