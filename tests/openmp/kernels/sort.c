/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Merge sort with parallel merges, the shape of Cilk's sort: four sorts, two merges, one merge. */
#include "kernel.h"

#include <string.h>

enum { SORT_GRAIN = 1024, MERGE_GRAIN = 2048 };

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The first index of a sorted array whose value is not below x. */
static size_t bound(const uint32_t *a, size_t n, uint32_t x)
{
    size_t from = 0;
    while (n > 0) {
        const size_t half = n / 2;
        if (a[from + half] < x) {
            from += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return from;
}

static void merge(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint32_t *to)
{
    if (n < m) {
        merge(b, m, a, n, to);
        return;
    }
    if (n + m < MERGE_GRAIN) {
        size_t i = 0, j = 0;
        while (i < n && j < m)
            *to++ = a[i] <= b[j] ? a[i++] : b[j++];
        memcpy(to, a + i, (n - i) * sizeof *to);
        memcpy(to + n - i, b + j, (m - j) * sizeof *to);
        return;
    }
    const size_t half = n / 2, other = bound(b, m, a[half]);
#pragma omp task
    merge(a, half, b, other, to);
#pragma omp task
    merge(a + half, n - half, b + other, m - other, to + half + other);
#pragma omp taskwait
}

static void sort(uint32_t *a, uint32_t *scratch, size_t n)
{
    if (n < SORT_GRAIN) {
        qsort(a, n, sizeof *a, compare);
        return;
    }
    const size_t quarter = n / 4, half = 2 * quarter, last = n - 3 * quarter;
    for (size_t i = 0; i < 4; i++)
#pragma omp task
        sort(a + i * quarter, scratch + i * quarter, i < 3 ? quarter : last);
#pragma omp taskwait
#pragma omp task
    merge(a, quarter, a + quarter, quarter, scratch);
#pragma omp task
    merge(a + half, quarter, a + half + quarter, last, scratch + half);
#pragma omp taskwait
    merge(scratch, half, scratch + half, n - half, a);
}

int main(int argc, char **argv)
{
    const size_t n = (size_t)size_of(argc, argv, 1000000);
    uint32_t *a = memory(n * sizeof *a), *scratch = memory(n * sizeof *a);
    uint64_t before = 0, after = 0;
    for (size_t i = 0; i < n; i++)
        before += a[i] = (uint32_t)mix(i);
    const double begin = now();
#pragma omp parallel
#pragma omp single
    sort(a, scratch, n);
    const double seconds = now() - begin;
    bool right = true;
    for (size_t i = 0; i < n; i++) {
        right = right && (i == 0 || a[i - 1] <= a[i]);
        after += a[i];
    }
    free(a);
    free(scratch);
    return report("sort", seconds, right && before == after);
}
