/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/schedule.h>

#include <runtime/platform/error.h>
#include <runtime/platform/new_file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 1 << 22 }; /* entries of a file that is written: 128 MiB, mostly holes */

static size_t size_of(uint64_t entries)
{
    return sizeof(fl_schedule_header) + entries * sizeof(fl_schedule_entry);
}

static int refuse(const char *file, const char *why)
{
    return fl_fail(EINVAL,
                   "schedule '%s' cannot be followed: %s (give a file that was written "
                   "with FILCH_EXPLORE=record=FILE)",
                   file, why);
}

static int read_entries(fl_schedule *out, const char *file, int fd)
{
    fl_schedule_header header;
    struct stat is;
    if (read(fd, &header, sizeof header) != (ssize_t)sizeof header ||
        memcmp(header.magic, FL_SCHEDULE_MAGIC, sizeof header.magic) != 0)
        return refuse(file, "it is not a schedule");
    if (header.version != FL_SCHEDULE_VERSION)
        return refuse(file, "another version of the library wrote it");
    if (fstat(fd, &is) || header.switches > ROOM || (uint64_t)is.st_size < size_of(header.switches))
        return refuse(file, "it is cut");
    size_t size = header.switches * sizeof *out->entries;
    out->header = NULL;
    out->count = header.switches;
    out->entries = malloc(size ? size : 1);
    if (!out->entries)
        return fl_fail(ENOMEM, "no memory for schedule '%s'; free some", file);
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)out->entries + done, size - done);
        if (got <= 0) {
            fl_schedule_free(out);
            return refuse(file, "it is cut");
        }
        done += (size_t)got;
    }
    return 0;
}

int fl_schedule_read(fl_schedule *out, const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fl_fail(errno, "cannot read schedule '%s': %s", file, strerror(errno));
    int rc = read_entries(out, file, fd);
    close(fd);
    return rc;
}

void fl_schedule_free(fl_schedule *read)
{
    free(read->entries);
    read->entries = NULL;
}

int fl_schedule_create(fl_schedule *out, const char *file, uint32_t workers, uint64_t seed)
{
    int fd;
    const char *why;
    int rc = fl_new_file(&fd, file, FL_SCHEDULE_MAGIC, &why);
    if (rc)
        return fl_fail(rc, "cannot write schedule '%s': %s; choose another file", file, why);
    void *map = ftruncate(fd, (off_t)size_of(ROOM))
                    ? MAP_FAILED
                    : mmap(NULL, size_of(ROOM), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        rc = errno;
        fl_new_file_remove(fd, file);
        close(fd);
        return fl_fail(rc, "cannot write schedule '%s': %s", file, strerror(rc));
    }
    *out = (fl_schedule){.fd = fd,
                         .header = map,
                         .entries = (fl_schedule_entry *)((fl_schedule_header *)map + 1),
                         .room = ROOM};
    *out->header = (fl_schedule_header){.magic = FL_SCHEDULE_MAGIC,
                                        .version = FL_SCHEDULE_VERSION,
                                        .workers = workers,
                                        .seed = seed};
    return 0;
}

void fl_schedule_add(fl_schedule *written, const fl_schedule_entry *entry)
{
    if (written->count == written->room) {
        written->header->lost = 1;
        return;
    }
    written->entries[written->count++] = *entry;
    written->header->switches = written->count;
}

void fl_schedule_close(fl_schedule *written)
{
    int rc = ftruncate(written->fd, (off_t)size_of(written->count));
    (void)rc; /* else it is longer than its entries, which the header counts */
    close(written->fd);
}
