/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Programs of several cases, each run as a process of its own. Without an argument the program lists
 * them; with a name it runs that case. Exit status 0: right, 1: wrong, 2: there is no such case. */
#ifndef FILCH_TESTS_OPENMP_TRAPS_H
#define FILCH_TESTS_OPENMP_TRAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct trap {
    const char *name;
    bool (*run)(void);
} trap;

static inline int run_traps(const trap *traps, size_t count, int argc, char **argv)
{
    for (size_t i = 0; i < count; i++)
        if (argc < 2)
            puts(traps[i].name);
        else if (strcmp(argv[1], traps[i].name) == 0)
            return traps[i].run() ? 0 : 1;
    return argc < 2 ? 0 : 2;
}

#endif
