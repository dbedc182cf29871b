/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <tests/support/system.h>

static void child_read(struct child *child, int from)
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

void child_run(struct child *child, void (*work)(void))
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

int child_died(const struct child *child, const char *text)
{
    return WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGABRT &&
           strstr(child->text, "filch: ") && strstr(child->text, text);
}

int child_passed(const struct child *child)
{
    return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;
}
