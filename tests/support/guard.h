/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guards: a process that keeps a server for all tests of a program, which are processes, and lives
 * until their parent, the test runner, has ended, even by SIGKILL. */
#ifndef SUPPORT_GUARD_H
#define SUPPORT_GUARD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Files of a guard: the runner's pidfd, which is ready when it has ended, and one of the caller's. */
enum { GUARD_RUNNER = 3, GUARD_OWN, GUARD_FILES };

/* Makes a guard of this process, a child of a test. It holds no other file of the tests, since the
 * runner waits until their output is closed. A negative file is
 * /dev/null. */
static inline void guard_become(pid_t runner, int output, int own)
{
    int nothing = open("/dev/null", O_RDWR), end = (int)syscall(SYS_pidfd_open, runner, 0);
    const int files[GUARD_FILES] = {nothing, output < 0 ? nothing : output,
                                    output < 0 ? nothing : output, end, own < 0 ? nothing : own};
    int copies[GUARD_FILES];
    for (int i = 0; i < GUARD_FILES; i++) /* first out of the way of the others */
        copies[i] = fcntl(files[i], F_DUPFD, GUARD_FILES);
    for (int i = 0; i < GUARD_FILES; i++)
        if (copies[i] < 0 || dup2(copies[i], i) != i)
            _exit(1);
    syscall(SYS_close_range, (unsigned)GUARD_FILES, ~0u, 0u);
    setsid();
    signal(SIGPIPE, SIG_DFL);
}

/* Waits until the runner has ended: true; or the process of `pidfd`, unless it is negative. */
static inline bool guard_wait(int pidfd)
{
    struct pollfd ends[] = {{.fd = GUARD_RUNNER, .events = POLLIN},
                            {.fd = pidfd, .events = POLLIN}};
    while (poll(ends, 2, -1) < 0 && errno == EINTR)
        ;
    return ends[0].revents;
}

#endif
