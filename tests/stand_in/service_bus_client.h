/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stand-in's clients: messages that they send and are sent, outcomes, and requests. */
#ifndef STAND_IN_SERVICE_BUS_CLIENT_H
#define STAND_IN_SERVICE_BUS_CLIENT_H

#include <tests/stand_in/service_bus.h>

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
} outlet;

/* A client: its connection's context. */
typedef struct client {
    struct client *next;
    pn_connection_t *connection;
    outlet *outlets;
    unsigned grant_count;
    grant grants[SB_GRANTS];
    uint64_t number; /* of an answer */
} client;

extern client *sb_clients;
extern const char *sb_key_name, *sb_key;
extern pn_proactor_t *sb_proactor;

void sb_set_condition(pn_condition_t *condition, const char *name, const char *text);
/* Has the client put a token for this address that is valid now? */
bool sb_is_granted(const client *c, const char *address);
/* Sends what is ready. If the peer asks to drain, the rest of its credit goes. */
void sb_serve(const client *c, outlet *one);
void sb_serve_all(const client *c);
/* The time of PN_PROACTOR_TIMEOUT: locks and delays end. */
void sb_on_timeout(void);
void sb_on_delivery(client *c, pn_delivery_t *delivery);

#endif
