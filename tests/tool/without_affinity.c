/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Usage: without_affinity COMMAND...: runs it where the system refuses sched_setaffinity. */
#include <errno.h>
#include <tests/support/system.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 125;
    seccomp_deny(SYS_sched_setaffinity, EPERM);
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 125;
}
