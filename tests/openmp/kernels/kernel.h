/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Clock, report and random numbers of the kernels. A kernel prints `name seconds` for each variant
 * and exits with 1 if an answer is wrong. */
#ifndef FILCH_TESTS_OPENMP_KERNEL_H
#define FILCH_TESTS_OPENMP_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Returns the size: the only argument, or the default. */
static inline int size_of(int argc, char **argv, int size)
{
    return argc > 1 ? atoi(argv[1]) : size;
}

static inline void *memory(size_t bytes)
{
    void *block = malloc(bytes);
    if (!block) {
        perror("malloc");
        exit(2);
    }
    return block;
}

static inline int report(const char *name, double seconds, bool right)
{
    printf("%s %.6f\n", name, seconds);
    if (!right)
        fprintf(stderr, "%s: wrong answer\n", name);
    return !right;
}

#endif
