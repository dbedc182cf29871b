/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <ftw.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

const char *folder_above(void)
{
    const char *above = getenv("TMPDIR");
    return above && *above ? above : "/tmp";
}

static int folder_remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    return remove(path);
}

void folder_remove(const char *path)
{
    nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static char folder_path[128];
pid_t folder_maker;

static void folder_end(void)
{
    if (getpid() == folder_maker)
        folder_remove(folder_path);
}

const char *folder_make(void)
{
    if (!folder_path[0]) {
        snprintf(folder_path, sizeof folder_path, "%s/filch-test-XXXXXX", folder_above());
        cr_assert(mkdtemp(folder_path), "%s", folder_path);
        folder_maker = getpid();
        atexit(folder_end);
    }
    return folder_path;
}
