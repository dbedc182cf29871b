/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "openmp_library.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below the folder above the command's: FILCH_LIBDIR is lib, or lib/x86_64-linux-gnu. */
bool openmp_library_find(char *folder, size_t size)
{
    static const char *const places[] = {FILCH_LIBDIR "/filch", "lib/filch"};
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        return false;
    own[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *end = strrchr(own, '/');
        if (!end)
            return false;
        *end = '\0';
    }
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char library[PATH_MAX + 64];
        snprintf(folder, size, "%s/%s", own, places[i]);
        snprintf(library, sizeof library, "%s/libgomp.so.1", folder);
        if (access(library, R_OK) == 0)
            return true;
    }
    return false;
}

bool openmp_library_put_first(const char *folder)
{
    const char *before = getenv("LD_LIBRARY_PATH");
    char *path = NULL;
    bool set = asprintf(&path, "%s%s%s", folder, before && *before ? ":" : "",
                        before ? before : "") >= 0 &&
               setenv("LD_LIBRARY_PATH", path, 1) == 0;
    if (set)
        free(path);
    return set;
}

bool openmp_library_use(const char *command, char *folder, size_t size)
{
    if (!openmp_library_find(folder, size))
        fprintf(stderr,
                "%s: there is no libgomp.so.1 of Filch beside the command; build or install it as "
                "a whole\n",
                command);
    else if (!openmp_library_put_first(folder))
        fprintf(stderr, "%s: no memory; free some\n", command);
    else
        return true;
    return false;
}
