/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Inputs and outputs after a panic in a body: an input is untouched, a place of the output holds
 * what it held before or what may be there. The panic comes at each call of the body for small
 * sizes, at sampled calls for sizes that several workers share. */
#include <filch/par.h>
#include <tests/support/par.h>
#include <tests/support/test.h>
#include <tests/unit/engine/panicking.h>

typedef struct item24 {
    uint32_t id, rest[5];
} item24;

enum { BINS = 16, OLD = 0xee };

#define BEFORE(a, b) panicking_before((uint32_t)(a), (uint32_t)(b))
#define BEFORE_BY_ID(a, b) panicking_before((a).id, (b).id)

static inline uint32_t add(uint32_t a, uint32_t b)
{
    panicking_visit();
    return a + b;
}

FILCH_MERGE(merge_4, uint32_t, BEFORE)
FILCH_MERGE(merge_24, item24, BEFORE_BY_ID)
FILCH_SCAN(scan_4, uint32_t, 0, add)
FILCH_SCAN_EXCLUSIVE(scan_before_4, uint32_t, 0, add)
FILCH_REDUCE(sum_4, uint32_t, 0, add, i, (const uint32_t *, v))
{
    return v[i];
}
FILCH_PACK(pack_4, uint32_t, item)
{
    panicking_visit();
    return item % 3 != 0;
}
FILCH_PACK(pack_24, item24, item)
{
    panicking_visit();
    return item.id % 3 != 0;
}
FILCH_HISTOGRAM(count_4, i, (const uint32_t *, v))
{
    panicking_visit();
    return v[i] % BINS;
}
FILCH_FIND(find_4, i, (const uint32_t *, v))
{
    panicking_visit();
    return v[i] == UINT32_MAX;
}

/* ---- Calls: n items from `in` to `out` ---- */

/* RISING_PARTS: the first n / 2 + 1 items rise, and so do the others. */
#define RUN_MERGE(name, type)                                                                      \
    static int run_##name(filch_self self, const void *in, void *out, size_t n)                    \
    {                                                                                              \
        const type *a = in;                                                                        \
        const size_t part = n / 2 + 1;                                                             \
        return name(self, a, part, a + part, n - part, (type *)out);                               \
    }
#define RUN_PACK(name, type)                                                                       \
    static int run_##name(filch_self self, const void *in, void *out, size_t n)                    \
    {                                                                                              \
        size_t count;                                                                              \
        return name(self, in, n, (type *)out, &count);                                             \
    }
#define RUN_SCAN(name)                                                                             \
    static int run_##name(filch_self self, const void *in, void *out, size_t n)                    \
    {                                                                                              \
        return name(self, in, n, out);                                                             \
    }
RUN_MERGE(merge_4, uint32_t)
RUN_MERGE(merge_24, item24)
RUN_PACK(pack_4, uint32_t)
RUN_PACK(pack_24, item24)
RUN_SCAN(scan_4)
RUN_SCAN(scan_before_4)

static int run_histogram(filch_self self, const void *in, void *out, size_t n)
{
    return count_4(self, 0, n, out, BINS, in);
}

static int run_reduce(filch_self self, const void *in, void *out, size_t n)
{
    return sum_4(self, 0, n, out, in);
}

static int run_find(filch_self self, const void *in, void *out, size_t n)
{
    int rc = find_4(self, 0, n, out, in);
    return rc == -ENOENT ? 0 : rc;
}

/* ---- What may be in place i of an output ---- */

static bool is_item(const char *place, size_t i, size_t n, size_t size)
{
    return item_number(place, size) < n;
}

static bool is_sum(const char *place, size_t i, size_t n, size_t size)
{
    uint32_t sum;
    memcpy(&sum, place, sizeof sum);
    return sum == (uint32_t)(i * (i + 1) / 2);
}

static bool is_sum_before(const char *place, size_t i, size_t n, size_t size)
{
    uint32_t sum;
    memcpy(&sum, place, sizeof sum);
    return sum == (i ? (uint32_t)(i * (i - 1) / 2) : 0);
}

static bool is_zero(const char *place, size_t i, size_t n, size_t size)
{
    static const char zero[sizeof(uint64_t)];
    return i >= BINS * sizeof zero / size ? *place == (char)OLD : !memcmp(place, zero, size);
}

static bool is_nothing(const char *place, size_t i, size_t n, size_t size)
{
    return false;
}

static const struct algorithm {
    const char *name;
    size_t size;
    int (*run)(filch_self self, const void *in, void *out, size_t n);
    bool (*may_be)(const char *place, size_t i, size_t n, size_t size);
    bool in_place, old; /* also; the old value may be there */
} algorithms[] = {{"merge of 4 bytes", 4, run_merge_4, is_item, false, true},
                  {"merge of 24 bytes", 24, run_merge_24, is_item, false, true},
                  {"pack of 4 bytes", 4, run_pack_4, is_item, true, true},
                  {"pack of 24 bytes", 24, run_pack_24, is_item, true, true},
                  {"scan", 4, run_scan_4, is_sum, true, true},
                  {"exclusive scan", 4, run_scan_before_4, is_sum_before, true, true},
                  {"histogram", 4, run_histogram, is_zero, false, false},
                  {"reduce", 4, run_reduce, is_nothing, false, true},
                  {"find", 4, run_find, is_nothing, false, true}};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

typedef struct attempt {
    const struct algorithm *algorithm;
    char *in, *out, *old_in, *old_out;
    size_t n, bytes;
} attempt;

static void call(filch_self self, void *arg)
{
    const attempt *a = arg;
    if (a->algorithm->run(self, a->in, a->out, a->n))
        filch_die("%s", filch_error());
}

FILCH_TASK(int, call_until, (attempt *, a), (uint32_t, at))
{
    panicking_begin(at);
    int code = filch_try(self, call, a, NULL);
    panicking_end();
    return code;
}

static void check(filch_runtime *rt, attempt *a, uint32_t at)
{
    const struct algorithm *what = a->algorithm;
    memcpy(a->in, a->old_in, a->bytes);
    memcpy(a->out, a->old_out, a->bytes);
    const int code = FILCH_RUN(rt, call_until, a, at);
    cr_assert(code == -EILSEQ || (code == 0 && panicking_calls() <= at), "%s: %d", what->name,
              code);
    cr_assert(a->in == a->out || !memcmp(a->in, a->old_in, a->bytes), "%s, call %u: the input",
              what->name, at);
    for (size_t i = 0; code && i < a->n; i++) {
        const size_t place = i * what->size;
        const bool old = !memcmp(a->out + place, a->old_out + place, what->size);
        cr_assert((what->old && old) || what->may_be(a->out + place, i, a->n, what->size),
                  "%s of %zu, call %u: place %zu", what->name, a->n, at, i);
    }
}

/* all: at each call; else at some. */
static void panic_in(filch_runtime *rt, const struct algorithm *what, size_t n, bool in_place,
                     unsigned times)
{
    uint64_t random = stress_seed();
    const size_t bytes = n * what->size;
    attempt a = {what, malloc(bytes), malloc(bytes), malloc(bytes), malloc(bytes), n, bytes};
    char *const other = a.out;
    panicking_keys(RISING_PARTS, n);
    items_fill(a.old_in, n, what->size);
    memset(a.old_out, OLD, bytes);
    if (in_place) {
        a.out = a.in;
        memcpy(a.old_out, a.old_in, bytes);
    }
    check(rt, &a, PANICKING_NEVER);
    const uint32_t calls = panicking_calls();
    for (uint32_t at = 0; at < (times ? times : calls); at++)
        check(rt, &a, times ? (uint32_t)(par_random(&random) % calls) : at);
    free(a.in);
    free(other);
    free(a.old_in);
    free(a.old_out);
}

static void panic_in_all(filch_runtime *rt, size_t n, unsigned times)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        panic_in(rt, &algorithms[i], n, false, times);
        if (algorithms[i].in_place)
            panic_in(rt, &algorithms[i], n, true, times);
    }
}

Test(panic_outputs, panic_keeps_inputs_and_valid_outputs)
{
    static const size_t sizes[] = {40, 70, 150};
    filch_runtime *rt = par_runtime(1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        panic_in_all(rt, sizes[i], 0);
    OK(filch_runtime_destroy(rt));
}

Test(panic_outputs, also_with_several_workers)
{
    for (unsigned k = 0; k < 3; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        panic_in_all(rt, 1000, stress_times(20));
        panic_in_all(rt, BUILD_TINY ? 6000 : 50000, stress_times(3));
        OK(filch_runtime_destroy(rt));
    }
}
