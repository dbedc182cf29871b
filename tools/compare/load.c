/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of it, or 1 byte more than allowed: a pipe or a device tells no size in advance. */
static int read_all(FILE *in, char **text, size_t *length)
{
    size_t room = 1 << 16, got;
    int rc = 0;
    *text = NULL;
    *length = 0;
    do {
        room *= 2;
        char *more = realloc(*text, room);
        if (!more)
            return -ENOMEM;
        *text = more;
        got = fread(*text + *length, 1, room - *length, in);
        *length += got;
    } while (*length == room && *length <= RESULT_MOST_BYTES);
    if (ferror(in))
        rc = errno ? -errno : -EIO;
    return *length > RESULT_MOST_BYTES ? -EFBIG : rc;
}

int result_load(result *out, const char *path, result_figures figures, char *error, size_t size)
{
    char *text = NULL;
    size_t length = 0;
    *out = (result){.path = path};
    FILE *in = fopen(path, "rb");
    errno = in ? 0 : errno;
    int rc = in ? read_all(in, &text, &length) : -errno;
    if (rc == -EFBIG)
        snprintf(error, size, "%s: more than %d MiB; compare results of fewer kernels", path,
                 RESULT_MOST_BYTES >> 20);
    else if (rc)
        snprintf(error, size,
                 "%s cannot be read: %s; name a file that filch bench --json "
                 "wrote",
                 path, strerror(-rc));
    else
        rc = result_parse(out, path, text, length, figures, error, size);
    if (in)
        fclose(in);
    free(text);
    return rc;
}
