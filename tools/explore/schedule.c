/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_at(int fd, void *to, size_t size, off_t at)
{
    return pread(fd, to, size, at) == (ssize_t)size;
}

static int check_header(const fl_schedule_header *header, off_t size)
{
    const off_t most = (off_t)((size - (off_t)sizeof *header) / (off_t)sizeof(fl_schedule_entry));
    if (memcmp(header->magic, FL_SCHEDULE_MAGIC, sizeof header->magic) != 0)
        return -ENODATA;
    if (header->version != FL_SCHEDULE_VERSION)
        return -ENOTSUP;
    return header->workers == 0 || header->switches > (uint64_t)most ? -EBADMSG : 0;
}

static int check_entries(const schedule *s)
{
    for (size_t i = 0; i < s->header.switches; i++)
        if (s->entry[i].why > FL_SCHEDULE_LEAVES)
            return -EBADMSG;
    return 0;
}

int schedule_read(schedule *s, int fd)
{
    struct stat about;
    *s = (schedule){0};
    if (fstat(fd, &about))
        return -errno;
    if (!read_at(fd, &s->header, sizeof s->header, 0))
        return -ENODATA;
    int rc = check_header(&s->header, about.st_size);
    if (rc)
        return rc;
    const size_t size = s->header.switches * sizeof *s->entry;
    s->entry = malloc(size ? size : 1);
    if (!s->entry)
        return -ENOMEM;
    rc = read_at(fd, s->entry, size, sizeof s->header) ? check_entries(s) : -EBADMSG;
    if (rc)
        schedule_free(s);
    return rc;
}

int schedule_write(const schedule *s, FILE *out)
{
    fwrite(&s->header, sizeof s->header, 1, out);
    if (s->header.switches)
        fwrite(s->entry, sizeof *s->entry, s->header.switches, out);
    return fflush(out) || ferror(out) ? -EIO : 0;
}

void schedule_free(schedule *s)
{
    free(s->entry);
    *s = (schedule){0};
}

bool schedule_copy_choices(schedule *to, const schedule *from)
{
    const size_t most = from->header.switches;
    *to = (schedule){.header = from->header};
    to->entry = malloc(most ? most * sizeof *to->entry : 1);
    to->header.switches = 0;
    for (size_t i = 0; to->entry && i < most; i++)
        if (!from->entry[i].usual)
            to->entry[to->header.switches++] = from->entry[i];
    return to->entry;
}

size_t schedule_choices(const schedule *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->header.switches; i++)
        count += !s->entry[i].usual;
    return count;
}

unsigned schedule_threads(const schedule *s)
{
    unsigned threads = s->header.workers + 1;
    for (size_t i = 0; i < s->header.switches; i++) {
        const fl_schedule_entry *e = &s->entry[i];
        threads = e->from >= threads ? e->from + 1 : threads;
        threads = e->to >= threads ? e->to + 1 : threads;
    }
    return threads;
}

const char *schedule_thread(const schedule *s, bool openmp, unsigned thread, char *text,
                            size_t size)
{
    if (openmp && thread <= s->header.workers)
        snprintf(text, size, "thread %u", thread);
    else if (thread == 0)
        snprintf(text, size, "main");
    else if (thread <= s->header.workers)
        snprintf(text, size, "worker %u", thread - 1);
    else
        snprintf(text, size, "service thread %u", thread - s->header.workers - 1);
    return text;
}
