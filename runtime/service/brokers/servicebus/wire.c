/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/net/socket.h>

#include <filch/timer.h>

#include <errno.h>
#include <netdb.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/event.h>
#include <proton/sasl.h>
#include <proton/ssl.h>
#include <proton/transport.h>

enum {
    IDLE_MS = 60000, /* the server has to send something within it */
    FRAME = 65536,   /* bytes, as Service Bus has it */
    READ = 4 * FRAME /* at once; a frame has to fit in */
};

/* ---- Failures ---- */

void fl_bus_note(fl_bus *b, const char *name, const char *text)
{
    snprintf(b->error, sizeof b->error, "%s", name ? name : "");
    snprintf(b->reason, sizeof b->reason, "%s", text ? text : "");
}

static void note_condition(fl_bus *b, pn_condition_t *condition)
{
    if (pn_condition_is_set(condition))
        fl_bus_note(b, pn_condition_get_name(condition), pn_condition_get_description(condition));
}

/* Conditions with a result of their own: a person has to change something, or the server has too much to
 * do. All others end the connection. */
static const struct {
    const char *name;
    fl_broker_rc rc;
    const char *advice;
} conditions[] = {
    {"amqp:unauthorized-access", FL_BROKER_REFUSED,
     "; check the key and its rights: Listen to consume, Send to publish"},
    {"amqp:not-found", FL_BROKER_REFUSED, "; create the queue (az servicebus queue create)"},
    {"amqp:not-allowed", FL_BROKER_REFUSED,
     "; a queue that requires sessions needs ?sessions=N in the URL, and others must not have it"},
    {"amqp:link:redirect", FL_BROKER_REFUSED, ""},
    {"amqp:link:detach-forced", FL_BROKER_BUSY, ""}, /* idle, or moved to another machine */
    {"com.microsoft:server-busy", FL_BROKER_BUSY, ""},
    {"com.microsoft:timeout", FL_BROKER_BUSY, ""},
    {"amqp:resource-limit-exceeded", FL_BROKER_BUSY, "; make the queue larger, or empty it"},
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

static unsigned row_of(const char *condition)
{
    unsigned row = 0;
    while (row < CONDITIONS && strcmp(conditions[row].name, condition) != 0)
        row++;
    return row;
}

bool fl_bus_passes(const char *condition)
{
    unsigned row = row_of(condition);
    return row < CONDITIONS && conditions[row].rc == FL_BROKER_BUSY;
}

/* A file or a folder: proton has no default. */
static const char *authorities(const fl_bus *b)
{
    const char *folder = secure_getenv(X509_get_default_cert_dir_env());
    return b->url.ca ? b->url.ca : folder ? folder : X509_get_default_cert_dir();
}

/* Is the server's certificate refused? Sets `why`. */
static bool is_distrusted(const fl_bus *b, fl_certificate *c)
{
    *c = (fl_certificate){.host = b->url.host,
                          .port = b->url.port,
                          .authorities = authorities(b),
                          .setting = "?ca=FILE"};
    return strstr(b->reason, "SSL Failure") && fl_certificate_is_refused(c);
}

fl_broker_rc fl_bus_failed(fl_bus *b, const char *doing)
{
    fl_certificate certificate;
    unsigned row = row_of(b->error);
    const char *advice = row < CONDITIONS ? conditions[row].advice : "";
    fl_broker_rc rc = row < CONDITIONS ? conditions[row].rc : FL_BROKER_LOST;
    if (rc == FL_BROKER_BUSY && b->is_broken)
        rc = FL_BROKER_LOST;
    if (is_distrusted(b, &certificate))
        return b->base.host->explain(b->base.host, FL_BROKER_REFUSED, "cannot %s Service Bus: %s",
                                     doing, certificate.why);
    return b->base.host->explain(b->base.host, rc, "cannot %s Service Bus at %s:%s (%s%s%s)%s",
                                 doing, b->url.host, b->url.port,
                                 *b->error ? b->error : "the connection ended",
                                 *b->reason ? ": " : "", b->reason, advice);
}

/* ---- Bytes ---- */

static void on_event(fl_bus *b, pn_event_t *event)
{
    pn_link_t *link = pn_event_link(event);
    switch (pn_event_type(event)) {
    case PN_DELIVERY:
        fl_bus_on_transfer(b, pn_event_delivery(event));
        break;
    case PN_LINK_REMOTE_OPEN:
        fl_bus_on_attach(b, link);
        break;
    case PN_LINK_REMOTE_DETACH:
    case PN_LINK_REMOTE_CLOSE:
        note_condition(b, pn_link_remote_condition(link));
        fl_bus_on_detach(b, link);
        break;
    case PN_SESSION_REMOTE_CLOSE:
        note_condition(b, pn_session_remote_condition(b->session));
        b->is_broken = true;
        break;
    case PN_CONNECTION_REMOTE_CLOSE:
        note_condition(b, pn_connection_remote_condition(b->driver.connection));
        b->is_broken = true;
        break;
    case PN_TRANSPORT_ERROR:
        note_condition(b, pn_transport_condition(b->driver.transport));
        b->is_broken = true;
        break;
    default:
        break;
    }
}

static void handle_events(fl_bus *b)
{
    pn_event_t *event;
    while ((event = pn_connection_driver_next_event(&b->driver)))
        on_event(b, event);
}

/* false: the socket takes no more, or there is nothing to write. */
static bool write_some(fl_bus *b)
{
    pn_bytes_t bytes = pn_connection_driver_write_buffer(&b->driver);
    if (!bytes.size)
        return false;
    ssize_t sent = send(b->fd, bytes.start, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
        pn_connection_driver_write_done(&b->driver, (size_t)sent);
    else if (errno != EAGAIN && errno != EINTR)
        b->is_broken = true;
    return sent > 0;
}

static bool read_some(fl_bus *b)
{
    pn_rwbytes_t room = pn_connection_driver_read_buffer_sized(&b->driver, READ);
    if (!room.size)
        return false;
    ssize_t size = recv(b->fd, room.start, room.size, MSG_DONTWAIT);
    if (size > 0)
        pn_connection_driver_read_done(&b->driver, (size_t)size);
    else if (size == 0 || (errno != EAGAIN && errno != EINTR))
        b->is_broken = true;
    return size > 0;
}

/* proton counts in ms, and begins a clock of heartbeats with the first call. */
static void tick(fl_bus *b)
{
    int64_t next = pn_transport_tick(b->driver.transport, filch_now() / FILCH_MILLISECOND);
    b->tick_at = next ? next * FILCH_MILLISECOND : FILCH_FOREVER;
}

/* The peer's limit of silence comes with its first frames: so the clock is looked at again after them. */
void fl_bus_turn_wire(fl_bus *b)
{
    bool has_moved = false;
    tick(b);
    for (bool moved = true; moved && !b->is_broken; has_moved |= moved) {
        handle_events(b);
        moved = false;
        while (!b->is_broken && write_some(b))
            moved = true;
        if (!b->is_broken)
            moved |= read_some(b);
    }
    handle_events(b);
    if (has_moved && !b->is_broken)
        tick(b);
}

static void wait_for_bytes(fl_bus *b, int64_t until)
{
    short out = pn_connection_driver_write_buffer(&b->driver).size ? POLLOUT : 0;
    struct pollfd fd = {.fd = b->fd, .events = (short)(POLLIN | out)};
    until = until < b->tick_at ? until : b->tick_at;
    int64_t left = until - filch_now();
    if (left > 0)
        poll(&fd, 1, (int)(left / FILCH_MILLISECOND + 1));
}

void fl_bus_wait(fl_bus *b, int64_t until)
{
    wait_for_bytes(b, until);
    fl_bus_turn_wire(b);
}

/* Of one wait. All of `open` has one together. */
static int64_t deadline_of(const fl_bus *b)
{
    int64_t until = filch_in(b->config.call_timeout);
    return until < b->open_until ? until : b->open_until;
}

fl_broker_rc fl_bus_await(fl_bus *b, bool (*holds)(const void *arg), const void *arg,
                          const char *doing)
{
    int64_t until = deadline_of(b);
    for (;;) {
        fl_bus_turn_wire(b);
        if (holds(arg))
            return FL_BROKER_OK;
        if (b->is_broken)
            return fl_bus_failed(b, doing);
        if (filch_now() >= until) {
            b->is_broken = true;
            fl_bus_note(b, "no answer in time", "");
            return fl_bus_failed(b, doing);
        }
        wait_for_bytes(b, until);
    }
}

/* ---- Life ---- */

static fl_broker_rc connect_socket(fl_bus *b)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    int64_t until = deadline_of(b);
    int error = getaddrinfo(b->url.host, b->url.port, &hints, &list);
    if (error) {
        fl_bus_note(b, gai_strerror(error), "");
        return fl_bus_failed(b, "find");
    }
    error = EHOSTUNREACH;
    for (const struct addrinfo *at = list; at && error; at = at->ai_next) {
        b->fd = fl_socket_connect(at->ai_addr, at->ai_addrlen, until);
        error = b->fd < 0 ? -b->fd : 0;
    }
    freeaddrinfo(list);
    if (!error)
        return FL_BROKER_OK;
    fl_bus_note(b, strerror(error), "");
    return fl_bus_failed(b, "connect to");
}

/* The peer's certificate must bear the host's name. */
static bool start_tls(fl_bus *b)
{
    pn_ssl_domain_t *domain = pn_ssl_domain(PN_SSL_MODE_CLIENT);
    const char *ca = authorities(b);
    bool started = domain && !pn_ssl_domain_set_protocols(domain, "TLSv1.2 TLSv1.3") &&
                   !pn_ssl_domain_set_trusted_ca_db(domain, ca) &&
                   !pn_ssl_domain_set_peer_authentication(domain, PN_SSL_VERIFY_PEER_NAME, NULL);
    pn_ssl_t *ssl = started ? pn_ssl(b->driver.transport) : NULL;
    started = ssl && !pn_ssl_init(ssl, domain, NULL) && !pn_ssl_set_peer_hostname(ssl, b->url.host);
    pn_ssl_domain_free(domain);
    return started;
}

static bool is_open(const void *arg)
{
    const fl_bus *b = arg;
    return (pn_session_state(b->session) & PN_REMOTE_ACTIVE) != 0;
}

static fl_broker_rc open_session(fl_bus *b)
{
    pn_connection_t *connection = b->driver.connection;
    pn_connection_set_container(connection, b->config.client ? b->config.client : "filch");
    pn_connection_set_hostname(connection, b->url.host);
    pn_sasl_allowed_mechs(pn_sasl(b->driver.transport),
                          "ANONYMOUS"); /* then $cbs asks for a token */
    pn_transport_set_max_frame(b->driver.transport, FRAME);
    pn_transport_set_idle_timeout(b->driver.transport, IDLE_MS);
    pn_connection_open(connection);
    b->session = pn_session(connection);
    pn_session_open(b->session);
    return fl_bus_await(b, is_open, b, "open a session with");
}

fl_broker_rc fl_bus_connect(fl_bus *b)
{
    const fl_broker_host *host = b->base.host;
    fl_broker_rc rc = connect_socket(b);
    if (rc)
        return rc;
    if (pn_connection_driver_init(&b->driver, NULL, NULL))
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    if (b->url.has_tls && !start_tls(b))
        return host->explain(
            host, FL_BROKER_REFUSED,
            "cannot use TLS with Service Bus: the authorities in %s cannot be read; "
            "name a file by ?ca=FILE",
            authorities(b));
    return open_session(b);
}

/* Says goodbye without waiting for the answer. */
void fl_bus_disconnect(fl_bus *b)
{
    if (b->driver.connection) {
        if (!b->is_broken) {
            pn_connection_close(b->driver.connection);
            fl_bus_turn_wire(b);
        }
        pn_connection_driver_destroy(&b->driver);
    }
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}
