/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bodies of parallel algorithms that panic. Address sanitizer's leak detector finds memory that the
 * algorithms did not give back; the users' sums are counted here. */
#include <filch/panic.h>
#include <filch/par.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

enum { MOST = 60000, TIMES = 12 };

static filch_u32 visits, made, dropped;
static uint32_t fatal; /* the visit that panics */

static void visit(void)
{
    if (filch_u32_add(&visits, 1, FILCH_RELAXED) == fatal)
        FILCH_PANIC(-EILSEQ, "visit %u", fatal);
}

/* ---- Each algorithm, with a body that visits ---- */

FILCH_FOR(each, i, (uint64_t *, v))
{
    v[i]++;
    visit();
}

FILCH_FOR_2D(cell, i, j, (uint64_t *, v))
{
    v[i * 100 + j]++;
    visit();
}

static bool visiting_less(const void *a, const void *b, void *unused)
{
    visit();
    return *(const uint64_t *)a < *(const uint64_t *)b;
}

/* A sum on the heap, so that one that is not dropped is leaked. */
static bool make_sum(void *unused, void *sum)
{
    uint64_t **p = sum;
    *p = calloc(1, sizeof **p);
    if (*p)
        filch_u32_add(&made, 1, FILCH_RELAXED);
    return *p;
}

static void drop_sum(void *unused, void *sum)
{
    free(*(uint64_t **)sum);
    filch_u32_add(&dropped, 1, FILCH_RELAXED);
}

static int add_chunk(filch_self self, size_t begin, size_t end, void *v, void *sum)
{
    for (size_t i = begin; i < end; i++) {
        **(uint64_t **)sum += ((const uint64_t *)v)[i];
        visit();
    }
    return 0;
}

static void join_sums(void *unused, void *left, void *right)
{
    **(uint64_t **)left += **(uint64_t **)right;
    drop_sum(unused, right);
}

static const filch_reduction adding = {sizeof(uint64_t *), make_sum, add_chunk, join_sums,
                                       drop_sum};
/* The same where no frame has room for it. */
static const filch_reduction adding_wide = {1000, make_sum, add_chunk, join_sums, drop_sum};

static int reduce(filch_self self, const filch_reduction *how, uint64_t *v, size_t n)
{
    uint64_t *sum[125];
    int rc = filch_reduce(self, 0, n, 0, how, sum, v);
    if (!rc)
        drop_sum(NULL, sum);
    return rc;
}

static int keep_some(filch_self self, const void *in, size_t n, void *out, size_t *count,
                     void *unused)
{
    const uint64_t *from = in;
    uint64_t *to = out;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        visit();
        if (from[i] % 2)
            to[kept++] = from[i];
    }
    *count = kept;
    return 0;
}

static void zero(void *unused, void *sum)
{
    *(uint64_t *)sum = 0;
}

static void sum_of(const void *in, size_t n, void *unused, void *sum)
{
    for (size_t i = 0; i < n; i++) {
        visit();
        *(uint64_t *)sum += ((const uint64_t *)in)[i];
    }
}

static void scan_some(const void *in, size_t n, void *out, void *unused, void *sum)
{
    for (size_t i = 0; i < n; i++) {
        visit();
        *(uint64_t *)sum += ((const uint64_t *)in)[i];
        ((uint64_t *)out)[i] = *(uint64_t *)sum;
    }
}

static int count_some(filch_self self, size_t begin, size_t end, void *v, filch_tally *tally)
{
    for (size_t i = begin; i < end; i++) {
        visit();
        tally->counts[((uint64_t *)v)[i] % 64 * tally->lanes]++;
    }
    return 0;
}

static uint64_t visiting_key(uint64_t item)
{
    visit();
    return item;
}

FILCH_RADIX_SORT(radix_sort, uint64_t, visiting_key)

static int find_none(filch_self self, size_t begin, size_t end, size_t *where, void *v)
{
    for (size_t i = begin; i < end; i++)
        visit();
    return 0;
}

/* ---- All of them ---- */

static int run_for(filch_self self, uint64_t *v, size_t n)
{
    return each(self, 0, n, v);
}
static int run_for_2d(filch_self self, uint64_t *v, size_t n)
{
    return cell(self, 0, n / 100, 0, 100, v);
}
static int run_reduce(filch_self self, uint64_t *v, size_t n)
{
    return reduce(self, &adding, v, n);
}
static int run_reduce_wide(filch_self self, uint64_t *v, size_t n)
{
    return reduce(self, &adding_wide, v, n);
}
static int run_deterministic(filch_self self, uint64_t *v, size_t n)
{
    uint64_t *sum;
    int rc = filch_reduce_deterministic(self, 0, n, 64, 1024, &adding, &sum, v);
    if (!rc)
        drop_sum(NULL, &sum);
    return rc;
}
static int run_scan(filch_self self, uint64_t *v, size_t n)
{
    static const filch_scanning summing = {sizeof(uint64_t), zero, sum_of, scan_some};
    return filch_scan(self, v, n, v, &summing, NULL);
}
static int run_pack(filch_self self, uint64_t *v, size_t n)
{
    size_t count;
    return filch_pack(self, v, n, sizeof *v, v, &count, keep_some, NULL);
}
static int run_histogram(filch_self self, uint64_t *v, size_t n)
{
    uint64_t counts[64];
    return filch_histogram(self, 0, n, count_some, counts, 64, v);
}
static int run_find(filch_self self, uint64_t *v, size_t n)
{
    size_t where;
    int rc = filch_find(self, 0, n, &where, find_none, v);
    return rc == -ENOENT ? 0 : rc;
}
static int run_sort(filch_self self, uint64_t *v, size_t n)
{
    return filch_sort(self, v, n, sizeof *v, visiting_less, NULL);
}
static int run_sort_stable(filch_self self, uint64_t *v, size_t n)
{
    return filch_sort_stable(self, v, n, sizeof *v, visiting_less, NULL);
}
static int run_radix(filch_self self, uint64_t *v, size_t n)
{
    return radix_sort(self, v, n);
}

static const struct algorithm {
    const char *name;
    int (*run)(filch_self self, uint64_t *v, size_t n);
} algorithms[] = {{"for", run_for},
                  {"for_2d", run_for_2d},
                  {"reduce", run_reduce},
                  {"reduce with wide sums", run_reduce_wide},
                  {"reduce_deterministic", run_deterministic},
                  {"scan", run_scan},
                  {"pack", run_pack},
                  {"histogram", run_histogram},
                  {"find", run_find},
                  {"sort", run_sort},
                  {"sort_stable", run_sort_stable},
                  {"radix_sort", run_radix}};

struct attempt {
    const struct algorithm *algorithm;
    uint64_t *v;
    size_t n;
    int rc;
};

static void attempt(filch_self self, void *arg)
{
    struct attempt *a = arg;
    a->rc = a->algorithm->run(self, a->v, a->n);
}

static void fill(uint64_t *v, size_t n, uint64_t *random)
{
    for (size_t i = 0; i < n; i++)
        v[i] = par_random(random);
}

/* The code with which a panic in the fatal visit ends it; 0: it is not reached. */
FILCH_TASK(int, try_algorithm, (struct attempt *, a), (uint32_t, at))
{
    filch_failure failure = {.code = 0};
    filch_u32_store(&visits, 0, FILCH_RELAXED);
    filch_u32_store(&made, 0, FILCH_RELAXED);
    filch_u32_store(&dropped, 0, FILCH_RELAXED);
    fatal = at;
    int code = filch_try(self, attempt, a, &failure);
    if (!code && a->rc)
        return a->rc;
    if (filch_u32_load(&made, FILCH_RELAXED) != filch_u32_load(&dropped, FILCH_RELAXED))
        return -ENOTEMPTY;
    return code && strncmp(failure.message, "visit ", 6) != 0 ? -EBADMSG : code;
}

static void panics_everywhere(filch_runtime *rt, const struct algorithm *algorithm, size_t n)
{
    uint64_t random = stress_seed(), *v = malloc(n * sizeof *v);
    struct attempt a = {algorithm, v, n, 0};
    fill(v, n, &random);
    cr_assert_eq(FILCH_RUN(rt, try_algorithm, &a, UINT32_MAX), 0, "%s", algorithm->name);
    uint32_t all = filch_u32_load(&visits, FILCH_RELAXED);
    cr_assert_gt(all, 0);
    for (unsigned i = 0; i < stress_times(TIMES); i++) {
        fill(v, n, &random);
        uint32_t at = i ? (uint32_t)(par_random(&random) % (all / 2)) : 0;
        cr_assert_eq(FILCH_RUN(rt, try_algorithm, &a, at), -EILSEQ, "%s", algorithm->name);
    }
    free(v);
}

static void panics_with(unsigned workers)
{
    size_t n = BUILD_TSAN || BUILD_ASAN || BUILD_TINY ? MOST / 10 : MOST;
    filch_runtime *rt = par_runtime(workers);
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        panics_everywhere(rt, &algorithms[i], n);
    OK(filch_runtime_destroy(rt));
}

Test(panic_par, body_panic_reaches_caller_leaks_nothing)
{
    panics_with(1);
}

Test(panic_par, the_same_with_2_workers)
{
    panics_with(2);
}

Test(panic_par, the_same_with_8_workers)
{
    panics_with(8);
}

Test(panic_par, the_same_with_64_workers)
{
    panics_with(64);
}

Test(panic_par, outside_caller_gets_panic_code)
{
    static uint64_t v[1000];
    filch_runtime *rt = par_runtime(2);
    filch_u32_store(&visits, 0, FILCH_RELAXED);
    fatal = 500;
    cr_assert_eq(FILCH_RUN(rt, each, 0, 1000, v), -EILSEQ);
    cr_assert_not_null(strstr(filch_error(), "visit 500"), "%s", filch_error());
    OK(filch_runtime_destroy(rt));
}
