/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/modules.h>

#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const char prefix[] = "filch-broker-", suffix[] = ".so";

/* ---- Folders ---- */

/* The folder beside the program or library that this function is part of. */
static bool own_folder(char folder[PATH_MAX])
{
    char path[PATH_MAX];
    Dl_info info;
    struct link_map *map = NULL;
    if (getauxval(AT_SECURE) ||
        !dladdr1((void *)(uintptr_t)own_folder, &info, (void **)&map, RTLD_DL_LINKMAP))
        return false;
    bool is_program = !*map->l_name;
    if (!realpath(is_program ? "/proc/self/exe" : map->l_name, path))
        return false;
    int length = (int)(strrchr(path, '/') - path);
    return snprintf(folder, PATH_MAX, "%.*s/%s", length, path,
                    is_program ? FL_MODULES_FROM_PROGRAM : FL_MODULES_FROM_LIBRARY) < PATH_MAX;
}

/* The i-th entry of a list with colons between, or the rest of *i. */
static bool listed_folder(const char *list, unsigned *i, char folder[PATH_MAX])
{
    for (; *list; list += strcspn(list, ":")) {
        list += strspn(list, ":");
        if (*list && !(*i)--) {
            snprintf(folder, PATH_MAX, "%.*s", (int)strcspn(list, ":"), list);
            return true;
        }
    }
    return false;
}

static bool has_folder(unsigned i, char folder[PATH_MAX])
{
    const char *list = secure_getenv("FILCH_BROKER_PATH");
    if (list && listed_folder(list, &i, folder))
        return true;
    bool has_own = own_folder(folder);
    if (has_own && i == 0)
        return true;
    snprintf(folder, PATH_MAX, "%s", FL_MODULES_INSTALLED);
    return i == (unsigned)has_own;
}

bool fl_module_folder(unsigned i, char folder[PATH_MAX])
{
    char found[PATH_MAX];
    if (!has_folder(i, folder))
        return false;
    if (folder[0] == '/' && realpath(folder, found))
        memcpy(folder, found, sizeof found);
    return true;
}

/* ---- Modules ---- */

bool fl_module_find(const char *name, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    for (unsigned i = 0; fl_module_folder(i, folder); i++) {
        int size = snprintf(path, PATH_MAX, "%s/%s%s%s", folder, prefix, name, suffix);
        if (size < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static bool has_name(const fl_module_name *names, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Adds the names in a folder that are not there yet. */
static unsigned add_names(const char *folder, fl_module_name *names, unsigned count, unsigned most)
{
    DIR *all = opendir(folder);
    const struct dirent *entry;
    fl_module_name name;
    while (all && count < most && (entry = readdir(all))) {
        size_t length = strlen(entry->d_name), around = sizeof prefix + sizeof suffix - 2;
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0 || length <= around ||
            length - around >= sizeof name ||
            strcmp(entry->d_name + length - (sizeof suffix - 1), suffix) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(length - around),
                 entry->d_name + sizeof prefix - 1);
        if (!has_name(names, count, name))
            memcpy(names[count++], name, sizeof name);
    }
    if (all)
        closedir(all);
    return count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

unsigned fl_module_names(fl_module_name *names, unsigned most)
{
    char folder[PATH_MAX];
    unsigned count = 0;
    for (unsigned i = 0; fl_module_folder(i, folder); i++)
        if (folder[0] == '/')
            count = add_names(folder, names, count, most);
    qsort(names, count, sizeof *names, by_name);
    return count;
}
