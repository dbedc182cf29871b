/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls of clang's that its programs rarely make: loops at the ends of their types, regions with many variables,
 * threadprivate variables that are not thread-local, calls of other versions. Built by clang. */
#include "traps.h"

#include <inttypes.h>
#include <omp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ident ident;

/* ---- Loops ---- */

typedef struct loop32 {
    int32_t lower, upper, step;
} loop32;

void __kmpc_for_static_init_4(ident *, int32_t, int32_t schedule, int32_t *last, int32_t *lower,
                              int32_t *upper, int32_t *stride, int32_t step, int32_t chunk);
void __kmpc_dist_for_static_init_4(ident *, int32_t, int32_t schedule, int32_t *last,
                                   int32_t *lower, int32_t *upper, int32_t *team_upper,
                                   int32_t *stride, int32_t step, int32_t chunk);
void __kmpc_dispatch_init_4(ident *, int32_t, int32_t schedule, int32_t lower, int32_t upper,
                            int32_t step, int32_t chunk);
int __kmpc_dispatch_next_4(ident *, int32_t, int32_t *last, int32_t *lower, int32_t *upper,
                           int32_t *stride);
void __kmpc_dispatch_init_8u(ident *, int32_t, int32_t schedule, uint64_t lower, uint64_t upper,
                             int64_t step, int64_t chunk);
int __kmpc_dispatch_next_8u(ident *, int32_t, int32_t *last, uint64_t *lower, uint64_t *upper,
                            int64_t *stride);
void __kmpc_dispatch_deinit(ident *, int32_t);

static const loop32 loops[] = {
    {0, 99, 1},
    {0, -1, 1},
    {7, 7, 1},
    {5, 100, 7},
    {100, -50, -3},
    {INT32_MAX - 40, INT32_MAX, 1},
    {INT32_MIN, INT32_MIN + 30, 1},
    {INT32_MAX, INT32_MAX - 20, -2},
    {INT32_MIN + 25, INT32_MIN, -1},
};
enum { LOOPS = sizeof loops / sizeof *loops, STATIC_CHUNKED = 33, STATIC = 34, BALANCED = 45 };

/* Iterations, their sum, and the threads that had the last one. */
typedef struct tally {
    int64_t count, sum;
    int lasts;
} tally;

static tally expected(loop32 of)
{
    tally all = {0, 0, 0};
    for (int64_t i = of.lower; of.step > 0 ? i <= of.upper : i >= of.upper; i += of.step)
        all = (tally){all.count + 1, all.sum + i, 1};
    return all;
}

static bool is_same(tally a, tally b)
{
    return a.count == b.count && a.sum == b.sum && a.lasts == b.lasts;
}

/* The iterations from lower to upper, which are in the loop. false: there are none. */
static bool run_part(tally *all, loop32 of, int64_t lower, int64_t upper)
{
    if (of.step > 0 ? lower > upper : lower < upper)
        return false;
    for (int64_t i = lower; of.step > 0 ? i <= upper && i <= of.upper : i >= upper && i >= of.upper;
         i += of.step) {
#pragma omp atomic
        all->count++;
#pragma omp atomic
        all->sum += i;
    }
    return true;
}

static tally run_static(loop32 of, int schedule, int chunk)
{
    tally all = {0, 0, 0};
#pragma omp parallel
    {
        int32_t last = 0, lower = of.lower, upper = of.upper, stride = 1;
        __kmpc_for_static_init_4(NULL, 0, schedule, &last, &lower, &upper, &stride, of.step, chunk);
        int64_t from = lower, to = upper;
        while (run_part(&all, of, from, to) && schedule != STATIC) {
            from += stride;
            to += stride;
            if (of.step > 0 ? to > of.upper : to < of.upper)
                to = of.upper;
        }
#pragma omp atomic
        all.lasts += last;
    }
    return all;
}

static bool static_loops(void)
{
    static const int schedules[] = {STATIC, STATIC_CHUNKED, BALANCED};
    for (int i = 0; i < LOOPS; i++)
        for (int chunk = 1; chunk < 60; chunk += 7)
            for (int s = 0; s < 3; s++)
                if (!is_same(run_static(loops[i], schedules[s], chunk), expected(loops[i])))
                    return false;
    return true;
}

static tally run_chunks(loop32 of, int schedule, int chunk)
{
    tally all = {0, 0, 0};
#pragma omp parallel
    {
        int32_t last = 0, lower, upper, stride;
        __kmpc_dispatch_init_4(NULL, 0, schedule, of.lower, of.upper, of.step, chunk);
        while (__kmpc_dispatch_next_4(NULL, 0, &last, &lower, &upper, &stride)) {
            run_part(&all, of, lower, upper);
#pragma omp atomic
            all.lasts += last;
        }
        __kmpc_dispatch_deinit(NULL, 0);
    }
    return all;
}

static bool chunks(void)
{
    for (int i = 0; i < LOOPS; i++)
        for (int chunk = 1; chunk < 60; chunk += 7)
            for (int schedule = STATIC_CHUNKED; schedule < 48; schedule++)
                if (!is_same(run_chunks(loops[i], schedule, chunk), expected(loops[i])))
                    return false;
    return true;
}

static bool ends_of_long(void)
{
    uint64_t count = 0, last_value = 0;
#pragma omp parallel
    {
        int32_t last = 0;
        uint64_t lower, upper;
        int64_t stride;
        __kmpc_dispatch_init_8u(NULL, 0, 35, UINT64_MAX - 20, UINT64_MAX, 1, 3);
        while (__kmpc_dispatch_next_8u(NULL, 0, &last, &lower, &upper, &stride)) {
#pragma omp atomic
            count += upper - lower + 1;
            if (last)
                last_value = upper;
        }
    }
    return count == 21 && last_value == UINT64_MAX;
}

static tally run_distributed(loop32 of)
{
    tally all = {0, 0, 0};
#pragma omp teams num_teams(3)
#pragma omp parallel
    {
        int32_t last = 0, lower = of.lower, upper = of.upper, team_upper, stride;
        __kmpc_dist_for_static_init_4(NULL, 0, STATIC, &last, &lower, &upper, &team_upper, &stride,
                                      of.step, 0);
        run_part(&all, of, lower, upper);
#pragma omp atomic
        all.lasts += last;
    }
    return all;
}

static bool distributed(void)
{
    for (int i = 0; i < LOOPS; i++)
        if (!is_same(run_distributed(loops[i]), expected(loops[i])))
            return false;
    return true;
}

/* ---- Regions ---- */

typedef void region_fn(int32_t *thread, int32_t *bound, ...);
void __kmpc_fork_call_if(ident *, int32_t count, region_fn *region, int32_t parallel, void *data);

static void count_threads(int32_t *thread, int32_t *bound, int *count)
{
    (void)thread, (void)bound;
#pragma omp atomic
    *count += 1;
    if (omp_get_level() != 1)
        *count = -1000;
}

static bool region_if(void)
{
    int alone = 0, together = 0;
    __kmpc_fork_call_if(NULL, 1, (region_fn *)count_threads, 0, &alone);
    __kmpc_fork_call_if(NULL, 1, (region_fn *)count_threads, 1, &together);
    return alone == 1 && together == omp_get_max_threads();
}

#define TEN(X, i) X(i##0) X(i##1) X(i##2) X(i##3) X(i##4) X(i##5) X(i##6) X(i##7) X(i##8) X(i##9)
#define FIFTY(X, i) TEN(X, i##0) TEN(X, i##1) TEN(X, i##2) TEN(X, i##3) TEN(X, i##4)
#define ALL(X) FIFTY(X, 1) FIFTY(X, 2) FIFTY(X, 3)

static bool many_variables(void)
{
    long sum = 0;
#define DECLARE(i) long v##i = i;
#define ADD(i) +v##i
    ALL(DECLARE)
#pragma omp parallel reduction(+ : sum)
    sum += 0 ALL(ADD);
#pragma omp parallel num_threads(2)
#pragma omp single
    sum -= omp_get_max_threads() * (0 ALL(ADD));
    return sum == 0;
}

/* ---- Threadprivate variables ---- */

void *__kmpc_threadprivate_cached(ident *, int32_t, void *variable, size_t size, void ***cache);
void __kmpc_threadprivate_register(ident *, void *variable, void *construct, void *copy,
                                   void *destroy);

static int plain = 41, built = 5;

static void *build(int *copy)
{
    *copy = 1000;
    return copy;
}

static bool threadprivate(void)
{
    static void **cache, **built_cache;
    int wrong = 0;
    __kmpc_threadprivate_register(NULL, &built, (void *)build, NULL, NULL);
    if (__kmpc_threadprivate_cached(NULL, 0, &plain, sizeof plain, &cache) != &plain)
        return false;
    plain = 0;
    for (int round = 0; round < 3; round++)
#pragma omp parallel reduction(+ : wrong)
    {
        int *mine = __kmpc_threadprivate_cached(NULL, 0, &plain, sizeof plain, &cache);
        int *mine_built = __kmpc_threadprivate_cached(NULL, 0, &built, sizeof built, &built_cache);
        const int first = omp_get_thread_num() ? 41 : 0;
        wrong += *mine != first + round * omp_get_thread_num();
        wrong += *mine_built != (omp_get_thread_num() ? 1000 : 5);
        *mine += omp_get_thread_num();
    }
    return wrong == 0;
}

/* ---- Doacross ---- */

static bool across(void)
{
    enum { N = 40, M = 9 };
    static int done[N][M];
    int wrong = 0;
    memset(done, 0, sizeof done);
#pragma omp parallel for ordered(2) schedule(dynamic, 2) reduction(+ : wrong)
    for (int i = 0; i < N; i++)
        for (int j = 0; j < M; j++) {
#pragma omp ordered depend(sink : i - 1, j + 1) depend(sink : i - 2, j)
            wrong += i && j + 1 < M && !done[i - 1][j + 1];
            wrong += i > 1 && !done[i - 2][j];
            done[i][j] = 1;
#pragma omp ordered depend(source)
        }
    return wrong == 0;
}

/* ---- Tasks ---- */

static bool untied(void)
{
    int sum = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 50; i++)
#pragma omp task untied if (i % 3) shared(sum)
    {
        int own = 0;
#pragma omp task shared(own)
        own++;
#pragma omp taskyield
#pragma omp task shared(own) if (0)
        {
#pragma omp atomic
            own++;
        }
#pragma omp taskwait
#pragma omp atomic
        sum += own;
    }
    return sum == 100;
}

static const trap traps[] = {
    {"static_loops", static_loops},   {"chunks", chunks},       {"ends_of_long", ends_of_long},
    {"distributed", distributed},     {"region_if", region_if}, {"many_variables", many_variables},
    {"threadprivate", threadprivate}, {"across", across},       {"untied", untied},
};

int main(int argc, char **argv)
{
    return run_traps(traps, sizeof traps / sizeof traps[0], argc, argv);
}
