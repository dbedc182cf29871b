/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions of the Go example that run on Filch's workers, and so are C, and the call of those that are Go. */
#include "bodies.h"

int double_all(filch_self self, size_t begin, size_t end, void *values)
{
    (void)self;
    for (; begin < end; begin++)
        ((double *)values)[begin] *= 2;
    return 0;
}

static int run_go(filch_self self, filch_job *job, void *call)
{
    (void)self, (void)job;
    return goJob((uintptr_t)call);
}

int submit_go(filch_pool *pool, uintptr_t call)
{
    return filch_pool_submit(NULL, pool, run_go, (void *)call, NULL, FILCH_FOREVER);
}

FILCH_TASK(int64_t, fib, (int64_t, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    int64_t right = fib(self, n - 2);
    FILCH_JOIN(int64_t left, fib);
    return left + right;
}

int start_fib(filch_runtime *rt, filch_future *answer, int64_t n)
{
    return FILCH_ASYNC(rt, answer, fib, n);
}
