/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `servicebus://`: queues of Azure Service Bus, by AMQP 1.0 ("AMQP 1.0 in Azure Service Bus and
 * Event Hubs protocol guide") with qpid-proton. */
#include <runtime/service/modules.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/servicebus.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/copy.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Locks last five minutes at most, and are renewed. */
#define LOCK_MOST (300 * FILCH_SECOND)

static void close_bus(fl_broker *broker)
{
    fl_bus *b = fl_bus_of(broker);
    b->is_closing = true;
    if (b->driver.connection && !b->is_broken)
        fl_bus_turn_wire(b); /* gives back those that are on their way */
    if (b->driver.connection && !b->is_broken) {
        fl_bus_give_back(b, FILCH_FOREVER);
        fl_bus_sessions_turn(b, true);
    }
    for (unsigned i = 0; i < b->config.queue_count; i++)
        for (fl_list *one; (one = fl_list_take(&b->queues[i].inlet.arrived));)
            fl_bus_drop(b, (fl_bus_held *)(void *)one);
    fl_bus_disconnect(b);
    fl_bus_free_links(b);
    pn_message_free(b->message);
    pn_message_free(b->incoming);
    fl_bus_url_end(&b->url);
    free(b->out.at);
    free(b);
}

static fl_broker_rc check_queues(const fl_broker_config *config)
{
    char address[FL_BUS_NAME];
    for (unsigned i = 0; i < config->queue_count; i++)
        if (strpbrk(config->queues[i], "$?#@") || !fl_bus_address(config->queues[i], address))
            return config->host->explain(
                config->host, FL_BROKER_FATAL,
                "queue '%.40s' is not a valid Service Bus name (valid: up to 260 "
                "letters, digits, '.', '-', '_' and '/')",
                config->queues[i]);
    return FL_BROKER_OK;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_bus_url url;
    fl_broker_rc rc = fl_bus_parse(config->host, config->url, &url);
    fl_bus_url_end(&url);
    if (rc == FL_BROKER_REFUSED) /* a secret that cannot be read now */
        rc = FL_BROKER_OK;
    return rc ? rc : check_queues(config);
}

/* NULL: no memory. */
static fl_bus *create(const fl_broker_config *config)
{
    fl_bus *b = calloc(1, sizeof *b + config->queue_count * sizeof *b->queues);
    if (!b)
        return NULL;
    b->base = (fl_broker){&fl_broker_servicebus, config->host};
    b->config = *config;
    if (b->config.call_timeout <= 0)
        b->config.call_timeout = 10 * FILCH_SECOND;
    b->fd = -1;
    b->token_at = b->tick_at = FILCH_FOREVER;
    b->open_until = filch_in(b->config.call_timeout);
    b->message = pn_message();
    b->incoming = pn_message();
    b->cbs.answers.queue = UINT_MAX;
    for (unsigned i = 0; i < config->queue_count; i++) {
        fl_bus_address(config->queues[i], b->queues[i].address);
        fl_list_init(&b->queues[i].inlet.arrived);
        b->queues[i].inlet.queue = i;
    }
    if (getrandom(&b->epoch, sizeof b->epoch, 0) == (ssize_t)sizeof b->epoch)
        return b;
    close_bus(&b->base);
    return NULL;
}

static fl_broker_rc open_bus(fl_broker **out, const fl_broker_config *config)
{
    fl_broker_rc rc = check_queues(config);
    fl_bus *b = rc ? NULL : create(config);
    if (!b)
        return rc ? rc
                  : config->host->explain(config->host, FL_BROKER_LOST,
                                          "no memory for a connection; free some");
    rc = fl_bus_parse(config->host, config->url, &b->url);
    if (!rc)
        rc = fl_bus_connect(b);
    if (!rc && config->role == FL_BROKER_CONSUMES)
        rc = fl_bus_open_queues(b);
    b->open_until = FILCH_FOREVER;
    if (rc)
        close_bus(&b->base);
    else
        *out = &b->base;
    return rc;
}

/* A session's lock ends with its link. */
static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = fl_broker_servicebus.caps;
    caps->keeps_leases = !fl_bus_of(broker)->url.sessions;
}

static void release(void *handle)
{
    free(handle);
}

const fl_broker_kind fl_broker_servicebus = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "servicebus",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_bus_url_kind,
    .tested = "a stand-in (preview)",
    .caps = {.durable = true,
             .delay = true,
             .deliveries = true,
             .keeps_leases = true,
             .lease_most = LOCK_MOST,
             .extends = true},
    .open = open_bus,
    .close = close_bus,
    .caps_of = caps_of,
    .watch = fl_bus_watch,
    .turn = fl_bus_turn,
    .receive = fl_bus_receive,
    .cease = fl_bus_cease,
    .settle = fl_copy_settle,
    .extend = fl_bus_extend,
    .release = release,
    .publish = fl_bus_publish,
    .check = check,
    .may_come = fl_bus_may_come,
    .transport = &fl_bus_transport,
};
