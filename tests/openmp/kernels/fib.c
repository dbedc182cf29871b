/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibonacci numbers: two tasks a call. Variants: no cutoff, an if clause below a depth, and calls
 * without tasks below a depth. */
#include "kernel.h"

enum { CUTOFF = 8 };

static long serial(int n)
{
    return n < 2 ? n : serial(n - 1) + serial(n - 2);
}

static long none(int n, int depth)
{
    long x, y;
    if (n < 2)
        return n;
#pragma omp task shared(x) untied
    x = none(n - 1, depth + 1);
#pragma omp task shared(y) untied
    y = none(n - 2, depth + 1);
#pragma omp taskwait
    return x + y;
}

static long if_clause(int n, int depth)
{
    long x, y;
    if (n < 2)
        return n;
#pragma omp task shared(x) untied if (depth < CUTOFF)
    x = if_clause(n - 1, depth + 1);
#pragma omp task shared(y) untied if (depth < CUTOFF)
    y = if_clause(n - 2, depth + 1);
#pragma omp taskwait
    return x + y;
}

static long manual(int n, int depth)
{
    long x, y;
    if (n < 2 || depth >= CUTOFF)
        return serial(n);
#pragma omp task shared(x) untied
    x = manual(n - 1, depth + 1);
#pragma omp task shared(y) untied
    y = manual(n - 2, depth + 1);
#pragma omp taskwait
    return x + y;
}

static int measure(const char *name, long (*fib)(int, int), int n)
{
    long result = 0;
    const double begin = now();
#pragma omp parallel
#pragma omp single
    result = fib(n, 0);
    return report(name, now() - begin, result == serial(n));
}

int main(int argc, char **argv)
{
    const int n = size_of(argc, argv, 28);
    return measure("fib", none, n) | measure("fib-if", if_clause, n + 2) |
           measure("fib-manual", manual, n + 8);
}
