/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `amqp://` and `amqps://`: RabbitMQ, by librabbitmq. Quorum queues by default: they keep
 * confirmed messages and acknowledgements when the server is killed, and count deliveries. Classic
 * queues (queue=classic, or one that is there) forget acknowledgements then, and count nothing. */
#include <runtime/service/modules.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <runtime/service/copy.h>

#include <filch/wait.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SUFFIX_ROOM = 32, PREFETCH_MOST = 65535 };

/* Early deliveries that the server did not take. */
static const int64_t TRY_AGAIN = 100 * FILCH_MILLISECOND;

/* ---- Life ---- */

static void close_rabbit(fl_broker *broker)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_rabbit_disconnect(&r->copies);
    fl_rabbit_disconnect(&r->main);
    fl_rabbit_drop_deliveries(r);
    for (unsigned i = 0; i < r->config.queue_count; i++) {
        free(r->queues[i].tags);
        free(r->queues[i].marks);
        free(r->queues[i].ready);
    }
    free(r->early);
    fl_url_end(&r->url.url);
    free(r);
}

/* Memory for the deliveries of a consumer; false: there is none. */
static bool make_room(fl_rabbit *r)
{
    bool made = true;
    unsigned prefetch = r->config.prefetch;
    r->room = prefetch < PREFETCH_MOST ? prefetch : PREFETCH_MOST;
    for (unsigned i = 0; i < r->config.queue_count && made; i++) {
        fl_rabbit_queue *q = &r->queues[i];
        q->tags = calloc(r->room, sizeof *q->tags);
        q->marks = calloc(r->room, sizeof *q->marks);
        q->ready = calloc(r->room, sizeof(fl_delivery *));
        made = q->tags && q->marks && q->ready;
    }
    r->early = calloc((size_t)r->room * r->config.queue_count, sizeof(fl_delivery *));
    return made && r->early;
}

/* The connection with its parts, still closed. NULL: no memory. */
static fl_rabbit *create(const fl_broker_config *config, const fl_rabbit_url *url)
{
    fl_rabbit *r = calloc(1, sizeof *r + config->queue_count * sizeof *r->queues);
    if (!r)
        return NULL;
    r->base = (fl_broker){&fl_broker_rabbit, config->host};
    r->config = *config;
    r->url = *url;
    for (unsigned i = 0; i < config->queue_count; i++)
        r->queues[i].classic = url->classic;
    bool made = getrandom(&r->epoch, sizeof r->epoch, 0) == (ssize_t)sizeof r->epoch;
    if (made && config->role == FL_BROKER_CONSUMES)
        made = make_room(r);
    if (made)
        return r;
    r->url.url.text = NULL; /* the caller's */
    close_rabbit(&r->base);
    return NULL;
}

static void warn_of_classic(const fl_rabbit *r)
{
    const fl_broker_host *host = r->base.host;
    char text[512];
    for (unsigned i = 0; i < r->config.queue_count && r->config.role == FL_BROKER_CONSUMES; i++) {
        if (!r->queues[i].classic)
            continue;
        snprintf(text, sizeof text,
                 "queue '%s' of RabbitMQ is classic: when the server is killed it forgets "
                 "acknowledgements, so finished jobs run again; and it counts no deliveries, so "
                 "poison is not found. Quorum queues, the default, do both",
                 r->config.queues[i]);
        host->log(host, FILCH_LOG_WARN, text);
    }
}

static fl_broker_rc check_names(const fl_broker_config *config)
{
    for (unsigned i = 0; i < config->queue_count; i++)
        if (strlen(config->queues[i]) > FL_RABBIT_NAME_MOST - SUFFIX_ROOM)
            return config->host->explain(config->host, FL_BROKER_FATAL,
                                         "queue name '%.32s...' is too long for RabbitMQ (%d "
                                         "bytes at most)",
                                         config->queues[i], FL_RABBIT_NAME_MOST - SUFFIX_ROOM);
    return FL_BROKER_OK;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_rabbit_url url;
    fl_broker_rc rc = fl_rabbit_parse(config->host, config->url, &url);
    rc = rc ? rc : check_names(config);
    fl_url_end(&url.url);
    return rc;
}

static fl_broker_rc open_rabbit(fl_broker **out, const fl_broker_config *config)
{
    fl_rabbit_url url;
    fl_broker_rc rc = fl_rabbit_parse(config->host, config->url, &url);
    rc = rc ? rc : check_names(config);
    fl_rabbit *r = rc ? NULL : create(config, &url);
    if (!r) {
        fl_url_end(&url.url);
        return rc ? rc
                  : config->host->explain(config->host, FL_BROKER_LOST,
                                          "no memory for a connection; free some");
    }
    rc = fl_rabbit_connect(r, &r->main);
    if (!rc)
        rc = fl_rabbit_declare_all(r);
    if (!rc && config->role == FL_BROKER_CONSUMES)
        rc = fl_rabbit_consume(r);
    if (rc) {
        close_rabbit(&r->base);
        return rc;
    }
    warn_of_classic(r);
    *out = &r->base;
    return FL_BROKER_OK;
}

static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = broker->kind->caps;
    const fl_rabbit *r = fl_rabbit_of(broker);
    for (unsigned i = 0; i < r->config.queue_count; i++)
        caps->deliveries &= !r->queues[i].classic;
}

/* ---- Waiting ---- */

static bool has_ready(const fl_rabbit *r)
{
    for (unsigned i = 0; i < r->config.queue_count; i++)
        if (r->queues[i].ready_count)
            return true;
    return false;
}

static void lower(int64_t *until, int64_t at)
{
    if (at < *until)
        *until = at;
}

/* Without `wants`, messages may wait in the socket, and only heartbeats are due. */
static unsigned watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    const fl_broker_host *host = broker->host;
    lower(until, r->main.beat_at);
    if (r->copies.state)
        lower(until, r->copies.beat_at);
    if (r->early_count)
        lower(until, host->now(host) + TRY_AGAIN);
    if (wants && has_ready(r))
        *until = 0;
    if (!room || (!wants && r->config.role == FL_BROKER_CONSUMES))
        return 0;
    fds[0] = (struct pollfd){.fd = amqp_get_sockfd(r->main.state), .events = POLLIN};
    return 1;
}

/* The wire of copies is opened again when it is needed. */
static void turn_copies(fl_rabbit *r)
{
    if (r->copies.state && fl_rabbit_drain(r, &r->copies))
        fl_rabbit_disconnect(&r->copies);
}

static fl_broker_rc turn(fl_broker *broker)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    turn_copies(r);
    fl_broker_rc rc = fl_rabbit_drain(r, &r->main);
    r->drained = true;
    return rc ? rc : fl_rabbit_send_early(r);
}

const fl_broker_kind fl_broker_rabbit = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "rabbitmq",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_rabbit_url_kind,
    .tested = "RabbitMQ 3.10",
    .caps = {.durable = true,
             .delay = true,
             .deliveries = true,
             .counts = true,
             .lease_most = FILCH_FOREVER},
    .open = open_rabbit,
    .close = close_rabbit,
    .caps_of = caps_of,
    .watch = watch,
    .turn = turn,
    .receive = fl_rabbit_receive,
    .cease = fl_rabbit_cease,
    .settle = fl_copy_settle,
    .release = free,
    .publish = fl_rabbit_publish,
    .count = fl_rabbit_count,
    .check = check,
    .transport = &fl_rabbit_transport,
};
