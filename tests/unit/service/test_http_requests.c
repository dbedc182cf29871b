/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs microhttpd jansson
 *
 * The HTTP endpoints of a service: methods, connections, tokens, names. */
#include <tests/service/service_http.h>

#include <errno.h>
#include <poll.h>

Test(http_requests, unknown_paths_and_methods_are_refused)
{
    start((filch_service_config){0});
    cr_assert_eq(status_of("/"), 200);
    cr_assert_eq(status_of("/page.css"), 200);
    cr_assert_eq(status_of("/page.js"), 200);
    cr_assert_eq(status_of("/health?verbose=1"), 200);
    cr_assert_eq(status_of("/healthy"), 404);
    cr_assert_eq(status_of("/../health"), 404);
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
    for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
        cr_assert_eq(http_status(port, methods[i], "/health", ""), 405, "%s", methods[i]);
    http_answer *answer = http_ask(port, "HEAD", "/debug/state", "");
    cr_assert_eq(answer->status, 200);
    cr_assert_str_eq(answer->body, "");
    free(answer);
    end();
}

Test(http_requests, a_body_is_thrown_away)
{
    start((filch_service_config){0});
    int fd = http_connect(port);
    static const char text[] = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               "Content-Length: 5\r\n\r\nhello";
    http_send(fd, text, sizeof text - 1);
    http_answer *answer = http_read(fd);
    cr_assert_eq(answer->status, 200);
    free(answer);
    end();
}

Test(http_requests, a_connection_serves_several_requests)
{
    start((filch_service_config){0});
    int fd = http_connect(port);
    static const char text[] =
        "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    http_send(fd, text, sizeof text - 1);
    http_answer *answer = http_read(fd);
    cr_assert_eq(answer->status, 200);
    cr_assert(strstr(answer->body, "HTTP/1.1 503"));
    free(answer);
    end();
}

Test(http_requests, answers_forbid_foreign_content)
{
    start((filch_service_config){0});
    http_answer *answer = get("/");
    cr_assert(strstr(answer->text, "Content-Security-Policy: default-src 'none'"));
    cr_assert(strstr(answer->text, "X-Content-Type-Options: nosniff"));
    cr_assert(!strstr(answer->body, "http:") && !strstr(answer->body, "https:"));
    free(answer);
    end();
}

Test(http_requests, connection_65_replaces_the_first)
{
    enum { MOST = 64 };
    char byte;
    int fds[MOST];
    start((filch_service_config){0});
    for (unsigned i = 0; i < MOST; i++)
        fds[i] = http_connect(port);
    cr_assert_eq(status_of("/health"), 200);
    cr_assert_eq(recv(fds[0], &byte, 1, MSG_DONTWAIT), 0, "it is closed");
    for (unsigned i = 0; i < MOST; i++)
        close(fds[i]);
    end();
}

/* ---- Tokens ---- */

Test(http_requests, state_and_page_require_token)
{
    service = service_of((filch_service_config){0}, handlers, 3);
    start_http((filch_service_http_config){.address = "0.0.0.0", .token = "open sesame"});
    static const struct {
        const char *headers;
        int status;
    } requests[] = {
        {"", 401},
        {"Authorization: Bearer open sesam\r\n", 401},
        {"Authorization: Bearer open sesame!\r\n", 401},
        {"Authorization: Bearer \r\n", 401},
        {"Authorization: Bearer open sesame\r\n", 200},
        {"Authorization: Basic bWU6b3BlbiBzZXNhbWU=\r\n", 200}, /* me:open sesame */
        {"Authorization: Basic bWU6b3BlbiBzZXNhbQ==\r\n", 401}, /* me:open sesam */
    };
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        cr_assert_eq(http_status(port, "GET", "/debug/state", requests[i].headers),
                     requests[i].status, "%u", i);
        cr_assert_eq(http_status(port, "GET", "/", requests[i].headers), requests[i].status);
    }
    http_answer *answer = http_ask(port, "GET", "/", "");
    cr_assert(strstr(answer->text, "WWW-Authenticate: Basic"));
    free(answer);
    cr_assert_eq(status_of("/health"), 200, "probes need none");
    cr_assert_eq(status_of("/metrics"), 200);
    end();
}

Test(http_requests, tokenless_remote_addresses_see_no_jobs)
{
    service = service_of((filch_service_config){0}, handlers, 3);
    start_http((filch_service_http_config){.address = "0.0.0.0"});
    cr_assert_eq(status_of("/"), 403);
    cr_assert_eq(status_of("/debug/state"), 403);
    cr_assert_eq(status_of("/metrics"), 200);
    end();
}

Test(http_requests, foreign_loopback_name_is_refused)
{
    start((filch_service_config){0});
    cr_assert_eq(http_status(port, "GET", "/debug/state", "Host: evil.example\r\n"), 403);
    cr_assert_eq(http_status(port, "GET", "/debug/state", "Host: 127.0.0.1:80\r\n"), 200);
    cr_assert_eq(http_status(port, "GET", "/debug/state", "Host: LocalHost:80\r\n"), 200);
    cr_assert_eq(http_status(port, "GET", "/health", "Host: evil.example\r\n"), 200);
    end();
}

/* Slow clients of the HTTP endpoints: probes are answered meanwhile, and the clients are dropped. */

enum {
    MOST = 200,
    BREATH = 10,  /* ms between two bytes of a client */
    SOON = 100,   /* bytes of a client until a probe is answered, at most */
    BYTES = 3000, /* until it is dropped itself */
};

/* Slow clients. */
typedef struct crowd {
    int fds[MOST];
    unsigned count, open;
} crowd;

static int connect_from(unsigned address)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(address)}};
    struct sockaddr_in to = http_place(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void gather(crowd *all, unsigned count, unsigned addresses, const char *begin)
{
    *all = (crowd){.count = count, .open = count};
    for (unsigned i = 0; i < count; i++) {
        all->fds[i] = connect_from(INADDR_LOOPBACK + i % addresses);
        send(all->fds[i], begin, strlen(begin), MSG_NOSIGNAL); /* some are dropped already */
    }
}

static bool fails(ssize_t rc)
{
    return rc < 0 && errno != EAGAIN;
}

/* Each sends and reads a byte, and so finds out if it is still connected. */
static void drip(crowd *all)
{
    char byte;
    for (unsigned i = 0; i < all->count; i++) {
        int fd = all->fds[i];
        if (fd < 0)
            continue;
        bool is_dropped = fails(send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
        ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
        if (!is_dropped && got && !fails(got))
            continue;
        close(fd);
        all->fds[i] = -1;
        all->open--;
    }
}

static void scatter(crowd *all)
{
    for (unsigned i = 0; i < all->count; i++)
        if (all->fds[i] >= 0)
            close(all->fds[i]);
}

/* The status that a probe gets while the crowd drips. */
static int probe(crowd *all, const char *path)
{
    char request[128];
    struct pollfd answered = {.fd = http_connect(port), .events = POLLIN};
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    http_send(answered.fd, request, (size_t)size);
    for (unsigned bytes = 0; poll(&answered, 1, BREATH) == 0; bytes++) {
        cr_assert_lt(bytes, SOON, "%s is not answered while %u clients drip", path, all->open);
        drip(all);
    }
    http_answer *answer = http_read(answered.fd);
    int status = answer->status;
    free(answer);
    return status;
}

/* Their answers are more than all buffers hold. */
static const char *many_requests(void)
{
    enum { REQUESTS = 500 };
    static const char one[] = "GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static char text[REQUESTS * sizeof one];
    for (unsigned i = 0; i < REQUESTS; i++)
        memcpy(text + i * (sizeof one - 1), one, sizeof one);
    return text;
}

Test(http_slow, slow_clients_keep_no_probe_out)
{
    static const struct {
        unsigned count, addresses;
    } rows[] = {{64, 1}, {200, 1}, {64, 8}, {200, 8}, {200, 200}};
    const char *const beginnings[] = {
        "", "GET /health HTTP/1.1\r\nX: ",
        "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
        many_requests()};
    crowd all;
    start((filch_service_config){0});
    run_ready(service);
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++)
        for (unsigned i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
            gather(&all, rows[row].count, rows[row].addresses, beginnings[i]);
            cr_assert_eq(probe(&all, "/health"), 200, "%u, %u", row, i);
            cr_assert_eq(probe(&all, "/ready"), 200, "%u, %u", row, i);
            cr_assert_eq(probe(&all, "/metrics"), 200, "%u, %u", row, i);
            scatter(&all);
        }
    end();
}

/* Asks on a connection that stays open. */
static void ask(int fd)
{
    static const char request[] = "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[1024] = "";
    http_send(fd, request, sizeof request - 1);
    cr_assert_gt(recv(fd, answer, sizeof answer - 1, 0), 0);
    cr_assert(strstr(answer, "HTTP/1.1 200"), "%s", answer);
}

/* Their bytes gain them no time. A connection that came before them, and was answered, has more. */
Test(http_slow, dripping_connections_are_closed)
{
    static const char *const beginnings[] = {
        "GET /health HTTP/1.1\r\nX: ",
        "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"};
    crowd all;
    start((filch_service_config){0});
    int kept = http_connect(port);
    for (unsigned i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        ask(kept);
        gather(&all, 8, 1, beginnings[i]);
        for (unsigned bytes = 0; all.open; bytes++) {
            cr_assert_lt(bytes, BYTES, "%u clients still drip", all.open);
            poll(NULL, 0, BREATH);
            drip(&all);
        }
    }
    ask(kept);
    close(kept);
    end();
}
