/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Programs by their names. Functions in a header: the library runs programs, and libfilch-service
 * looks for them before it needs them. */
#ifndef FL_FIND_PROGRAM_H
#define FL_FIND_PROGRAM_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Can this path be run? 0 or an errno. */
static inline int fl_program_check(const char *path)
{
    struct stat about;
    if (stat(path, &about))
        return errno;
    return S_ISREG(about.st_mode) && !access(path, X_OK) ? 0 : EACCES;
}

/* Looks in the folders of PATH that are absolute: where the caller happens to be shall not decide. */
static inline int fl_program_look_for(char *path, const char *name, const char *folders)
{
    int error = ENOENT;
    for (const char *next; *folders; folders = next) {
        size_t length = strcspn(folders, ":");
        next = folders + length + (folders[length] == ':');
        if (*folders != '/')
            continue;
        sprintf(path, "%.*s/%s", (int)length, folders, name);
        int found = fl_program_check(path);
        if (!found)
            return 0;
        error = found == EACCES ? EACCES : error;
    }
    return error;
}

/* Sets *out to the path of a program, to be freed: a name with a slash is one, and is not looked
 * at. 0 or an errno. */
static inline int fl_program_find(char **out, const char *name)
{
    const char *folders = secure_getenv("PATH");
    if (!folders)
        folders = "/usr/bin:/bin";
    bool is_path = strchr(name, '/');
    char *path = malloc((is_path ? 0 : strlen(folders)) + strlen(name) + 2);
    if (!path)
        return ENOMEM;
    int error = is_path ? 0 : fl_program_look_for(path, name, folders);
    if (is_path)
        strcpy(path, name);
    if (error)
        free(path);
    else
        *out = path;
    return error;
}

#endif
