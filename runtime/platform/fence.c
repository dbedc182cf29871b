/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/fence.h>

#include <filch/atomic.h>

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0;
}

int fl_fence_register(void)
{
    /* Registering twice is harmless, and a child of fork() has to do it anew. */
    return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

void fl_fence_heavy(void)
{
    int rc = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    if (rc)
        filch_die(
            "membarrier was refused after it had been granted (%s); run with FILCH_FENCE=full",
            strerror(-rc));
}
