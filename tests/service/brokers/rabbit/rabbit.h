/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A RabbitMQ server of a test program's own, on ports of loopback that the kernel gives. It takes
 * seconds to start, so the tests of a program, which are processes, share one. The first test
 * starts a supervisor. That starts the server, and starts it again when it has been killed. When
 * the runner of the tests ends, even by SIGKILL, it ends the server and its epmd, and removes its
 * folder. */
#ifndef SERVICE_RABBIT_H
#define SERVICE_RABBIT_H

#include <tests/support/test.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <runtime/service/brokers/rabbit/message.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <unistd.h>

#define RABBIT_PROGRAMS "/usr/lib/rabbitmq/bin/"

#ifndef RABBIT_RUNNER /* a program without a runner of tests is its own */
#define RABBIT_RUNNER getppid()
#endif

typedef struct rabbit_server {
    int port, tls_port, epmd_port, dist_port;
    int pid; /* of its process group; 0: it is not started yet */
} rabbit_server;

/* Of the server that the first test starts. */
static const char *rabbit_disk_least = "1MB"; /* with less space, it takes no publications */
static const char *rabbit_data;               /* the folder of its data; NULL: one of its own */

/* ---- Files ---- */

/* FOLDER/name of the program whose tests these are. */
static inline const char *rabbit_path(pid_t runner, const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "%s/filch-rabbit-%d%s%s", folder_above(), (int)runner,
             *name ? "/" : "", name);
    return out;
}

static inline const char *rabbit_data_path(pid_t runner)
{
    return rabbit_data ? rabbit_data : rabbit_path(runner, "data");
}

static inline void rabbit_write(pid_t runner, const char *name, const char *text)
{
    char unfinished[300];
    snprintf(unfinished, sizeof unfinished, "%s.new", rabbit_path(runner, name));
    FILE *file = fopen(unfinished, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) ||
        rename(unfinished, rabbit_path(runner, name)))
        _exit(1);
}

/* ---- The supervisor's ---- */

/* The environment of the server and of rabbitmqctl. */
static inline void rabbit_environment(pid_t runner, const rabbit_server *server)
{
    static const char *const paths[][2] = {
        {"HOME", ""},
        {"RABBITMQ_LOG_BASE", "log"},
        {"RABBITMQ_PID_FILE", "pid"},
        {"RABBITMQ_CONFIG_FILE", "server.conf"},
        {"RABBITMQ_ENABLED_PLUGINS_FILE", "plugins"},
    };
    char text[32];
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++)
        setenv(paths[i][0], rabbit_path(runner, paths[i][1]), 1);
    setenv("RABBITMQ_MNESIA_BASE", rabbit_data_path(runner), 1);
    snprintf(text, sizeof text, "%d", server->port);
    setenv("RABBITMQ_NODE_PORT", text, 1);
    snprintf(text, sizeof text, "%d", server->dist_port);
    setenv("RABBITMQ_DIST_PORT", text, 1);
    snprintf(text, sizeof text, "%d", server->epmd_port);
    setenv("ERL_EPMD_PORT", text, 1);
    setenv("ERL_EPMD_ADDRESS", "127.0.0.1", 1);
    setenv("RABBITMQ_NODENAME", "filch@localhost", 1);
    setenv("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1", 1);
    setenv("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
           "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
           1);
}

/* A child in a process group of its own, which ends with this process. */
static inline pid_t rabbit_start(const char *const *argv)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Its descendants become the supervisor's children. */
static inline void rabbit_end(pid_t group)
{
    kill(-group, SIGKILL);
    while (waitpid(-group, NULL, 0) > 0)
        ;
}

static inline void rabbit_run(const char *const *argv)
{
    waitpid(rabbit_start(argv), NULL, 0);
}

/* A certificate for the name localhost, which is its own authority. */
static inline void rabbit_configure(pid_t runner, const rabbit_server *server)
{
    char text[1024];
    const char *key = rabbit_path(runner, "key.pem"), *cert = rabbit_path(runner, "cert.pem");
    const char *const make[] = {"openssl",  "req",
                                "-x509",    "-newkey",
                                "rsa:2048", "-nodes",
                                "-days",    "2",
                                "-subj",    "/CN=localhost",
                                "-addext",  "subjectAltName=DNS:localhost",
                                "-keyout",  key,
                                "-out",     cert,
                                NULL};
    rabbit_run(make);
    snprintf(text, sizeof text,
             "listeners.ssl.default = 127.0.0.1:%d\nssl_options.cacertfile = %s\n"
             "ssl_options.certfile = %s\nssl_options.keyfile = %s\n"
             "ssl_options.verify = verify_none\ndisk_free_limit.absolute = %s\n",
             server->tls_port, cert, cert, key, rabbit_disk_least);
    rabbit_write(runner, "server.conf", text);
    rabbit_write(runner, "plugins", "[].\n");
}

static inline void rabbit_tell(pid_t runner, const rabbit_server *server)
{
    char text[128];
    snprintf(text, sizeof text, "%d %d %d %d %d\n", server->port, server->tls_port,
             server->epmd_port, server->dist_port, server->pid);
    rabbit_write(runner, "server", text);
}

/* Starts the server whenever it does not run, until the runner has ended. */
static inline void rabbit_keep(pid_t runner)
{
    rabbit_server server = {port_free(), port_free(), port_free(), port_free(), 0};
    const char *const command[] = {RABBIT_PROGRAMS "rabbitmq-server", NULL};
    rabbit_configure(runner, &server);
    rabbit_environment(runner, &server);
    const char *const epmd[] = {"epmd", "-address", "127.0.0.1", NULL};
    pid_t epmd_pid = rabbit_start(epmd);
    for (bool over = false; !over;) {
        server.pid = rabbit_start(command);
        int ended = (int)syscall(SYS_pidfd_open, server.pid, 0);
        rabbit_tell(runner, &server);
        over = guard_wait(ended);
        rabbit_end(server.pid);
        close(ended);
    }
    rabbit_end(epmd_pid);
    folder_remove(rabbit_path(runner, ""));
}

static inline void rabbit_supervise(pid_t runner)
{
    int log = open(rabbit_path(runner, "output"), O_WRONLY | O_CREAT, 0600);
    if (fork() || log < 0)
        _exit(0);
    guard_become(runner, log, -1);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    rabbit_keep(runner);
    _exit(0);
}

/* ---- The tests' ---- */

static inline bool rabbit_read(rabbit_server *out)
{
    FILE *file = fopen(rabbit_path(RABBIT_RUNNER, "server"), "r");
    int count = file ? fscanf(file, "%d %d %d %d %d", &out->port, &out->tls_port, &out->epmd_port,
                              &out->dist_port, &out->pid)
                     : 0;
    if (file)
        fclose(file);
    return count == 5;
}

static inline amqp_connection_state_t rabbit_try(int port, const char *user, const char *password)
{
    amqp_connection_state_t state = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(state);
    if (!amqp_socket_open(socket, "127.0.0.1", port)) {
        amqp_rpc_reply_t reply =
            amqp_login(state, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, user, password);
        if (reply.reply_type == AMQP_RESPONSE_NORMAL && amqp_channel_open(state, 1))
            return state;
    }
    amqp_destroy_connection(state);
    return NULL;
}

/* A connection of the test's own with channel 1, as soon as the server takes it. */
static inline amqp_connection_state_t rabbit_connect_as(const char *user, const char *password)
{
    rabbit_server server;
    amqp_connection_state_t state = NULL;
    WAIT_WHILE(!rabbit_read(&server) || !(state = rabbit_try(server.port, user, password)));
    return state;
}

static inline amqp_connection_state_t rabbit_connect(void)
{
    return rabbit_connect_as("guest", "guest");
}

static inline void rabbit_disconnect(amqp_connection_state_t state)
{
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
}

/* The server, started if need be. Skips the test where it is not installed. */
static inline rabbit_server rabbit_begin(void)
{
    rabbit_server server;
    pid_t runner = RABBIT_RUNNER;
    if (access(RABBIT_PROGRAMS "rabbitmq-server", X_OK))
        cr_skip_test("rabbitmq-server is not installed");
    if (mkdir(rabbit_path(runner, ""), 0700) == 0) {
        pid_t pid = fork();
        if (pid == 0)
            rabbit_supervise(runner);
        waitpid(pid, NULL, 0);
    }
    rabbit_disconnect(rabbit_connect());
    cr_assert(rabbit_read(&server));
    return server;
}

/* "amqp://guest:guest@127.0.0.1:PORT/OPTIONS" */
static inline const char *rabbit_url(const char *options)
{
    static char url[512];
    rabbit_server server = rabbit_begin();
    snprintf(url, sizeof url, "amqp://guest:guest@127.0.0.1:%d/%s", server.port, options);
    return url;
}

/* Deletes the queue, with those of its dead letters and delays, where they are. */
static inline void rabbit_delete(amqp_connection_state_t state, const char *queue)
{
    static const char *const suffixes[] = {"",
                                           ".dlq",
                                           ".dlq.dlq",
                                           ".delay.10ms",
                                           ".delay.50ms",
                                           ".delay.250ms",
                                           ".delay.1000ms",
                                           ".delay.4000ms",
                                           ".delay.16000ms",
                                           ".delay.64000ms",
                                           ".delay.256000ms",
                                           ".delay.1024000ms",
                                           ".delay.4096000ms"};
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", queue, suffixes[i]);
        cr_assert(amqp_queue_delete(state, 1, amqp_cstring_bytes(name), 0, 0), "%s", name);
        amqp_maybe_release_buffers(state);
    }
}

static inline bool rabbit_contains(const char *path, const char *text)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

/* Has the server noted all of its quorum queues? Each has a folder, and its name is in a list. */
static inline bool rabbit_has_noted_queues(void)
{
    bool all = true;
    char path[512];
    snprintf(path, sizeof path, "%s/filch@localhost/quorum/filch@localhost",
             rabbit_data_path(RABBIT_RUNNER));
    DIR *folders = opendir(path);
    cr_assert(folders, "%s", path);
    strcat(path, "/names.dets");
    for (struct dirent *one; (one = readdir(folders));)
        if (strncmp(one->d_name, "2F_", 3) == 0)
            all = all && rabbit_contains(path, one->d_name);
    closedir(folders);
    return all;
}

/* Kills the server, which would forget queues that it has not noted; the supervisor starts it again. */
static inline void rabbit_kill(void)
{
    rabbit_server before, now;
    cr_assert(rabbit_read(&before));
    WAIT_WHILE(!rabbit_has_noted_queues());
    kill(-before.pid, SIGKILL);
    WAIT_WHILE(!rabbit_read(&now) || now.pid == before.pid);
}

/* Runs rabbitmqctl with these arguments. */
static inline void rabbit_control(const char *const *arguments)
{
    const char *argv[8] = {RABBIT_PROGRAMS "rabbitmqctl", "-q"};
    rabbit_server server;
    int status = -1;
    cr_assert(rabbit_read(&server));
    for (unsigned i = 0; arguments[i]; i++)
        argv[i + 2] = arguments[i];
    pid_t runner = RABBIT_RUNNER, pid = fork();
    if (pid == 0) {
        rabbit_environment(runner, &server);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    cr_assert_eq(status, 0);
}

#endif
