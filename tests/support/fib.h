/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The smallest program of many tasks, for tests that are about something else: does a runtime still
 * work? */
#ifndef SUPPORT_FIB_H
#define SUPPORT_FIB_H

#include <filch/filch.h>

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

static inline long fib_serial(int n)
{
    long here = 0, next = 1;
    for (; n > 0; n--) {
        long sum = here + next;
        here = next;
        next = sum;
    }
    return here;
}

/* The queues that tests go through. */
static FILCH_UNUSED const char *const fib_queues[] = {"chase-lev", "central-mutex"};
enum { FIB_QUEUES = 2 };

/* A runtime's whole life. Returns 0, or the error of the call that failed; 1: a wrong answer. */
static inline int fib_life(unsigned workers, const char *queue, int n)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = queue};
    int rc = filch_runtime_create(&rt, &config);
    if (rc)
        return rc;
    long answer = FILCH_RUN(rt, fib, n);
    rc = filch_runtime_destroy(rt);
    return rc ? rc : answer != fib_serial(n);
}

#endif
