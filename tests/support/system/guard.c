/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <tests/support/system.h>

void guard_become(pid_t runner, int output, int own)
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

bool guard_wait(int pidfd)
{
    struct pollfd ends[] = {{.fd = GUARD_RUNNER, .events = POLLIN},
                            {.fd = pidfd, .events = POLLIN}};
    while (poll(ends, 2, -1) < 0 && errno == EINTR)
        ;
    return ends[0].revents;
}
