/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The tests of the source file that `--file` names. Used by the main functions of the stand-in and of
 * Criterion. */
#ifndef CRITERION_STANDIN_TEST_FILE_H
#define CRITERION_STANDIN_TEST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Returns whether the path `file`, of a source, is NAME.c in any folder. name NULL: true. */
static inline bool is_test_of_file(const char *file, const char *name)
{
    if (!name)
        return true;
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    size_t length = strlen(name);
    return strncmp(base, name, length) == 0 && strcmp(base + length, ".c") == 0;
}

/* Prints that the program has no test of `name`. */
static inline void report_no_test(const char *name)
{
    fprintf(stderr, "no test in file: %s (give the name of one of this program's, without .c)\n",
            name);
}

#endif
