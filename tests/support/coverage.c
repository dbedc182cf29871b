/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Linked into every test of a coverage build: gcov writes its counters when a process ends by exit,
 * but children of tests end by _exit, and misuse ends by abort. Both are defined here in libc's
 * place. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void __gcov_dump(void);

void _exit(int status)
{
    __gcov_dump();
    for (;;)
        syscall(SYS_exit_group, status);
}

void abort(void)
{
    sigset_t abortion;
    __gcov_dump();
    signal(SIGABRT, SIG_DFL);
    sigemptyset(&abortion);
    sigaddset(&abortion, SIGABRT);
    sigprocmask(SIG_UNBLOCK, &abortion, NULL);
    raise(SIGABRT);
    _exit(127);
}
