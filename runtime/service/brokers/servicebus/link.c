/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/job.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <proton/connection.h>
#include <proton/terminus.h>

static const char dead_suffix[] = ".dlq";

bool fl_bus_address(const char *queue, char address[FL_BUS_NAME])
{
    size_t length = strlen(queue), more = sizeof dead_suffix - 1, base = length;
    unsigned times = 0;
    for (; base > more && memcmp(queue + base - more, dead_suffix, more) == 0; base -= more)
        times++;
    /* the queue of dead letters of Q, Q.dlq.dlq, ...: of its own name without the last suffix */
    bool is_own = times % 2 == 1;
    int size = snprintf(address, FL_BUS_NAME, "%.*s%s", (int)(is_own ? length - more : length),
                        queue, is_own ? "/$DeadLetterQueue" : "");
    return size > 0 && size < FL_BUS_NAME;
}

/* ---- Links ---- */

static bool is_attached(const void *arg)
{
    pn_link_t *link = (pn_link_t *)arg;
    return (pn_link_state(link) & (PN_REMOTE_ACTIVE | PN_REMOTE_CLOSED)) != 0;
}

/* A server that refuses a link attaches it without a terminus, and detaches it at once with the reason
 * (AMQP 1.0, section 2.6.3). */
static bool is_refused(const void *arg)
{
    pn_link_t *link = (pn_link_t *)arg;
    return (pn_link_state(link) & PN_REMOTE_CLOSED) != 0;
}

static fl_broker_rc attach(fl_bus *b, pn_link_t *link, const char *doing)
{
    fl_bus_note(b, NULL, NULL); /* of a link that was detached before */
    pn_link_open(link);
    fl_broker_rc rc = fl_bus_await(b, is_attached, link, doing);
    if (rc)
        return rc;
    pn_terminus_t *peer =
        pn_link_is_sender(link) ? pn_link_remote_target(link) : pn_link_remote_source(link);
    if (pn_terminus_get_type(peer) == PN_UNSPECIFIED)
        rc = fl_bus_await(b, is_refused, link, doing);
    if (rc || !is_refused(link))
        return rc;
    return fl_bus_failed(b, doing);
}

static fl_broker_rc open_receiver(fl_bus *b, fl_bus_inlet *inlet, const char *address,
                                  const char *target, const char *doing)
{
    char name[FL_BUS_NAME];
    snprintf(name, sizeof name, "%016" PRIx64 "-%" PRIu64, b->epoch, ++b->number);
    inlet->link = pn_receiver(b->session, name);
    pn_link_set_context(inlet->link, inlet);
    pn_terminus_set_address(pn_link_source(inlet->link), address);
    pn_terminus_set_address(pn_link_target(inlet->link), target);
    bool is_queue = inlet->queue != UINT_MAX;
    pn_link_set_snd_settle_mode(inlet->link, is_queue ? PN_SND_UNSETTLED : PN_SND_SETTLED);
    pn_link_set_rcv_settle_mode(inlet->link, is_queue ? PN_RCV_SECOND : PN_RCV_FIRST);
    return attach(b, inlet->link, doing);
}

static fl_broker_rc open_sender(fl_bus *b, pn_link_t **out, const char *address, const char *doing)
{
    char name[FL_BUS_NAME];
    snprintf(name, sizeof name, "%016" PRIx64 "-%" PRIu64, b->epoch, ++b->number);
    pn_link_t *link = pn_sender(b->session, name);
    pn_terminus_set_address(pn_link_source(link), b->config.client ? b->config.client : "filch");
    pn_terminus_set_address(pn_link_target(link), address);
    *out = link;
    return attach(b, link, doing);
}

fl_broker_rc fl_bus_open_desk(fl_bus *b, fl_bus_desk *desk, const char *address)
{
    static const char doing[] = "send requests to";
    if (desk->requests)
        return FL_BROKER_OK;
    fl_list_init(&desk->answers.arrived);
    desk->answers.queue = UINT_MAX;
    if (!desk->answers.answer)
        desk->answers.answer = pn_message();
    fl_broker_rc rc = open_receiver(b, &desk->answers, address, address, doing);
    if (!rc) {
        pn_link_flow(desk->answers.link, 1);
        rc = open_sender(b, &desk->requests, address, doing);
    }
    return rc;
}

/* ---- Nodes ---- */

fl_broker_rc fl_bus_node_of(fl_bus *b, const char *address, fl_bus_node **out)
{
    const fl_broker_host *host = b->base.host;
    fl_bus_node *node = b->nodes;
    while (node && strcmp(node->address, address) != 0)
        node = node->next;
    if (!node) {
        node = calloc(1, sizeof *node);
        if (!node)
            return host->explain(host, FL_BROKER_LOST, "no memory for a link; free some");
        snprintf(node->address, sizeof node->address, "%s", address);
        node->next = b->nodes;
        b->nodes = node;
    }
    *out = node;
    if (node->is_allowed)
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_bus_allow(b, address);
    node->is_allowed = !rc;
    return rc;
}

fl_broker_rc fl_bus_sender(fl_bus *b, const char *address, pn_link_t **out)
{
    fl_bus_node *node;
    fl_broker_rc rc = fl_bus_node_of(b, address, &node);
    if (!rc && !node->sender)
        rc = open_sender(b, &node->sender, address, "send to");
    if (!rc)
        *out = node->sender;
    return rc;
}

fl_broker_rc fl_bus_open_queues(fl_bus *b)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < b->config.queue_count && !rc; i++) {
        fl_bus_queue *queue = &b->queues[i];
        fl_bus_node *node;
        rc = fl_bus_node_of(b, queue->address, &node);
        bool has_sessions = b->url.sessions && !strchr(queue->address, '$');
        if (!rc && has_sessions && !fl_bus_sessions_begin(b, i))
            rc = b->base.host->explain(b->base.host, FL_BROKER_LOST, "no memory for sessions");
        else if (!rc && !has_sessions)
            rc = open_receiver(b, &queue->inlet, queue->address, "filch", "receive from");
    }
    return rc;
}

/* A desk without one of its links is opened anew, with both, when it is needed. */
static void forget_desk(fl_bus_desk *desk, const pn_link_t *link)
{
    if (desk->requests != link && desk->answers.link != link)
        return;
    if (desk->requests)
        pn_link_close(desk->requests);
    pn_link_set_context(desk->answers.link, NULL);
    pn_link_close(desk->answers.link);
    desk->requests = desk->answers.link = NULL;
    desk->answers.part.size = 0;
}

/* Service Bus detaches links that have been idle for ten minutes: senders and desks are attached again
 * when they are needed. Without its receivers a connection is of no use. */
void fl_bus_on_detach(fl_bus *b, pn_link_t *link)
{
    const fl_bus_inlet *inlet = pn_link_get_context(link);
    if (inlet && inlet->session)
        fl_bus_session_detached(b, inlet->session);
    else
        b->is_broken |= inlet && inlet->queue != UINT_MAX;
    forget_desk(&b->cbs, link);
    for (fl_bus_node *node = b->nodes; node; node = node->next) {
        forget_desk(&node->management, link);
        if (node->sender == link)
            node->sender = NULL;
    }
    pn_link_close(link);
}

void fl_bus_on_attach(fl_bus *b, pn_link_t *link)
{
    const fl_bus_inlet *inlet = pn_link_get_context(link);
    if (inlet && inlet->session)
        fl_bus_session_attached(b, inlet->session);
}

void fl_bus_free_detached(fl_bus *b)
{
    const pn_state_t closed = PN_LOCAL_CLOSED | PN_REMOTE_CLOSED;
    for (pn_link_t *link = pn_link_head(b->driver.connection, closed), *next; link; link = next) {
        next = pn_link_next(link, closed);
        pn_link_free(link);
    }
}

static void free_inlet(fl_bus_inlet *inlet)
{
    free(inlet->part.at);
    if (inlet->answer)
        pn_message_free(inlet->answer);
}

void fl_bus_free_links(fl_bus *b)
{
    for (fl_bus_node *node = b->nodes, *next; node; node = next) {
        next = node->next;
        free_inlet(&node->management.answers);
        free(node);
    }
    free_inlet(&b->cbs.answers);
    for (unsigned i = 0; i < b->config.queue_count; i++) {
        free_inlet(&b->queues[i].inlet);
        fl_bus_sessions_end(b, i);
    }
    b->nodes = NULL;
}
