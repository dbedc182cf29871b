/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sorting random 32-bit keys: by comparisons, and digit by digit. The serial
 * column of both is std::sort; where there was no C++ compiler, qsort. */
#include "../kernel.h"
#include "../keys.h"
#include "par.h"

#include <filch/sort.h>

#include <errno.h>

#ifdef KERNEL_AS_SERIAL
#ifdef PAR_HAVE_STD_SORT
#define SERIAL_IS "std::sort"
static int sort_keys(uint32_t *keys, size_t n)
{
    par_std_sort(keys, n);
    return 0;
}
#else
#define SERIAL_IS "qsort"
static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}
static int sort_keys(uint32_t *keys, size_t n)
{
    qsort(keys, n, sizeof *keys, ascending);
    return 0;
}
#endif
#define radix_keys sort_keys
#else
#define SERIAL_IS NULL
FILCH_SORT(sort_keys, uint32_t, FILCH_LESS)
FILCH_RADIX_SORT(radix_keys, uint32_t, FILCH_KEY)
#endif

static int setup(kernel_run *run)
{
    par_keys *d = par_setup(run, sizeof *d, 1, sizeof *d->keys);
    if (!d)
        return -ENOMEM;
    const size_t n = (size_t)run->size->n;
    *d = (par_keys){.keys = data_items(run), .n = n};
    return 0;
}

static void prepare(kernel_run *run)
{
    par_keys *d = run->data;
    keys_shuffle(d->keys, d->n);
}

static void run_sort(void *place, kernel_run *run)
{
    par_keys *d = run->data;
    par_expect(RUN(place, sort_keys, d->keys, d->n));
}

static void run_radix(void *place, kernel_run *run)
{
    par_keys *d = run->data;
    par_expect(RUN(place, radix_keys, d->keys, d->n));
}

static void finish(kernel_run *run)
{
    const par_keys *d = run->data;
    run->answer = keys_sum_in_order(d->keys, d->n);
}

/* Both kernels: the same keys, the same check. */
#define KEYS_KERNEL(name_, what_)                                                                  \
    const kernel KERNEL(name_) = {                                                                 \
        .name = #name_,                                                                            \
        .what = what_,                                                                             \
        .source = "the keys of cilksort",                                                          \
        .quick_unless_asked = true,                                                                \
        .serial_is = SERIAL_IS,                                                                    \
        .sizes = {{"10^4 keys", 10000, 143137647514360308u, 0},                                    \
                  {"10^6 keys", 1000000, 11212771650091076311u, 0},                                \
                  {"10^7 keys", 10000000, 5543467398215014266u, 0}},                               \
        .bytes_each = 2 * sizeof(uint32_t),                                                        \
        .setup = setup,                                                                            \
        .prepare = prepare,                                                                        \
        .run = run_##name_,                                                                        \
        .finish = finish,                                                                          \
        .teardown = data_teardown,                                                                 \
    }
KEYS_KERNEL(sort, "comparison sort of random 32-bit keys");
KEYS_KERNEL(radix, "radix sort of the same keys");
