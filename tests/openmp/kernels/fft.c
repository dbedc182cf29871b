/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fast Fourier transform by halves: two tasks for the halves, then tasks for blocks of butterflies.
 * The inverse transform must return the input. */
#include "kernel.h"

#include <complex.h>
#include <math.h>

enum { GRAIN = 64, BLOCK = 512 };

typedef double complex number;

/* roots[k] is the k-th of `whole` roots of one; a half of size n uses each whole / n-th. */
typedef struct plan {
    const number *roots;
    int whole;
} plan;

static void butterflies(number *to, int half, const plan *p, int from, int end)
{
    const int stride = p->whole / (2 * half);
    for (int k = from; k < end; k++) {
        const number even = to[k], odd = to[k + half] * p->roots[k * stride];
        to[k] = even + odd;
        to[k + half] = even - odd;
    }
}

static void transform(const number *a, int step, number *to, int n, const plan *p)
{
    if (n == 1) {
        *to = *a;
        return;
    }
    const int half = n / 2;
    if (n <= GRAIN) {
        transform(a, 2 * step, to, half, p);
        transform(a + step, 2 * step, to + half, half, p);
        butterflies(to, half, p, 0, half);
        return;
    }
#pragma omp task
    transform(a, 2 * step, to, half, p);
#pragma omp task
    transform(a + step, 2 * step, to + half, half, p);
#pragma omp taskwait
    for (int from = 0; from < half; from += BLOCK)
#pragma omp task
        butterflies(to, half, p, from, from + BLOCK < half ? from + BLOCK : half);
#pragma omp taskwait
}

static double timed(const number *a, number *to, int n, const plan *p)
{
    const double begin = now();
#pragma omp parallel
#pragma omp single
    transform(a, 1, to, n, p);
    return now() - begin;
}

int main(int argc, char **argv)
{
    const int n = 1 << size_of(argc, argv, 19);
    number *roots = memory(sizeof(number) * (size_t)n), *a = memory(sizeof(number) * (size_t)n),
           *b = memory(sizeof(number) * (size_t)n), *c = memory(sizeof(number) * (size_t)n);
    for (int i = 0; i < n; i++) {
        roots[i] = cexp(-2 * M_PI * I * i / n);
        a[i] = (double)(mix((uint64_t)i) % 1000);
    }
    const plan p = {roots, n};
    const double seconds = timed(a, b, n, &p);
    for (int i = 0; i < n; i++)
        b[i] = conj(b[i]);
    timed(b, c, n, &p);
    bool right = true;
    for (int i = 0; i < n; i++)
        right = right && cabs(conj(c[i]) / n - a[i]) < 1e-6;
    free(roots), free(a), free(b), free(c);
    return report("fft", seconds, right);
}
