/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Another program that serves orders (bench/peers/orders.h), in a process of its own. */
#ifndef BARS_PROGRAM_H
#define BARS_PROGRAM_H

#include "../peers/orders.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct program {
    const char *name;
    pid_t pid;
    FILE *to, *from;
} program;

static inline void program_die(const program *p, const char *why)
{
    fprintf(stderr, "%s: %s\n", p->name, why);
    exit(1);
}

/* argument: "name=path", which is taken apart. */
static inline void program_start(program *p, char *argument)
{
    int to[2], from[2];
    char *path = strchr(argument, '=');
    p->name = argument;
    if (!path)
        program_die(p, "not of the form name=path");
    *path++ = '\0';
    signal(SIGPIPE, SIG_IGN); /* a missing answer shows that one has died */
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || (p->pid = fork()) < 0)
        program_die(p, "cannot start the program (out of processes or files)");
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_DFL);
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl(path, path, (char *)NULL);
        perror(path);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    p->to = fdopen(to[1], "w");
    p->from = fdopen(from[0], "r");
    if (!p->to || !p->from)
        program_die(p, "cannot open a stream to the program (out of memory)");
}

/* false: the program has no such kind. */
static inline bool program_ask(const program *p, const peer_order *o, peer_reply *reply)
{
    enum { LINE = 160 };
    char line[LINE];
    unsigned long long answer;
    fprintf(p->to, "%s %ld %ld %ld %ld %ld %ld\n", o->kind, o->count, o->workers, o->parties,
            o->width, o->room, o->steps);
    fflush(p->to);
    if (!fgets(line, sizeof line, p->from))
        program_die(p, "ended without an answer");
    if (strcmp(line, "none\n") == 0)
        return false;
    if (sscanf(line, "%lf %lf %llu %lf %lf", &reply->seconds, &reply->cpu, &answer, &reply->p50,
               &reply->p99) != 5)
        program_die(p, "answered neither five figures nor \"none\"");
    reply->answer = answer;
    return true;
}

static inline void program_stop(program *p)
{
    fclose(p->to);
    fclose(p->from);
    waitpid(p->pid, NULL, 0);
}

#endif
