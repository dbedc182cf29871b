/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH = 512 };

/* Every decision from the seed, on virtual workers. */
static bool set_virtual(const recording *r)
{
    char workers[32], seed[32];
    snprintf(workers, sizeof workers, "%u", r->workers);
    snprintf(seed, sizeof seed, "%" PRIu64, r->seed);
    return !setenv("FILCH_VIRTUAL", workers, 1) && !setenv("FILCH_SEED", seed, 1);
}

/* In the child: the exit status. */
static int run(const recording *r, const char *path)
{
    char trace[PATH + 16];
    filch_runtime *rt;
    snprintf(trace, sizeof trace, "%s,tasks", path);
    if (!set_virtual(r))
        return fprintf(stderr, "filch play: cannot set the environment: %s\n", strerror(errno)), 1;
    const filch_config config = {.size = sizeof config,
                                 .workers = r->workers,
                                 .seed = r->seed,
                                 .take = "one",
                                 .bind = "none",
                                 .trace = trace};
    if (filch_runtime_create(&rt, &config))
        return fprintf(stderr, "filch play: %s\n", filch_error()), 1;
    bool is_right = r->what->run(rt, r->number);
    if (!is_right)
        fprintf(stderr, "filch play: the result of %s %u is wrong\n", r->what->name, r->number);
    return filch_runtime_destroy(rt) || !is_right;
}

/* NULL, or the reason. */
static const char *run_apart(const recording *r, const char *path)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return strerror(errno);
    if (child == 0)
        _exit(run(r, path));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return strerror(errno);
    if (WIFSIGNALED(status))
        return strsignal(WTERMSIG(status));
    return WEXITSTATUS(status) ? "its process failed" : NULL;
}

trace_file *record(const recording *r, char *error, size_t size)
{
    char path[PATH];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/filch-play-XXXXXX", folder && *folder ? folder : "/tmp");
    int file = mkstemp(path);
    if (file < 0) {
        snprintf(error, size, "cannot create '%s': %s", path, strerror(errno));
        return NULL;
    }
    close(file);
    const char *why = run_apart(r, path);
    trace_file *trace = why ? NULL : trace_open(path, error, size);
    if (why)
        snprintf(error, size, "cannot record %s %u: %s", r->what->name, r->number, why);
    unlink(path); /* it is mapped */
    return trace;
}
