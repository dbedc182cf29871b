/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/trace/file.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/cycle_clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/new_file.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/trace/format.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t fl_trace_file_ticks(const fl_trace_file *file)
{
    return fl_steady_now(file->is_tsc);
}

static void read_program(char program[FL_TRACE_PROGRAM])
{
    ssize_t length = readlink("/proc/self/exe", program, FL_TRACE_PROGRAM - 1);
    program[length > 0 ? length : 0] = '\0';
}

/* Beyond this limit the system would send SIGXFSZ, which ends the process. */
static bool is_beyond_limit(off_t end)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           (rlim_t)end > limit.rlim_cur;
}

/* Bytes on the disk, so that stores to the mapping cannot fail. */
static int reserve(int fd, off_t from, off_t size)
{
    int rc;
    if (is_beyond_limit(from + size))
        return EFBIG;
    do
        rc = posix_fallocate(fd, from, size);
    while (rc == EINTR);
    return rc;
}

static int map_header(fl_trace_file *file, const char *path)
{
    int rc = reserve(file->fd, 0, FL_TRACE_HEADER);
    file->header =
        rc ? MAP_FAILED
           : mmap(NULL, FL_TRACE_HEADER, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
    if (file->header != MAP_FAILED)
        return 0;
    rc = rc ? rc : errno;
    fl_new_file_remove(file->fd, path);
    close(file->fd);
    return fl_fail(rc, "cannot write trace file '%s': %s; free some space, or choose another file",
                   path, strerror(rc));
}

static int open_file(fl_trace_file *file, const char *path)
{
    const char *why;
    *file = (fl_trace_file){0};
    int rc = fl_new_file(&file->fd, path, FL_TRACE_MAGIC, &why);
    return rc ? fl_fail(rc, "cannot create trace file '%s': %s; choose another file%s", path, why,
                        rc == EBUSY ? ", such as one with %p in its name" : "")
              : 0;
}

int fl_trace_file_create(fl_trace_file *file, const char *path, uint64_t most, unsigned workers,
                         enum fl_trace_level level)
{
    int rc = open_file(file, path);
    rc = rc ? rc : map_header(file, path);
    if (rc)
        return rc;
    file->is_tsc = fl_ticks_are_steady();
    file->most = most / FL_TRACE_BLOCK;
    fl_trace_header *header = file->header;
    *header =
        (fl_trace_header){.order = FL_TRACE_ORDER,
                          .version = FL_TRACE_VERSION,
                          .header_size = FL_TRACE_HEADER,
                          .block_size = FL_TRACE_BLOCK,
                          .level = level,
                          .workers = workers,
                          .ticks_are = file->is_tsc,
                          .process =
                              fl_virtual() ? 0 : (uint64_t)getpid(), /* equal runs, equal files */
                          .began_unix = fl_unix_now(),
                          .began_ns = fl_now(),
                          .began_ticks = fl_trace_file_ticks(file)};
    read_program(header->program);
    memcpy(header->magic, FL_TRACE_MAGIC, sizeof header->magic);
    return 0;
}

static void stop(fl_trace_file *file, enum fl_trace_state why)
{
    uint32_t was = FL_TRACE_RUNNING;
    if (filch_u32_cas(&file->stopped, &was, why, FILCH_RELAXED)) /* a number; one writer is first */
        file->header->state = why;
}

static void begin(fl_trace_file *file, fl_trace_block *block, uint32_t writer, uint64_t sequence,
                  uint64_t lost)
{
    *block = (fl_trace_block){.writer = writer,
                              .sequence = sequence,
                              .ticks = fl_trace_file_ticks(file),
                              .ns = fl_now(),
                              .lost = lost};
}

fl_trace_block *fl_trace_file_block(fl_trace_file *file, uint32_t writer, uint64_t sequence,
                                    uint64_t lost)
{
    if (filch_u32_load(&file->stopped, FILCH_RELAXED)) /* as in stop */
        return NULL;
    uint64_t number = filch_u64_add(&file->blocks, 1, FILCH_RELAXED); /* a number */
    off_t at = FL_TRACE_HEADER + (off_t)number * FL_TRACE_BLOCK;
    if (number >= file->most) {
        stop(file, FL_TRACE_FULL);
        return NULL;
    }
    fl_trace_block *block = MAP_FAILED;
    if (reserve(file->fd, at, FL_TRACE_BLOCK) == 0)
        block = mmap(NULL, FL_TRACE_BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, at);
    if (block == MAP_FAILED) {
        stop(file, FL_TRACE_NO_SPACE);
        return NULL;
    }
    begin(file, block, writer, sequence, lost);
    return block;
}

void fl_trace_file_again(fl_trace_file *file, fl_trace_block *block, uint64_t sequence,
                         uint64_t lost)
{
    filch_u64_add(&file->replaced, 1, FILCH_RELAXED); /* a number */
    filch_u64_store(&block->used, 0, FILCH_RELAXED);  /* a reader sees the sequence change */
    begin(file, block, block->writer, sequence, lost);
}

void fl_trace_file_unmap(fl_trace_block *block)
{
    munmap(block, FL_TRACE_BLOCK);
}

void fl_trace_file_end(fl_trace_file *file)
{
    fl_trace_header *header = file->header;
    header->ended_ticks = fl_trace_file_ticks(file);
    header->ended_ns = fl_now();
    header->blocks = filch_u64_load(&file->blocks, FILCH_RELAXED);     /* no longer shared */
    header->lost = filch_u64_load(&file->lost, FILCH_RELAXED);         /* no longer shared */
    header->replaced = filch_u64_load(&file->replaced, FILCH_RELAXED); /* no longer shared */
    if (header->state == FL_TRACE_RUNNING)
        header->state = FL_TRACE_STOPPED;
    munmap(header, FL_TRACE_HEADER);
    flock(file->fd, LOCK_UN); /* a child of fork() may have the file open, too */
    close(file->fd);
}
