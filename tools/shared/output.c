/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <libgen.h>
#include <runtime/platform/reader_left.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *command, const char *option, const char *path, int rc)
{
    fprintf(stderr, "%s: %s cannot be written: %s; name another %s\n", command, path, strerror(-rc),
            option);
    return rc;
}

/* Whether a file may be created beside that one: 0 or -errno. */
static int check_folder(const char *path)
{
    char *copy = strdup(path);
    int rc = !copy ? -ENOMEM : access(dirname(copy), W_OK | X_OK) ? -errno : 0;
    free(copy);
    return rc;
}

static int check(const char *path)
{
    struct stat found;
    if (stat(path, &found))
        return errno == ENOENT ? check_folder(path) : -errno;
    if (S_ISDIR(found.st_mode))
        return -EISDIR;
    return access(path, W_OK) ? -errno : 0;
}

bool output_check(const char *command, const char *option, const char *path)
{
    int rc = path ? check(path) : 0;
    if (rc)
        complain(command, option, path, rc);
    return rc == 0;
}

/* Creates a file with another name, with the rights that the one in its place has or would get. */
static int open_temporary(output *out, const struct stat *old)
{
    mode_t mask = umask(0);
    umask(mask);
    if (asprintf(&out->temporary, "%s.XXXXXX", out->place) < 0) {
        out->temporary = NULL;
        return -ENOMEM;
    }
    int fd = mkstemp(out->temporary);
    if (fd < 0)
        return -errno;
    fchmod(fd, old ? old->st_mode & 0777 : 0666 & ~mask);
    out->file = fdopen(fd, "w");
    return out->file ? 0 : -errno;
}

static int open_path(output *out)
{
    struct stat old;
    bool exists = stat(out->path, &old) == 0;
    if (!exists || S_ISREG(old.st_mode)) {
        out->place = exists ? realpath(out->path, NULL) : strdup(out->path);
        if (out->place && open_temporary(out, exists ? &old : NULL) == 0)
            return 0;
        free(out->temporary);
        out->temporary = NULL;
    }
    out->file = fopen(out->path, "w"); /* a folder where nothing can be created, a device */
    return out->file ? 0 : -errno;
}

int output_open(output *out, const char *command, const char *option, const char *path)
{
    *out = (output){.file = stdout, .command = command, .path = path};
    int rc = path ? open_path(out) : 0;
    if (!rc)
        return 0;
    free(out->place);
    free(out->temporary);
    return complain(command, option, path, rc);
}

/* Renames a whole file, removes another. */
static int put_in_place(const output *out, int rc)
{
    if (!rc && rename(out->temporary, out->place))
        rc = -errno;
    if (rc)
        unlink(out->temporary);
    return rc;
}

static int finish(output *out, int rc)
{
    if (!rc && (fflush(out->file) || ferror(out->file)))
        rc = errno ? -errno : -EIO;
    if (out->path && fclose(out->file) && !rc)
        rc = -errno;
    if (out->temporary)
        rc = put_in_place(out, rc);
    free(out->place);
    free(out->temporary);
    return rc;
}

void output_drop(output *out)
{
    finish(out, -ECANCELED);
}

int output_close(output *out, int rc)
{
    rc = finish(out, rc);
    if (rc && (out->path || !fl_reader_left()))
        fprintf(stderr, "%s: %s could not be written: %s; is the disk full or the pipe closed?\n",
                out->command, out->path ? out->path : "the result", strerror(-rc));
    return rc;
}

const char *plain_text(const char *text, char *plain, size_t size)
{
    snprintf(plain, size, "%s", text);
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return plain;
}

void write_plain(const char *text, FILE *out)
{
    char plain[PLAIN_MOST];
    fputs(plain_text(text, plain, sizeof plain), out);
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
