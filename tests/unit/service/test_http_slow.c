/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Slow clients of the HTTP endpoints: probes are answered meanwhile, and the clients are dropped. */
#include <tests/service/service_http.h>

#include <errno.h>
#include <poll.h>

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
