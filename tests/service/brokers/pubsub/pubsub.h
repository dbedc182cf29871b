/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stand-in of Google Cloud Pub/Sub (tests/service/brokers/pubsub/stand_in/pubsub.c) as a process of the test's own, which dies
 * with it. STAND_IN_PUBSUB is its program. */
#ifndef SERVICE_PUBSUB_H
#define SERVICE_PUBSUB_H

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <tests/support/http.h>
#include <tests/support/test.h>
#include <unistd.h>

static struct {
    pid_t pid, made_by;
    int port;
} pubsub;

static inline void pubsub_kill(void)
{
    if (pubsub.pid <= 0 || getpid() != pubsub.made_by)
        return;
    kill(pubsub.pid, SIGKILL);
    waitpid(pubsub.pid, NULL, 0);
    pubsub.pid = 0;
}

static inline int pubsub_read_port(int fd)
{
    char text[16] = "";
    size_t used = 0;
    ssize_t got;
    while (!strchr(text, '\n') && used < sizeof text - 1 &&
           (got = read(fd, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)got;
    close(fd);
    return atoi(text);
}

/* A new one in place of the one that runs, with these options; the last is NULL. */
static inline void pubsub_start_with(const char *const *options)
{
    enum { ARGUMENTS = 16 };
    char *argv[ARGUMENTS] = {(char *)STAND_IN_PUBSUB};
    int ends[2];
    posix_spawn_file_actions_t files;
    pubsub_kill();
    for (unsigned i = 0; options[i]; i++)
        argv[1 + i] = (char *)(uintptr_t)options[i];
    cr_assert_eq(pipe(ends), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&files, ends[0]);
    posix_spawn_file_actions_addclose(&files, ends[1]);
    int rc = posix_spawn(&pubsub.pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    cr_assert_eq(rc, 0, "%s: %s", argv[0], strerror(rc));
    if (!pubsub.made_by)
        atexit(pubsub_kill);
    pubsub.made_by = getpid();
    pubsub.port = pubsub_read_port(ends[0]);
    cr_assert_gt(pubsub.port, 0, "the stand-in does not start");
}

static inline void pubsub_start(void)
{
    static const char *const none[] = {NULL};
    pubsub_start_with(none);
}

/* port: of the stand-in, or of a way to it. more: options, which begin with &. */
static inline const char *pubsub_url(int port, const char *more)
{
    static char url[512];
    snprintf(url, sizeof url, "pubsub://project/?endpoint=http://127.0.0.1:%d%s", port, more);
    return url;
}

/* An order of the test: "pass?ns=5". Returns the number in the answer. */
static inline int pubsub_control(const char *order)
{
    char path[128];
    snprintf(path, sizeof path, "/-/%s", order);
    http_answer *answer = http_ask((unsigned)pubsub.port, "POST", path, "Content-Length: 0\r\n");
    cr_assert_eq(answer->status, 200, "%s: %d", order, answer->status);
    int number = atoi(strchr(answer->body, ':') + 1);
    free(answer);
    return number;
}

#endif
