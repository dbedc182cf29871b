/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/box.h>
#include <runtime/service/brokers/nats/url.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/url.h>

#include <filch/timer.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
                         "cannot %s nats server: %s (%s); see that it runs and can be reached",
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
