/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare loops on a queue of Service Bus: proton's proactor in one thread. Each message is decoded and
 * accepted, and counts when the server has settled it, too. The first loop asks for a batch when the
 * former one is settled; the second has credit for a batch at any time. */
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>

#include <runtime/service/brokers/servicebus/request.h>
#include <tests/service/brokers/servicebus/service_bus.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/message.h>
#include <proton/proactor.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <time.h>

enum { HOUR = 3600, ROOM = 4096 };

typedef struct bare {
    pn_proactor_t *proactor;
    pn_connection_t *connection;
    pn_session_t *session;
    pn_link_t *tokens, *receiver;
    pn_message_t *message;
    bool has_asked, is_ready;
    long given, left; /* credit that may still be given; messages that are not settled */
    int batch;
} bare;

/* ---- The token ---- */

static void put_text(pn_data_t *data, const char *text)
{
    pn_data_put_string(data, pn_bytes(strlen(text), text));
}

static void ask_for_token(bare *b)
{
    static const char resource[] = "sb://127.0.0.1/" BAR_QUEUE;
    char token[FL_BUS_SAS_BYTES], bytes[ROOM];
    size_t size = sizeof bytes;
    if (b->has_asked || pn_link_credit(b->tokens) <= 0)
        return;
    b->has_asked = true;
    fl_bus_sas(token, resource, "tests", SERVICE_BUS_KEY, time(NULL) + HOUR);
    pn_data_t *properties = pn_message_properties(b->message);
    pn_data_put_map(properties);
    pn_data_enter(properties);
    put_text(properties, "operation");
    put_text(properties, "put-token");
    pn_data_exit(properties);
    put_text(pn_message_body(b->message), token);
    pn_message_set_reply_to(b->message, "bare");
    pn_message_encode(b->message, bytes, &size);
    pn_delivery_t *sent = pn_delivery(b->tokens, pn_dtag("t", 1));
    pn_link_send(b->tokens, bytes, size);
    pn_link_advance(b->tokens);
    pn_delivery_settle(sent);
}

/* ---- Events ---- */

static void open_links(bare *b)
{
    pn_connection_open(b->connection);
    b->session = pn_session(b->connection);
    pn_session_open(b->session);
    pn_link_t *answers = pn_receiver(b->session, "answers");
    pn_terminus_set_address(pn_link_source(answers), "$cbs");
    pn_terminus_set_address(pn_link_target(answers), "bare");
    pn_link_open(answers);
    pn_link_flow(answers, 1);
    b->tokens = pn_sender(b->session, "tokens");
    pn_terminus_set_address(pn_link_target(b->tokens), "$cbs");
    pn_link_open(b->tokens);
}

static void open_receiver(bare *b)
{
    b->receiver = pn_receiver(b->session, "receiver");
    pn_terminus_set_address(pn_link_source(b->receiver), BAR_QUEUE);
    pn_link_set_rcv_settle_mode(b->receiver, PN_RCV_SECOND);
    pn_link_open(b->receiver);
}

static void give_credit(bare *b)
{
    int room = b->batch - pn_link_credit(b->receiver);
    int more = b->given < room ? (int)b->given : room;
    if (more > 0)
        pn_link_flow(b->receiver, more);
    b->given -= more > 0 ? more : 0;
}

static void take(bare *b, pn_delivery_t *delivery)
{
    char bytes[ROOM];
    ssize_t size = pn_link_recv(b->receiver, bytes, sizeof bytes);
    if (size <= 0 || pn_message_decode(b->message, bytes, (size_t)size))
        worker_bare_die("pn_message_decode", NULL);
    pn_delivery_update(delivery, PN_ACCEPTED);
    pn_link_advance(b->receiver);
    give_credit(b);
}

static void on_delivery(bare *b, pn_delivery_t *delivery)
{
    pn_link_t *link = pn_delivery_link(delivery);
    if (link == b->tokens)
        return;
    if (link != b->receiver) {
        pn_link_advance(link);
        pn_delivery_settle(delivery);
        open_receiver(b);
    } else if (pn_delivery_settled(delivery)) {
        pn_delivery_settle(delivery);
        b->left--;
    } else if (pn_delivery_readable(delivery) && !pn_delivery_partial(delivery)) {
        take(b, delivery);
    }
}

static void on_event(bare *b, pn_event_t *event)
{
    switch (pn_event_type(event)) {
    case PN_CONNECTION_INIT:
        open_links(b);
        break;
    case PN_LINK_FLOW:
        ask_for_token(b);
        break;
    case PN_LINK_REMOTE_OPEN:
        b->is_ready |= pn_event_link(event) == b->receiver;
        break;
    case PN_DELIVERY:
        on_delivery(b, pn_event_delivery(event));
        break;
    case PN_CONNECTION_WAKE:
        give_credit(b);
        break;
    case PN_LINK_REMOTE_CLOSE:
    case PN_TRANSPORT_ERROR:
        worker_bare_die("pn_proactor_wait", "the server refuses");
        break;
    default:
        break;
    }
}

static void turn(bare *b)
{
    pn_event_batch_t *events = pn_proactor_wait(b->proactor);
    for (pn_event_t *event; (event = pn_event_batch_next(events));)
        on_event(b, event);
    pn_proactor_done(b->proactor, events);
}

/* ---- The loop ---- */

/* url: servicebus://KEY_NAME:KEY@HOST:PORT/... */
static void *open_bare(const char *url)
{
    bare *b = calloc(1, sizeof *b);
    char place[64];
    const char *at = strrchr(url, '@') + 1;
    snprintf(place, sizeof place, "%.*s", (int)strcspn(at, "/"), at);
    b->message = pn_message();
    b->proactor = pn_proactor();
    b->connection = pn_connection();
    pn_proactor_connect2(b->proactor, b->connection, NULL, place);
    while (!b->is_ready)
        turn(b);
    return b;
}

static void stream(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    b->given = b->left = count;
    b->batch = (int)how->batch;
    pn_connection_wake(b->connection);
    while (b->left)
        turn(b);
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    for (long part; count > 0; count -= part) {
        part = count < (long)how->batch ? count : (long)how->batch;
        stream(bare_, how, part);
    }
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    pn_proactor_free(b->proactor);
    pn_message_free(b->message);
    free(b);
}

static const worker_bare bares[] = {
    {"proton, batches", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.7},
    {"streamed", 100, open_bare, stream, close_bare, MEASURE_REPORTED, 0},
    {0},
};

/* ---- Its server ---- */

static const char *server_url(void)
{
    if (!service_bus.pid)
        service_bus_start("60000", "1000");
    return service_bus_url(service_bus.port, "");
}

static proxy way;

/* Messages are in the stand-in's memory: in its place, all connections to it are reset. */
static const char *fleet_url(void)
{
    if (!service_bus.pid) {
        service_bus_start("5000", "1000");
        way = proxy_start(service_bus.port);
    }
    return service_bus_url(way.port, "");
}

static void cut(void)
{
    proxy_set(&way, PROXY_RESETS);
}

const worker_broker worker_broker_servicebus = {
    .settings =
        {
            {.name = "servicebus",
             .url = server_url,
             .jobs = 40000,
             .is_durable = true,
             .bares = bares},
        },
    .server = {.name = "servicebus", .url = fleet_url, .restart = cut, .is_in_memory = true},
};
