/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "apart.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tools/shared/clock.h>
#include <tools/shared/machine.h>
#include <unistd.h>

enum { MOST_SECONDS = 60 };

/* Shared with the child. */
typedef struct sheet {
    char error[APART_ERROR];
    char result[];
} sheet;

static double own_seconds(void)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec + children.ru_utime.tv_sec +
                    children.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec + children.ru_utime.tv_usec +
                    children.ru_stime.tv_usec) *
               1e-6;
}

/* Never returns. Ends by _exit: only the parent writes the parent's buffers. */
static void serve(apart_fn *body, const void *order, sheet *shared)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1UL);
    alarm(MOST_SECONDS);
    body(order, shared->result, shared->error);
    _exit(0);
}

static void tell_end(int status, char *error)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(error, APART_ERROR, "it took more than a minute; choose a smaller load");
    else if (WIFSIGNALED(status))
        snprintf(error, APART_ERROR, "its process was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else if (status && !*error)
        snprintf(error, APART_ERROR, "its process ended with status %d", WEXITSTATUS(status));
}

_Bool apart_run(apart_fn *body, const void *order, void *result, size_t size, apart_facts *facts)
{
    int status = 0;
    sheet *shared = mmap(NULL, sizeof *shared + size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        snprintf(facts->error, sizeof facts->error, "no memory: %s", strerror(errno));
        return 0;
    }
    double start = seconds_of(CLOCK_MONOTONIC);
    double busy = machine_busy_seconds(), own = own_seconds();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        serve(body, order, shared);
    if (pid < 0)
        snprintf(shared->error, sizeof shared->error, "no process: %s", strerror(errno));
    else if (waitpid(pid, &status, 0) == pid)
        tell_end(status, shared->error);
    double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
    facts->cpus_seconds += (seconds_of(CLOCK_MONOTONIC) - start) * cpus;
    facts->other_seconds += machine_busy_seconds() - busy - (own_seconds() - own);
    memcpy(facts->error, shared->error, sizeof facts->error);
    if (!*facts->error)
        memcpy(result, shared->result, size);
    munmap(shared, sizeof *shared + size);
    return !*facts->error;
}

double apart_other_share(const apart_facts *facts)
{
    return facts->cpus_seconds > 0 ? facts->other_seconds / facts->cpus_seconds : 0;
}
