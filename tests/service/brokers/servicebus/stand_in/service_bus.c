/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stand-in's connections and links: service_bus KEY_NAME KEY LOCK_MS DELIVERY_LIMIT QUEUE...
 * It listens on a port of 127.0.0.1, which it prints, and ends with its parent. */
#include <tests/service/brokers/servicebus/stand_in/service_bus_client.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/disposition.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/listener.h>
#include <proton/netaddr.h>
#include <proton/proactor.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>

enum { FRAME = 65536, ARGUMENTS = 6 };

/* ---- Refusals ---- */

/* Attaches it without a terminus, then detaches it (AMQP 1.0, section 2.6.3). */
static void refuse(pn_link_t *link, const char *name, const char *text)
{
    pn_terminus_set_type(pn_link_source(link), PN_UNSPECIFIED);
    pn_terminus_set_type(pn_link_target(link), PN_UNSPECIFIED);
    pn_link_open(link);
    sb_set_condition(pn_link_condition(link), name, text);
    pn_link_close(link);
}

/* ---- Links ---- */

static outlet *outlet_create(client *c, pn_link_t *link, const char *address)
{
    static const char management[] = "/$management";
    outlet *one = calloc(1, sizeof *one);
    size_t length = strlen(address), end = sizeof management - 1;
    one->link = link;
    snprintf(one->address, sizeof one->address, "%s", address);
    one->is_cbs = strcmp(address, "$cbs") == 0;
    one->is_management = length > end && strcmp(address + length - end, management) == 0;
    one->queue = one->is_cbs || one->is_management ? NULL : sb_queue_find(address);
    one->next = c->outlets;
    c->outlets = one;
    pn_link_set_context(link, one);
    return one;
}

static void on_attach(client *c, pn_link_t *link)
{
    bool sends = pn_link_is_sender(link);
    pn_terminus_t *peer = sends ? pn_link_remote_source(link) : pn_link_remote_target(link);
    const char *address = pn_terminus_get_address(peer);
    address = address ? address : "";
    outlet *one = outlet_create(c, link, address);
    if (!one->is_cbs && !sb_is_granted(c, address)) {
        refuse(link, "amqp:unauthorized-access", "no token is valid for this entity");
        return;
    }
    if (!one->is_cbs && !one->is_management && (!one->queue || (!sends && !one->queue->dead))) {
        refuse(link, "amqp:not-found", "the messaging entity could not be found");
        return;
    }
    bool has_sessions = sends && one->queue && one->queue->has_sessions;
    if (sends && one->queue && sb_wants_session(link) != has_sessions) {
        refuse(link, "amqp:not-allowed", "the queue requires sessions, or has none");
        return;
    }
    if (has_sessions) {
        sb_session_ask(one);
        sb_serve_all(c);
        return;
    }
    pn_terminus_copy(pn_link_source(link), pn_link_remote_source(link));
    pn_terminus_copy(pn_link_target(link), pn_link_remote_target(link));
    pn_link_set_snd_settle_mode(link, pn_link_remote_snd_settle_mode(link));
    pn_link_set_rcv_settle_mode(link, pn_link_remote_rcv_settle_mode(link));
    pn_link_set_max_message_size(link, SB_LARGEST);
    pn_link_open(link);
    if (!sends)
        pn_link_flow(link, SB_CREDIT);
}

static void on_detach(client *c, pn_link_t *link)
{
    for (outlet **at = &c->outlets; *at; at = &(*at)->next)
        if ((*at)->link == link) {
            outlet *gone = *at;
            *at = gone->next;
            sb_session_release(gone);
            free(gone->part);
            free(gone);
            break;
        }
    pn_link_set_context(link, NULL);
    pn_link_close(link);
}

/* ---- Connections ---- */

static client *client_of(pn_connection_t *connection)
{
    client *c = pn_connection_get_context(connection);
    if (c)
        return c;
    c = calloc(1, sizeof *c);
    c->connection = connection;
    c->next = sb_clients;
    sb_clients = c;
    pn_connection_set_context(connection, c);
    return c;
}

static void on_end(client *c)
{
    for (client **at = &sb_clients; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    while (c->outlets)
        on_detach(c, c->outlets->link);
    pn_connection_set_context(c->connection, NULL);
    free(c);
}

static void on_connection_event(pn_event_t *event)
{
    client *c = client_of(pn_event_connection(event));
    pn_link_t *link = pn_event_link(event);
    switch (pn_event_type(event)) {
    case PN_CONNECTION_BOUND:
        pn_sasl_allowed_mechs(pn_sasl(pn_event_transport(event)), "ANONYMOUS");
        pn_transport_set_max_frame(pn_event_transport(event), FRAME);
        pn_transport_require_auth(pn_event_transport(event), false);
        break;
    case PN_CONNECTION_REMOTE_OPEN:
        pn_connection_open(c->connection);
        break;
    case PN_SESSION_REMOTE_OPEN:
        pn_session_open(pn_event_session(event));
        break;
    case PN_LINK_REMOTE_OPEN:
        on_attach(c, link);
        break;
    case PN_LINK_FLOW:
        if (pn_link_get_context(link))
            sb_serve(c, pn_link_get_context(link));
        break;
    case PN_CONNECTION_WAKE:
        if (c->is_to_detach)
            sb_detach_idle(c);
        sb_serve_all(c);
        break;
    case PN_DELIVERY:
        sb_on_delivery(c, pn_event_delivery(event));
        break;
    case PN_LINK_REMOTE_CLOSE:
    case PN_LINK_REMOTE_DETACH:
        on_detach(c, link);
        break;
    case PN_CONNECTION_REMOTE_CLOSE:
        pn_connection_close(c->connection);
        break;
    case PN_TRANSPORT_CLOSED:
        on_end(c);
        break;
    default:
        break;
    }
}

static void on_event(pn_event_t *event)
{
    pn_listener_t *listener = pn_event_listener(event);
    char port[16];
    switch (pn_event_type(event)) {
    case PN_LISTENER_OPEN:
        pn_netaddr_host_port(pn_listener_addr(listener), NULL, 0, port, sizeof port);
        printf("%s\n", port);
        fflush(stdout);
        break;
    case PN_LISTENER_ACCEPT:
        pn_listener_accept2(listener, NULL, NULL);
        break;
    case PN_PROACTOR_TIMEOUT:
        sb_on_timeout();
        break;
    default:
        if (pn_event_connection(event))
            on_connection_event(event);
    }
}

int main(int count, char **arguments)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (count < ARGUMENTS) {
        fprintf(stderr, "usage: service_bus KEY_NAME KEY LOCK_MS DELIVERY_LIMIT QUEUE...\n");
        return 2;
    }
    sb_key_name = arguments[1];
    sb_key = arguments[2];
    sb_store_begin(atoll(arguments[3]), (unsigned)atoi(arguments[4]));
    sb_sessions_begin(atoll(arguments[3]));
    for (int i = ARGUMENTS - 1; i < count; i++)
        sb_queue_create(arguments[i]);
    sb_proactor = pn_proactor();
    pn_proactor_listen(sb_proactor, pn_listener(), "127.0.0.1:0", 128);
    for (;;) {
        pn_event_batch_t *batch = pn_proactor_wait(sb_proactor);
        for (pn_event_t *event; (event = pn_event_batch_next(batch));)
            on_event(event);
        pn_proactor_done(sb_proactor, batch);
    }
}
