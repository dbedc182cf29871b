/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/new_file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ESTALE: the name has become that of another file, or free. */
static int check_name(int fd, const char *path)
{
    struct stat opened, named;
    if (fstat(fd, &opened) || lstat(path, &named))
        return errno == ENOENT ? ESTALE : errno;
    return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino ? 0 : ESTALE;
}

/* EBUSY: another one holds the lock. */
static int lock(int fd, const char *path)
{
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        return EBUSY;
    return check_name(fd, path);
}

static int check_kind(const char *path, const char **why)
{
    struct stat is;
    if (lstat(path, &is))
        return errno == ENOENT ? ESTALE : errno;
    if (S_ISREG(is.st_mode))
        return 0;
    *why = S_ISLNK(is.st_mode) ? "it is a symbolic link" : "it is not a regular file";
    return EEXIST;
}

static int check_content(int fd, const char *magic, const char **why)
{
    char begins[FL_NEW_FILE_MAGIC];
    ssize_t got = pread(fd, begins, sizeof begins, 0);
    if (got < 0)
        return errno;
    if (got == 0 || (got == sizeof begins && memcmp(begins, magic, sizeof begins) == 0))
        return 0;
    *why = "it exists and holds something else";
    return EEXIST;
}

/* Unlinks the older file, while it is locked. */
static int make_room(const char *path, const char *magic, const char **why)
{
    int rc = check_kind(path, why);
    if (rc)
        return rc;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ESTALE : errno;
    rc = lock(fd, path);
    rc = rc ? rc : check_content(fd, magic, why);
    if (!rc && unlink(path))
        rc = errno;
    close(fd);
    return rc;
}

/* A name of an open descriptor: the file was opened for this process, and the link is the kernel's. */
static bool is_descriptor(const char *path)
{
    static const char *const folders[] = {"/proc/self/fd/", "/dev/fd/"};
    for (unsigned i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t length = strlen(folders[i]);
        if (strncmp(path, folders[i], length) == 0)
            return strspn(path + length, "0123456789") == strlen(path + length);
    }
    return strcmp(path, "/dev/stdout") == 0;
}

static int adopt(int *out, const char *path, const char **why)
{
    struct stat is;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int rc = fd < 0 || fstat(fd, &is) ? errno : 0;
    if (!rc && (!S_ISREG(is.st_mode) || is.st_size)) {
        *why = "it is not an empty regular file";
        rc = EEXIST;
    }
    if (!rc && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        rc = EBUSY;
    if (rc && fd >= 0)
        close(fd);
    *out = fd;
    return rc;
}

static int create(int *out, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* follows no link */
    int rc = fd < 0 ? errno : lock(fd, path); /* others may look at it before it is locked */
    if (rc && fd >= 0)
        close(fd);
    *out = fd;
    return rc;
}

static int replace(int *out, const char *path, const char *magic, const char **why)
{
    int rc;
    do {
        rc = create(out, path);
        if (rc == EEXIST) {
            rc = make_room(path, magic, why);
            rc = rc ? rc : ESTALE;
        }
    } while (rc == ESTALE);
    return rc;
}

int fl_new_file(int *fd, const char *path, const char *magic, const char **why)
{
    *why = NULL;
    int rc = is_descriptor(path) ? adopt(fd, path, why) : replace(fd, path, magic, why);
    if (!*why)
        *why = rc == EBUSY ? "another process or runtime writes it" : strerror(rc);
    return rc;
}

void fl_new_file_remove(int fd, const char *path)
{
    if (check_name(fd, path) == 0)
        unlink(path);
}
