/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/secret.h>

#include <filch/base.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILCH_PRINTF(3, 4)
static int refuse(char *why, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(why, size, format, list);
    va_end(list);
    return -EINVAL;
}

static int read_line(int fd, char *text, char *why, size_t room)
{
    struct stat status;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode))
        return refuse(why, room, "is not a file");
    if (status.st_mode & (S_IROTH | S_IWOTH))
        return refuse(why, room,
                      "has mode %o, which lets others read or write it; run chmod o= on it",
                      status.st_mode & 0777);
    ssize_t size = read(fd, text, FL_SECRET_BYTES);
    if (size < 0)
        return refuse(why, room, "cannot be read: %s", strerror(errno));
    bool fits = size < FL_SECRET_BYTES;
    text[fits ? size : FL_SECRET_BYTES - 1] = '\0';
    size_t line = strcspn(text, "\r\n");
    if (!fits || !line || text[line + strspn(text + line, "\r\n")] || strlen(text) != (size_t)size)
        return refuse(why, room, "is not one line of 1..%d bytes", FL_SECRET_BYTES - 1);
    text[line] = '\0';
    return 0;
}

int fl_secret_read(const char *path, char text[FL_SECRET_BYTES], char *why, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(why, size, "cannot be opened: %s", strerror(errno));
    int rc = read_line(fd, text, why, size);
    close(fd);
    return rc;
}

void fl_secret_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}
