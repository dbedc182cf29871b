/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A stand-in for Kafka of the test's own (tests/service/brokers/kafka/stand_in/kafka.c), on a free port of 127.0.0.1. It dies
 * with the test's process. */
#ifndef SERVICE_KAFKA_H
#define SERVICE_KAFKA_H

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <tests/support/test.h>
#include <unistd.h>

static struct {
    pid_t pid, made_by;
    FILE *orders, *answers;
    char host[64];
} kafka;

static inline void kafka_kill(void)
{
    if (kafka.pid <= 0 || getpid() != kafka.made_by)
        return;
    kill(kafka.pid, SIGKILL);
    waitpid(kafka.pid, NULL, 0);
    fclose(kafka.orders);
    fclose(kafka.answers);
    kafka.pid = 0;
}

/* Starts one with these topics, TOPIC=PARTITIONS and NULL at the end, in place of the one that runs. */
static inline void kafka_start(const char *const *topics)
{
    char *argv[16] = {(char *)(uintptr_t)STAND_IN_KAFKA};
    int in[2], out[2];
    posix_spawn_file_actions_t files;
    kafka_kill();
    for (unsigned i = 0; topics[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)topics[i];
    cr_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    cr_assert_eq(posix_spawn(&kafka.pid, argv[0], &files, NULL, argv, environ), 0, "%s", argv[0]);
    posix_spawn_file_actions_destroy(&files);
    close(in[0]);
    close(out[1]);
    if (!kafka.made_by)
        atexit(kafka_kill);
    kafka.made_by = getpid();
    kafka.orders = fdopen(in[1], "w");
    kafka.answers = fdopen(out[0], "r");
    cr_assert(kafka.orders && kafka.answers);
    cr_assert(fgets(kafka.host, sizeof kafka.host, kafka.answers), "the stand-in does not start");
    kafka.host[strcspn(kafka.host, "\n")] = '\0';
}

enum { KAFKA_COMMIT = 8 }; /* Kafka protocol, "API Keys" */

/* The next `count` requests of this API get this error (0: none) after `ms` milliseconds. */
static inline void kafka_answer(int api, int error, int ms, int count)
{
    char line[16];
    fprintf(kafka.orders, "%d %d %d %d\n", api, error, ms, count);
    cr_assert(fflush(kafka.orders) == 0 && fgets(line, sizeof line, kafka.answers));
}

/* Breaks all connections of the stand-in. */
static inline void kafka_disconnect(void)
{
    cr_assert(kafka.pid > 0 && kill(kafka.pid, SIGUSR1) == 0);
}

/* options: of the URL, such as "?group=g". */
static inline const char *kafka_url(const char *options)
{
    static char url[256];
    snprintf(url, sizeof url, "kafka://%s%s", kafka.host, options);
    return url;
}

#endif
