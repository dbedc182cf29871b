/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The linker puts __wrap_madvise before madvise: guards of stacks become mappings, as on systems before Linux
 * 6.13. gdb's gcore leaves out memory with the newer guards. */
#include <errno.h>
#include <sys/mman.h>

int __real_madvise(void *low, size_t size, int advice);
int __wrap_madvise(void *low, size_t size, int advice);
int __wrap_madvise(void *low, size_t size, int advice)
{
    enum { GUARD_INSTALL = 102 };
    if (advice == GUARD_INSTALL) {
        errno = EINVAL;
        return -1;
    }
    return __real_madvise(low, size, advice);
}
