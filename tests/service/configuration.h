/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configurations of service programs, from the options, variables and files of a test. */
#ifndef SERVICE_CONFIGURATION_H
#define SERVICE_CONFIGURATION_H

#include <fcntl.h>
#include <runtime/service/program/configuration.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MOST = 8 };

static fl_configuration got;
static fl_command_line line;

/* Words of a command line, and variables; NULL ends each. */
typedef struct sources {
    const char *options[MOST], *variables[MOST];
} sources;

static inline int load(sources from)
{
    static char program[] = "worker";
    char *argv[MOST + 1] = {program};
    int argc = 1;
    for (; from.options[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)from.options[argc - 1];
    return fl_configuration_load(&got, &line, argc, argv, (char *const *)(uintptr_t)from.variables);
}

static inline void loads(sources from)
{
    int rc = load(from);
    cr_assert_eq(rc, 0, "%d %s", rc, filch_error());
}

/* Refused with all of `words`, separated by blanks, in the message. */
static inline void refuses(sources from, const char *words)
{
    char copy[256], *rest = copy, *word;
    int rc = load(from);
    cr_assert_eq(rc, -EINVAL, "'%s' is accepted", words);
    cr_assert_lt(strlen(filch_error()), 256);
    snprintf(copy, sizeof copy, "%s", words);
    while ((word = strsep(&rest, " ")))
        cr_assert(strstr(filch_error(), word), "no '%s' in: %s", word, filch_error());
    fl_configuration_end(&got);
}

/* A file of this process. */
static inline const char *own_path(void)
{
    static char path[160];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.100s/filch-configuration-%d",
             folder && *folder ? folder : "/tmp", getpid());
    return path;
}

/* The file with this content, which ends with the test. */
static inline const char *file_of(const char *content, mode_t mode)
{
    const char *path = own_path();
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static inline void drop_file(void)
{
    unlink(own_path());
}

static inline void loads_file(const char *content)
{
    loads((sources){.options = {"--config", file_of(content, 0600)}});
}

static inline void refuses_file(const char *content, const char *words)
{
    refuses((sources){.options = {"--config", file_of(content, 0600)}}, words);
}

#endif
