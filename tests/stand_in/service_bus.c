/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stand-in's connections and links: service_bus KEY_NAME KEY LOCK_MS DELIVERY_LIMIT QUEUE...
 * It listens on a port of 127.0.0.1, which it prints, and ends with its parent. */
#include <tests/stand_in/service_bus.h>

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

enum { CREDIT = 1000, LARGEST = 2 << 20, FRAME = 65536, TICK_MS = 5, GRANTS = 64, ARGUMENTS = 6 };

/* A token that a client has put. */
typedef struct grant {
    char path[SB_NAME];
    int64_t until;
} grant;

/* A link: its context. Either has `queue` or is of requests. */
typedef struct outlet {
    struct outlet *next;
    pn_link_t *link;
    sb_queue *queue;
    bool is_cbs, is_management;
    char address[SB_NAME];
    char *part; /* of the message that it receives */
    size_t size;
} outlet;

/* A client: its connection's context. */
typedef struct client {
    struct client *next;
    pn_connection_t *connection;
    outlet *outlets;
    unsigned grant_count;
    grant grants[GRANTS];
    uint64_t number; /* of an answer */
} client;

static client *clients;
static const char *key_name, *key;
static pn_proactor_t *proactor;
static bool is_ticking;

/* ---- Refusals ---- */

static void set_condition(pn_condition_t *condition, const char *name, const char *text)
{
    pn_condition_set_name(condition, name);
    pn_condition_set_description(condition, text);
}

/* Attaches it without a terminus, then detaches it (AMQP 1.0, section 2.6.3). */
static void refuse(pn_link_t *link, const char *name, const char *text)
{
    pn_terminus_set_type(pn_link_source(link), PN_UNSPECIFIED);
    pn_terminus_set_type(pn_link_target(link), PN_UNSPECIFIED);
    pn_link_open(link);
    set_condition(pn_link_condition(link), name, text);
    pn_link_close(link);
}

static bool is_granted(const client *c, const char *address)
{
    for (unsigned i = 0; i < c->grant_count; i++)
        if (strncmp(c->grants[i].path, address, strlen(c->grants[i].path)) == 0 &&
            c->grants[i].until > sb_now())
            return true;
    return false;
}

/* ---- Deliveries ---- */

static void tick(void)
{
    if (!is_ticking && sb_has_times()) {
        is_ticking = true;
        pn_proactor_set_timeout(proactor, TICK_MS);
    }
}

static void send_one(pn_link_t *link, const sb_message *message)
{
    char token[SB_TOKEN], *bytes;
    size_t size = sb_encode(message, &bytes);
    sb_token_of(message, token);
    pn_delivery(link, pn_dtag(token, sizeof token));
    pn_link_send(link, bytes, size);
    pn_link_advance(link);
}

/* Sends what is ready. If the client asks to drain, the rest of its credit goes. */
static void serve(const client *c, outlet *one)
{
    sb_message *message;
    if (!one->queue || !pn_link_is_sender(one->link))
        return;
    if (!is_granted(c, one->queue->name)) {
        if (pn_link_state(one->link) & PN_LOCAL_ACTIVE) {
            set_condition(pn_link_condition(one->link), "amqp:unauthorized-access",
                          "ExpiredToken: no token is valid for this queue");
            pn_link_close(one->link);
        }
        return;
    }
    sb_sweep();
    while (pn_link_credit(one->link) > 0 && (message = sb_take(one->queue)))
        send_one(one->link, message);
    if (pn_link_get_drain(one->link))
        pn_link_drained(one->link);
    tick();
}

/* Others may send what has become ready. */
static void wake_others(const client *but)
{
    for (client *c = clients; c; c = c->next) {
        bool waits = false;
        for (outlet *one = c->outlets; one && c != but; one = one->next)
            waits |= one->queue && pn_link_is_sender(one->link) && pn_link_credit(one->link) > 0;
        if (waits)
            pn_connection_wake(c->connection);
    }
}

static void serve_all(const client *c)
{
    for (outlet *one = c->outlets; one; one = one->next)
        serve(c, one);
}

/* ---- Outcomes ---- */

static const struct {
    uint64_t state;
    sb_outcome outcome;
} outcomes[] = {{PN_ACCEPTED, SB_COMPLETES},
                {PN_RELEASED, SB_RELEASES},
                {PN_MODIFIED, SB_ABANDONS},
                {PN_REJECTED, SB_DIES}};

static void on_outcome(client *c, pn_delivery_t *delivery)
{
    uint64_t state = pn_delivery_remote_state(delivery);
    sb_message *message = sb_locked_by(pn_delivery_tag(delivery).start);
    unsigned row = 0;
    while (row < sizeof outcomes / sizeof *outcomes && outcomes[row].state != state)
        row++;
    if (row == sizeof outcomes / sizeof *outcomes) {
        if (pn_delivery_settled(delivery))
            pn_delivery_settle(delivery); /* the lock runs out */
        return;
    }
    if (message) {
        pn_condition_t *condition = pn_disposition_condition(pn_delivery_remote(delivery));
        sb_settle(message, outcomes[row].outcome,
                  state == PN_REJECTED ? pn_condition_info(condition) : NULL);
        pn_delivery_update(delivery, state);
    } else {
        set_condition(pn_disposition_condition(pn_delivery_local(delivery)),
                      "com.microsoft:message-lock-lost", "the lock is lost");
        pn_delivery_update(delivery, PN_REJECTED);
    }
    pn_delivery_settle(delivery);
    if (state != PN_ACCEPTED) {
        serve_all(c);
        wake_others(c);
    }
}

/* ---- Requests ---- */

static void put_token(client *c, pn_message_t *request, pn_message_t *answer)
{
    pn_data_t *body = pn_message_body(request);
    pn_data_rewind(body);
    pn_bytes_t token = pn_data_next(body) ? pn_data_get_bytes(body) : pn_bytes(0, "");
    char *text = strndup(token.start, token.size);
    grant got;
    bool valid = sb_token_is_valid(text, key_name, key, got.path, &got.until);
    free(text);
    unsigned row = 0;
    while (row < c->grant_count && strcmp(c->grants[row].path, got.path) != 0)
        row++;
    if (valid && row < GRANTS) {
        c->grants[row] = got;
        c->grant_count += row == c->grant_count;
    }
    sb_answer(request, answer, "status-code", valid ? 202 : 401, "status-description",
              valid ? "Accepted" : "InvalidSignature: the token has an invalid signature");
}

static void reply(client *c, const outlet *from, pn_message_t *answer, const char *to)
{
    static char bytes[LARGEST];
    size_t size = sizeof bytes;
    pn_message_encode(answer, bytes, &size);
    for (outlet *one = c->outlets; one; one = one->next) {
        const char *target = pn_terminus_get_address(pn_link_remote_target(one->link));
        if (!pn_link_is_sender(one->link) || strcmp(one->address, from->address) != 0 || !target ||
            strcmp(target, to) != 0)
            continue;
        uint64_t number = ++c->number;
        pn_delivery_t *delivery =
            pn_delivery(one->link, pn_dtag((const char *)&number, sizeof number));
        pn_link_send(one->link, bytes, size);
        pn_link_advance(one->link);
        pn_delivery_settle(delivery);
        return;
    }
}

static void on_request(client *c, outlet *one)
{
    pn_message_t *request = pn_message(), *answer = pn_message();
    if (pn_message_decode(request, one->part, one->size) == 0 && pn_message_get_reply_to(request)) {
        if (one->is_cbs)
            put_token(c, request, answer);
        else
            sb_manage(request, answer);
        reply(c, one, answer, pn_message_get_reply_to(request));
    }
    pn_message_free(request);
    pn_message_free(answer);
    serve_all(c);
    wake_others(c);
}

/* ---- Messages ---- */

/* Unix time in ms; 0: none. */
static int64_t scheduled_time(const outlet *one)
{
    int64_t due = 0;
    static pn_message_t *message;
    if (!message)
        message = pn_message();
    if (pn_message_decode(message, one->part, one->size) == 0) {
        pn_data_t *annotations = pn_message_annotations(message);
        if (sb_find(annotations, "x-opt-scheduled-enqueue-time"))
            due = pn_data_get_timestamp(annotations);
    }
    return due;
}

static void on_message(client *c, outlet *one, pn_delivery_t *delivery)
{
    if (!one->queue) {
        on_request(c, one);
        pn_delivery_update(delivery, PN_ACCEPTED);
    } else if (!is_granted(c, one->queue->name)) {
        set_condition(pn_disposition_condition(pn_delivery_local(delivery)),
                      "amqp:unauthorized-access", "ExpiredToken");
        pn_delivery_update(delivery, PN_REJECTED);
    } else {
        sb_enqueue(one->queue, one->part, one->size, scheduled_time(one));
        pn_delivery_update(delivery, PN_ACCEPTED);
        serve_all(c);
        wake_others(c);
        tick();
    }
    pn_delivery_settle(delivery);
}

static void on_delivery(client *c, pn_delivery_t *delivery)
{
    pn_link_t *link = pn_delivery_link(delivery);
    outlet *one = pn_link_get_context(link);
    if (!one)
        return;
    if (pn_link_is_sender(link)) {
        if (one->queue && pn_delivery_updated(delivery))
            on_outcome(c, delivery);
        return;
    }
    if (!pn_delivery_readable(delivery))
        return;
    size_t more = pn_delivery_pending(delivery);
    one->part = realloc(one->part, one->size + more + 1);
    ssize_t got = pn_link_recv(link, one->part + one->size, more);
    one->size += got > 0 ? (size_t)got : 0;
    if (pn_delivery_partial(delivery))
        return;
    pn_link_advance(link);
    on_message(c, one, delivery);
    one->size = 0;
    pn_link_flow(link, CREDIT - pn_link_credit(link));
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
    if (!one->is_cbs && !is_granted(c, address)) {
        refuse(link, "amqp:unauthorized-access", "no token is valid for this entity");
        return;
    }
    if (!one->is_cbs && !one->is_management && (!one->queue || (!sends && !one->queue->dead))) {
        refuse(link, "amqp:not-found", "the messaging entity could not be found");
        return;
    }
    pn_terminus_copy(pn_link_source(link), pn_link_remote_source(link));
    pn_terminus_copy(pn_link_target(link), pn_link_remote_target(link));
    pn_link_set_snd_settle_mode(link, pn_link_remote_snd_settle_mode(link));
    pn_link_set_rcv_settle_mode(link, pn_link_remote_rcv_settle_mode(link));
    pn_link_set_max_message_size(link, LARGEST);
    pn_link_open(link);
    if (!sends)
        pn_link_flow(link, CREDIT);
}

static void on_detach(client *c, pn_link_t *link)
{
    for (outlet **at = &c->outlets; *at; at = &(*at)->next)
        if ((*at)->link == link) {
            outlet *gone = *at;
            *at = gone->next;
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
    c->next = clients;
    clients = c;
    pn_connection_set_context(connection, c);
    return c;
}

static void on_end(client *c)
{
    for (client **at = &clients; *at; at = &(*at)->next)
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
            serve(c, pn_link_get_context(link));
        break;
    case PN_CONNECTION_WAKE:
        serve_all(c);
        break;
    case PN_DELIVERY:
        on_delivery(c, pn_event_delivery(event));
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
        is_ticking = false;
        if (sb_sweep())
            wake_others(NULL);
        tick();
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
    key_name = arguments[1];
    key = arguments[2];
    sb_store_begin(atoll(arguments[3]), (unsigned)atoi(arguments[4]));
    for (int i = ARGUMENTS - 1; i < count; i++)
        sb_queue_create(arguments[i]);
    proactor = pn_proactor();
    pn_proactor_listen(proactor, pn_listener(), "127.0.0.1:0", 128);
    for (;;) {
        pn_event_batch_t *batch = pn_proactor_wait(proactor);
        for (pn_event_t *event; (event = pn_event_batch_next(batch));)
            on_event(event);
        pn_proactor_done(proactor, batch);
    }
}
