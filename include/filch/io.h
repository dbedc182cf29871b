/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for files: sockets, pipes, and whatever else poll() knows. For service authors. A task
 * suspends until its file is ready, so that thousands of connections cost no thread.
 *
 *   int guest = filch_accept(server, FILCH_FOREVER);
 *   ssize_t n = filch_read(guest, line, sizeof line, filch_in(30 * FILCH_SECOND));
 *   ...  filch_write(guest, line, (size_t)n, FILCH_FOREVER)
 *   filch_fd_close(guest);
 *
 * All else by filch_wait_fd. Files have to be non-blocking (O_NONBLOCK): of several that wait for
 * one file all are told, and the first takes what there is. Where errno is looked at in a loop that
 * waits, do that in a function of its own, out of line: compilers keep the address of errno, and
 * after a wait a task may be on another thread.
 * Threads: tasks and any thread. Errors: a negative errno. */
#ifndef FILCH_IO_H
#define FILCH_IO_H

#include <filch/wait.h>
#include <poll.h>
#include <sys/types.h>

FILCH_BEGIN_DECLS

/* Waits until one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP) has happened to fd, and returns
 * those that have, above 0; POLLERR and POLLHUP whether asked for or not. What is always ready,
 * such as a regular file, is ready at once. Any number may wait for one fd, for different events.
 * -ETIMEDOUT; -EBADF fd is not open, or was closed by filch_fd_close meanwhile; -EINVAL no or
 * unknown events, or a negative time; -EPERM it can never be ready for these; -EAGAIN, -EMFILE,
 * -ENFILE, -ENOMEM, -ENOSPC no thread, files, memory or watches for it. */
FILCH_API int filch_wait_fd(int fd, int events, int64_t until);

/* read(2) and write(2), tried again when fd is ready: as many bytes as there are, or as there is
 * room for, perhaps fewer than size. 0 of filch_read: the end. What these calls and filch_wait_fd
 * say, as a negative errno. */
FILCH_API ssize_t filch_read(int fd, void *data, size_t size, int64_t until);
FILCH_API ssize_t filch_write(int fd, const void *data, size_t size, int64_t until);
/* The next connection of a listening socket, non-blocking and closed on exec, as a new fd. */
FILCH_API int filch_accept(int fd, int64_t until);

/* Closes fd; who waits for it gets -EBADF. After a plain close() instead, they would wait until
 * their deadlines, or for the next file of that number. Does not suspend. Returns what close()
 * does, as a negative errno. */
FILCH_API int filch_fd_close(int fd);

FILCH_END_DECLS
#endif
