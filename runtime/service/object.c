/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/object.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_foreign(const struct stat *found)
{
    return found->st_uid && found->st_uid != geteuid();
}

static bool is_open(const struct stat *found)
{
    return found->st_mode & (S_IWGRP | S_IWOTH);
}

static int refuse(int rc, const char **why, const char *says)
{
    *why = says;
    return rc;
}

static int check_folder(const char *path, const char **why)
{
    struct stat found;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s/.", (int)(strrchr(path, '/') - path), path);
    if (stat(folder, &found))
        return refuse(-EPERM, why, "lies in a folder that cannot be examined");
    if (is_foreign(&found))
        return refuse(-EPERM, why, "lies in a folder of another user");
    return is_open(&found)
               ? refuse(-EPERM, why, "lies in a folder that is writable by its group or by others")
               : 0;
}

int fl_object_check(const char *path, const char **why)
{
    struct stat found;
    if (path[0] != '/')
        return refuse(-EINVAL, why, "is no absolute path");
    if (strlen(path) >= PATH_MAX || lstat(path, &found))
        return refuse(-ENOENT, why, "not found");
    if (!S_ISREG(found.st_mode))
        return refuse(-EPERM, why, "is no regular file (give the target of a link)");
    if (is_foreign(&found))
        return refuse(-EPERM, why, "belongs to neither root nor this user");
    return is_open(&found) ? refuse(-EPERM, why, "is writable by its group or by others")
                           : check_folder(path, why);
}
