/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stand-in's clients: messages that they send and are sent, outcomes, and requests. */
#ifndef STAND_IN_SERVICE_BUS_CLIENT_H
#define STAND_IN_SERVICE_BUS_CLIENT_H

#include <tests/service/brokers/servicebus/stand_in/service_bus.h>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/link.h>
#include <proton/proactor.h>

enum { SB_CREDIT = 1000, SB_LARGEST = 2 << 20, SB_GRANTS = 64 };

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
    char session[SB_SESSION];         /* "": none is held */
    int64_t asks_until, locked_until; /* ms of Unix time; 0: does not ask */
} outlet;

/* A client: its connection's context. */
typedef struct client {
    struct client *next;
    pn_connection_t *connection;
    outlet *outlets;
    unsigned grant_count;
    grant grants[SB_GRANTS];
    uint64_t number; /* of an answer */
    bool is_to_detach;
} client;

/* ---- service_bus_sessions.c ---- */

void sb_sessions_begin(int64_t lock_ms);
/* Does this link ask for a session? */
bool sb_wants_session(pn_link_t *link);
void sb_session_ask(outlet *one);
void sb_session_release(outlet *one);
/* Accepts sessions that a client's links ask for, and ends those whose time is over. */
void sb_sessions_turn(client *c);
bool sb_sessions_are_due(const client *c);
bool sb_sessions_have_times(void);
/* The new end of the lock, in ms of Unix time; 0: it is lost. */
int64_t sb_session_renew(const char *address, pn_bytes_t id);

/* ---- service_bus_orders.c ---- */

enum sb_order_kind {
    SB_REFUSES_OUTCOMES, /* with this condition */
    SB_REFUSES_MESSAGES,
    SB_REFUSES_RENEWALS, /* with this status */
    SB_DETACHES,         /* links that send no messages, as if they had been idle */
    SB_DESCRIBES,        /* the value of a session filter (AMQP 1.0, section 3.5.8) */
    SB_ORDERS
};

typedef struct sb_order {
    unsigned left;
    char with[64];
} sb_order;

extern sb_order sb_orders[SB_ORDERS];
/* Is there an order of this kind? It counts as done. */
bool sb_obeys(enum sb_order_kind kind);
/* false: it is none. */
bool sb_take_order(pn_bytes_t text);
void sb_detach_idle(client *c);

extern client *sb_clients;
extern const char *sb_key_name, *sb_key;
extern pn_proactor_t *sb_proactor;

void sb_set_condition(pn_condition_t *condition, const char *name, const char *text);
/* Has the client put a token for this address that is valid now? */
bool sb_is_granted(const client *c, const char *address);
/* Sends what is ready. If the peer asks to drain, the rest of its credit goes. */
void sb_serve(const client *c, outlet *one);
void sb_serve_all(client *c);
/* The time of PN_PROACTOR_TIMEOUT: locks and delays end. */
void sb_on_timeout(void);
void sb_on_delivery(client *c, pn_delivery_t *delivery);

#endif
