/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The program filch-worker in a process of its own. Its log lines, of level debug, tell when jobs
 * begin. */
#ifndef BARS_WORKER_PROCESS_H
#define BARS_WORKER_PROCESS_H

#include "../measure.h"
#include "queue.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct worker_process {
    pid_t pid;
    FILE *log;
} worker_process;

static inline void worker_process_die(const char *why)
{
    fprintf(stderr, "filch-worker: %s\n", why);
    exit(2);
}

/* args: those of the program, its name first, NULL at the end. */
static inline void worker_process_run(worker_process *p, const char *const *args)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) || (p->pid = fork()) < 0)
        worker_process_die("no pipe or process");
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDERR_FILENO);
        execv(FILCH_WORKER, (char *const *)args);
        _exit(127);
    }
    close(ends[1]);
    p->log = fdopen(ends[0], "r");
    if (!p->log)
        worker_process_die("no memory for its log");
}

/* It leases the same messages again at each start, so no number of deliveries makes poison. */
static inline void worker_process_start(worker_process *p, const char *url, const char *width)
{
    const char *const args[] = {
        FILCH_WORKER, "--broker",     url,           "--queues", BAR_QUEUE,
        "--width",    width,          "--log-level", "debug",    "--drain-timeout",
        "0s",         "--deliveries", "1000000",     NULL};
    worker_process_run(p, args);
}

/* Returns when its log has had `count` lines with `text`. */
static inline void worker_process_await(worker_process *p, const char *text, int count)
{
    char line[4096];
    while (count > 0) {
        if (!fgets(line, sizeof line, p->log))
            worker_process_die("ended too soon");
        count -= strstr(line, text) != NULL;
    }
}

/* Seconds from SIGTERM to its end. *status: its exit status. */
static inline double worker_process_stop(worker_process *p, int *status)
{
    int ended;
    double from = measure_now();
    kill(p->pid, SIGTERM);
    while (fgetc(p->log) != EOF)
        ;
    if (waitpid(p->pid, &ended, 0) != p->pid || !WIFEXITED(ended))
        worker_process_die("was killed");
    double seconds = measure_now() - from;
    fclose(p->log);
    *status = WEXITSTATUS(ended);
    return seconds;
}

/* KiB in memory, by a field of /proc/PID/status: "RssAnon:" is its own, "VmRSS:" has also the pages
 * of libraries and of files that it shares with others. */
static inline double worker_process_memory(const worker_process *p, const char *field)
{
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)p->pid);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, field, strlen(field)) == 0)
            kib = atof(line + strlen(field));
    if (!status || kib <= 0)
        worker_process_die("has no resident memory");
    fclose(status);
    return kib;
}

#endif
