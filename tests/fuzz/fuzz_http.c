/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The HTTP endpoints of a service. Any bytes on a connection are answered by HTTP or by its end,
 * never by a fault of the server; the service stays as it was. A second request is answered meanwhile.
 * Its answer is the sign to look at the first one, since many inputs keep their connection open. */
#include <arpa/inet.h>
#include <filch/runtime.h>
#include <filch/service_observe.h>
#include <sys/socket.h>
#include <tests/fuzz/fuzz.h>
#include <unistd.h>

enum { ANSWER_BYTES = 1 << 16, PATIENCE = 60 /* s, for the end of a connection */ };

static filch_service *service;
static unsigned port;

static int nothing(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

/* No time passes, so the service is healthy though its loop does not turn. */
static int64_t still(void *arg)
{
    return FILCH_SECOND;
}

/* Once in the process; the server lives until its end. */
static void start(void)
{
    static const filch_handler handler = {.type = "nothing", .fn = nothing};
    static filch_service_http *http;
    const filch_service_config config = {
        .size = sizeof config, .broker = "memory:", .workers = 1, .clock = still};
    if (service)
        return;
    FUZZ_CHECK(filch_service_create(&service, &config, &handler, 1) == 0, "%s", filch_error());
    FUZZ_CHECK(filch_service_http_start(&http, service, NULL) == 0, "%s", filch_error());
    port = filch_service_http_port(http);
}

/* A connection on which these bytes are sent. */
static int send_to_server(const void *request, size_t size)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct timeval patience = {PATIENCE, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0, "%m");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    FUZZ_CHECK(size == 0 || send(fd, request, size, MSG_NOSIGNAL) == (ssize_t)size, "%m");
    return fd;
}

/* Reads to the end; with MSG_DONTWAIT only what has come. */
static size_t receive(int fd, char *answer, int flags)
{
    size_t used = 0;
    ssize_t got;
    while (used < ANSWER_BYTES && (got = recv(fd, answer + used, ANSWER_BYTES - used, flags)) > 0)
        used += (size_t)got;
    close(fd);
    return used;
}

static bool begins(const char *answer, size_t size, const char *with)
{
    return size >= strlen(with) && memcmp(answer, with, strlen(with)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char health[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
                                 "Connection: close\r\n\r\n";
    static char answer[ANSWER_BYTES];
    filch_service_stats stats;
    start();
    int fuzzed = send_to_server(data, size);
    size_t got = receive(send_to_server(health, sizeof health - 1), answer, 0);
    FUZZ_CHECK(begins(answer, got, "HTTP/1.1 200"), "%.*s", (int)got, answer);
    got = receive(fuzzed, answer, MSG_DONTWAIT);
    FUZZ_CHECK(!got || begins(answer, got, "HTTP/1."), "%.*s", (int)got, answer);
    FUZZ_CHECK(!begins(answer, got, "HTTP/1.1 500"), "%.*s", (int)got, answer);
    filch_service_stats_read(service, &stats, sizeof stats);
    FUZZ_CHECK(!stats.received && !stats.published, "a request changed the service");
    return 0;
}
