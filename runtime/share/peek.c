/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/share/peek.h>

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* How many of the bytes could be read. */
static size_t read_some(const void *from, void *to, size_t size)
{
    struct iovec local = {to, size}, remote = {(void *)(uintptr_t)from, size};
    ssize_t n = from ? process_vm_readv(getpid(), &local, 1, &remote, 1, 0) : -1;
    return n > 0 ? (size_t)n : 0;
}

bool fl_peek(const void *from, void *to, size_t size)
{
    return read_some(from, to, size) == size;
}

/* Up to the end of its page first: the next may not be there. */
bool fl_peek_text(const char *from, char *to, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), left = page - (uintptr_t)from % page;
    size_t first = left < size - 1 ? left : size - 1, n = read_some(from, to, first);
    if (n == first && first < size - 1 && !memchr(to, '\0', n))
        n += read_some(from + n, to + n, size - 1 - n);
    to[n] = '\0';
    return n > 0;
}
