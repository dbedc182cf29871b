/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/wire.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/tls.h>
#include <runtime/service/brokers/redis/url.h>
#include <runtime/service/net/socket.h>

#include <filch/wait.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static fl_broker_rc lost(fl_redis_wire *wire, const char *what, int error)
{
    return wire->host->explain(wire->host, FL_BROKER_LOST, "%s (%s); is the server up?", what,
                               strerror(error));
}

/* ---- Connecting ---- */

/* 0, or an errno. */
static int connect_socket(fl_redis_wire *wire, const struct sockaddr *to, socklen_t size,
                          int64_t until)
{
    wire->fd = fl_socket_connect(to, size, until);
    return wire->fd < 0 ? -wire->fd : 0;
}

static fl_broker_rc connect_path(fl_redis_wire *wire, const char *path, int64_t until)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int error = ENAMETOOLONG;
    if (strlen(path) < sizeof to.sun_path) {
        strcpy(to.sun_path, path);
        error = connect_socket(wire, (const struct sockaddr *)&to, sizeof to, until);
    }
    return error ? lost(wire, "cannot connect to the socket of redis", error) : FL_BROKER_OK;
}

static fl_broker_rc connect_host(fl_redis_wire *wire, const fl_redis_url *url, int64_t until)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    int error = getaddrinfo(url->place.host, url->place.port, &hints, &list);
    if (error)
        return wire->host->explain(wire->host, FL_BROKER_LOST,
                                   "cannot find the host of redis: %s (%s)", url->place.host,
                                   gai_strerror(error));
    error = EHOSTUNREACH;
    for (const struct addrinfo *at = list; at && wire->fd < 0; at = at->ai_next)
        error = connect_socket(wire, at->ai_addr, at->ai_addrlen, until);
    freeaddrinfo(list);
    return wire->fd >= 0 ? FL_BROKER_OK : lost(wire, "cannot connect to redis", error);
}

static fl_broker_rc start_tls(fl_redis_wire *wire, const fl_redis_url *url, int64_t until)
{
    const char *why;
    short events;
    int error, waited = 0;
    wire->tls = fl_redis_tls_open(wire->fd, url, &why);
    if (!wire->tls)
        return wire->host->explain(wire->host, FL_BROKER_REFUSED, "cannot use TLS: %s", why);
    while ((error = fl_redis_tls_connect(wire->tls, &events, &why)) == -EAGAIN && !waited)
        waited = fl_socket_wait(wire->fd, events, until);
    if (!error)
        return FL_BROKER_OK;
    if (waited)
        return wire->host->explain(wire->host, FL_BROKER_LOST,
                                   "no TLS handshake with redis at %s (%s); is this its tls-port?",
                                   url->place.host, strerror(waited));
    if (error == -EPERM)
        return wire->host->explain(wire->host, FL_BROKER_REFUSED, "cannot trust redis: %s", why);
    return wire->host->explain(
        wire->host, FL_BROKER_REFUSED,
        "no TLS with redis at %s: %s; check the port and the versions of TLS "
        "(valid: 1.2 and later)",
        url->place.host, why);
}

fl_broker_rc fl_redis_wire_open(fl_redis_wire *wire, const fl_broker_host *host,
                                const fl_redis_url *url, size_t reply_most, int64_t until)
{
    *wire = (fl_redis_wire){.host = host, .fd = -1, .reply_most = reply_most};
    wire->reader = redisReaderCreate();
    if (!wire->reader)
        return lost(wire, "cannot connect to redis", ENOMEM);
    wire->reader->maxbuf = 256 << 10; /* kept: else it frees the memory of each batch */
    fl_broker_rc rc =
        url->socket ? connect_path(wire, url->socket, until) : connect_host(wire, url, until);
    return rc || !url->tls ? rc : start_tls(wire, url, until);
}

void fl_redis_wire_close(fl_redis_wire *wire)
{
    fl_redis_tls_close(wire->tls);
    if (wire->reader)
        redisReaderFree(wire->reader);
    if (wire->host && wire->fd >= 0)
        close(wire->fd);
    *wire = (fl_redis_wire){.fd = -1};
}

/* ---- Bytes ---- */

static ssize_t write_some(fl_redis_wire *wire, const char *from, size_t size, short *events)
{
    if (wire->tls)
        return fl_redis_tls_write(wire->tls, from, size, events);
    ssize_t n = send(wire->fd, from, size, MSG_NOSIGNAL);
    *events = POLLOUT;
    return n < 0 ? -errno : n;
}

static ssize_t read_some(fl_redis_wire *wire, char *to, size_t size, short *events)
{
    if (wire->tls)
        return fl_redis_tls_read(wire->tls, to, size, events);
    ssize_t n = recv(wire->fd, to, size, 0);
    *events = POLLIN;
    return n < 0 ? -errno : n;
}

fl_broker_rc fl_redis_wire_send(fl_redis_wire *wire, const char *text, size_t size, int64_t until)
{
    for (size_t sent = 0; sent < size;) {
        short events;
        ssize_t n = write_some(wire, text + sent, size - sent, &events);
        int error = n >= 0 ? 0 : (int)-n;
        if (n > 0)
            sent += (size_t)n;
        if (error == EAGAIN)
            error = fl_socket_wait(wire->fd, events, until);
        if (error && error != EINTR)
            return lost(wire, "cannot send to redis", error);
    }
    return FL_BROKER_OK;
}

/* Reads what has come. 0; EAGAIN: nothing, wait for *events; or another errno. */
static int read_on(fl_redis_wire *wire, short *events)
{
    char bytes[16384];
    ssize_t n = read_some(wire, bytes, sizeof bytes, events);
    if (n <= 0)
        return n == 0 ? ECONNRESET : n == -EINTR ? 0 : (int)-n;
    wire->reply_size += (size_t)n;
    if (wire->reply_size > wire->reply_most + sizeof bytes)
        return EMSGSIZE;
    return redisReaderFeed(wire->reader, bytes, (size_t)n) == REDIS_OK ? 0 : ENOMEM;
}

/* *out: NULL, or the reply that is complete. 0, or an errno. */
static int next_reply(fl_redis_wire *wire, redisReply **out)
{
    void *reply = NULL;
    if (redisReaderGetReply(wire->reader, &reply) != REDIS_OK)
        return EPROTO;
    if (reply)
        wire->reply_size = 0;
    *out = reply;
    return 0;
}

static fl_broker_rc no_reply(fl_redis_wire *wire, int error)
{
    if (error == EMSGSIZE)
        return wire->host->explain(wire->host, FL_BROKER_LOST,
                                   "reply of redis is over %zu bytes: is this a Redis server?",
                                   wire->reply_most);
    if (error == EPROTO)
        return wire->host->explain(wire->host, FL_BROKER_LOST,
                                   "cannot read the reply of redis: %s; is this a Redis server?",
                                   wire->reader->errstr);
    return lost(wire, "no reply from redis", error);
}

static void put_aside(fl_redis_wire *wire, redisReply *reply)
{
    wire->aside--;
    wire->is_aside_refused |= reply->type == REDIS_REPLY_ERROR;
    freeReplyObject(reply);
}

fl_broker_rc fl_redis_wire_reply(fl_redis_wire *wire, redisReply **out, int64_t until)
{
    for (;;) {
        short events;
        int error = next_reply(wire, out);
        if (!error && *out && !wire->aside)
            return FL_BROKER_OK;
        if (!error && *out) {
            put_aside(wire, *out);
            continue;
        }
        if (!error)
            error = read_on(wire, &events);
        if (error == EAGAIN)
            error = fl_socket_wait(wire->fd, events, until);
        if (error)
            return no_reply(wire, error);
    }
}

fl_broker_rc fl_redis_wire_poll(fl_redis_wire *wire, redisReply **out)
{
    for (;;) {
        short events;
        int error = next_reply(wire, out);
        if (!error && *out)
            return FL_BROKER_OK;
        if (!error)
            error = read_on(wire, &events);
        if (error == EAGAIN)
            return FL_BROKER_OK;
        if (error)
            return no_reply(wire, error);
    }
}
