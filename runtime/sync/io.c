/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * System calls that are tried again when their file is ready. Each stands in a function of its own,
 * out of line, with its look at errno: compilers keep the address of errno, and after a wait the
 * task may be on another thread. */
#include <filch/io.h>

#include <runtime/core/error.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns what the call does, or a negative errno. */
typedef ssize_t attempt(int fd, void *data, size_t size);

static ssize_t result(ssize_t rc)
{
    return rc < 0 ? -errno : rc;
}

__attribute__((noinline)) static ssize_t try_read(int fd, void *data, size_t size)
{
    return result(read(fd, data, size));
}

__attribute__((noinline)) static ssize_t try_write(int fd, void *data, size_t size)
{
    return result(write(fd, data, size));
}

__attribute__((noinline)) static ssize_t try_accept(int fd, void *data, size_t size)
{
    (void)data, (void)size;
    return result(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static ssize_t repeat(attempt *once, int fd, void *data, size_t size, int events, int64_t until)
{
    for (;;) {
        ssize_t rc = once(fd, data, size);
        if (rc == -EAGAIN) {
            int ready = filch_wait_fd(fd, events, until);
            if (ready < 0)
                return ready;
        } else if (rc < 0 && rc != -EINTR) {
            return fl_fail((int)-rc, "file %d: %s; see read(2), write(2) or accept(2)", fd,
                           strerror((int)-rc));
        } else if (rc >= 0) {
            return rc;
        }
    }
}

ssize_t filch_read(int fd, void *data, size_t size, int64_t until)
{
    return repeat(try_read, fd, data, size, POLLIN, until);
}

ssize_t filch_write(int fd, const void *data, size_t size, int64_t until)
{
    return repeat(try_write, fd, (void *)(uintptr_t)data, size, POLLOUT, until);
}

int filch_accept(int fd, int64_t until)
{
    return (int)repeat(try_accept, fd, NULL, 0, POLLIN, until);
}
