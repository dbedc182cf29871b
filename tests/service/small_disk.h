/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A small disk: a file system in memory, mounted in the test's folder, that only this process and
 * its children see. A test that may not mount one counts as skipped; root may. */
#ifndef SERVICE_SMALL_DISK_H
#define SERVICE_SMALL_DISK_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

static char disk_path[160];
static size_t disk_left; /* bytes, for a server that stops before its disk is full */

static inline void disk_end(void)
{
    if (getpid() == folder_maker)
        umount2(disk_path, MNT_DETACH);
}

/* Mounts it. The path has no slash behind it. */
static inline const char *disk_make(unsigned megabytes)
{
    char options[64];
    snprintf(disk_path, sizeof disk_path, "%s/disk", folder_make());
    snprintf(options, sizeof options, "size=%um,mode=0777", megabytes);
    cr_assert_eq(mkdir(disk_path, 0777), 0);
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", disk_path, "tmpfs", MS_NODEV | MS_NOSUID, options))
        cr_skip_test("no right to mount a file system");
    atexit(disk_end);
    return disk_path;
}

static inline const char *disk_ballast(void)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/ballast", disk_path);
    return path;
}

static inline size_t disk_room(int fd)
{
    struct statvfs now;
    cr_assert_eq(fstatvfs(fd, &now), 0);
    return now.f_bavail * now.f_bsize;
}

/* Fills it to the last byte, or to disk_left. */
static inline void disk_fill(void)
{
    static const char block[4096];
    int fd = open(disk_ballast(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    while (disk_room(fd) > disk_left && write(fd, block, sizeof block) > 0)
        ;
    cr_assert_leq(disk_room(fd), disk_left);
    close(fd);
}

/* Makes space again. */
static inline void disk_clear(void)
{
    cr_assert_eq(remove(disk_ballast()), 0);
}

#endif
