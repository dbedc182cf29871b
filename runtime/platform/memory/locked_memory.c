/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/memory/locked_memory.h>

#include <filch/base.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* In KiB; 0: none, or the system does not tell. */
static unsigned long locked_kib(void)
{
    char line[128];
    unsigned long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "VmLck: %lu", &kib) != 1)
        ;
    if (file)
        fclose(file);
    return kib;
}

/* Whether new mappings are locked: refused for that, or seen to be. */
static bool locks_new_memory(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return errno == EAGAIN;
    bool locked = locked_kib() > 0;
    munmap(page, size);
    return locked;
}

int fl_locked_explain(int rc)
{
    struct rlimit limit;
    char why[160];
    if ((rc != -ENOMEM && rc != -EAGAIN) || getrlimit(RLIMIT_MEMLOCK, &limit) ||
        limit.rlim_cur == RLIM_INFINITY || !locks_new_memory())
        return rc;
    snprintf(why, sizeof why, "%s", filch_error());
    return fl_fail(
        -rc,
        "%s; memory is locked (mlockall), and the limit of locked memory is %llu KiB: raise "
        "it (ulimit -l)",
        why, (unsigned long long)limit.rlim_cur >> 10);
}
