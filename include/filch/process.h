/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Child processes: start a program, write to it, read from it, wait for it to end, and kill it. And
 * signals for tasks: the first one cancels a context, or each one is sent into a channel. For
 * service authors.
 *
 *   int main(void) { filch_spawner_start();  ...               first, before any thread
 *
 *   filch_process_config config = {.argv = (const char *const[]){"sort", "-u", NULL},
 *                                  .in = FILCH_PROCESS_PIPE, .out = FILCH_PROCESS_PIPE};
 *   filch_process *sort;
 *   filch_process_spawn(&sort, &config, FILCH_FOREVER);
 *   filch_process_write(sort, lines, size, FILCH_FOREVER);  filch_process_close_in(sort);
 *   ...  filch_read(filch_process_out(sort), text, sizeof text, FILCH_FOREVER)
 *   filch_process_outcome outcome;
 *   filch_process_wait(sort, &outcome, NULL, filch_in(FILCH_SECOND));
 *   filch_process_destroy(sort);
 *
 *   filch_context *stop;
 *   filch_signal_context_start(&stop, NULL, (const int[]){SIGTERM, SIGINT}, 2);
 *   ...  work below `stop`; FILCH_DONE(stop) in a select; filch_context_wait(stop, FILCH_FOREVER)
 *   filch_signal_context_stop(stop);
 *   filch_context_release(stop);
 *
 * Children are started by the spawner, a small process that filch_spawner_start makes. They die
 * with the calling process, however it ends, and so do all their descendants. They have no files
 * but their standard input, output and error; no signal is blocked in them or has a handler. Each
 * child has its own session and process group; when it ends, the rest of its group is killed. No
 * shell is involved.
 * Life: a process is spawned, then used by any number of tasks and threads, and destroyed when no
 * call on it is in progress and none follows. A child of fork() cannot use its copies, but may
 * start its own spawner; signals have their default effect in it.
 * Threads: tasks and any thread. Suspends: filch_process_spawn, _write and _wait, as <filch/wait.h>
 * says.
 * Errors: 0 or a negative errno; an out-pointer is untouched then.
 * Since 0.1.0. */
#ifndef FILCH_PROCESS_H
#define FILCH_PROCESS_H
#include <filch/detail/hide_words.h>

#include <filch/channel.h>
#include <filch/context.h>
#include <sys/types.h>

typedef struct filch_process filch_process;

/* Instead of a file: a pipe to or from the caller; /dev/null; for `err` only, the same as `out`. */
enum { FILCH_PROCESS_PIPE = -1, FILCH_PROCESS_NULL = -2, FILCH_PROCESS_TO_OUT = -3 };

/* The program to run. All is copied; the files may be closed after the call. */
typedef struct filch_process_config {
    const char *program; /* a path, from `directory` if it is relative; or a name without a slash,
                            which is looked up in the caller's PATH; NULL: argv[0] */
    const char *const *argv;        /* at least the program's name; ends with NULL */
    const char *const *environment; /* "NAME=value", ends with NULL; NULL: the caller's */
    const char *directory;          /* NULL: the caller's */
    int in, out, err;               /* a file, 0: the caller's own; or one of the names above */
    void *reserved[4];              /* NULL */
} filch_process_config;

/* How a child has ended: by exit (`status` is 0 .. 255, `signal` is 0), or by a signal (`status`
 * is -1). */
typedef struct filch_process_outcome {
    int status, signal;
} filch_process_outcome;

FILCH_BEGIN_DECLS

/* ---- The spawner ---- */

/* Starts the spawner of this process. Call it first in main, before the first thread and before
 * large allocations: the spawner is a copy of the process, and starts children faster while that is
 * small. A later call also works, but keeps the memory that the process has at that moment from
 * being freed. Children inherit the spawner's limits, umask, priority, user and groups: set these
 * before. Returns 0 if it already runs; starts another one if it has died. Does not suspend.
 * Errors: -EAGAIN or -ENOMEM (no process: raise the limit of processes, or free memory); -EMFILE or
 * -ENFILE (close some files); -ENOENT (there is no /dev/null: mount /dev). */
FILCH_API int filch_spawner_start(void);

/* ---- Life ---- */

/* Starts a child, and returns when its program runs. At most 16,384 children at a time. If the
 * deadline `until` comes first, the child is killed. filch_error() names the program.
 * Errors: -ENOTCONN (no spawner: call filch_spawner_start first in main); -EPIPE (the spawner has
 * died: call filch_spawner_start again). -EPERM (the caller's user or group has changed since
 * filch_spawner_start: call that after the change). -EINVAL (a wrong member of config, or a
 * negative time); -EBADF (a file is not open: open it first); -ETIMEDOUT. -EAGAIN, -ENOMEM,
 * -EMFILE, -ENFILE (no processes, memory or files left). Those of open(2) for the directory, and of
 * execve(2) for the program; filch_error() says what to do. Among them: -ENOENT (no such file:
 * check its name and PATH); -EACCES (not executable: change its mode); -ENOEXEC (neither a program
 * nor a script with #!: name its interpreter). */
FILCH_API int filch_process_spawn(filch_process **out, const filch_process_config *config,
                                  int64_t until);
/* Closes the caller's ends of its pipes, kills the child and its group if it still runs, and frees
 * the handle. Does not wait for the child's end. NULL is allowed. */
FILCH_API void filch_process_destroy(filch_process *process);

/* ---- Input and output ---- */

/* Writes all `size` bytes to the child's standard input; waits while the pipe is full, until
 * `until`. Raises no SIGPIPE. One task at a time. Write and read in different tasks if the child
 * answers while it reads: if both pipes are full, each waits for the other. Errors: -EPIPE (the
 * child, or filch_process_close_in, has closed it); -ETIMEDOUT (part of the data may have been
 * written); -EBADF (there is no pipe: set config.in to FILCH_PROCESS_PIPE). -EINVAL (process is
 * NULL, or a negative time); those of filch_wait_fd. */
FILCH_API int filch_process_write(filch_process *process, const void *data, size_t size,
                                  int64_t until);
/* Closes the pipe to the child's standard input: the child reads its end. Not while
 * filch_process_write is in progress. May be called again; NULL is allowed. */
FILCH_API void filch_process_close_in(filch_process *process);
/* Returns the caller's end of the pipe to the child's standard input, for filch_wait_fd; -1: none,
 * or closed. It is closed by filch_process_close_in and filch_process_destroy, not by the caller. A
 * write to it raises SIGPIPE after the child has closed its end; filch_process_write does not. */
FILCH_API int filch_process_in(const filch_process *process);
/* Returns the caller's end of the pipe from the child's standard output, for filch_read; -1: none.
 * It ends when all processes that have the other end have closed it. filch_process_destroy closes
 * it. */
FILCH_API int filch_process_out(const filch_process *process);
/* The same for its standard error. */
FILCH_API int filch_process_err(const filch_process *process);

/* ---- The child's end ---- */

/* Waits until the child has ended, and fills *outcome (may be NULL); returns 0. If the context (may
 * be NULL) is done first, returns its cause; the child runs on. Any number of callers may wait,
 * even after the end. Further errors: -ETIMEDOUT at `until`; -ECHILD (the spawner has died, which
 * kills the child; its outcome is unknown); -EINVAL (process is NULL, or a negative time); -ENOMEM
 * or -EAGAIN (no timer). */
FILCH_API int filch_process_wait(filch_process *process, filch_process_outcome *outcome,
                                 filch_context *context, int64_t until);
/* Returns a context that is done when the child has ended: for FILCH_DONE in a select, and as a
 * parent of work for this child. Its cause is -ESRCH; or -ECHILD, as for filch_process_wait; or
 * -ECANCELED if the handle was destroyed before. It belongs to the handle: retain it to use it
 * longer. */
FILCH_API filch_context *filch_process_context(const filch_process *process);
/* Sends a signal to the child. Returns when the spawner has the request, just before it sends the
 * signal. A child that has changed its user, as a setuid program does, may not receive it. Does not
 * suspend.
 * Errors: -ESRCH (it has ended: nothing to do); -EINVAL (process is NULL, or there is no such
 * signal). -EPIPE (the spawner has died); -EAGAIN (hundreds of requests wait for a stopped spawner:
 * continue it, with SIGCONT). */
FILCH_API int filch_process_kill(filch_process *process, int signal);
/* The same, to all processes of the child's group: those that it and its descendants have started,
 * except those that have made a group or session of their own. */
FILCH_API int filch_process_kill_group(filch_process *process, int signal);
/* Returns the child's process number. After the child's end it may be another process's: send
 * signals by the calls above. */
FILCH_API pid_t filch_process_pid(const filch_process *process);

FILCH_END_DECLS

/* ---- Signals ---- */

/* Signals as a channel:
 *
 *   filch_channel *signals;
 *   filch_signal_channel_start(&signals, (const int[]){SIGTERM, SIGINT, SIGHUP}, 3);
 *   FILCH_EACH(int, number, signals) ...               SIGHUP: reload; the first of the others:
 *                                                      drain; the second: cancel
 *   filch_signal_channel_stop(signals);
 *   filch_channel_destroy(signals);
 *
 * Context: the first of the signals cancels it with -EINTR. From then on, and after
 * filch_signal_context_stop, the signals have their previous effect again: a second Ctrl-C ends a
 * program that hangs while it shuts down.
 * Channel: all signals are sent until filch_signal_channel_stop, so the program decides about a
 * second Ctrl-C, too. The kernel merges signals of the same number that arrive before their handler
 * runs; no others are lost while fewer than 64 wait in the channel. Signal handlers may be
 * installed before or after threads are started, and need one thread that does not block the
 * signals. System calls of that thread are restarted, as SA_RESTART says. */

FILCH_BEGIN_DECLS

/* Creates a child of parent (NULL: a root), which each of `count` signals cancels. Does not wait.
 * Errors: -EINVAL (no signal, one that cannot be caught, or one that a program's error raises, such
 * as SIGSEGV); -EBUSY (another context or channel has one of them: stop that). -ENOMEM, -EMFILE,
 * -ENFILE or -EAGAIN (no memory, file or thread for them). */
FILCH_API int filch_signal_context_start(filch_context **out, filch_context *parent,
                                         const int *signals, size_t count);
/* Restores the previous effect of the signals; the context stays unchanged. Does nothing if one of
 * them has arrived, or with NULL. */
FILCH_API void filch_signal_context_stop(filch_context *context);

/* Creates a channel of int. Each time one of the `count` signals arrives, its number is sent into
 * the channel. It has room for 64; more are dropped. Receive from it in any task or thread, also by
 * FILCH_RECEIVE in a select. Does not wait. Errors: as filch_signal_context_start. */
FILCH_API int filch_signal_channel_start(filch_channel **out, const int *signals, size_t count);
/* Restores the previous effect of the signals and closes the channel: signals in it can still be
 * received, then receivers get -EPIPE. The caller destroys the channel afterwards, not before. Once
 * for each channel; NULL is allowed. */
FILCH_API void filch_signal_channel_stop(filch_channel *channel);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
