// SPDX-License-Identifier: MIT OR Apache-2.0
//
// fib without cutoff as oneTBB tasks, one thread.
#include "serve.h"

#include <tbb/global_control.h>
#include <tbb/parallel_invoke.h>

static long fib(int n)
{
    if (n < 2)
        return n;
    long left, right;
    tbb::parallel_invoke([&] { left = fib(n - 1); }, [&] { right = fib(n - 2); });
    return left + right;
}

int main()
{
    tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    return serve(fib);
}
