/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A stand-in for Amazon SQS of the test's own (tests/service/brokers/sqs/stand_in/sqs.c): a process on a free port of
 * 127.0.0.1, which dies with the test's. Access keys are in the environment, as services have them. */
#ifndef SERVICE_SQS_H
#define SERVICE_SQS_H

#include <filch/base.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <tests/support/http.h>
#include <tests/support/test.h>
#include <unistd.h>

#define SQS_ID "AKIDEXAMPLE"
#define SQS_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static struct {
    pid_t pid, made_by;
    unsigned port;
} sqs;

static inline void sqs_kill(void)
{
    if (sqs.pid <= 0 || getpid() != sqs.made_by)
        return;
    kill(sqs.pid, SIGKILL);
    waitpid(sqs.pid, NULL, 0);
    sqs.pid = 0;
}

static inline void sqs_read_port(int from)
{
    char text[16] = "";
    size_t size = 0;
    ssize_t got;
    while (!strchr(text, '\n') && size < sizeof text - 1 &&
           (got = read(from, text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)got;
    sqs.port = (unsigned)atoi(text);
    cr_assert(sqs.port, "the stand-in does not start");
}

/* No variable of the machine's counts, and no file. */
static inline void sqs_set_environment(const char *token)
{
    static const char *const others[] = {"AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_REGION",
                                         "AWS_DEFAULT_REGION"};
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        unsetenv(others[i]);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_ACCESS_KEY_ID", SQS_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", SQS_SECRET, 1);
    setenv("AWS_SESSION_TOKEN", token, 1);
}

/* Starts a program that prints its port. Not by fork: a test may have a runtime, whose handlers of fork() start a
 * thread. */
static inline void sqs_run(char **argv)
{
    int ends[2];
    posix_spawn_file_actions_t files;
    sqs_kill();
    cr_assert_eq(pipe(ends), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&files, ends[0]);
    int rc = posix_spawnp(&sqs.pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    cr_assert_eq(rc, 0, "%s: %s", argv[0], strerror(rc));
    if (!sqs.made_by)
        atexit(sqs_kill);
    sqs.made_by = getpid();
    close(ends[1]);
    sqs_read_port(ends[0]);
    close(ends[0]);
}

/* token: of the session; "" for none. */
static inline void sqs_start(const char *token)
{
    char own[512];
    snprintf(own, sizeof own, "%s", token);
    sqs_run(
        (char *[]){"setpriv", "--pdeathsig", "KILL", STAND_IN_SQS, SQS_ID, SQS_SECRET, own, NULL});
    sqs_set_environment(token);
}

/* Gives an order to the stand-in (sqs_orders.h), and returns the number that it answers. */
FILCH_PRINTF(1, 2)
static inline unsigned sqs_order(const char *format, ...)
{
    char path[256];
    va_list list;
    va_start(list, format);
    size_t size = (size_t)snprintf(path, sizeof path, "/stand-in/");
    vsnprintf(path + size, sizeof path - size, format, list);
    va_end(list);
    http_answer *answer = http_ask(sqs.port, "GET", path, "");
    unsigned number = (unsigned)atoi(answer->body);
    cr_assert_eq(answer->status, 200);
    free(answer);
    return number;
}

static inline unsigned sqs_seen(const char *operation)
{
    return sqs_order("seen?operation=%s", operation);
}

/* options: further ones, each with & before it. */
static inline const char *sqs_url(const char *options)
{
    static char url[256];
    snprintf(url, sizeof url, "sqs+http://127.0.0.1:%u/?region=eu-central-1%s", sqs.port, options);
    return url;
}

#endif
