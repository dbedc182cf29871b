/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Temporary folders of a test, below $TMPDIR. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <sys/types.h>
#include <tests/support/test.h>
#include <unistd.h>

static inline const char *folder_above(void)
{
    const char *above = getenv("TMPDIR");
    return above && *above ? above : "/tmp";
}

static inline int folder_remove_one(const char *path, const struct stat *status, int kind,
                                    struct FTW *at)
{
    return remove(path);
}

/* With everything in it. */
static inline void folder_remove(const char *path)
{
    nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- The test's own ---- */

static char folder_path[128];
static pid_t folder_maker;

static inline void folder_end(void)
{
    if (getpid() == folder_maker)
        folder_remove(folder_path);
}

/* Its path; the first call makes it. It ends with the process that has made it. */
static inline const char *folder_make(void)
{
    if (!folder_path[0]) {
        snprintf(folder_path, sizeof folder_path, "%s/filch-test-XXXXXX", folder_above());
        cr_assert(mkdtemp(folder_path), "%s", folder_path);
        folder_maker = getpid();
        atexit(folder_end);
    }
    return folder_path;
}

#endif
