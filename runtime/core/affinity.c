/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/affinity.h>

#include <errno.h>
#include <unistd.h>

struct fl_affinity fl_affinity_read_of(pid_t thread)
{
    /* The kernel wants room for every CPU there could ever be, and says EINVAL until there is. */
    for (size_t cpus = 1024; cpus <= (size_t)1 << 20; cpus *= 2) {
        struct fl_affinity mask = {CPU_ALLOC(cpus), CPU_ALLOC_SIZE(cpus)};
        if (!mask.set || sched_getaffinity(thread, mask.size, mask.set) == 0)
            return mask;
        int error = errno;
        CPU_FREE(mask.set);
        if (error != EINVAL)
            break;
    }
    return (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_read(void)
{
    return fl_affinity_read_of(0);
}

void fl_affinity_go_anywhere(void)
{
    struct fl_affinity mask = fl_affinity_read_of(getpid());
    if (mask.set)
        sched_setaffinity(0, mask.size, mask.set);
    fl_affinity_free(&mask);
}

void fl_affinity_free(struct fl_affinity *mask)
{
    CPU_FREE(mask->set);
    *mask = (struct fl_affinity){0};
}
