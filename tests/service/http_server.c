/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/http_server.h>

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <time.h>
#include <unistd.h>

enum { GUESTS = 1000, HEADERS = 8, HEADER_BYTES = 256 };

typedef enum phase { READS, HANDLED, WAITS, ANSWERED, GONE } phase;

typedef struct exchange {
    http_request request; /* first */
    struct MHD_Connection *connection;
    struct exchange *next; /* of those that wait */
    phase phase;
    bool is_suspended, is_too_large;
    int64_t until;
    char *path, *body;
    size_t room;
    struct MHD_Response *response;
    unsigned status;
    char headers[HEADERS][2][HEADER_BYTES];
    unsigned header_count;
} exchange;

static struct {
    const http_routes *routes;
    void *state;
    size_t body_most;
    struct MHD_Daemon *daemon;
    exchange *waiting;
    bool has_resumed; /* since the last MHD_run, which does not wake by itself then */
    int sockets[GUESTS];
    unsigned socket_count;
} server;

int64_t http_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static exchange *exchange_of(const http_request *request)
{
    return (exchange *)(uintptr_t)request;
}

/* ---- For the stand-in ---- */

const char *http_header(const http_request *request, const char *name)
{
    return MHD_lookup_connection_value(exchange_of(request)->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const http_request *request, const char *name)
{
    return MHD_lookup_connection_value(exchange_of(request)->connection, MHD_GET_ARGUMENT_KIND,
                                       name);
}

void http_add_header(http_request *request, const char *name, const char *value)
{
    exchange *one = exchange_of(request);
    if (one->header_count == HEADERS)
        abort();
    snprintf(one->headers[one->header_count][0], HEADER_BYTES, "%s", name);
    snprintf(one->headers[one->header_count++][1], HEADER_BYTES, "%s", value);
}

static void stop_waiting(exchange *one)
{
    for (exchange **at = &server.waiting; *at; at = &(*at)->next)
        if (*at == one) {
            *at = one->next;
            return;
        }
}

/* Suspended only after `handle` has returned, so resumed only then. */
static void resume(exchange *one)
{
    if (one->is_suspended) {
        MHD_resume_connection(one->connection);
        server.has_resumed = true;
    }
    one->is_suspended = false;
}

void http_answer(http_request *request, unsigned status, const char *type, const char *body,
                 size_t size)
{
    exchange *one = exchange_of(request);
    if (one->phase == ANSWERED || one->phase == GONE)
        abort();
    if (one->phase == WAITS)
        stop_waiting(one);
    one->phase = ANSWERED;
    one->status = status;
    one->response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (!one->response)
        abort();
    if (type)
        MHD_add_response_header(one->response, "Content-Type", type);
    for (unsigned i = 0; i < one->header_count; i++)
        MHD_add_response_header(one->response, one->headers[i][0], one->headers[i][1]);
    resume(one);
}

void http_wait(http_request *request, int64_t until)
{
    exchange *one = exchange_of(request);
    one->until = until;
    if (one->phase == WAITS)
        return;
    one->phase = WAITS;
    one->next = server.waiting;
    server.waiting = one;
}

/* ---- Requests ---- */

static enum MHD_Result queue(exchange *one)
{
    enum MHD_Result rc = MHD_queue_response(one->connection, one->status, one->response);
    MHD_destroy_response(one->response);
    one->response = NULL;
    return rc;
}

static enum MHD_Result begin(struct MHD_Connection *connection, const char *path,
                             const char *method, void **own)
{
    exchange *one = calloc(1, sizeof *one);
    if (!one)
        return MHD_NO;
    one->connection = connection;
    one->request.method = method;
    one->request.path = one->path = strdup(path);
    *own = one;
    return MHD_YES;
}

static enum MHD_Result add(exchange *one, const char *data, size_t size)
{
    size_t used = one->request.body_size;
    if (used + size > server.body_most) {
        one->is_too_large = true;
        return MHD_YES;
    }
    if (used + size + 1 > one->room) {
        one->room = 2 * (used + size + 1);
        char *grown = realloc(one->body, one->room);
        if (!grown)
            return MHD_NO;
        one->body = grown;
    }
    memcpy(one->body + used, data, size);
    one->request.body_size = used + size;
    return MHD_YES;
}

static enum MHD_Result perform(exchange *one)
{
    static const char too_large[] = "the body is too large\n";
    if (one->body)
        one->body[one->request.body_size] = '\0';
    one->request.body = one->body ? one->body : "";
    one->phase = HANDLED;
    if (one->is_too_large)
        http_answer(&one->request, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain", too_large,
                    sizeof too_large - 1);
    else
        server.routes->handle(server.state, &one->request);
    if (one->phase == ANSWERED)
        return queue(one);
    if (one->phase != WAITS)
        abort(); /* neither answered nor waiting */
    MHD_suspend_connection(one->connection);
    one->is_suspended = true;
    return MHD_YES;
}

/* Called for the head of a request, for each piece of its body, at its end, and after a wait. */
static enum MHD_Result handle(void *none, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **own)
{
    exchange *one = *own;
    if (!one)
        return begin(connection, path, method, own);
    if (one->phase == ANSWERED)
        return queue(one);
    if (one->phase == GONE)
        return MHD_NO;
    if (!*size)
        return perform(one);
    enum MHD_Result rc = add(one, data, *size);
    *size = 0;
    return rc;
}

static void complete(void *none, struct MHD_Connection *connection, void **own,
                     enum MHD_RequestTerminationCode how)
{
    exchange *one = *own;
    if (!one)
        return;
    if (one->response)
        MHD_destroy_response(one->response);
    free(one->path);
    free(one->body);
    free(one);
    *own = NULL;
}

/* ---- Connections ---- */

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void note_connection(void *none, struct MHD_Connection *connection, void **own,
                            enum MHD_ConnectionNotificationCode what)
{
    int fd = socket_of(connection);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        server.sockets[server.socket_count++] = fd;
        return;
    }
    for (unsigned i = 0; i < server.socket_count; i++)
        if (server.sockets[i] == fd)
            server.sockets[i--] = server.sockets[--server.socket_count];
}

static void cut_connections(void)
{
    for (unsigned i = 0; i < server.socket_count; i++)
        shutdown(server.sockets[i], SHUT_RDWR);
}

static void leave(exchange *one)
{
    stop_waiting(one);
    if (server.routes->leave)
        server.routes->leave(server.state, &one->request);
    one->phase = GONE;
    resume(one);
}

/* ---- The loop ---- */

static int64_t next_time(void)
{
    MHD_UNSIGNED_LONG_LONG wait;
    int64_t until = server.routes->turn ? server.routes->turn(server.state) : INT64_MAX;
    if (MHD_get_timeout(server.daemon, &wait) == MHD_YES) {
        int64_t due = http_now() + (int64_t)wait * 1000000;
        until = due < until ? due : until;
    }
    for (exchange *one = server.waiting; one; one = one->next)
        until = one->until < until ? one->until : until;
    return until;
}

/* The list changes with each call. */
static void expire_all(void)
{
    int64_t now = http_now();
    for (exchange *one = server.waiting; one;) {
        if (one->until > now) {
            one = one->next;
            continue;
        }
        server.routes->expire(server.state, &one->request);
        one = server.waiting;
    }
}

/* Suspended connections are not watched by the library. */
static void turn(int signals, int events)
{
    static struct pollfd fds[2 + GUESTS];
    static exchange *of[2 + GUESTS];
    struct signalfd_siginfo signal;
    unsigned count = 2;
    int64_t left = next_time() - http_now();
    struct timespec wait = {left / 1000000000, left % 1000000000};
    if (left < 0 || server.has_resumed)
        wait = (struct timespec){0};
    fds[0] = (struct pollfd){.fd = events, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (exchange *one = server.waiting; one && count < 2 + GUESTS; one = one->next) {
        of[count] = one;
        fds[count++] = (struct pollfd){.fd = socket_of(one->connection), .events = POLLRDHUP};
    }
    if (ppoll(fds, count, &wait, NULL) > 0) {
        for (unsigned i = 2; i < count; i++)
            if (fds[i].revents && of[i]->phase == WAITS) /* not answered by another `leave` */
                leave(of[i]);
        if (fds[1].revents && read(signals, &signal, sizeof signal) > 0)
            cut_connections();
    }
    expire_all();
    do {
        server.has_resumed = false;
        MHD_run(server.daemon);
    } while (server.has_resumed);
}

static int refuse(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int listen_at(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    int any;
    if (!port)
        return port_listen(GUESTS, &any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, GUESTS) ? -1 : fd;
}

static int print_port(int fd)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size))
        return -1;
    printf("%d\n", ntohs(at.sin_port));
    return fflush(stdout);
}

int http_serve(const http_routes *routes, void *state, const http_options *options)
{
    pid_t parent = getppid();
    if (!options->stays)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent && !options->stays)
        return 1; /* which has ended meanwhile */
    sigset_t cuts;
    sigemptyset(&cuts);
    sigaddset(&cuts, SIGUSR1);
    sigprocmask(SIG_BLOCK, &cuts, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &cuts, SFD_CLOEXEC), fd = listen_at(options->port);
    if (signals < 0 || fd < 0)
        return refuse("cannot listen");
    server.routes = routes;
    server.state = state;
    server.body_most = options->body_most;
    server.daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, NULL,
                         MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
                         MHD_OPTION_NOTIFY_CONNECTION, note_connection, NULL,
                         MHD_OPTION_CONNECTION_LIMIT, GUESTS, MHD_OPTION_END);
    if (!server.daemon || print_port(fd))
        return refuse("cannot start the server");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server.daemon, MHD_DAEMON_INFO_EPOLL_FD);
    for (;;)
        turn(signals, info->epoll_fd);
}
