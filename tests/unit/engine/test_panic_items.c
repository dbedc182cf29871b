/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long in asan; compile -O1 in release (its templates take seconds more by -O2)
 *
 * Items after a panic in a comparison or a key: an array that is sorted still holds each item once.
 * The panic comes at each call of the user's function, for sizes that take every path; at sampled
 * calls, for sizes that several workers share. */
#include <filch/panic.h>
#include <filch/par.h>
#include <tests/support/par.h>
#include <tests/support/test.h>
#include <tests/unit/engine/panicking.h>

typedef struct item12 {
    uint32_t id, rest[2];
} item12;
typedef struct item24 {
    uint32_t id, rest[5];
} item24;
typedef struct item96 {
    uint32_t id, rest[23];
} item96;
typedef struct item256 {
    uint32_t id, rest[63];
} item256;

#define BEFORE(a, b) panicking_before((uint32_t)(a), (uint32_t)(b))
#define BEFORE_BY_ID(a, b) panicking_before((a).id, (b).id)
#define KEY(item) panicking_key((uint32_t)(item))
#define KEY_BY_ID(item) panicking_key((item).id)

FILCH_SORT(sort_2, uint16_t, BEFORE)
FILCH_SORT(sort_4, uint32_t, BEFORE)
FILCH_SORT(sort_8, uint64_t, BEFORE)
FILCH_SORT(sort_12, item12, BEFORE_BY_ID)
FILCH_SORT(sort_24, item24, BEFORE_BY_ID)
FILCH_SORT(sort_96, item96, BEFORE_BY_ID)
FILCH_SORT_STABLE(stable_2, uint16_t, BEFORE)
FILCH_SORT_STABLE(stable_4, uint32_t, BEFORE)
FILCH_SORT_STABLE(stable_8, uint64_t, BEFORE)
FILCH_SORT_STABLE(stable_24, item24, BEFORE_BY_ID)
FILCH_SORT_STABLE(stable_256, item256, BEFORE_BY_ID)
FILCH_RADIX_SORT(radix_4, uint32_t, KEY)
FILCH_RADIX_SORT(radix_24, item24, KEY_BY_ID)
FILCH_RADIX_SORT(radix_256, item256, KEY_BY_ID)

static bool plain_before(const void *a, const void *b, void *unused)
{
    return panicking_before(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int run_heap(filch_self self, void *items, size_t n)
{
    struct sort_24_context none;
    sort_24_ops.heap(items, n, &none);
    return 0;
}

static int run_plain(filch_self self, void *items, size_t n)
{
    return filch_sort(self, items, n, 12, plain_before, NULL);
}

static int run_plain_stable(filch_self self, void *items, size_t n)
{
    return filch_sort_stable(self, items, n, 12, plain_before, NULL);
}

#define RUN(name)                                                                                  \
    static int run_##name(filch_self self, void *items, size_t n)                                  \
    {                                                                                              \
        return name(self, items, n);                                                               \
    }
RUN(sort_2)
RUN(sort_4)
RUN(sort_8)
RUN(sort_12)
RUN(sort_24)
RUN(sort_96)
RUN(stable_2)
RUN(stable_4)
RUN(stable_8)
RUN(stable_24)
RUN(stable_256)
RUN(radix_4)
RUN(radix_24)
RUN(radix_256)

static const struct sort {
    const char *name;
    size_t size;
    int (*run)(filch_self self, void *items, size_t n);
    size_t shared; /* items that several workers share; 0: none do */
} sorts[] = {{"sort of 2 bytes", 2, run_sort_2, 0},
             {"sort of 4 bytes", 4, run_sort_4, 40000},
             {"sort of 8 bytes", 8, run_sort_8, 0},
             {"sort of 12 bytes", 12, run_sort_12, 0},
             {"sort of 24 bytes", 24, run_sort_24, 0},
             {"sort of 96 bytes", 96, run_sort_96, BUILD_TSAN ? 0 : 40000},
             {"heapsort", 24, run_heap, 0},
             {"plain sort", 12, run_plain, 0},
             {"stable sort of 2 bytes", 2, run_stable_2, 0},
             {"stable sort of 4 bytes", 4, run_stable_4, 50000},
             {"stable sort of 8 bytes", 8, run_stable_8, 0},
             {"stable sort of 24 bytes", 24, run_stable_24, 0},
             {"stable sort of 256 bytes", 256, run_stable_256, 17000},
             {"plain stable sort", 12, run_plain_stable, 0},
             {"radix sort of 4 bytes", 4, run_radix_4, 50000},
             {"radix sort of 24 bytes", 24, run_radix_24, BUILD_TSAN ? 0 : 50000},
             {"radix sort of 256 bytes", 256, run_radix_256, 0}};
enum { SORTS = sizeof sorts / sizeof *sorts };

typedef struct attempt {
    const struct sort *sort;
    void *items;
    size_t n;
} attempt;

static void sort_items(filch_self self, void *arg)
{
    const attempt *a = arg;
    if (a->sort->run(self, a->items, a->n))
        filch_die("%s", filch_error());
}

/* How the sort ended when call `at` panicked, if it came to that. */
FILCH_TASK(int, sort_until, (attempt *, a), (uint32_t, at))
{
    panicking_begin(at);
    int code = filch_try(self, sort_items, a, NULL);
    panicking_end();
    return code;
}

static void check(filch_runtime *rt, attempt *a, enum panicking_order order, uint32_t at, int code)
{
    const char *name = a->sort->name;
    items_fill(a->items, a->n, a->sort->size);
    cr_assert_eq(FILCH_RUN(rt, sort_until, a, at), code, "%s of %zu, call %u", name, a->n, at);
    cr_assert(items_are_all_there(a->items, a->n, a->sort->size),
              "%s of %zu in order %d: call %u panicked, and items are lost", name, a->n, order, at);
}

/* Sanitizers make each call some times as long, and the orders differ in no access. */
static const enum panicking_order orders = BUILD_TSAN || BUILD_ASAN ? 1 : PANICKING_ORDERS;

static void panic_at_each_call(filch_runtime *rt, const struct sort *sort)
{
    static const size_t sizes[] = {3, 9, 17, 20, 21, 33, 50};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes - 3 * BUILD_TSAN; i++)
        for (enum panicking_order order = 0; order < orders; order++) {
            attempt a = {sort, malloc(sizes[i] * sort->size), sizes[i]};
            panicking_keys(order, a.n);
            check(rt, &a, order, PANICKING_NEVER, 0);
            const uint32_t calls = panicking_calls();
            for (uint32_t at = 0; at < calls; at++)
                check(rt, &a, order, at, -EILSEQ);
            free(a.items);
        }
}

static void panic_at_some_calls(filch_runtime *rt, const struct sort *sort, size_t n,
                                unsigned times)
{
    uint64_t random = stress_seed();
    attempt a = {sort, malloc(n * sort->size), n};
    for (enum panicking_order order = 0; order < orders; order++) {
        panicking_keys(order, n);
        check(rt, &a, order, PANICKING_NEVER, 0);
        const uint32_t calls = panicking_calls();
        for (unsigned i = 0; i < times; i++) /* other schedules need some calls more or less */
            check(rt, &a, order, (uint32_t)(par_random(&random) % (calls - calls / 8)), -EILSEQ);
    }
    free(a.items);
}

Test(panic_items, panic_in_callback_loses_no_item)
{
    filch_runtime *rt = par_runtime(1);
    for (size_t i = 0; i < SORTS; i++)
        panic_at_each_call(rt, &sorts[i]);
    OK(filch_runtime_destroy(rt));
}

Test(panic_items, nor_when_several_workers_sort)
{
    for (unsigned k = 0; k < 3; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (size_t i = 0; i < SORTS; i++) {
            panic_at_some_calls(rt, &sorts[i], 1000, stress_times(BUILD_TSAN ? 3 : 20));
            if (sorts[i].shared && !BUILD_TINY)
                panic_at_some_calls(rt, &sorts[i], sorts[i].shared,
                                    stress_times(BUILD_TSAN ? 1 : 2));
        }
        OK(filch_runtime_destroy(rt));
    }
}
