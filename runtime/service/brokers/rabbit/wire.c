/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/timer.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <runtime/service/net/certificate.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { FRAME_MOST = 131072 };

/* ---- Failures ---- */

/* Reasons that need a person; after others it connects again. */
static const struct {
    int code;
    const char *remedy;
} refusals[] = {
    {AMQP_ACCESS_REFUSED, "check the user, the password and the permissions"},
    {AMQP_NOT_FOUND, "create it, or use a URL without create=no"},
    {AMQP_RESOURCE_LOCKED, "close the connection that uses it exclusively"},
    {AMQP_NOT_ALLOWED, "check the virtual host and its permissions"},
};

fl_broker_rc fl_rabbit_closed(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing, int code,
                              amqp_bytes_t text)
{
    fl_broker_rc rc = FL_BROKER_LOST;
    const char *remedy = "see the log of the server";
    const fl_broker_host *host = r->base.host;
    wire->broken = true;
    for (unsigned i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].code == code) {
            rc = FL_BROKER_REFUSED;
            remedy = refusals[i].remedy;
        }
    return host->explain(host, rc, "cannot %s RabbitMQ at %s:%d: %.*s; %s", doing,
                         r->url.place.host, r->url.port, (int)text.len, (const char *)text.bytes,
                         remedy);
}

/* Statuses that a new connection does not change. */
static const struct {
    int status;
    const char *remedy;
} certificates[] = {
    {AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED,
     "use the name that the server's certificate has, or give it another"},
    {AMQP_STATUS_SSL_PEER_VERIFY_FAILED, "check its date and its authority"},
    {AMQP_STATUS_SSL_CONNECTION_FAILED, "check that the port speaks TLS, 1.2 or later"},
    {AMQP_STATUS_SSL_ERROR, "check ca, cert and key of the URL"},
};

/* Bundles of authorities, as the systems call them. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
    "/etc/ssl/cert.pem",
};

static const char *authorities(const fl_rabbit *r)
{
    if (r->url.ca)
        return r->url.ca;
    for (unsigned i = 0; i < sizeof bundles / sizeof *bundles; i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return bundles[0];
}

/* Is the server's certificate refused? Sets `why`. */
static bool is_distrusted(const fl_rabbit *r, fl_certificate *c)
{
    char port[8];
    snprintf(port, sizeof port, "%d", r->url.port);
    *c = (fl_certificate){.host = r->url.place.host,
                          .port = port,
                          .authorities = authorities(r),
                          .setting = "ca=FILE"};
    return fl_certificate_is_refused(c);
}

fl_broker_rc fl_rabbit_broken(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing, int status)
{
    fl_broker_rc rc = FL_BROKER_LOST;
    const char *remedy = "check that the server runs and can be reached";
    const fl_broker_host *host = r->base.host;
    fl_certificate certificate;
    wire->broken = true;
    for (unsigned i = 0; i < sizeof certificates / sizeof *certificates; i++)
        if (certificates[i].status == status) {
            rc = FL_BROKER_REFUSED;
            remedy = certificates[i].remedy;
        }
    if (rc == FL_BROKER_REFUSED && is_distrusted(r, &certificate))
        return host->explain(host, rc, "cannot %s RabbitMQ: %s", doing, certificate.why);
    return host->explain(host, rc, "cannot %s RabbitMQ at %s:%d (%s); %s", doing, r->url.place.host,
                         r->url.port, amqp_error_string2(status), remedy);
}

/* The channel that the server closed is opened again; the server waits for close-ok before. */
static fl_broker_rc reopen(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing,
                           amqp_channel_t channel)
{
    amqp_channel_close_ok_t ok = {0};
    wire->confirms = false;
    wire->published = 0;
    int status = amqp_send_method(wire->state, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
    if (status)
        return fl_rabbit_broken(r, wire, doing, status);
    amqp_channel_open(wire->state, channel);
    return fl_rabbit_answer(r, wire, doing, channel, NULL);
}

static bool has(amqp_bytes_t text, const char *words)
{
    return memmem(text.bytes, text.len, words, strlen(words)) != NULL;
}

/* Does the server say that a queue has this type? Its versions say it differently. */
static bool is_now(amqp_bytes_t text, const char *type)
{
    char short_form[64], long_form[64];
    snprintf(short_form, sizeof short_form, "current is '%s'", type);
    snprintf(long_form, sizeof long_form, "current is the value '%s'", type);
    return has(text, short_form) || has(text, long_form);
}

fl_broker_rc fl_rabbit_answer(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing,
                              amqp_channel_t channel, int *code)
{
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(wire->state);
    if (code)
        *code = 0;
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return FL_BROKER_OK;
    if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
        return fl_rabbit_broken(r, wire, doing,
                                reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
                                    ? reply.library_error
                                    : AMQP_STATUS_CONNECTION_CLOSED);
    if (reply.reply.id != AMQP_CHANNEL_CLOSE_METHOD || !code) {
        /* both methods begin with the same fields */
        const amqp_connection_close_t *close = reply.reply.decoded;
        return fl_rabbit_closed(r, wire, doing, close->reply_code, close->reply_text);
    }
    const amqp_channel_close_t *close = reply.reply.decoded;
    *code = close->reply_code;
    wire->type_differs = has(close->reply_text, "'x-queue-type'");
    wire->is_stream = is_now(close->reply_text, "stream");
    wire->is_quorum = is_now(close->reply_text, "quorum");
    return reopen(r, wire, doing, channel);
}

/* ---- Connecting ---- */

/* Peer and host are verified, always. */
static int secure(const fl_rabbit *r, amqp_socket_t *socket)
{
    const fl_rabbit_url *url = &r->url;
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    int status = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    if (!status)
        status = amqp_ssl_socket_set_cacert(socket, authorities(r));
    if (!status && url->cert)
        status = amqp_ssl_socket_set_key(socket, url->cert, url->key ? url->key : url->cert);
    return status;
}

static int open_socket(const fl_rabbit *r, amqp_connection_state_t state)
{
    const fl_rabbit_url *url = &r->url;
    struct timeval most = fl_rabbit_time(r->config.call_timeout);
    amqp_socket_t *socket = url->has_tls ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state);
    int status = socket ? AMQP_STATUS_OK : AMQP_STATUS_NO_MEMORY;
    if (!status && url->has_tls)
        status = secure(r, socket);
    if (!status)
        status = amqp_socket_open_noblock(socket, url->place.host, url->port, &most);
    if (!status)
        status = amqp_set_handshake_timeout(state, &most);
    return status ? status : amqp_set_rpc_timeout(state, &most);
}

static amqp_table_entry_t truth(const char *name)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

static fl_broker_rc log_in(fl_rabbit *r, fl_rabbit_wire *wire)
{
    const fl_rabbit_url *url = &r->url;
    amqp_table_entry_t features[] = {truth("connection.blocked"), truth("consumer_cancel_notify"),
                                     truth("authentication_failure_close")};
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("capabilities"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {3, features}}},
        {.key = amqp_cstring_bytes("connection_name"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8,
                   .value.bytes =
                       amqp_cstring_bytes(r->config.client ? r->config.client : "filch")}},
    };
    const amqp_table_t properties = {2, entries};
    amqp_rpc_reply_t reply =
        amqp_login_with_properties(wire->state, url->vhost, 0, FRAME_MOST, (int)url->heartbeat,
                                   &properties, AMQP_SASL_METHOD_PLAIN, url->user, url->password);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        const amqp_connection_close_t *close = reply.reply.decoded;
        return fl_rabbit_closed(r, wire, "log in to", close->reply_code, close->reply_text);
    }
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        return fl_rabbit_broken(r, wire, "log in to",
                                reply.library_error ? reply.library_error
                                                    : AMQP_STATUS_CONNECTION_CLOSED);
    amqp_channel_open(wire->state, FL_RABBIT_REQUESTS);
    return fl_rabbit_answer(r, wire, "open a channel of", FL_RABBIT_REQUESTS, NULL);
}

fl_broker_rc fl_rabbit_connect(fl_rabbit *r, fl_rabbit_wire *wire)
{
    *wire = (fl_rabbit_wire){.state = amqp_new_connection()};
    if (!wire->state)
        return fl_rabbit_broken(r, wire, "connect to", AMQP_STATUS_NO_MEMORY);
    int status = open_socket(r, wire->state);
    fl_broker_rc rc = status ? fl_rabbit_broken(r, wire, "connect to", status) : log_in(r, wire);
    if (rc)
        fl_rabbit_disconnect(wire);
    return rc;
}

/* A blocked server does not read the goodbye. */
void fl_rabbit_disconnect(fl_rabbit_wire *wire)
{
    struct timeval most = {.tv_sec = 1};
    if (!wire->state)
        return;
    if (!wire->broken && !wire->blocked && !amqp_set_rpc_timeout(wire->state, &most))
        amqp_connection_close(wire->state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(wire->state);
    wire->state = NULL;
}

/* ---- Methods ---- */

typedef fl_broker_rc on_method(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                               const void *method);

static fl_broker_rc on_connection_close(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                                        const void *method)
{
    (void)channel;
    const amqp_connection_close_t *close = method;
    amqp_connection_close_ok_t ok = {0};
    amqp_send_method(wire->state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok); /* it may be gone */
    return fl_rabbit_closed(r, wire, "stay connected to", close->reply_code, close->reply_text);
}

static fl_broker_rc on_channel_close(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                                     const void *method)
{
    (void)channel;
    const amqp_channel_close_t *close = method;
    return fl_rabbit_closed(r, wire, "use a channel of", close->reply_code, close->reply_text);
}

static fl_broker_rc on_blocked(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                               const void *method)
{
    (void)channel, (void)method;
    r->base.host->log(r->base.host, FILCH_LOG_WARN,
                      "RabbitMQ is short of memory or disk and takes no publications");
    wire->blocked = true;
    return FL_BROKER_OK;
}

static fl_broker_rc on_unblocked(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                                 const void *method)
{
    (void)channel, (void)method;
    r->base.host->log(r->base.host, FILCH_LOG_INFO, "RabbitMQ takes publications again");
    wire->blocked = false;
    return FL_BROKER_OK;
}

static fl_broker_rc on_deliver(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                               const void *method)
{
    (void)wire;
    const amqp_basic_deliver_t *deliver = method;
    return fl_rabbit_on_deliver(r, channel - FL_RABBIT_DELIVERIES, deliver->delivery_tag,
                                deliver->redelivered);
}

static fl_broker_rc on_cancel(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                              const void *method)
{
    (void)method;
    const fl_broker_host *host = r->base.host;
    wire->broken = true;
    return host->explain(host, FL_BROKER_LOST,
                         "RabbitMQ ended the deliveries of queue '%s': it was deleted, or its "
                         "server went away; it will be reopened",
                         r->config.queues[channel - FL_RABBIT_DELIVERIES]);
}

static fl_broker_rc on_ack(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                           const void *method)
{
    (void)r, (void)channel;
    const amqp_basic_ack_t *ack = method;
    fl_rabbit_on_confirm(wire, ack->delivery_tag, ack->multiple, 0);
    return FL_BROKER_OK;
}

/* x-overflow is reject-publish. */
static fl_broker_rc on_nack(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel,
                            const void *method)
{
    (void)r, (void)channel;
    const amqp_basic_nack_t *nack = method;
    fl_rabbit_on_confirm(wire, nack->delivery_tag, nack->multiple, -ENOSPC);
    return FL_BROKER_OK;
}

static const struct {
    amqp_method_number_t id;
    on_method *call;
} methods[] = {
    {AMQP_BASIC_DELIVER_METHOD, on_deliver},
    {AMQP_BASIC_ACK_METHOD, on_ack},
    {AMQP_BASIC_NACK_METHOD, on_nack},
    {AMQP_BASIC_CANCEL_METHOD, on_cancel},
    {AMQP_CONNECTION_BLOCKED_METHOD, on_blocked},
    {AMQP_CONNECTION_UNBLOCKED_METHOD, on_unblocked},
    {AMQP_CHANNEL_CLOSE_METHOD, on_channel_close},
    {AMQP_CONNECTION_CLOSE_METHOD, on_connection_close},
};

/* ---- Frames ---- */

static fl_broker_rc read_method(fl_rabbit *r, fl_rabbit_wire *wire, const amqp_frame_t *frame)
{
    const amqp_method_t *method = &frame->payload.method;
    for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].id == method->id)
            return methods[i].call(r, wire, frame->channel, method->decoded);
    return FL_BROKER_OK; /* basic.return: its header follows */
}

static fl_broker_rc read_header(fl_rabbit *r, fl_rabbit_wire *wire, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *properties = frame->payload.properties.decoded;
    if (frame->channel >= FL_RABBIT_DELIVERIES)
        return fl_rabbit_on_header(r, frame->channel - FL_RABBIT_DELIVERIES,
                                   frame->payload.properties.body_size, properties,
                                   frame->payload.properties.raw);
    return fl_rabbit_on_return(r, wire, fl_rabbit_number(properties));
}

static fl_broker_rc read_frame(fl_rabbit *r, fl_rabbit_wire *wire, const amqp_frame_t *frame)
{
    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD:
        return read_method(r, wire, frame);
    case AMQP_FRAME_HEADER:
        return read_header(r, wire, frame);
    case AMQP_FRAME_BODY:
        if (frame->channel >= FL_RABBIT_DELIVERIES)
            return fl_rabbit_on_body(r, frame->channel - FL_RABBIT_DELIVERIES,
                                     frame->payload.body_fragment);
        break;
    default:
        break;
    }
    return FL_BROKER_OK;
}

/* Frames and properties lie in memory of their channel until it is released. */
static void release(fl_rabbit *r, fl_rabbit_wire *wire, amqp_channel_t channel)
{
    const fl_rabbit_part *part =
        channel < FL_RABBIT_DELIVERIES ? NULL : &r->queues[channel - FL_RABBIT_DELIVERIES].part;
    if (part && part->at != FL_RABBIT_IDLE && !part->done)
        return;
    amqp_maybe_release_buffers_on_channel(wire->state, channel);
}

fl_broker_rc fl_rabbit_read(fl_rabbit *r, fl_rabbit_wire *wire, int64_t wait, bool *any)
{
    amqp_frame_t frame;
    struct timeval most = fl_rabbit_time(wait);
    int status = amqp_simple_wait_frame_noblock(wire->state, &frame, &most);
    *any = status == AMQP_STATUS_OK;
    if (status == AMQP_STATUS_TIMEOUT)
        return FL_BROKER_OK;
    if (status)
        return fl_rabbit_broken(r, wire, "read from", status);
    if (frame.channel >= FL_RABBIT_DELIVERIES + (r->room ? r->config.queue_count : 0))
        return fl_rabbit_broken(r, wire, "read from", AMQP_STATUS_BAD_AMQP_DATA);
    fl_broker_rc rc = read_frame(r, wire, &frame);
    release(r, wire, frame.channel);
    return rc;
}

/* Bytes behind them are in the socket, and make it readable. */
static bool has_frames(const fl_rabbit_wire *wire)
{
    return amqp_frames_enqueued(wire->state) || amqp_data_in_buffer(wire->state);
}

fl_broker_rc fl_rabbit_drain(fl_rabbit *r, fl_rabbit_wire *wire)
{
    bool any = true;
    fl_broker_rc rc = FL_BROKER_OK;
    int64_t beat = amqp_get_heartbeat(wire->state) * FILCH_SECOND / 2;
    const fl_broker_host *host = r->base.host;
    do
        rc = fl_rabbit_read(r, wire, 0, &any);
    while (any && !rc && has_frames(wire));
    wire->beat_at = beat ? host->now(host) + beat : INT64_MAX;
    return rc;
}
