/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runs a piece of a test in a process of its own: for code that ends a process, or changes it for
 * good. Returns the child's status and its stderr. Call it while the test has one thread. */
#ifndef SUPPORT_CHILD_H
#define SUPPORT_CHILD_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    int status;       /* as waitpid tells it */
    char text[32768]; /* stderr, cut there */
};

/* In the child: ends it as failed, and says where. */
#define CHILD_CHECK(condition)                                                                     \
    ((condition) ? (void)0                                                                         \
                 : (dprintf(STDERR_FILENO, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition), \
                    _exit(99)))

static inline void child_read(struct child *child, int from)
{
    size_t length = 0;
    char rest[256];
    for (;;) {
        size_t left = sizeof child->text - 1 - length;
        ssize_t n = read(from, left ? child->text + length : rest, left ? left : sizeof rest);
        if (n <= 0)
            break;
        if (left)
            length += (size_t)n;
    }
    child->text[length] = '\0';
}

/* work() may return, which is exit status 0, or end the process as it likes. */
static inline void child_run(struct child *child, void (*work)(void))
{
    int ends[2];
    memset(child, 0, sizeof *child);
    child->status = -1;
    fflush(NULL);
    if (pipe(ends))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is ended takes its children with it */
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        work();
        fflush(stderr);
        _exit(0);
    }
    close(ends[1]);
    child_read(child, ends[0]);
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &child->status, 0);
}

/* It died as filch_die does, in words that contain `text`. */
static inline int child_died(const struct child *child, const char *text)
{
    return WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGABRT &&
           strstr(child->text, "filch: ") && strstr(child->text, text);
}

static inline int child_passed(const struct child *child)
{
    return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;
}

#endif
