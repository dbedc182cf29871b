/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A NATS server of the test's own: on a free port of 127.0.0.1, with its files in a folder that ends
 * with the test. It dies with the test's process. tools/test.sh makes sure that there is one. */
#ifndef SERVICE_NATS_H
#define SERVICE_NATS_H

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

static struct {
    char folder[128];
    pid_t pid, made_by;
    int port; /* -1 until the first start, then the same */
} nats = {.port = -1};

static inline void nats_kill(void)
{
    if (nats.pid <= 0 || getpid() != nats.made_by)
        return;
    kill(nats.pid, SIGKILL);
    waitpid(nats.pid, NULL, 0);
    nats.pid = 0;
}

static inline void nats_end(void)
{
    nats_kill();
    if (getpid() == nats.made_by)
        folder_remove(nats.folder);
}

static inline const char *nats_path(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", nats.folder, name);
    return path;
}

static inline void nats_write(const char *name, const char *text)
{
    FILE *file = fopen(nats_path(name), "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static inline void nats_make_folder(void)
{
    const char *base = getenv("TMPDIR");
    if (nats.folder[0])
        return;
    snprintf(nats.folder, sizeof nats.folder, "%s/filch-nats-XXXXXX",
             base && strlen(base) < 64 ? base : "/tmp");
    cr_assert(mkdtemp(nats.folder));
    nats.made_by = getpid();
    atexit(nats_end);
}

/* The file of ports is there when the server accepts connections. */
static inline void nats_wait_until_ready(int notify)
{
    char events[4096], name[64], text[256];
    int port = 0;
    snprintf(name, sizeof name, "nats-server_%d.ports", (int)nats.pid);
    while (!port) {
        struct pollfd wait = {.fd = notify, .events = POLLIN};
        cr_assert_geq(poll(&wait, 1, 100), 0);
        if (waitpid(nats.pid, NULL, WNOHANG))
            nats.pid = 0; /* its number is free */
        cr_assert(nats.pid, "nats-server does not start");
        (void)!read(notify, events, sizeof events);
        FILE *file = fopen(nats_path(name), "r");
        size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
        text[length] = '\0';
        if (file)
            fclose(file);
        const char *at = strstr(text, "127.0.0.1:");
        if (at && strchr(at, '"'))
            port = atoi(at + strlen("127.0.0.1:"));
    }
    nats.port = port;
    remove(nats_path(name));
}

/* Not by fork: a test may have a runtime, whose handlers of fork() start a thread. */
static inline void nats_spawn(char *config)
{
    char *name = access("/usr/sbin/nats-server", X_OK) ? "nats-server" : "/usr/sbin/nats-server";
    char *argv[] = {"setpriv", "--pdeathsig", "KILL", name, "-c", config, NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int rc = posix_spawnp(&nats.pid, "setpriv", &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    cr_assert_eq(rc, 0, "setpriv: %s", strerror(rc));
}

/* Starts it, or starts it again on the same port with the same files. more: lines of its
 * configuration. Where there is no nats-server, the test counts as skipped. */
static inline void nats_start(const char *more)
{
    char config[4096];
    if (system("command -v nats-server >/dev/null 2>&1 || test -x /usr/sbin/nats-server"))
        cr_skip_test("nats-server not found (Debian: nats-server)");
    nats_make_folder();
    snprintf(config, sizeof config, "listen: \"127.0.0.1:%d\"\nports_file_dir: \"%s\"\n%s\n",
             nats.port, nats.folder, more);
    nats_write("conf", config);
    char *path = strdup(nats_path("conf"));
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    cr_assert(notify >= 0 && inotify_add_watch(notify, nats.folder, IN_CLOSE_WRITE) >= 0);
    nats_spawn(path);
    nats_wait_until_ready(notify);
    close(notify);
    free(path);
}

/* With JetStream, and room for bodies of 1 MiB. */
static inline const char *nats_jetstream(void)
{
    static char text[512];
    nats_make_folder();
    snprintf(text, sizeof text, "jetstream { store_dir: \"%s\" }\nmax_payload: 4MB\n", nats.folder);
    return text;
}

/* A server with JetStream and these lines, in place of the one that runs. */
static inline void nats_start_with(const char *more)
{
    char config[1024];
    snprintf(config, sizeof config, "%s%s", nats_jetstream(), more);
    nats_kill();
    nats_start(config);
}

/* login: empty, or with @ at its end. */
static inline const char *nats_url(const char *login)
{
    static char url[256];
    snprintf(url, sizeof url, "nats://%s127.0.0.1:%d/jobs", login, nats.port);
    return url;
}

#endif
