/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/memory/guard.h>

#include <filch/atomic.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440 /* the same number everywhere */
#endif
#ifndef PIDFD_SELF_THREAD_GROUP
#define PIDFD_SELF_THREAD_GROUP (-10001) /* Linux 6.15 */
#endif

enum { SHARE = 4, MAPPINGS_DEFAULT = 65530, PAGES_A_LOOK = 256 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static filch_u64 mapped_left; /* signed: how many mapped guards may still be installed */
static bool advice_counts;    /* written once, by `once` */
static bool advice_lists;     /* the same: one call takes a list of ranges */

static long max_map_count(void)
{
    char text[32] = "";
    int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    return got > 0 ? atol(text) : MAPPINGS_DEFAULT;
}

static long mappings_in_use(void)
{
    char text[4096];
    long lines = 0;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return MAPPINGS_DEFAULT; /* unknown: no mapped guards at all */
    for (ssize_t got; (got = read(file, text, sizeof text)) > 0;)
        for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + got - at))); at++)
            lines++;
    close(file);
    return lines;
}

static long advise_list(const struct iovec *list, unsigned count, int advice)
{
    return syscall(SYS_process_madvise, PIDFD_SELF_THREAD_GROUP, list, (size_t)count, advice, 0u);
}

/* Emulators that accept any advice would leave stacks without guards. */
static void probe_advice(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return;
    struct iovec one = {probe, page};
    advice_counts = madvise(probe, page, -1) != 0;
    advice_lists = advice_counts && madvise(probe, page, MADV_GUARD_INSTALL) == 0 &&
                   advise_list(&one, 1, -1) == -1 &&
                   advise_list(&one, 1, MADV_GUARD_INSTALL) == (long)page;
    munmap(probe, page);
}

static void look_at_system(void)
{
    long left = (max_map_count() - mappings_in_use()) / SHARE;
    filch_u64_store(&mapped_left, (uint64_t)(left > 0 ? left : 0),
                    FILCH_RELAXED); /* a number; pthread_once orders it */
    probe_advice();
}

static bool may_map_one(void)
{
    if ((int64_t)filch_u64_add(&mapped_left, (uint64_t)-1, FILCH_RELAXED) > 0) /* a number */
        return true;
    fl_guard_unmapped(1);
    return false;
}

enum fl_guard fl_guard_install(char *low, size_t size)
{
    pthread_once(&once, look_at_system);
    if (advice_counts && madvise(low, size, MADV_GUARD_INSTALL) == 0)
        return FL_GUARD_MARKED;
    if (!may_map_one())
        return FL_GUARD_NONE;
    if (mprotect(low, size, PROT_NONE) == 0)
        return FL_GUARD_MAPPED;
    fl_guard_unmapped(1);
    return FL_GUARD_NONE;
}

unsigned fl_guard_mark_all(char *low, size_t size, size_t stride, unsigned count)
{
    struct iovec list[FL_GUARDS_MOST];
    pthread_once(&once, look_at_system);
    if (!advice_lists)
        return 0;
    if (count > FL_GUARDS_MOST)
        count = FL_GUARDS_MOST;
    for (unsigned i = 0; i < count; i++)
        list[i] = (struct iovec){low + i * stride, size};
    long marked = advise_list(list, count, MADV_GUARD_INSTALL); /* bytes, from the first on */
    return marked > 0 ? (unsigned)((size_t)marked / size) : 0;
}

void fl_guard_unmapped(unsigned count)
{
    filch_u64_add(&mapped_left, count, FILCH_RELAXED); /* a number */
}

bool fl_guard_touched(const char *low, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char resident[PAGES_A_LOOK];
    while (size) {
        size_t look = size < page * PAGES_A_LOOK ? size : page * PAGES_A_LOOK;
        if (mincore((void *)(uintptr_t)low, look, resident))
            return false;
        for (size_t i = 0; i < look / page; i++)
            if (resident[i] & 1)
                return true;
        low += look;
        size -= look;
    }
    return false;
}
