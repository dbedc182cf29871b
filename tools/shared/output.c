/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

FILE *output_open(const char *command, const char *option, const char *path)
{
    if (!path)
        return stdout;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out)
        return out;
    fprintf(stderr, "%s: %s cannot be written: %s; name another %s\n", command, path,
            strerror(errno), option);
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* What was longer in the file before goes. A pipe or a terminal has no length. */
static int cut(FILE *out)
{
    long end = ftell(out);
    return end < 0 || !ftruncate(fileno(out), end) || errno == EINVAL ? 0 : -errno;
}

int output_close(FILE *out, const char *command, const char *path, int rc)
{
    if (!rc && (fflush(out) || ferror(out)))
        rc = errno ? -errno : -EIO;
    if (!rc && path)
        rc = cut(out);
    if (path && fclose(out) && !rc)
        rc = -errno;
    if (rc)
        fprintf(stderr, "%s: %s could not be written: %s; is the disk full or the pipe closed?\n",
                command, path ? path : "the result", strerror(-rc));
    return rc;
}

void output_spelt(const char *text, char what, const char *as, FILE *out)
{
    for (; *text; text++)
        if (*text == what)
            fputs(as, out);
        else
            fputc(*text, out);
}

void output_quoted(const char *text, FILE *out)
{
    fputc('\'', out);
    output_spelt(text, '\'', "'\\''", out);
    fputc('\'', out);
}
