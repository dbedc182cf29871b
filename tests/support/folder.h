/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Temporary folders of a test. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static inline const char *folder_above(void)
{
    const char *above = getenv("TMPDIR");
    return above && *above ? above : "/tmp";
}

static inline int folder_remove_one(const char *path, const struct stat *status, int kind,
                                    struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

/* With everything in it. */
static inline void folder_remove(const char *path)
{
    nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
