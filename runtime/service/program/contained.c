/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/contained.h>

#include <runtime/service/variable.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* To more than an empty text. */
static bool is_set(char *const *environment, const char *name)
{
    const char *value = fl_variable(environment, name);
    return value && *value;
}

static bool exists(const char *root, const char *path)
{
    char whole[4096];
    return snprintf(whole, sizeof whole, "%s%s", root, path) < (int)sizeof whole &&
           access(whole, F_OK) == 0;
}

/* A cgroup namespace hides them; then the others tell. */
static bool is_in_cgroup(const char *root)
{
    static const char *const parts[] = {"/docker/",       "docker-", "kubepods",
                                        "libpod",         "crio-",   "/ecs/",
                                        "cri-containerd", "/lxc/",   "lxc.payload"};
    char whole[4096], *line = NULL;
    size_t room = 0;
    bool found = false;
    if (snprintf(whole, sizeof whole, "%s/proc/self/cgroup", root) >= (int)sizeof whole)
        return false;
    FILE *file = fopen(whole, "re");
    while (file && !found && getline(&line, &room, file) > 0)
        for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
            found = found || strstr(line, parts[i]);
    free(line);
    if (file)
        fclose(file);
    return found;
}

bool fl_is_contained(const char *root, char *const *environment)
{
    static const char *const variables[] = {"KUBERNETES_SERVICE_HOST",
                                            "ECS_CONTAINER_METADATA_URI_V4", "container"};
    for (unsigned i = 0; i < sizeof variables / sizeof *variables; i++)
        if (is_set(environment, variables[i]))
            return true;
    return exists(root, "/.dockerenv") || exists(root, "/run/.containerenv") || is_in_cgroup(root);
}
