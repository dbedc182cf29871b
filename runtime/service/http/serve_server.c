/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The server: libmicrohttpd on a thread of its own, which looks a path up in the table of routes and ends slow connections. */
#include <runtime/service/http/serve_server.h>

#include <filch/runtime.h>
#include <filch/service_observe.h>
#include <runtime/platform/given.h>
#include <runtime/platform/own_thread.h>
#include <runtime/service/http/serve_metrics.h>
#include <runtime/service/http/serve_places.h>
#include <runtime/service/http/serve_state.h>
#include <runtime/service/http/serve_watch.h>
#include <runtime/service/service.h>

#include "serve_pages.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTION_BYTES = 32 << 10 };

struct filch_service_http {
    uint32_t life; /* runtime/platform/given.h */
    filch_service *service;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int end; /* an eventfd: the thread should end */
    fl_serve_places places;
    fl_serve_watch watch;
    fl_serve_metrics metrics;
    fl_guard guard;
    unsigned port;
};

/* ---- Answers ---- */

typedef struct answer {
    unsigned status;
    const char *type;
    const void *text;
    size_t size;
    bool is_owned; /* text is freed by the server */
} answer;

#define PLAIN "text/plain; charset=utf-8"
#define SAYING(code, words)                                                                        \
    {                                                                                              \
        code, PLAIN, words "\n", sizeof words, false                                               \
    }
#define SAY(code, words) ((answer)SAYING(code, words))
#define PAGE(type, bytes) ((answer){MHD_HTTP_OK, type, bytes, sizeof bytes, false})

static answer owned(const char *type, char *text, size_t size)
{
    if (!text)
        return SAY(MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for the answer; try again later");
    return (answer){MHD_HTTP_OK, type, text, size, true};
}

static answer tell_health(filch_service_http *http)
{
    return fl_service_health_read(http->service).turns
               ? SAY(MHD_HTTP_OK, "healthy")
               : SAY(MHD_HTTP_SERVICE_UNAVAILABLE, "unhealthy");
}

static answer tell_ready(filch_service_http *http)
{
    return fl_service_health_read(http->service).is_ready
               ? SAY(MHD_HTTP_OK, "ready")
               : SAY(MHD_HTTP_SERVICE_UNAVAILABLE, "not ready");
}

static answer tell_metrics(filch_service_http *http)
{
    size_t size = 0;
    char *text = fl_serve_metrics_text(&http->metrics, &size);
    return owned(FILCH_METRICS_TYPE, text, size);
}

static answer tell_state(filch_service_http *http)
{
    char *text = fl_serve_state_text(http->service, &http->watch);
    return owned("application/json", text, text ? strlen(text) : 0);
}

static answer tell_page(filch_service_http *http)
{
    (void)http;
    return PAGE("text/html; charset=utf-8", part_page_html);
}

static answer tell_style(filch_service_http *http)
{
    (void)http;
    return PAGE("text/css; charset=utf-8", part_page_css);
}

static answer tell_script(filch_service_http *http)
{
    (void)http;
    return PAGE("text/javascript; charset=utf-8", part_page_js);
}

static const struct {
    const char *path;
    bool is_guarded; /* shows the content of jobs */
    answer (*tell)(filch_service_http *http);
} routes[] = {
    {"/health", false, tell_health},
    {"/ready", false, tell_ready},
    {"/metrics", false, tell_metrics},
    {"/debug/state", true, tell_state},
    {"/", true, tell_page},
    {"/page.css", true, tell_style},
    {"/page.js", true, tell_script},
};

/* ---- Requests ---- */

static fl_access judge(filch_service_http *http, struct MHD_Connection *connection)
{
    char *password = NULL;
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *sent = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    char *user = MHD_basic_auth_get_username_password(connection, &password);
    fl_access access = fl_guard_judge(&http->guard, host, sent, password);
    MHD_free(user);
    MHD_free(password);
    return access;
}

static answer find(filch_service_http *http, struct MHD_Connection *connection, const char *method,
                   const char *path)
{
    static const answer refusals[] = {
        [FL_ACCESS_ASK] = SAYING(MHD_HTTP_UNAUTHORIZED, "wrong or missing token"),
        [FL_ACCESS_REFUSED] =
            SAYING(MHD_HTTP_FORBIDDEN, "set a token, or listen on a loopback address"),
        [FL_ACCESS_FOREIGN] =
            SAYING(MHD_HTTP_FORBIDDEN, "foreign host name; use localhost or the address")};
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return SAY(MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed (valid: GET, HEAD)");
    for (unsigned i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(path, routes[i].path) != 0)
            continue;
        fl_access access = routes[i].is_guarded ? judge(http, connection) : FL_ACCESS_GRANTED;
        return access == FL_ACCESS_GRANTED ? routes[i].tell(http) : refusals[access];
    }
    return SAY(MHD_HTTP_NOT_FOUND,
               "unknown path (valid: /, /health, /ready, /metrics, /debug/state)");
}

static void add_headers(struct MHD_Response *response, const answer *one)
{
    static const char *const headers[][2] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}};
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, "Content-Type", one->type);
    if (one->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"filch\"");
    if (one->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
}

/* The first call of a request only marks it; answering then would close the connection. */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *body,
                              size_t *body_size, void **state)
{
    static char marked;
    (void)version, (void)body;
    bool sends_body = *body_size != 0;
    if (!*state) {
        *state = &marked;
        return MHD_YES;
    }
    if (sends_body) { /* thrown away */
        *body_size = 0;
        return MHD_YES;
    }
    answer one = find(arg, connection, method, path);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(one.size, (void *)(uintptr_t)one.text,
                                        one.is_owned ? MHD_RESPMEM_MUST_FREE
                                                     : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        if (one.is_owned)
            free((void *)(uintptr_t)one.text);
        return MHD_NO;
    }
    add_headers(response, &one);
    fl_serve_place_answered(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context,
        filch_now());
    enum MHD_Result rc = MHD_queue_response(connection, one.status, response);
    MHD_destroy_response(response);
    return rc;
}

static void note_connection(void *arg, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode what)
{
    filch_service_http *http = arg;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        fl_serve_place_leave(*place);
        return;
    }
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const struct sockaddr *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    *place = fl_serve_places_take(&http->places, fd, fl_serve_network(client), filch_now());
}

/* ---- Its thread ---- */

/* In ms. */
static int patience(filch_service_http *http)
{
    unsigned long long most;
    int64_t now = filch_now(), until = fl_serve_places_expire(&http->places, now);
    if (MHD_get_timeout(http->daemon, &most) == MHD_YES && !most)
        return 0;
    return until == FILCH_FOREVER ? -1 : (int)((until - now) / FILCH_MILLISECOND + 1);
}

static void *serve(void *arg)
{
    filch_service_http *http = arg;
    struct pollfd fds[] = {
        {.fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
         .events = POLLIN},
        {.fd = http->end, .events = POLLIN}};
    while (!fds[1].revents) {
        poll(fds, sizeof fds / sizeof *fds, patience(http));
        MHD_run(http->daemon);
    }
    return NULL;
}

/* ---- Life ---- */

static int start_daemon(filch_service_http *http, int fd)
{
    http->end = eventfd(0, EFD_CLOEXEC);
    http->daemon =
        http->end < 0
            ? NULL
            : MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET,
                               fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)FL_SERVE_PLACES_ALL,
                               MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                               MHD_OPTION_END);
    if (http->daemon && fl_own_thread_start(&http->thread, serve, http) == 0)
        return 0;
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    else
        close(fd);
    if (http->end >= 0)
        close(http->end);
    return filch_error_set(-EAGAIN, "no thread or memory for the HTTP endpoints; raise the limits "
                                    "of threads and open files");
}

static void stop_daemon(filch_service_http *http)
{
    eventfd_write(http->end, 1);
    pthread_join(http->thread, NULL);
    MHD_stop_daemon(http->daemon);
    close(http->end);
}

static int start_parts(filch_service_http *http, const filch_service_http_config *config, int fd)
{
    int rc = fl_serve_watch_start(&http->watch, http->service);
    if (rc) {
        close(fd);
        return rc;
    }
    rc = fl_serve_metrics_start(&http->metrics, http->service, &http->watch, config->metrics);
    if (rc) {
        close(fd);
    } else {
        rc = start_daemon(http, fd);
        if (rc)
            fl_serve_metrics_stop(&http->metrics);
    }
    if (rc)
        fl_serve_watch_stop(&http->watch);
    return rc;
}

static int start(filch_service_http *http, const filch_service_http_config *config)
{
    fl_listener listener;
    const char *address = config->address ? config->address : "127.0.0.1";
    if (config->token && *config->token && !(http->guard.token = strdup(config->token)))
        return filch_error_set(-ENOMEM, "no memory for the HTTP endpoints; free some");
    int rc = fl_listen(&listener, address, config->port);
    if (rc)
        return rc;
    http->port = listener.port;
    http->guard.is_loopback = listener.is_loopback;
    rc = start_parts(http, config, listener.fd);
    const filch_log *log = config->log ? config->log : http->service->config.log;
    if (!rc && log)
        FILCH_LOG(log, FILCH_LOG_INFO, "HTTP endpoints listen", filch_log_text("address", address),
                  filch_log_int("port", http->port));
    return rc;
}

int filch_service_http_start(filch_service_http **out, filch_service *service,
                             const filch_service_http_config *config)
{
    filch_service_http_config all = {0};
    FL_GIVEN(out);
    FL_ALIVE(service);
    if (config) {
        size_t size = config->size ? config->size : sizeof all;
        memcpy(&all, config, size < sizeof all ? size : sizeof all);
    }
    filch_service_http *http = calloc(1, sizeof *http);
    if (!http)
        return filch_error_set(-ENOMEM, "no memory for the HTTP endpoints; free some");
    http->service = service;
    int rc = start(http, &all);
    if (rc) {
        free(http->guard.token);
        free(http);
    } else {
        fl_life_begin(&http->life);
        *out = http;
    }
    return rc;
}

void filch_service_http_stop(filch_service_http *http)
{
    FL_MAY_LIVE(http);
    if (!http)
        return;
    fl_life_end(&http->life);
    stop_daemon(http);
    fl_serve_metrics_stop(&http->metrics);
    fl_serve_watch_stop(&http->watch);
    free(http->guard.token);
    free(http);
}

unsigned filch_service_http_port(const filch_service_http *http)
{
    FL_MUST_LIVE(http);
    return http->port;
}

/* ---- Sockets ---- */

enum { PORT_MOST = 65535 };

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
} any_address;

/* The size; 0: it does not parse. */
static socklen_t parse(any_address *out, const char *text, unsigned port)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &out->four.sin_addr) == 1) {
        out->four.sin_family = AF_INET;
        out->four.sin_port = htons((uint16_t)port);
        return sizeof out->four;
    }
    if (inet_pton(AF_INET6, text, &out->six.sin6_addr) != 1)
        return 0;
    out->six.sin6_family = AF_INET6;
    out->six.sin6_port = htons((uint16_t)port);
    return sizeof out->six;
}

static bool is_loopback(const any_address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->four.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->six.sin6_addr);
}

static unsigned port_of(int fd)
{
    any_address bound;
    socklen_t size = sizeof bound;
    if (getsockname(fd, &bound.any, &size))
        return 0;
    return ntohs(bound.any.sa_family == AF_INET ? bound.four.sin_port : bound.six.sin6_port);
}

static int fail(const char *address, unsigned port, int fd)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    return filch_error_set(-error, "cannot listen on %s port %u: %s; %s", address, port,
                           strerror(error),
                           error == EADDRINUSE
                               ? "end the process that has the port, or choose another"
                               : "choose another address or port");
}

int fl_listen(fl_listener *out, const char *address, unsigned port)
{
    any_address at;
    int one = 1;
    socklen_t size = port <= PORT_MOST ? parse(&at, address, port) : 0;
    if (!size)
        return filch_error_set(-EINVAL,
                               "cannot listen on address '%s' port %u (valid: an IPv4 or IPv6 "
                               "address in digits, port 0..%d)",
                               address, port, PORT_MOST);
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(address, port, fd);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &at.any, size) || listen(fd, SOMAXCONN))
        return fail(address, port, fd);
    *out = (fl_listener){.fd = fd, .port = port_of(fd), .is_loopback = is_loopback(&at)};
    return 0;
}

/* ---- Guards ---- */

/* The time depends on the length of the sent text, not on the token. */
static bool is_same(const char *token, const char *sent)
{
    size_t size = strlen(token), sent_size = strlen(sent);
    unsigned difference = size != sent_size;
    for (size_t i = 0; i < sent_size; i++) {
        difference |= (unsigned char)(token[i < size ? i : size] ^ sent[i]);
        __asm__("" : "+r"(difference)); /* the compiler must not leave the loop early */
    }
    return !difference;
}

/* A page of a foreign site, whose name its owner has pointed at this address, sends that name. */
static bool is_local_name(const char *host)
{
    char name[64];
    struct in_addr address;
    if (!host || *host == '[')
        return true;
    if (snprintf(name, sizeof name, "%.*s", (int)strcspn(host, ":"), host) >= (int)sizeof name)
        return false;
    return !strcasecmp(name, "localhost") || inet_pton(AF_INET, name, &address) == 1;
}

fl_access fl_guard_judge(const fl_guard *guard, const char *host, const char *authorization,
                         const char *password)
{
    static const char bearer[] = "Bearer ";
    if (!guard->token && !guard->is_loopback)
        return FL_ACCESS_REFUSED;
    if (!guard->token)
        return is_local_name(host) ? FL_ACCESS_GRANTED : FL_ACCESS_FOREIGN;
    if (authorization && !strncasecmp(authorization, bearer, sizeof bearer - 1))
        password = authorization + sizeof bearer - 1;
    return password && is_same(guard->token, password) ? FL_ACCESS_GRANTED : FL_ACCESS_ASK;
}
