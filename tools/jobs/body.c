/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "body.h"

#include <errno.h>
#include <runtime/service/message.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 64 << 10 };

/* 0, or an errno; EFBIG: it is longer than a body may be. */
static int read_all(FILE *file, char **body, size_t *size)
{
    size_t room = 0;
    while (*size <= FL_BODY_MOST) {
        if (*size == room) {
            char *more = realloc(*body, room = room ? 2 * room : STEP);
            if (!more)
                return ENOMEM;
            *body = more;
        }
        size_t got = fread(*body + *size, 1, room - *size, file);
        *size += got;
        if (!got)
            return ferror(file) ? errno : 0;
    }
    return EFBIG;
}

int body_read(const jobs_options *o, const char *argument, char **body, size_t *size)
{
    bool is_file = argument && *argument == '@', is_stdin = argument && strcmp(argument, "-") == 0;
    *body = NULL;
    *size = 0;
    if (!is_file && !is_stdin) {
        *body = argument ? strdup(argument) : NULL;
        *size = *body ? strlen(*body) : 0;
        return 0;
    }
    FILE *file = is_file ? fopen(argument + 1, "re") : stdin;
    int error = file ? read_all(file, body, size) : errno;
    if (is_file && file)
        fclose(file);
    if (!error)
        return 0;
    free(*body);
    *body = NULL;
    if (is_file)
        return jobs_usage(o, "cannot read the body from '%s': %s (valid: a file of at most 16 MiB)",
                          argument + 1, strerror(error));
    return jobs_usage(o, "cannot read the body from stdin: %s (at most 16 MiB)", strerror(error));
}
