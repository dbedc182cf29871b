/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/futex.h>

#include <runtime/platform/virtual/virtual.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool fl_futex_system_wait(filch_u32 *word, uint32_t value, int64_t until)
{
    struct timespec when = {until / 1000000000, until % 1000000000};
    long rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
                      until ? &when : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    return rc < 0 && errno == ETIMEDOUT;
}

void fl_futex_system_wake(filch_u32 *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
}

bool fl_futex_wait_until(filch_u32 *word, uint32_t value, int64_t until)
{
    return fl_virtual() ? fl_virtual_wait(word, value, until)
                        : fl_futex_system_wait(word, value, until);
}

void fl_futex_wake(filch_u32 *word, int count)
{
    if (fl_virtual())
        fl_virtual_wake(word, count);
    else
        fl_futex_system_wake(word, count);
}
