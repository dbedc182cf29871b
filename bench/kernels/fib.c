/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The naive Fibonacci recursion: nothing but forks and joins, the price of a task in its purest
 * form. No cutoff. */
#include "kernel.h"

TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FORK(long, left, fib, n - 1);
    long right = CALL(fib, n - 2);
    JOIN(long, left, fib);
    return left + right;
}

static void run_fib(void *place, kernel_run *run)
{
    run->answer = (uint64_t)RUN(place, fib, (int)run->size->n);
}

const kernel KERNEL(fib) = {
    .name = "fib",
    .what = "naive Fibonacci, no cutoff: the bare price of fork and join",
    .source = "Frigo, Leiserson, Randall, PLDI 1998",
    .sizes = {{"20", 20, 6765, 10945},
              {"30", 30, 832040, 1346268},
              {"42", 42, 267914296, 433494436}},
    .run = run_fib,
};
