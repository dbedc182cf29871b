/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Files of names that users give: no other file is written to. */
#include <fcntl.h>
#include <runtime/platform/new_file.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

#define MAGIC "filchtst"
#define OLDER MAGIC ", an older file"

/* In the test's folder. */
static const char *path_of(const char *name)
{
    static char paths[4][192];
    static unsigned used;
    char *path = paths[used++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", folder_make(), name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void expect_file(const char *path, const char *text)
{
    char read_text[64] = "";
    int fd = open(path, O_RDONLY);
    cr_assert_geq(read(fd, read_text, sizeof read_text - 1), 0, "%s", path);
    close(fd);
    cr_assert_str_eq(read_text, text, "%s", path);
}

/* The result, and a descriptor if it is 0. */
static int make(const char *path, int *fd, const char *reason)
{
    const char *why;
    int rc = fl_new_file(fd, path, MAGIC, &why);
    if (rc)
        cr_assert(strstr(why, reason), "%s", why);
    return rc;
}

Test(new_file, new_file_is_its_owners_alone)
{
    int fd;
    struct stat is;
    umask(0);
    cr_assert_eq(make(path_of("new"), &fd, ""), 0);
    cr_assert_eq(fstat(fd, &is), 0);
    cr_assert_eq(is.st_mode, S_IFREG | 0600);
    cr_assert_eq(is.st_size, 0);
    cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    cr_assert_eq(make("/nonexistent/new", &fd, "No such file"), ENOENT);
}

Test(new_file, other_content_is_kept)
{
    static const char *const texts[] = {"of somebody", "filch", "filchtsT and more"};
    int fd;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(path_of("other"), texts[i]);
        cr_assert_eq(make(path_of("other"), &fd, "holds something else"), EEXIST);
        expect_file(path_of("other"), texts[i]);
    }
}

Test(new_file, older_file_loses_only_its_name)
{
    static const char *const texts[] = {OLDER, ""};
    int fd;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(path_of("older"), texts[i]);
        cr_assert_eq(link(path_of("older"), path_of("hard link")), 0);
        int reader = open(path_of("older"), O_RDONLY);
        cr_assert_eq(make(path_of("older"), &fd, ""), 0);
        cr_assert_eq(write(fd, "new", 3), 3);
        close(fd);
        expect_file(path_of("older"), "new");
        expect_file(path_of("hard link"), texts[i]);
        cr_assert_eq(lseek(reader, 0, SEEK_END), (off_t)strlen(texts[i]));
        close(reader);
        unlink(path_of("hard link"));
        unlink(path_of("older"));
    }
}

Test(new_file, symbolic_links_are_not_followed)
{
    struct stat is;
    int fd;
    write_file(path_of("target"), OLDER);
    cr_assert_eq(symlink(path_of("target"), path_of("link")), 0);
    cr_assert_eq(symlink(path_of("nothing"), path_of("dangling")), 0);
    cr_assert_eq(make(path_of("link"), &fd, "symbolic link"), EEXIST);
    cr_assert_eq(make(path_of("dangling"), &fd, "symbolic link"), EEXIST);
    expect_file(path_of("target"), OLDER);
    cr_assert_eq(lstat(path_of("link"), &is), 0);
    cr_assert(S_ISLNK(is.st_mode));
    cr_assert_eq(lstat(path_of("nothing"), &is), -1);
}

Test(new_file, other_kinds_are_left_alone)
{
    struct stat is;
    int fd;
    cr_assert_eq(mkfifo(path_of("fifo"), 0600), 0);
    cr_assert_eq(make(path_of("fifo"), &fd, "not a regular file"), EEXIST);
    cr_assert_eq(lstat(path_of("fifo"), &is), 0);
    cr_assert(S_ISFIFO(is.st_mode));
    cr_assert_eq(make("/dev/null", &fd, "not a regular file"), EEXIST);
    cr_assert_eq(make(folder_make(), &fd, "not a regular file"), EEXIST);
}

Test(new_file, descriptor_is_taken_while_empty)
{
    char name[64];
    struct stat one, other;
    int fd, given = open(path_of("given"), O_RDWR | O_CREAT, 0600);
    snprintf(name, sizeof name, "/proc/self/fd/%d", given);
    cr_assert_eq(make(name, &fd, ""), 0);
    cr_assert_eq(fstat(given, &one) | fstat(fd, &other), 0);
    cr_assert_eq(one.st_ino, other.st_ino);
    cr_assert_eq(make(name, &given, "another process or runtime writes it"), EBUSY);
    cr_assert_eq(write(fd, OLDER, strlen(OLDER)), (ssize_t)strlen(OLDER));
    close(fd);
    cr_assert_eq(make(name, &fd, "not an empty regular file"), EEXIST);
    expect_file(path_of("given"), OLDER);
    cr_assert_eq(make("/proc/self/fd/../exe", &fd, "symbolic link"), EEXIST);
}

Test(new_file, file_that_is_written_is_busy)
{
    int writer, fd;
    cr_assert_eq(make(path_of("written"), &writer, ""), 0);
    cr_assert_eq(make(path_of("written"), &fd, "another process or runtime writes it"), EBUSY);
    cr_assert_eq(write(writer, OLDER, strlen(OLDER)), (ssize_t)strlen(OLDER));
    expect_file(path_of("written"), OLDER);
    close(writer);
    cr_assert_eq(make(path_of("written"), &fd, ""), 0, "its writer has ended");
    close(fd);
}

Test(new_file, only_its_own_name_is_removed)
{
    int fd;
    const char *path = path_of("removed"), *why;
    cr_assert_eq(fl_new_file(&fd, path, MAGIC, &why), 0);
    fl_new_file_remove(fd, path);
    cr_assert_neq(access(path, F_OK), 0);
    write_file(path, "another one");
    fl_new_file_remove(fd, path);
    expect_file(path, "another one");
    close(fd);
}
