/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct answer {
    int rc;
    unsigned workers;
    char text[4096];
} answer;

static void ask_runtime(answer *out, const filch_config *config)
{
    filch_runtime *rt;
    out->rc = filch_runtime_create(&rt, config);
    if (out->rc) {
        snprintf(out->text, sizeof out->text, "%s",
                 *filch_error() ? filch_error() : strerror(-out->rc));
        return;
    }
    out->workers = filch_runtime_workers(rt);
    filch_runtime_describe(rt, out->text, sizeof out->text);
    filch_runtime_destroy(rt);
}

/* Signals that the caller catches interrupt neither. */
static bool await_answer(answer *out, int from, pid_t pid)
{
    ssize_t size;
    while ((size = read(from, out, sizeof *out)) < 0 && errno == EINTR)
        ;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return size == (ssize_t)sizeof *out;
}

int probe_runtime(const filch_config *config, unsigned *workers, char *text, size_t size)
{
    int ends[2];
    answer a = {.rc = -EIO, .text = "the runtime died while it was created"};
    if (pipe(ends))
        return -errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        ask_runtime(&a, config);
        ssize_t written = write(ends[1], &a, sizeof a); /* fits the pipe: one piece */
        _exit(written != (ssize_t)sizeof a);
    }
    close(ends[1]);
    answer got;
    if (pid > 0 && await_answer(&got, ends[0], pid))
        a = got;
    close(ends[0]);
    *workers = a.workers;
    snprintf(text, size, "%s", a.text);
    return a.rc;
}
