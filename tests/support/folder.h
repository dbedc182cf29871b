/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A folder below $TMPDIR that is removed with its content when the test ends. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static char test_folder[128];
static pid_t test_folder_owner;

static inline int folder_remove_one(const char *path, const struct stat *status, int kind,
                                    struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

static inline void folder_remove(void)
{
    if (test_folder[0] && getpid() == test_folder_owner)
        nftw(test_folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Its path; the first call makes it. */
static inline const char *folder(void)
{
    const char *above = getenv("TMPDIR");
    if (test_folder[0])
        return test_folder;
    snprintf(test_folder, sizeof test_folder, "%s/filch-XXXXXX", above ? above : "/tmp");
    cr_assert(mkdtemp(test_folder), "%s", test_folder);
    test_folder_owner = getpid();
    atexit(folder_remove);
    return test_folder;
}

#endif
