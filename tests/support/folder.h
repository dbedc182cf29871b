/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A folder that ends with the process that has made it. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static char folder_path[64];
static pid_t folder_maker;

static int folder_remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

static void folder_remove(void)
{
    if (getpid() == folder_maker)
        nftw(folder_path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes it at the first call, and returns its path. */
static const char *folder_make(void)
{
    if (!folder_path[0]) {
        snprintf(folder_path, sizeof folder_path, "/tmp/filch-test-XXXXXX");
        cr_assert(mkdtemp(folder_path));
        folder_maker = getpid();
        atexit(folder_remove);
    }
    return folder_path;
}

#endif
