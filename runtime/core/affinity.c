/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/affinity.h>

#include <errno.h>

struct fl_affinity fl_affinity_read(void)
{
    /* The kernel wants room for every CPU there could ever be, and says EINVAL until there is. */
    for (size_t cpus = 1024; cpus <= (size_t)1 << 20; cpus *= 2) {
        struct fl_affinity mask = {CPU_ALLOC(cpus), CPU_ALLOC_SIZE(cpus)};
        if (!mask.set || sched_getaffinity(0, mask.size, mask.set) == 0)
            return mask;
        int error = errno;
        CPU_FREE(mask.set);
        if (error != EINVAL)
            break;
    }
    return (struct fl_affinity){0};
}

void fl_affinity_free(struct fl_affinity *mask)
{
    CPU_FREE(mask->set);
    *mask = (struct fl_affinity){0};
}
