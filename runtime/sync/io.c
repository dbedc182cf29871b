/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * System calls that are tried again when their file is ready. Each stands in a function of its own,
 * out of line, with its look at errno: compilers keep the address of errno, and after a wait the
 * task may be on another thread. */
#include <filch/io.h>

#include <runtime/platform/error.h>
#include <runtime/sync/wait_fd.h>

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

/* One call: how it tries, the events it waits for, and its name, for reports. */
typedef struct operation {
    const char *call;
    attempt *once;
    int events;
} operation;

static ssize_t repeat(const operation *what, int fd, void *data, size_t size, int64_t until)
{
    for (;;) {
        ssize_t rc = what->once(fd, data, size);
        if (rc == -EAGAIN) {
            int ready = fl_wait_fd(what->call, fd, what->events, until);
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
    static const operation what = {"filch_read", try_read, POLLIN};
    return repeat(&what, fd, data, size, until);
}

ssize_t filch_write(int fd, const void *data, size_t size, int64_t until)
{
    static const operation what = {"filch_write", try_write, POLLOUT};
    return repeat(&what, fd, (void *)(uintptr_t)data, size, until);
}

int filch_accept(int fd, int64_t until)
{
    static const operation what = {"filch_accept", try_accept, POLLIN};
    return (int)repeat(&what, fd, NULL, 0, until);
}
