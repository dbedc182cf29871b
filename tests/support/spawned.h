/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Children of a test: shell scripts, and the processes that these start. */
#ifndef SUPPORT_SPAWNED_H
#define SUPPORT_SPAWNED_H

#include <errno.h>
#include <filch/filch.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void start_spawner(void)
{
    if (filch_spawner_start())
        filch_die("%s", filch_error());
}

/* Files as in filch_process_config. */
static inline int spawn_script(filch_process **out, const char *script, int in, int out_to)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    filch_process_config config = {.argv = argv, .in = in, .out = out_to};
    return filch_process_spawn(out, &config, FILCH_FOREVER);
}

/* With pipes to and from it. */
static inline filch_process *script(const char *text)
{
    filch_process *process = NULL;
    if (spawn_script(&process, text, FILCH_PROCESS_PIPE, FILCH_PROCESS_PIPE))
        filch_die("%s", filch_error());
    return process;
}

/* Reads to the end of its output, or until there is no room; a NUL follows. Returns the length, or a
 * negative errno. */
static inline ssize_t read_output(filch_process *process, char *to, size_t size)
{
    size_t length = 0;
    ssize_t n = 1;
    while (n > 0 && length < size - 1) {
        n = filch_read(filch_process_out(process), to + length, size - 1 - length, FILCH_FOREVER);
        length += n > 0 ? (size_t)n : 0;
    }
    to[length] = '\0';
    return n < 0 ? n : (ssize_t)length;
}

/* 0..255: its exit status; negative: minus the signal that ended it; other numbers: an error. */
static inline int outcome_of(filch_process *process)
{
    filch_process_outcome outcome = {-1, 1000};
    int rc = filch_process_wait(process, &outcome, NULL, FILCH_FOREVER);
    return rc ? 1000 - rc : outcome.status >= 0 ? outcome.status : -outcome.signal;
}

/* Any process, as long as it runs; -1: it has ended. */
static inline int process_file(long pid)
{
    return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

/* Returns when it has ended; closes its file. */
static inline void wait_for_end(int process_file)
{
    struct pollfd end = {.fd = process_file, .events = POLLIN};
    if (process_file < 0)
        return;
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    close(process_file);
}

#endif
