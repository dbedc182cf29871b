/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decides whether a test comes from the source file that `--file` names. Used by the main functions of the stand-in and of
 * Criterion. */
#ifndef CRITERION_STANDIN_TEST_FILE_H
#define CRITERION_STANDIN_TEST_FILE_H

#include <stdbool.h>
#include <stddef.h>
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

#endif
