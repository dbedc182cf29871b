/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Redis servers of a test: on loopback, in the test's folder, dead when the test is. A test is
 * skipped where there is no redis-server. The package redis-tools has the same program as
 * redis-check-rdb, which serves if it is called redis-server; unlike the package redis-server it
 * starts no service. */
#ifndef SERVICE_REDIS_H
#define SERVICE_REDIS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <filch/atomic.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { REDIS_OPTIONS = 24 };

typedef struct redis_server {
    pid_t pid;
    int port, tls_port;                 /* tls_port: 0, or a free one if `options` ask for TLS */
    int log;                            /* the end of a pipe from its output */
    bool has_clock;                     /* its time is redis_passed */
    bool clock_runs;                    /* that is added to the time */
    const char *options[REDIS_OPTIONS]; /* "--name", "value", ..., NULL */
} redis_server;

/* ---- A clock that only the test moves ---- */

static filch_u64 *redis_passed;
static char redis_clock_path[160];

static inline void redis_make_clock(void)
{
    snprintf(redis_clock_path, sizeof redis_clock_path, "%s/clock", folder_make());
    int fd = open(redis_clock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && ftruncate(fd, sizeof *redis_passed) == 0);
    redis_passed = mmap(NULL, sizeof *redis_passed, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    cr_assert(redis_passed != MAP_FAILED);
    close(fd);
}

/* ---- Life ---- */

/* In the child. */
static inline void redis_become(const redis_server *server, int log)
{
    char port[16], tls_port[16];
    char *words[REDIS_OPTIONS + 16] = {"redis-server", "--port",    port,
                                       "--bind",       "127.0.0.1", "--appendonly",
                                       "yes",          "--save",    "",
                                       "--tls-port",   tls_port,    "--unixsocket",
                                       "redis.sock"};
    unsigned count = 13;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(port, sizeof port, "%d", server->port);
    snprintf(tls_port, sizeof tls_port, "%d", server->tls_port);
    for (unsigned i = 0; server->options[i]; i++)
        words[count++] = (char *)(uintptr_t)server->options[i];
    if (server->has_clock) {
        setenv("FILCH_TEST_CLOCK", redis_clock_path, 1);
        if (server->clock_runs)
            setenv("FILCH_TEST_CLOCK_RUNS", "1", 1);
        setenv("LD_PRELOAD", SERVER_CLOCK, 1);
    }
    dup2(log, STDOUT_FILENO);
    if (chdir(folder_make()))
        _exit(126);
    execvp("redis-server", words);
    execvp("redis-check-rdb", words);
    _exit(127);
}

/* Reads what it prints until it is ready. false: it has ended. */
static inline bool redis_is_ready(const redis_server *server)
{
    char text[8192] = "";
    for (size_t used = 0; used < sizeof text - 1;) {
        ssize_t n = read(server->log, text + used, sizeof text - 1 - used);
        if (n <= 0)
            return false;
        used += (size_t)n;
        text[used] = '\0';
        if (strstr(text, "Ready to accept connections"))
            return true;
    }
    return false;
}

/* Starts it; again, with the same port and data, after redis_kill. */
static inline void redis_start(redis_server *server)
{
    folder_make(); /* not by the child, whose folder it would be */
    for (unsigned tries = 0; tries < 10; tries++) {
        int ends[2], ended;
        bool is_first = !server->port;
        if (is_first)
            server->port = port_free();
        cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
        server->pid = fork();
        if (server->pid == 0)
            redis_become(server, ends[1]);
        close(ends[1]);
        server->log = ends[0];
        if (redis_is_ready(server))
            return;
        close(ends[0]);
        waitpid(server->pid, &ended, 0);
        if (WIFEXITED(ended) && WEXITSTATUS(ended) == 127)
            cr_skip_test("redis-server not found (Debian: redis-tools)");
        if (is_first) /* another process has taken the port since */
            server->port = 0;
    }
    cr_assert(false, "redis-server does not start");
}

static inline void redis_start_with(redis_server *server, const char *const *options)
{
    for (unsigned i = 0; options[i]; i++)
        server->options[i] = options[i];
    redis_start(server);
}
#define REDIS_START(server, ...) redis_start_with(server, (const char *const[]){__VA_ARGS__, NULL})

static inline void redis_kill(redis_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->log);
}

/* ---- Use ---- */

/* A URL of it, in a buffer for each of the last four calls. */
FILCH_PRINTF(2, 3)
static inline const char *redis_url(const redis_server *server, const char *behind, ...)
{
    static char urls[4][512];
    static unsigned last;
    char *url = urls[last++ % 4];
    va_list list;
    int used = snprintf(url, sizeof urls[0], "redis://127.0.0.1:%d", server->port);
    va_start(list, behind);
    vsnprintf(url + used, sizeof urls[0] - (size_t)used, behind, list);
    va_end(list);
    return url;
}

/* Runs a command beside the broker; the reply's text, or its number in digits. */
FILCH_PRINTF(2, 3)
static inline const char *redis_tell(const redis_server *server, const char *format, ...)
{
    static char text[8192];
    va_list list;
    redisContext *context = redisConnect("127.0.0.1", server->port);
    cr_assert(context && !context->err);
    va_start(list, format);
    redisReply *reply = redisvCommand(context, format, list);
    va_end(list);
    cr_assert_not_null(reply);
    if (reply->str)
        snprintf(text, sizeof text, "%s", reply->str);
    else
        snprintf(text, sizeof text, "%lld", reply->integer);
    freeReplyObject(reply);
    redisFree(context);
    return text;
}

#endif
