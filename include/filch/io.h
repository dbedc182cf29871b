/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for files: sockets, pipes, and other files that poll() supports. For service authors.
 * A task suspends until its file is ready, so that thousands of connections cost no thread.
 *
 *   int guest = filch_accept(server, FILCH_FOREVER);
 *   ssize_t n = filch_read(guest, line, sizeof line, filch_in(30 * FILCH_SECOND));
 *   ...  filch_write(guest, line, (size_t)n, FILCH_FOREVER)
 *   filch_fd_close(guest);
 *
 * For other calls use filch_wait_fd. Files must be non-blocking (O_NONBLOCK): all waiters of a
 * file are told, and the first takes the data. If a loop that waits uses errno, read errno in a
 * separate out-of-line function: compilers keep the address of errno, and after a wait a task
 * may be on another thread.
 * Threads: tasks and any thread. May suspend: calls with `until`. Errors: a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_IO_H
#define FILCH_IO_H
#include <filch/detail/hide_words.h>

#include <filch/wait.h>
#include <poll.h>
#include <sys/types.h>

FILCH_BEGIN_DECLS

/* Waits until one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP) has happened to fd. Returns
 * those that have, above 0; POLLERR and POLLHUP also if not asked for. A file that is always
 * ready, such as a regular file, is ready at once. Any number may wait for one fd, for different
 * events.
 * Errors: -ETIMEDOUT; -EBADF (fd is not open, or was closed by filch_fd_close meanwhile);
 * -ENOTSUP (it would wait under FILCH_VIRTUAL: run without that).
 * -EINVAL (no or unknown events, or a negative time); -EPERM (it can never be ready for these).
 * -EAGAIN, -EMFILE, -ENFILE, -ENOMEM or -ENOSPC: no thread, files, memory or watches for it. */
FILCH_API int filch_wait_fd(int fd, int events, int64_t until);

/* read(2), repeated when fd is ready. Returns the number of bytes read, perhaps fewer than size; 0
 * at the end. Errors: those of read(2) and of filch_wait_fd, as a negative errno. */
FILCH_API ssize_t filch_read(int fd, void *data, size_t size, int64_t until);
/* The same for write(2): returns the number of bytes written, perhaps fewer than size. */
FILCH_API ssize_t filch_write(int fd, const void *data, size_t size, int64_t until);
/* Returns the next connection of a listening socket as a new fd, non-blocking and close-on-exec.
 * Errors: those of accept4(2) and of filch_wait_fd, as a negative errno. */
FILCH_API int filch_accept(int fd, int64_t until);

/* Closes fd; its waiters get -EBADF. After a plain close() instead, they would wait until their
 * deadlines, or for the next file of that number. Does not suspend. Returns the result of
 * close() as a negative errno. */
FILCH_API int filch_fd_close(int fd);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
