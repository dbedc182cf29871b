/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The request that a child reads: its program's path, arguments and environment. */
#include <runtime/sync/process.h>

#include <runtime/platform/error.h>
#include <runtime/platform/find_program.h>
#include <runtime/platform/spawner.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns its path, to be freed. Negative errno through fl_fail. */
static int find_program(char **out, const char *name)
{
    int error = fl_program_find(out, name);
    return !error            ? 0
           : error == ENOMEM ? fl_fail(ENOMEM, "no memory to start %s; free some", name)
                             : fl_fail(error,
                                       "cannot run \"%s\", which is in no folder of PATH: %s; give "
                                       "its path",
                                       name, strerror(error));
}

static uint32_t count_of(const char *const *list, uint64_t *size)
{
    uint32_t count = 0;
    for (; list[count]; count++)
        *size += strlen(list[count]) + 1;
    return count;
}

static char *put(char *to, const char *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        to = stpcpy(to, list[i]) + 1;
    return to;
}

static int write_request(void **out, size_t *size, const char *path,
                         const filch_process_config *config)
{
    static const char *const none[] = {NULL};
    const char *const *variables = config->environment;
    if (!variables)
        variables = environ ? (const char *const *)environ : none;
    fl_spawn_request head = {.size = strlen(path) + 1};
    head.arguments = count_of(config->argv, &head.size);
    head.variables = count_of(variables, &head.size);
    *size = sizeof head + head.size;
    char *all = malloc(*size);
    if (!all)
        return fl_fail(ENOMEM, "no memory to start %s; free some", path);
    memcpy(all, &head, sizeof head);
    char *rest = put(all + sizeof head, &path, 1);
    put(put(rest, config->argv, head.arguments), variables, head.variables);
    *out = all;
    return 0;
}

int fl_process_request(void **out, size_t *size, const filch_process_config *config)
{
    char *path = NULL;
    int rc = find_program(&path, fl_process_name(config));
    if (!rc)
        rc = write_request(out, size, path, config);
    free(path);
    return rc;
}
