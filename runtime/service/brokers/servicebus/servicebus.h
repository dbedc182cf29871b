/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `servicebus://`, and the parts of it. All functions: owner only.
 *
 * Wire. The owner moves the bytes itself, by proton's connection driver, which has neither threads
 * nor sockets. So the connection needs no lock and no queue between threads, and `watch` names its
 * socket. A thread around pn_proactor_wait was rejected: each message would cross to the owner under
 * a mutex and by an eventfd, to save the owner a `recv`.
 *
 * Links. A queue that is consumed has a receiver with peek-lock: the sender's mode unsettled, the
 * receiver's second. `receive` gives credit for the free places and asks to drain it: the server sends
 * what is ready, says that there is no more, and takes the rest of the credit back. So nothing is locked
 * ahead of its turn. Before the owner sleeps, `watch` leaves credit for one message, which wakes it. Only
 * when a large batch came full, credit for the next one is given at once, within the prefetch: the server
 * sends it while the service works.
 * Senders, and the two links of $cbs and of each QUEUE/$management, are attached when first used.
 *
 * Settlements. An outcome is sent, and is valid when the server has settled it, too: then its own state
 * tells whether the lock was still held. A delivery of an earlier connection is settled by its lock
 * token, at QUEUE/$management. Lock tokens are the delivery tags.
 *
 * Dead letters. A queue Q has a queue of dead letters by itself, Q/$DeadLetterQueue, which is Q.dlq
 * here. A message goes there in one step, when it is rejected. This queue has none of its own, so what
 * dies there is copied to a queue with the name Q.dlq.dlq, which has to be created.
 *
 * Copies. A retry is a copy with a time of enqueueing, confirmed before its original is completed. The
 * race: the process dies in between. Then the message is there twice and not lost. A queue may detect
 * duplicates: it drops a message whose id it has seen. So the id of a copy is the lock token of its
 * original, which is new for each delivery, and the message's own id is the property x-filch-id. The server
 * has no delays without copies: a retry whose copy it never accepts stays until its lock ends. */
#ifndef FL_BUS_H
#define FL_BUS_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/url.h>
#include <runtime/service/job.h>

#include <filch/wait.h>

#include <stdio.h>
#include <string.h>

#include <proton/codec.h>
#include <proton/connection_driver.h>
#include <proton/delivery.h>
#include <proton/link.h>
#include <proton/message.h>
#include <proton/session.h>

enum {
    FL_BUS_NAME = 320, /* of an address */
    FL_BUS_TAG = 16,   /* bytes of a lock token */
    FL_BUS_TOKEN_TEXT = 2 * FL_BUS_TAG + 1,
    FL_BUS_BATCH = 256 /* transfers that are awaited together */
};

typedef struct fl_bus_session fl_bus_session;

/* A message that the server has sent, until it is released. */
typedef struct fl_bus_held {
    fl_list link; /* of those read ahead */
    fl_delivery *delivery;
    pn_delivery_t *transfer; /* NULL: no longer to be settled on its link */
    uint64_t epoch;          /* of the connection of `transfer` */
    uint64_t order;          /* of arrival */
    uint64_t session;        /* the number of the session that it came by; 0: none */
    char token[FL_BUS_TAG];
    int64_t at; /* host->now, when it came */
} fl_bus_held;

/* Bytes of one transfer, which may come in parts. */
typedef struct fl_bus_bytes {
    char *at;
    size_t size, room;
} fl_bus_bytes;

/* A receiver: its link's context. */
typedef struct fl_bus_inlet {
    pn_link_t *link;
    fl_bus_session *session; /* whose it is; NULL: none */
    unsigned queue;          /* UINT_MAX: of answers */
    fl_bus_bytes part;
    bool is_ahead;   /* the last batch was large and full */
    bool is_partial; /* the present transfer goes on */
    bool is_over;    /* the part is longer than a message may be, and was dropped */
    fl_list arrived; /* fl_bus_held */
    pn_message_t *answer;
    bool is_answered;
} fl_bus_inlet;

/* A pair of links for requests. */
typedef struct fl_bus_desk {
    pn_link_t *requests;
    fl_bus_inlet answers;
} fl_bus_desk;

/* An address that messages are sent to, with its management. */
typedef struct fl_bus_node {
    struct fl_bus_node *next;
    char address[FL_BUS_NAME];
    bool is_allowed; /* it has had a token */
    pn_link_t *sender;
    fl_bus_desk management;
} fl_bus_node;

typedef struct fl_bus_queue {
    char address[FL_BUS_NAME];
    fl_bus_inlet inlet;       /* without sessions */
    fl_bus_session *sessions; /* url.sessions of them; NULL: without */
    unsigned first_session;   /* to look at, in the next call */
} fl_bus_queue;

typedef struct fl_bus {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_bus_url url;
    int fd;
    pn_connection_driver_t driver;
    pn_session_t *session;
    bool is_broken, is_ceased, is_closing;
    char error[96], reason[200]; /* the server's condition and description */
    uint64_t epoch, number;      /* random; of the next transfer */
    int64_t tick_at;             /* filch_now, of the next heartbeat */
    int64_t open_until;          /* filch_now, the end of `open`; then FILCH_FOREVER */
    int64_t token_at;            /* filch_now, when tokens are renewed; FILCH_FOREVER: none yet */
    pn_message_t *message;       /* for encoding */
    pn_message_t *incoming;      /* for decoding, which may happen while a message is made */
    fl_bus_bytes out;
    fl_bus_desk cbs;
    fl_bus_node *nodes;
    unsigned unsettled; /* transfers of queues */
    fl_bus_queue queues[];
} fl_bus;

static inline fl_bus *fl_bus_of(fl_broker *broker)
{
    return (fl_bus *)(void *)broker;
}

/* ---- wire.c ---- */

/* Connects and opens a session, by TLS unless the URL says otherwise. */
fl_broker_rc fl_bus_connect(fl_bus *b);
void fl_bus_disconnect(fl_bus *b);
/* Moves the bytes at hand, and handles what has come. */
void fl_bus_turn_wire(fl_bus *b);
/* The same, after waiting for bytes until this time of filch_now. */
void fl_bus_wait(fl_bus *b, int64_t until);
/* Does so until the condition holds; LOST or REFUSED, explained: the connection ended, the server closed
 * a link, or there was no answer within call_timeout. */
fl_broker_rc fl_bus_await(fl_bus *b, bool (*holds)(const void *arg), const void *arg,
                          const char *doing);
/* Explains why the connection is broken, or a request was refused: LOST, REFUSED; or BUSY if the
 * connection is good and the server has too much to do. */
fl_broker_rc fl_bus_failed(fl_bus *b, const char *doing);
/* Keeps the server's condition; NULL: none, at the beginning of a call. */
void fl_bus_note(fl_bus *b, const char *name, const char *text);
/* At the beginning of a call: forgets the condition of an earlier one. doing: fails if the connection is
 * broken; NULL: does not. */
static inline fl_broker_rc fl_bus_begin(fl_bus *b, const char *doing)
{
    if (!b->is_broken)
        fl_bus_note(b, NULL, NULL);
    return b->is_broken && doing ? fl_bus_failed(b, doing) : FL_BROKER_OK;
}
/* Does this condition pass by itself? */
bool fl_bus_passes(const char *condition);

/* ---- session.c ---- */

/* Writes the address of a queue; false: it is too long. */
bool fl_bus_address(const char *queue, char address[FL_BUS_NAME]);
/* Attaches the receiver of each queue. */
fl_broker_rc fl_bus_open_queues(fl_bus *b);
/* A sender to an address, attached and allowed. */
fl_broker_rc fl_bus_sender(fl_bus *b, const char *address, pn_link_t **out);
/* The node of an address, after its token has been accepted. */
fl_broker_rc fl_bus_node_of(fl_bus *b, const char *address, fl_bus_node **out);
/* Opens a pair of links for requests, unless it is open. */
fl_broker_rc fl_bus_open_desk(fl_bus *b, fl_bus_desk *desk, const char *address);
/* Frees links that the server has detached. No transfer on them may be looked at any more. */
void fl_bus_free_detached(fl_bus *b);
/* The server has attached, or detached, a link. */
void fl_bus_on_attach(fl_bus *b, pn_link_t *link);
void fl_bus_on_detach(fl_bus *b, pn_link_t *link);
void fl_bus_free_links(fl_bus *b);

/* ---- request.c ---- */

/* Sends b->message and waits for the answer, desk->answers.answer. */
fl_broker_rc fl_bus_ask(fl_bus *b, fl_bus_desk *desk, const char *doing);
/* Puts a token of this address at the server. */
fl_broker_rc fl_bus_allow(fl_bus *b, const char *address);
/* Renews all tokens when it is time. */
fl_broker_rc fl_bus_renew_tokens(fl_bus *b);
/* Settles by lock token. Writes the status. */
fl_broker_rc fl_bus_settle_by_token(fl_bus *b, fl_settlement *one);
/* Renews the lock of a session. *is_held: it is not lost. */
fl_broker_rc fl_bus_renew_session(fl_bus *b, fl_bus_session *session, bool *is_held);
/* Renews the locks of up to FL_BUS_BATCH deliveries of one queue, and writes each lease_until. */
fl_broker_rc fl_bus_renew_locks(fl_bus *b, unsigned queue, fl_delivery *const *batch,
                                unsigned count, int64_t lease);

/* ---- message.c, receive.c ---- */

/* Application properties of filch's own. */
#define FL_BUS_OWN "x-filch-"
#define FL_BUS_ID FL_BUS_OWN "id"
#define FL_BUS_ATTEMPT FL_BUS_OWN "attempt"
#define FL_BUS_FIRST_SEEN FL_BUS_OWN "first-seen"

/* The digits of a token. */
static inline void fl_bus_spell_token(char text[FL_BUS_TOKEN_TEXT], const char token[FL_BUS_TAG])
{
    for (unsigned i = 0; i < FL_BUS_TAG; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)token[i]);
}

/* A message to send. */
typedef struct fl_bus_copy {
    const filch_message *message;
    const char *token; /* the lock of the original; NULL: it has none */
    char address[FL_BUS_NAME];
    pn_delivery_t *transfer; /* while it is awaited */
    int status;              /* as in fl_publication */
} fl_bus_copy;

static inline pn_bytes_t fl_bus_text(const char *text)
{
    return pn_bytes(strlen(text), text);
}

/* An entry of a map. A value that is no UTF-8 is put as bytes. */
void fl_bus_put_pair(pn_data_t *map, const char *name, const char *value);
/* Encodes b->message to b->out; 0 or -EAGAIN. */
int fl_bus_encode(fl_bus *b);
/* Encodes a copy to b->out. 0, -ENOTSUP (an id or type that is no UTF-8), -EAGAIN (no memory). */
int fl_bus_encode_copy(fl_bus *b, const fl_bus_copy *copy);
/* The delivery of a transfer. NULL: no memory. */
fl_delivery *fl_bus_decode(fl_bus *b, const fl_bus_inlet *inlet, const char token[FL_BUS_TAG]);
/* The end of a lease of `lease` ns whose lock ends at this Unix time, in ms. */
int64_t fl_bus_lease_until(const fl_bus *b, int64_t locked_until, int64_t lease);

/* ---- receive.c ---- */

void fl_bus_on_transfer(fl_bus *b, pn_delivery_t *transfer);
fl_broker_rc fl_bus_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count);
unsigned fl_bus_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until);
fl_broker_rc fl_bus_turn(fl_broker *broker);
fl_broker_rc fl_bus_cease(fl_broker *broker);
/* Gives credit to the queues that are read ahead. freed: of the unsettled ones, those that are being
 * settled. */
void fl_bus_read_ahead(fl_bus *b, unsigned freed);
/* Settles a transfer of a queue here. */
void fl_bus_forget(fl_bus *b, fl_bus_held *held);

/* Frees one that is in no list. */
void fl_bus_drop(fl_bus *b, fl_bus_held *held);
/* Releases what was read ahead until `before` of host->now; FILCH_FOREVER: all. */
void fl_bus_give_back(fl_bus *b, int64_t before);
fl_broker_rc fl_bus_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                           int64_t lease);

/* ---- settle.c ---- */

/* Puts the headers of a dead letter into a map, and the reason also under the name that Service Bus has for it. */
void fl_bus_put_reasons(pn_data_t *map, const fl_settlement *one);
extern const fl_transport fl_bus_transport;

/* ---- publish.c ---- */

fl_broker_rc fl_bus_publish(fl_broker *broker, fl_publication *batch, unsigned count);

#endif
