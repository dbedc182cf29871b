/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A server of the test's own: the stand-in for Azure Service Bus (tests/service/brokers/servicebus/stand_in/service_bus.h), a
 * process that ends with the test's. */
#ifndef SERVICE_SERVICE_BUS_H
#define SERVICE_SERVICE_BUS_H

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <tests/support/test.h>
#include <unistd.h>

#define SERVICE_BUS_KEY "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="

static struct {
    pid_t pid, made_by;
    int port;
} service_bus;

static inline void service_bus_end(void)
{
    if (service_bus.pid <= 0 || getpid() != service_bus.made_by)
        return;
    kill(service_bus.pid, SIGKILL);
    waitpid(service_bus.pid, NULL, 0);
    service_bus.pid = 0;
}

/* Reads the line with its port. */
static inline void service_bus_read_port(int fd)
{
    char line[16] = "";
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < sizeof line - 1 && !strchr(line, '\n')) {
        got = read(fd, line + size, sizeof line - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    service_bus.port = atoi(line);
    cr_assert(service_bus.port > 0, "the stand-in of Service Bus does not start");
}

/* A new one, with locks of so many ms. Not by fork: a test may have a runtime, whose handlers of fork()
 * start a thread. */
static inline void service_bus_start(const char *lock_ms, const char *delivery_limit)
{
    char path[] = STAND_IN_SERVICE_BUS, name[] = "tests", key[] = SERVICE_BUS_KEY, lock[16],
         limit[16];
    char tasks[] = "tasks", second[] = "second", dead[] = "tasks.dlq.dlq", bars[] = "bars";
    char unique[] = "unique", orders[] = "orders", sessions[] = "sessions";
    char *argv[] = {path, name, key,    lock,   limit,    tasks, second,
                    dead, bars, unique, orders, sessions, NULL};
    posix_spawn_file_actions_t files;
    int out[2];
    service_bus_end();
    snprintf(lock, sizeof lock, "%s", lock_ms);
    snprintf(limit, sizeof limit, "%s", delivery_limit);
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    int rc = posix_spawn(&service_bus.pid, path, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(out[1]);
    cr_assert_eq(rc, 0, "%s: %s", path, strerror(rc));
    if (!service_bus.made_by)
        atexit(service_bus_end);
    service_bus.made_by = getpid();
    service_bus_read_port(out[0]);
}

/* A URL of a port; more: options, with & in between. */
static inline const char *service_bus_url(int port, const char *more)
{
    static char url[256];
    snprintf(url, sizeof url, "servicebus+amqp://tests:%s@127.0.0.1:%d/?%s",
             "c2VjcmV0IG9mIHRoZSB0ZXN0cw%3D%3D", port, more);
    return url;
}

#endif
