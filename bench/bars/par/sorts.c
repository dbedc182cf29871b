/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars of the sorts against std::sort of the same keys, one and two workers; other libraries' sorts
 * are shown beside them. Then inputs that are bad for some sort or other: none may take longer than
 * std::sort takes for it. */
#include "bars.h"

#include "../../kernels/keys.h"
#include <filch/sort.h>

FILCH_SORT_STABLE(sort_stable, uint32_t, FILCH_LESS)

static void run_stable(void *place, kernel_run *run)
{
    par_keys *d = run->data;
    par_expect(FILCH_RUN((filch_runtime *)place, sort_stable, d->keys, d->n));
}

/* Every run starts from this; the children inherit it. */
static uint32_t *pristine;

static void restore(kernel_run *run)
{
    par_keys *d = run->data;
    memcpy(d->keys, pristine, d->n * sizeof *d->keys);
}

/* A hypervisor may have taken back unused memory, and then takes milliseconds to return each 2 MiB;
 * that must not depend on the previous arm. The memory that a sort needs besides its keys has
 * therefore just been used here. */
static void shuffle(kernel_run *run)
{
    par_keys *d = run->data;
    size_t bytes = d->n * sizeof *d->keys;
    void *some = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (some != MAP_FAILED) {
        madvise(some, bytes, MADV_HUGEPAGE);
        memset(some, 1, bytes);
        munmap(some, bytes);
    }
    keys_shuffle(d->keys, d->n);
}

static bool judge_pair(const race *r, const char *what, int one, int two, int std,
                       const double bounds[2])
{
    bool reached = true;
    for (int i = 0; i < 2; i++)
        reached &=
            race_judge(r, measure_text("%s / std::sort, %d worker%s", what, i + 1, i ? "s" : ""),
                       i ? two : one, std, 1, bounds ? MEASURE_AT_MOST : MEASURE_REPORTED,
                       bounds ? bounds[i] : 0);
    return reached;
}

static bool random_keys(const measure_options *options)
{
    static const double sort_bounds[] = {0.30, 0.17}, stable_bounds[] = {0.52, 0.28},
                        radix_bounds[] = {0.09, 0.055};
    static race r;
    race_open(&r, "sort", options->size, options->repeat);
    kernel stable = *kernel_find("sort")->column[KERNEL_FILCH];
    stable.run = run_stable;
    const kernel *radix = kernel_find("radix")->column[KERNEL_FILCH];
    int std = race_add_serial(&r, "std::sort", 1);
    int sort_1 = race_add_filch(&r, "sort, 1 worker", NULL, 1);
    int sort_2 = race_add_filch(&r, "sort, 2 workers", NULL, 2);
    int stable_1 = race_add_filch(&r, "sort_stable, 1", &stable, 1);
    int stable_2 = race_add_filch(&r, "sort_stable, 2", &stable, 2);
    int radix_1 = race_add_filch(&r, "radix_sort, 1", radix, 1);
    int radix_2 = race_add_filch(&r, "radix_sort, 2", radix, 2);
    int tbb_1 = race_add_peer(&r, "oneTBB, 1", "tbb", 1);
    int tbb_2 = race_add_peer(&r, "oneTBB, 2", "tbb", 2);
    int gcc_1 = race_add_peer(&r, "gcc-parallel, 1", "gcc-parallel", 1);
    int gcc_2 = race_add_peer(&r, "gcc-parallel, 2", "gcc-parallel", 2);
    race_prepare_by(&r, shuffle);
    race_run(&r);
    bool reached = judge_pair(&r, "sort", sort_1, sort_2, std, sort_bounds);
    reached &= judge_pair(&r, "sort_stable", stable_1, stable_2, std, stable_bounds);
    reached &= judge_pair(&r, "radix_sort", radix_1, radix_2, std, radix_bounds);
    judge_pair(&r, "oneTBB parallel_sort", tbb_1, tbb_2, std, NULL);
    judge_pair(&r, "gcc parallel mode", gcc_1, gcc_2, std, NULL);
    return reached;
}

static void fill_sorted(uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        keys[i] = (uint32_t)i;
}

static void fill_reversed(uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        keys[i] = (uint32_t)(n - i);
}

static void fill_equal(uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        keys[i] = 7;
}

static void fill_few(uint32_t *keys, size_t n)
{
    keys_shuffle(keys, n);
    for (size_t i = 0; i < n; i++)
        keys[i] %= 16;
}

static void fill_organ_pipe(uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        keys[i] = (uint32_t)(i < n / 2 ? i : n - i);
}

/* Every median of first, middle and last is the second smallest: Musser,
 * Introspective sorting and selection algorithms, 1997. */
static void fill_median_killer(uint32_t *keys, size_t n)
{
    size_t half = n / 2;
    keys[n - 1] = (uint32_t)n;
    for (size_t i = 1; i <= half; i++) {
        if (i % 2) {
            keys[i - 1] = (uint32_t)i;
            keys[i] = (uint32_t)(half + i);
        }
        keys[half + i - 1] = (uint32_t)(2 * i);
    }
}

/* An adversary's answers to this very sort give the worst keys for it. All are "gas", larger than
 * any other, until one has to be given a value; the one that looks like the pivot gets the smallest
 * value left. McIlroy, A killer adversary for quicksort, 1999. */
typedef struct adversary {
    uint32_t *value, gas, solid, candidate;
} adversary;

static bool answer(const void *a, const void *b, void *context)
{
    adversary *who = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (who->value[x] == who->gas && who->value[y] == who->gas)
        who->value[x == who->candidate ? x : y] = who->solid++;
    if (who->value[x] == who->gas)
        who->candidate = x;
    else if (who->value[y] == who->gas)
        who->candidate = y;
    return who->value[x] < who->value[y];
}

FILCH_TASK(int, sort_order, (uint32_t *, order), (size_t, n), (adversary *, who))
{
    return filch_sort(self, order, n, sizeof *order, answer, who);
}

static void fill_adversary(uint32_t *keys, size_t n)
{
    enum { FIXED = 3 };
    uint32_t *order = malloc(n * sizeof *order);
    static const uint32_t no_order[FIXED] = {1, 2, 0};
    adversary who = {.value = keys, .gas = (uint32_t)n, .solid = FIXED};
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
        keys[i] = i < FIXED ? no_order[i] : who.gas;
    }
    filch_runtime *rt = runtime_of(1, NULL);
    par_expect(FILCH_RUN(rt, sort_order, order, n, &who));
    filch_runtime_destroy(rt);
    free(order);
}

static const struct {
    const char *name;
    void (*fill)(uint32_t *keys, size_t n);
} inputs[] = {
    {"sorted", fill_sorted},         {"reversed", fill_reversed},
    {"equal", fill_equal},           {"few-valued", fill_few},
    {"organ-pipe", fill_organ_pipe}, {"median killer", fill_median_killer},
    {"adversary", fill_adversary},
};

static bool bad_keys(const measure_options *options, size_t input)
{
    static const double bounds[] = {1.1, 1.1};
    static race r;
    char what[64];
    inputs[input].fill(pristine, (size_t)options->size);
    race_open(&r, "sort", options->size, options->repeat);
    r.size.answer = 0;
    int std = race_add_serial(&r, "std::sort", 1);
    int one = race_add_filch(&r, "sort, 1 worker", NULL, 1);
    int two = race_add_filch(&r, "sort, 2 workers", NULL, 2);
    race_prepare_by(&r, restore);
    race_run(&r);
    snprintf(what, sizeof what, "sort, %s keys", inputs[input].name);
    return judge_pair(&r, what, one, two, std, bounds);
}

bool sorts_judge(const bar *unused, const measure_options *options)
{
    bool reached = true;
    const char *serial = kernel_find("sort")->column[KERNEL_SERIAL]->serial_is;
    measure_expect(!strcmp(serial, "std::sort"), "there was no C++ compiler, so no std::sort");
    pristine = malloc((size_t)options->size * sizeof *pristine);
    measure_expect(pristine, "no memory");
    if (measure_wanted(options, "random"))
        reached &= random_keys(options);
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        if (measure_wanted(options, inputs[i].name))
            reached &= bad_keys(options, i);
    free(pristine);
    return reached;
}
