/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocking calls: what stops a thread and not only a task (read() of a pipe, getaddrinfo(), a
 * library's own lock). A worker that is stopped runs nothing; so such calls are made on threads of
 * their own, while the worker goes on with other tasks. For engineers and service authors.
 *
 *   filch_blocking_begin();                         filch_blocking(look_up, &query);
 *   ssize_t n = read(pipe, line, sizeof line);      look_up(&query) runs on another thread, with
 *   int error = filch_blocking_end();               that thread's stack; the task waits for it
 *
 * The threads are the runtime's: started when they are needed, at most
 * filch_config.blocking_threads, ended when they have had nothing to do for a second. Where all are
 * busy, calls wait for their turn, first come first served.
 *
 * Between begin and end the task has its own stack but no worker (filch_worker_index() is -1). What
 * works there is what works on a thread that is no worker: everything but fork, join and yield,
 * which end in filch_die where they are seen, as does the end of a task. A Filch call that waits
 * blocks the thread. Pairs may be nested; the outermost counts.
 * Thread-locals differ inside, and again afterwards. errno is one: compilers keep its address over a
 * call, therefore filch_blocking_end() returns it.
 * fork() inside: the child may exec or _exit, no more; filch_blocking_end() dies there.
 * A call costs two hand-overs between threads, 3 to 10 us: not for what answers at once. */
#ifndef FILCH_BLOCKING_H
#define FILCH_BLOCKING_H

#include <filch/base.h>

FILCH_BEGIN_DECLS

/* What follows may block. Suspends the calling task, which goes on on another thread; forks that
 * were not joined become ready for everybody. On a thread that is no worker: nothing. -EAGAIN,
 * -ENOMEM there is no such thread, and none could be started: the task is where it was, and must
 * not call filch_blocking_end(). */
FILCH_API int filch_blocking_begin(void);
/* Suspends; the task goes on on a worker. Returns errno as it was. Dies where there was no begin. */
FILCH_API int filch_blocking_end(void);

/* Calls fn(arg) on such a thread, and suspends until it has returned. On a thread that is no worker
 * it is called at once. For fn it is a thread like any other, with a stack of the system's size.
 * -EAGAIN, -ENOMEM as above, -EINVAL no fn: it was not called. */
FILCH_API int filch_blocking(void (*fn)(void *arg), void *arg);

FILCH_END_DECLS
#endif
