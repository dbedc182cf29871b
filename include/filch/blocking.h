/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Input and output that waits: calls that block a thread, such as getaddrinfo() or a library's own
 * lock, and files that poll() supports, such as sockets and pipes. Either way, the worker runs
 * other tasks. For engineers and service authors.
 *
 *   filch_blocking_begin();                         filch_blocking(look_up, &query);
 *   ssize_t n = read(disk, line, sizeof line);      look_up(&query) runs on another thread, with
 *   int error = filch_blocking_end();               that thread's stack; the task waits for it
 *
 *   int guest = filch_accept(server, FILCH_FOREVER);
 *   ssize_t n = filch_read(guest, line, sizeof line, filch_in(30 * FILCH_SECOND));
 *   ...  filch_write(guest, line, (size_t)n, FILCH_FOREVER)
 *   filch_fd_close(guest);
 *
 * Blocking calls run on separate threads of the runtime. They start on demand, at most
 * filch_config.blocking_threads, and end after one idle second. If all are busy, calls wait for
 * their turn, first come first served. A call costs two hand-overs between threads, 3 to 10 us: do
 * not use it for calls that return at once.
 * Between begin and end the task has its own stack but no worker (filch_worker_index() is -1). It
 * may make every call that a thread outside the runtime may make; a Filch call that waits blocks
 * the thread. Fork, join, yield and the end of the task end in filch_die where they are detected.
 * Pairs may be nested; the outermost counts. A child of fork() made between them may only exec or
 * _exit; filch_blocking_end() dies there.
 * Thread-locals differ between begin and end, and again afterwards. errno is one of them: compilers
 * keep its address across a call, therefore filch_blocking_end() returns it.
 * Waiting for a file costs no thread: the task suspends until the file is ready.
 * Threads: any. On a thread that is not a worker filch_blocking calls fn, begin and end do nothing,
 * and a call that waits for a file blocks the thread.
 * Suspends: the blocking calls, and calls with `until`. Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_BLOCKING_H
#define FILCH_BLOCKING_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/wait.h>
#include <poll.h>
#include <sys/types.h>

/* ---- Blocking calls ---- */

FILCH_BEGIN_DECLS

/* Begins a section that may block. Suspends the calling task, which continues on another thread;
 * its unjoined forks become ready for all workers. Does nothing on a thread that is not a worker.
 * Errors, after which the task is where it was, and must not call filch_blocking_end(): -EAGAIN or
 * -ENOMEM (there is no such thread, and none could be started). -EBUSY (the task, or one below it
 * on its stack, keeps its thread: filch_stay_begin in <filch/guest.h>). */
FILCH_API int filch_blocking_begin(void);
/* Ends the section: suspends the task, which continues on a worker. Returns the value that errno
 * had. Dies without a begin. */
FILCH_API int filch_blocking_end(void);

/* Calls fn(arg) on a thread for blocking calls, and suspends until it has returned. A thread that
 * is not a worker calls it itself. fn runs on an ordinary thread with the system's stack size and
 * the caller's floating-point mode. Errors, with fn not called: -EAGAIN or -ENOMEM (there is no
 * such thread, and none could be started); -EINVAL (no fn). */
FILCH_API int filch_blocking(void (*fn)(void *arg), void *arg);

FILCH_END_DECLS

/* ---- Waiting for files ---- */

/* For calls other than those below use filch_wait_fd. Files must be non-blocking (O_NONBLOCK): all
 * waiters of a file wake up, and the first takes the data. If a loop that waits uses errno, read it
 * in a separate out-of-line function: compilers keep the address of errno, and after a wait a task
 * may be on another thread. */

FILCH_BEGIN_DECLS

/* Waits until one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP) has happened to fd. Returns
 * those that have, a number above 0, including POLLERR and POLLHUP even if not requested. A file
 * that is always ready, such as a regular file, is ready at once. Any number of callers may wait
 * for one fd, for different events.
 * Errors: -ETIMEDOUT; -EBADF (fd is not open, or filch_fd_close closed it during the wait: do not
 * use it again); -ENOTSUP (it would wait under FILCH_VIRTUAL: run without that). -EINVAL (no or
 * unknown events, or a negative time); -EPERM (it can never be ready for these: read or write it
 * without waiting). -EAGAIN, -EMFILE, -ENFILE, -ENOMEM or -ENOSPC (no thread, files, memory or
 * watches for it). */
FILCH_API int filch_wait_fd(int fd, int events, int64_t until);

/* Reads as read(2), again each time fd is ready, into `size` bytes at data. Waits until `until`.
 * Returns the number of bytes read, perhaps fewer than size; 0 at the end. Errors: those of read(2)
 * and of filch_wait_fd, as a negative errno. */
FILCH_API ssize_t filch_read(int fd, void *data, size_t size, int64_t until);
/* Writes as write(2), again each time fd is ready, up to `size` bytes at data. Waits until `until`.
 * Returns the number of bytes written, perhaps fewer than size. Errors: those of write(2) and of
 * filch_wait_fd, as a negative errno. */
FILCH_API ssize_t filch_write(int fd, const void *data, size_t size, int64_t until);
/* Returns the next connection of a listening socket as a new fd, non-blocking and close-on-exec.
 * Errors: those of accept4(2) and of filch_wait_fd, as a negative errno. */
FILCH_API int filch_accept(int fd, int64_t until);

/* Closes fd; its waiters get -EBADF. After a plain close() they would wait until their deadlines,
 * or for the next file with that number. Does not suspend. Returns the result of
 * close() as a negative errno. */
FILCH_API int filch_fd_close(int fd);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
