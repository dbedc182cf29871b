/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * fib without cutoff as OpenMP tasks, one thread. Built with gcc for libgomp and with clang for
 * libomp. */
#include "serve.h"

static long fib(int n)
{
    if (n < 2)
        return n;
    long left, right;
#pragma omp task shared(left)
    left = fib(n - 1);
    right = fib(n - 2);
#pragma omp taskwait
    return left + right;
}

static long run(int n)
{
    long answer = 0;
#pragma omp parallel num_threads(1)
#pragma omp single
    answer = fib(n);
    return answer;
}

int main(void)
{
    return serve(run);
}
