/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A peer is a process of its own, since two OpenMP runtimes do not live in one. It reads a line
 * "n", runs fib(n), and answers "seconds answer"; so its parent can interleave it with others. */
#ifndef PEERS_SERVE_H
#define PEERS_SERVE_H

#include <stdio.h>
#include <time.h>

static inline double serve_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int serve(long (*run)(int n))
{
    int n;
    while (scanf("%d", &n) == 1) {
        double from = serve_now();
        long answer = run(n);
        printf("%.9f %ld\n", serve_now() - from, answer);
        fflush(stdout);
    }
    return 0;
}

#endif
