/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <sys/mman.h>
#include <tests/support/system.h>

static struct {
    char *low;
    size_t page, most, filled; /* bytes */
} mappings;

unsigned mappings_most(void)
{
    unsigned most = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    if (file) {
        if (fscanf(file, "%u", &most) != 1)
            most = 0;
        fclose(file);
    }
    return most;
}

void mappings_prepare(void)
{
    mappings.page = (size_t)sysconf(_SC_PAGESIZE);
    mappings.most = mappings.page * (mappings_most() + 2);
    mappings.filled = 0;
    mappings.low =
        mmap(NULL, mappings.most, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHILD_CHECK(mappings.low != MAP_FAILED);
}

void mappings_use_up(void)
{
    errno = 0;
    while (mappings.filled + mappings.page < mappings.most &&
           mprotect(mappings.low + mappings.filled, mappings.page, PROT_READ) == 0)
        mappings.filled += 2 * mappings.page;
    CHILD_CHECK(errno == ENOMEM);
}

void mappings_give_back(size_t pages)
{
    for (; pages; pages--) {
        CHILD_CHECK(mappings.filled);
        mappings.filled -= 2 * mappings.page;
        CHILD_CHECK(mprotect(mappings.low + mappings.filled, mappings.page, PROT_NONE) == 0);
    }
}

void mappings_release(void)
{
    CHILD_CHECK(munmap(mappings.low, mappings.most) == 0);
}
