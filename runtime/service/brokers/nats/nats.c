/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `nats://` and `nats+tls://`: queues in a stream of NATS JetStream. A confirmed message
 * survives the death of the server; a power failure may undo what the server has not synced (its
 * option sync_interval). */
#include <runtime/service/brokers/nats/nats.h>

#include <filch/log.h>
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/platform/hash.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/exchange.h>
#include <runtime/service/brokers/nats/url.h>
#include <runtime/service/copy.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/url.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Kept free below the server's limit: for the headers of a retry or a dead letter. */
enum { HEADROOM = 1024 };

/* ---- Life ---- */

static void close_nats(fl_broker *broker)
{
    fl_nats *n = fl_nats_of(broker);
    if (n->connection && n->box) {
        fl_nats_give_back(n, FILCH_FOREVER);
        natsConnection_FlushTimeout(n->connection, 1000); /* fails at once if it is broken */
    }
    fl_nats_disconnect(n);
    if (n->box)
        fl_nats_box_leave(n->box);
    fl_url_end(&n->options.url);
    free(n);
}

/* Consumers have no dots in their names, and queues no plus signs. */
static void name_consumer(const fl_nats *n, fl_nats_queue *queue, const char *name)
{
    char durable[FL_NATS_SUBJECT];
    snprintf(durable, sizeof durable, "%s", name);
    for (char *at = durable; (at = strchr(at, '.'));)
        *at = '+';
    strcpy(queue->durable, durable);
    snprintf(queue->next, sizeof queue->next, "$JS.API.CONSUMER.MSG.NEXT.%s.%.128s",
             n->options.stream, durable);
}

static fl_broker_rc refuse_queue(const fl_broker_config *config, unsigned i)
{
    return config->host->explain(
        config->host, FL_BROKER_FATAL,
        "queue '%s' is not a valid NATS subject (valid: up to 128 letters, "
        "digits, -, _ and .)",
        config->queues[i]);
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_nats_options options;
    fl_broker_rc rc = fl_nats_parse(config->host, config->url, &options);
    fl_url_end(&options.url);
    for (unsigned i = 0; i < config->queue_count && !rc; i++)
        if (!fl_nats_is_name(config->queues[i], "."))
            rc = refuse_queue(config, i);
    return rc;
}

static fl_broker_rc name_queues(fl_nats *n)
{
    for (unsigned i = 0; i < n->queue_count; i++) {
        if (!fl_nats_subject(n, n->config.queues[i], n->queues[i].subject))
            return refuse_queue(&n->config, i);
        name_consumer(n, &n->queues[i], n->config.queues[i]);
        n->queues[i].next_at = n->queues[i].sweep_at = FILCH_FOREVER;
    }
    return FL_BROKER_OK;
}

static fl_broker_rc open_nats(fl_broker **out, const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_nats *n = calloc(1, sizeof *n + config->queue_count * sizeof *n->queues);
    if (!n)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    n->base = (fl_broker){&fl_broker_nats, host};
    n->config = *config;
    if (n->config.call_timeout <= 0)
        n->config.call_timeout = 10 * FILCH_SECOND;
    n->queue_count = config->queue_count;
    fl_broker_rc rc = fl_nats_parse(host, config->url, &n->options);
    rc = rc ? rc : name_queues(n);
    if (!rc) {
        n->box = fl_nats_box_create(host, config->queue_count);
        rc = n->box ? fl_nats_connect(n)
                    : host->explain(host, FL_BROKER_LOST,
                                    "no memory or descriptor for a connection; free some");
    }
    if (rc)
        close_nats(&n->base);
    else
        *out = &n->base;
    return rc;
}

static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = fl_broker_nats.caps;
    caps->durable = fl_nats_of(broker)->is_durable;
}

static void release(void *handle)
{
    natsMsg_Destroy(handle);
}

/* ---- Publishing ---- */

static int too_large(fl_nats *n, const filch_message *message)
{
    char text[320];
    snprintf(
        text, sizeof text,
        "message %.80s of %zu bytes and its headers exceed max_payload of the server, %lld less "
        "%d for headers of retries (or its headers alone 64 KiB); raise it, or store them "
        "elsewhere",
        message->id, message->body_size, (long long)natsConnection_GetMaxPayload(n->connection),
        HEADROOM);
    n->base.host->log(n->base.host, FILCH_LOG_WARN, text);
    return -EMSGSIZE;
}

/* 0, and the request; or the status. */
static int prepare(fl_nats *n, const fl_publication *one, unsigned index, fl_nats_request *out)
{
    char subject[FL_NATS_SUBJECT];
    const filch_message *message = one->message;
    int64_t most = natsConnection_GetMaxPayload(n->connection) - HEADROOM;
    filch_message sent = *message;
    if (message->dedup || message->priority || !fl_nats_subject(n, message->queue, subject))
        return -ENOTSUP;
    if (one->copy_of) {
        out->message = fl_nats_copy(n, index, subject, one);
        return out->message ? 0 : -EAGAIN;
    }
    if ((int64_t)fl_message_room(message) > most)
        return too_large(n, message);
    sent.deliveries = 0;
    out->message = fl_nats_write(n, index, subject, &sent);
    return out->message ? 0 : -EAGAIN;
}

static fl_broker_rc publish_part(fl_nats *n, fl_publication *batch, unsigned count)
{
    fl_nats_request requests[FL_NATS_BATCH] = {{0}};
    for (unsigned i = 0; i < count; i++)
        batch[i].status = prepare(n, &batch[i], i, &requests[i]);
    fl_broker_rc rc = fl_nats_exchange(n, requests, count, "publish to");
    for (unsigned i = 0; i < count; i++) {
        if (batch[i].status)
            continue;
        batch[i].status = fl_nats_stored(n, &requests[i], &rc);
        if (batch[i].status == -EMSGSIZE && !batch[i].copy_of)
            too_large(n, batch[i].message);
    }
    return rc;
}

static fl_broker_rc publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += FL_NATS_BATCH) {
        unsigned left = count - from;
        rc = publish_part(fl_nats_of(broker), batch + from,
                          left < FL_NATS_BATCH ? left : FL_NATS_BATCH);
    }
    return rc;
}

const fl_broker_kind fl_broker_nats = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "nats",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_nats_url_kind,
    .tested = "NATS 2.9",
    .caps = {.durable = true,
             .delay = true,
             .deliveries = true,
             .keeps_leases = true,
             .counts = true,
             .lease_most = FILCH_FOREVER,
             .extends = true},
    .open = open_nats,
    .close = close_nats,
    .caps_of = caps_of,
    .watch = fl_nats_watch,
    .turn = fl_nats_turn,
    .receive = fl_nats_receive,
    .cease = fl_nats_cease,
    .settle = fl_copy_settle,
    .extend = fl_nats_extend,
    .release = release,
    .publish = publish,
    .count = fl_nats_count,
    .check = check,
    .may_come = fl_nats_may_come,
    .transport = &fl_nats_transport,
};

/* ---- Signs of life ---- */

static const int64_t ANSWER_WITHIN = FILCH_SECOND;

/* A server draws a name when it starts; this is a hash of it. */
void fl_nats_begin_life(fl_nats *n)
{
    char name[128] = "";
    natsConnection_GetConnectedServerId(n->connection, name, sizeof name);
    n->life = fl_hash_text(name);
}

/* Does the stream have the message that was delivered, and not another of its number? */
static bool is_stored(fl_nats *n, const fl_delivery *delivery)
{
    natsMsg *found = NULL;
    jsErrCode code = 0;
    jsOptions options;
    fl_nats_metadata data;
    if (n->is_mute ||
        !fl_nats_read_metadata(natsMsg_GetReply(delivery->handle), n->options.stream, &data))
        return false;
    jsOptions_Init(&options);
    options.Wait = ANSWER_WITHIN / FILCH_MILLISECOND;
    natsStatus status = js_GetMsg(&found, n->js, n->options.stream, data.sequence, &options, &code);
    n->is_mute = status == NATS_TIMEOUT; /* this user may not ask, so it asks once */
    bool is_same = status == NATS_OK && natsMsg_GetTime(found) == data.stored;
    natsMsg_Destroy(found);
    return is_same;
}

int fl_nats_verify(fl_nats *n, fl_delivery *delivery)
{
    if (delivery->lease_until <= fl_nats_now(n))
        return -ESTALE;
    if (delivery->tag[0] != n->life && !is_stored(n, delivery))
        return -ESTALE;
    delivery->tag[0] = n->life;
    return 0;
}

/* ---- Failures ---- */

static const struct {
    natsStatus status;
    fl_broker_rc rc;
    const char *remedy;
} failures[] = {
    {NATS_CONNECTION_AUTH_FAILED, FL_BROKER_REFUSED, "check the user, password, token or creds"},
    {NATS_NOT_PERMITTED, FL_BROKER_REFUSED, "let this user publish, subscribe and use JetStream"},
    {NATS_SECURE_CONNECTION_REQUIRED, FL_BROKER_REFUSED, "the server wants TLS: use nats+tls://"},
    {NATS_SECURE_CONNECTION_WANTED, FL_BROKER_REFUSED,
     "the server has no TLS: give it a certificate"},
    {NATS_SSL_ERROR, FL_BROKER_REFUSED,
     "use nats+tls://, a certificate that names this host, and its authority (ca=FILE)"},
    {NATS_NO_RESPONDERS, FL_BROKER_REFUSED,
     "JetStream is not enabled: start nats-server with -js, or enable it for the account"},
    {NATS_ADDRESS_MISSING, FL_BROKER_REFUSED, "give a host that exists"},
    {NATS_NO_MEMORY, FL_BROKER_LOST, "free some memory"},
};

fl_broker_rc fl_nats_failed(fl_nats *n, const char *doing, natsStatus status)
{
    const fl_broker_host *host = n->base.host;
    for (unsigned i = 0; i < sizeof failures / sizeof *failures; i++)
        if (failures[i].status == status)
            return host->explain(host, failures[i].rc, "cannot %s nats server: %s (%s); %s", doing,
                                 n->where, natsStatus_GetText(status), failures[i].remedy);
    return host->explain(host, FL_BROKER_LOST,
                         "cannot %s nats server: %s (%s); check that it runs and can be reached",
                         doing, n->where, natsStatus_GetText(status));
}

static fl_broker_rc no_file(fl_nats *n, const char *path, const char *why, const char *remedy)
{
    const fl_broker_host *host = n->base.host;
    return host->explain(host, FL_BROKER_REFUSED, "cannot use file: %s (%s); %s", path, why,
                         remedy);
}

/* Files that are there, and secret ones that others cannot read. */
static fl_broker_rc check_files(fl_nats *n)
{
    const fl_nats_options *options = &n->options;
    const struct {
        const char *path;
        bool is_secret;
    } files[] = {{options->creds, true},
                 {options->key, true},
                 {options->cert, false},
                 {options->ca, false}};
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        struct stat status;
        if (!files[i].path)
            continue;
        if (stat(files[i].path, &status))
            return no_file(n, files[i].path, strerror(errno), "name one that exists");
        if (files[i].is_secret && (status.st_mode & 077))
            return no_file(n, files[i].path, "others can read it", "chmod 600 it");
    }
    return FL_BROKER_OK;
}

/* ---- Options ---- */

static natsStatus set_tls(natsOptions *to, const fl_nats *n, const char *name)
{
    const fl_nats_options *options = &n->options;
    natsStatus s = natsOptions_SetSecure(to, true);
    s = s ? s : natsOptions_SetExpectedHostname(to, name);
    s = s ? s : natsOptions_SetCiphers(to, "TLSv1.2:!aNULL"); /* of 1.2 and up; 1.3 has its own */
    s = s || !options->ca ? s : natsOptions_LoadCATrustedCertificates(to, options->ca);
    return s || !options->cert ? s
                               : natsOptions_LoadCertificatesChain(to, options->cert, options->key);
}

static natsStatus set_login(natsOptions *to, const fl_nats_options *options)
{
    natsStatus s = NATS_OK;
    if (options->password)
        s = natsOptions_SetUserInfo(to, options->user, options->password);
    if (options->token)
        s = natsOptions_SetToken(to, options->token);
    return s || !options->creds ? s
                                : natsOptions_SetUserCredentialsFromFiles(to, options->creds, NULL);
}

/* A silent connection is closed with the first ping after PINGS_OUT without an answer. */
enum { PING_MS = 5000, PINGS_OUT = 2 };

/* It connects once: the service connects again, later and later. */
static natsStatus set_options(natsOptions *to, fl_nats *n, const char *name)
{
    char url[sizeof n->where + sizeof "nats://"];
    int64_t timeout = n->config.call_timeout / FILCH_MILLISECOND;
    snprintf(url, sizeof url, "nats://%s", n->where);
    natsStatus s = natsOptions_SetURL(to, url);
    s = s ? s : natsOptions_SetAllowReconnect(to, false);
    s = s ? s : natsOptions_SetTimeout(to, timeout);
    s = s ? s : natsOptions_SetWriteDeadline(to, timeout);
    s = s ? s : natsOptions_SetPingInterval(to, PING_MS);
    s = s ? s : natsOptions_SetMaxPingsOut(to, PINGS_OUT);
    s = s ? s : natsOptions_UseGlobalMessageDelivery(to, true); /* one thread, not one a queue */
    s = s || !n->config.client ? s : natsOptions_SetName(to, n->config.client);
    s = s ? s : natsOptions_SetClosedCB(to, fl_nats_on_close, n->box);
    s = s ? s : set_login(to, &n->options);
    return s || !n->options.has_tls ? s : set_tls(to, n, name);
}

/* ---- Connecting ---- */

/* Is the server's certificate refused? Sets `why`. The handshake comes after a line of text. */
static bool is_distrusted(const fl_nats *n, const fl_url_place *at, fl_certificate *c)
{
    *c = (fl_certificate){.host = at->host,
                          .port = at->port,
                          .authorities = n->options.ca,
                          .setting = "ca=FILE",
                          .consent = '\n'};
    return n->options.has_tls && fl_certificate_is_refused(c);
}

static fl_broker_rc connect_to(fl_nats *n)
{
    const fl_url_place at = fl_url_place_of(n->where, "4222");
    fl_certificate certificate;
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    status = status ? status : set_options(options, n, at.host);
    if (status == NATS_OK) {
        fl_nats_box_retain(n->box); /* until it is closed */
        status = natsConnection_Connect(&n->connection, options);
        if (status)
            fl_nats_box_release(n->box);
    }
    natsOptions_Destroy(options);
    if ((status == NATS_SSL_ERROR || status == NATS_NO_SERVER) &&
        is_distrusted(n, &at, &certificate))
        return n->base.host->explain(n->base.host, FL_BROKER_REFUSED,
                                     "cannot connect to nats server: %s", certificate.why);
    return status ? fl_nats_failed(n, "connect to", status) : FL_BROKER_OK;
}

static fl_broker_rc connect_to_any(fl_nats *n)
{
    fl_broker_rc rc = FL_BROKER_LOST;
    for (const char *at = n->options.hosts; at && !n->connection;) {
        size_t length = strcspn(at, ",");
        snprintf(n->where, sizeof n->where, "%.*s", (int)length, at);
        rc = connect_to(n);
        at = at[length] ? at + length + 1 : NULL;
    }
    return rc;
}

/* ---- Subscriptions ---- */

static natsStatus subscribe(fl_nats *n, natsSubscription **out, const char *kind, unsigned number,
                            natsMsgHandler handler, void *closure)
{
    char subject[FL_NATS_SUBJECT];
    snprintf(subject, sizeof subject, "%s.%s.%s", (const char *)n->inbox, kind, "*");
    if (strcmp(kind, "r") != 0)
        snprintf(subject, sizeof subject, "%s.%s.%u", (const char *)n->inbox, kind, number);
    natsStatus s = natsConnection_Subscribe(out, n->connection, subject, handler, closure);
    if (s)
        return s;
    fl_nats_box_retain(n->box);
    s = natsSubscription_SetOnCompleteCB(*out, fl_nats_on_complete, n->box);
    if (s == NATS_OK) /* as many as are asked for: no more come */
        s = natsSubscription_SetPendingLimits(*out, -1, -1);
    return s;
}

static natsStatus subscribe_all(fl_nats *n)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = n->config.call_timeout / FILCH_MILLISECOND;
    natsStatus s = natsInbox_Create(&n->inbox);
    s = s ? s : natsConnection_JetStream(&n->js, n->connection, &options);
    s = s ? s : subscribe(n, &n->replies, "r", 0, fl_nats_on_reply, n->box);
    for (unsigned i = 0; i < n->queue_count && n->config.role == FL_BROKER_CONSUMES && !s; i++) {
        fl_nats_inbox *inbox = &n->box->inboxes[i];
        s = subscribe(n, &n->queues[i].waiting, "w", i, fl_nats_on_waited, inbox);
        s = s ? s : subscribe(n, &n->queues[i].fetching, "f", i, fl_nats_on_fetched, inbox);
    }
    return s;
}

static fl_broker_rc set_up(fl_nats *n)
{
    fl_broker_rc rc = check_files(n);
    rc = rc ? rc : connect_to_any(n);
    if (rc)
        return rc;
    fl_nats_begin_life(n);
    natsStatus status = subscribe_all(n);
    rc = status ? fl_nats_failed(n, "subscribe at", status) : fl_nats_open_stream(n);
    for (unsigned i = 0; i < n->queue_count && !rc && n->config.role == FL_BROKER_CONSUMES; i++)
        rc = fl_nats_open_consumer(n, &n->queues[i]);
    return rc;
}

/* libnats starts threads in several of its calls. They take no signals. */
fl_broker_rc fl_nats_connect(fl_nats *n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    fl_broker_rc rc = set_up(n);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void fl_nats_disconnect(fl_nats *n)
{
    for (unsigned i = 0; i < n->queue_count; i++) {
        natsSubscription_Destroy(n->queues[i].waiting);
        natsSubscription_Destroy(n->queues[i].fetching);
    }
    natsSubscription_Destroy(n->replies);
    jsCtx_Destroy(n->js);
    natsConnection_Destroy(n->connection);
    natsInbox_Destroy(n->inbox);
}
