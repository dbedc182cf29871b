/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `pubsub://`, and the parts of it: Google Cloud Pub/Sub by its REST
 * interface, version 1. All functions: owner only.
 *
 * Queues. Each is a topic and a subscription to it. Both are made before the first message, since a topic
 * forgets messages that no subscription keeps.
 *
 * Receiving. A service that wants messages has several requests for them at the server, which answers
 * when it has some. The connection keeps the messages until `receive` takes them; after a third of the
 * lease they go back. The first `receive` has no such requests yet, and those of a brief connection never
 * have: it asks the server, which answers at once.
 *
 * The race: a message is settled after its lease is over, and another service has it. The server may
 * accept the acknowledgement of an earlier delivery. So the deadline at the server is later than the end
 * of the lease (fl_pubsub_deadline), and a settlement after that end is -ESTALE and is not sent. Only one that needs
 * longer than the difference to arrive can hit the next delivery; then the message is settled by a run
 * that did happen.
 *
 * Copies. A message cannot be changed. A retry is a copy of it, confirmed before the original is
 * acknowledged; so is a dead letter. A process that dies between both leaves two.
 *
 * Delays. The attribute filch-due is the time at which a message may be delivered. The service that gets
 * it too early sets its deadline to that time, or to 600 s, the most the server accepts.
 *
 * Order. The server may hand out the next message of a key while the first one runs; the connection keeps
 * it until then (runtime/service/key_order.h). It knows nothing of jobs of an earlier connection, so with order no
 * lease outlives its connection. */
#ifndef FL_PUBSUB_H
#define FL_PUBSUB_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/token.h>
#include <runtime/service/brokers/pubsub/url.h>
#include <runtime/service/key_order.h>
#include <runtime/service/net/http_client.h>

#include <jansson.h>

enum {
    FL_PUBSUB_BATCH = 1000,  /* messages or ack ids of one request */
    FL_PUBSUB_PULLS = 4,     /* requests for messages of one queue that wait at the server */
    FL_PUBSUB_FAILURE = 512, /* of a sentence */
    FL_PUBSUB_NAME = 512,    /* of a resource, "projects/P/topics/T" */
    FL_PUBSUB_REQUEST_MOST = 10 * 1000 * 1000,
    FL_PUBSUB_LEASE_LEAST = 10, /* s */
    FL_PUBSUB_LEASE_MOST = 600
};

typedef struct fl_pubsub fl_pubsub;

/* Of a delivery. */
typedef struct fl_pubsub_handle {
    struct fl_pubsub_handle *next; /* of those that `receive` has not taken */
    fl_delivery *delivery;
    int64_t since; /* of host->now: its arrival */
    char *data;    /* base64, if the body was too long for the message; or NULL */
    char *key;     /* of its order; or NULL */
    char ack_id[];
} fl_pubsub_handle;

/* After refusals: the next request is not before `until`. */
typedef struct fl_pubsub_pause {
    int64_t until, length; /* of host->now; the last pause, doubled each time, 0 after a success */
} fl_pubsub_pause;

typedef struct fl_pubsub_pull {
    fl_pubsub *owner;
    unsigned queue, asked; /* messages */
    fl_web_call *call;     /* NULL: no request waits */
    int64_t since;         /* filch_now: it was sent */
} fl_pubsub_pull;

typedef struct fl_pubsub_queue {
    char topic[FL_PUBSUB_NAME], subscription[FL_PUBSUB_NAME];
    int64_t deadline;   /* s, which the server gives to a delivery; 0: not known */
    int64_t delay_most; /* ns, for which a message may wait at the server */
    bool counts;        /* the server tells how often it has delivered a message */
    bool has_letters;   /* the queue of its dead letters is there */
    bool flows;         /* requests for messages wait at the server */
    fl_pubsub_handle *first, **last;
    unsigned held;   /* in that list */
    unsigned wanted; /* the last `receive` was short of so many */
    fl_pubsub_pull pulls[FL_PUBSUB_PULLS];
    fl_pubsub_pause pulling;
} fl_pubsub_queue;

struct fl_pubsub {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_pubsub_options options;
    fl_web *web;
    fl_pubsub_token *token;
    unsigned told;       /* requests of fl_pubsub_tell that are not answered */
    unsigned refusals;   /* of tokens, in succession */
    fl_broker_rc failed; /* of a request that nothing waited for; told by the next turn */
    char failure[FL_PUBSUB_FAILURE];
    bool is_ceased;
    int64_t wait_at_server; /* ns, of a request for messages, at most */
    fl_pubsub_pause settling;
    fl_key_order order;
    uint64_t last_number; /* of a delivery with a key: tag[0] */
    unsigned queue_count;
    fl_pubsub_queue queues[];
};

static inline fl_pubsub *fl_pubsub_of(fl_broker *broker)
{
    return (fl_pubsub *)(void *)broker;
}

static inline int64_t fl_pubsub_now(const fl_pubsub *p)
{
    return p->base.host->now(p->base.host);
}

/* ---- call.c ---- */

/* The answer to a request that is waited for. */
typedef struct fl_pubsub_reply {
    json_t *json; /* NULL: none, or no JSON. The caller releases it */
    long status;
} fl_pubsub_reply;

/* Sends METHOD /v1/PATH with this body, which may be NULL and is released, and waits. An answer with the
 * status `allowed` is no failure. */
fl_broker_rc fl_pubsub_ask(fl_pubsub *p, const char *method, const char *path, json_t *body,
                           long allowed, fl_pubsub_reply *reply, const char *doing);
/* Sends it; `done` gets the answer. patience: ns, for which it may wait for an access token; 0: at most to
 * send it without, in `done` of another request. */
fl_broker_rc fl_pubsub_begin(fl_pubsub *p, const char *method, const char *path, json_t *body,
                             int64_t timeout, int64_t patience,
                             void (*done)(void *arg, const fl_web_answer *answer), void *arg,
                             fl_web_call **out);
/* Sends a POST whose answer only matters if it is a failure. Never waits. */
void fl_pubsub_tell(fl_pubsub *p, const char *path, json_t *body);
/* Waits until those are answered. */
void fl_pubsub_finish_tells(fl_pubsub *p);
/* Explains a failure, or returns OK. */
fl_broker_rc fl_pubsub_judge(fl_pubsub *p, const fl_web_answer *answer, const char *doing);
/* Keeps a failure of an answer for the next turn. Returns its result. */
fl_broker_rc fl_pubsub_note(fl_pubsub *p, const fl_web_answer *answer, const char *doing);
/* The failure that was kept, explained. */
fl_broker_rc fl_pubsub_noted(fl_pubsub *p);

/* ---- message.c ---- */

/* The message as Pub/Sub has it, and *status 0. NULL: -EMSGSIZE, -ENOTSUP (a text that is no UTF-8), or
 * -EAGAIN (no memory). data: the body in base64, if the message lacks it; or NULL. */
json_t *fl_pubsub_write(const filch_message *message, const char *data, const char *key,
                        int *status);
/* A delivery of an element of receivedMessages, and its handle. due: Unix time before which it must not
 * be delivered; 0: none. NULL: no memory, or no message. */
fl_delivery *fl_pubsub_read(fl_pubsub *p, const json_t *received, unsigned queue, int64_t *due);
void fl_pubsub_release(void *handle);

/* ---- publish.c ---- */

fl_broker_rc fl_pubsub_publish(fl_broker *broker, fl_publication *batch, unsigned count);

/* ---- pubsub.c ---- */

/* Writes the names of the topic and the subscription of queue NAME with MORE behind it. */
void fl_pubsub_name(const fl_pubsub *p, const char *name, const char *more, fl_pubsub_queue *out);
/* Makes what is missing; unless the URL says not to, then nothing. */
fl_broker_rc fl_pubsub_open_queues(fl_pubsub *p);
/* The same for the dead letters of a queue, before the first. */
fl_broker_rc fl_pubsub_open_letters(fl_pubsub *p, unsigned queue);

/* ---- receive.c ---- */

unsigned fl_pubsub_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                         int64_t *until);
fl_broker_rc fl_pubsub_turn(fl_broker *broker);
fl_broker_rc fl_pubsub_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *count);
fl_broker_rc fl_pubsub_cease(fl_broker *broker);
bool fl_pubsub_may_come(fl_broker *broker, int64_t since);
/* Takes no more messages, and gives back those that `receive` has not taken. */
void fl_pubsub_leave(fl_pubsub *p);
/* Frees a delivery that `receive` has not returned, with its handle. */
void fl_pubsub_drop(fl_pubsub *p, fl_pubsub_handle *handle);
/* Sets the deadline of deliveries, by their ack ids, to so many seconds from now. Steals the array. */
json_t *fl_pubsub_deadline_body(json_t *ack_ids, int64_t seconds);

/* Makes it twice as long as the last; asked: ns, for which the server asks. */
void fl_pubsub_pause_begin(fl_pubsub_pause *pause, int64_t now, int64_t asked);

/* ---- settle.c, receive.c ---- */

extern const fl_transport fl_pubsub_transport;
fl_broker_rc fl_pubsub_settle(fl_broker *broker, fl_settlement *batch, unsigned count);
fl_broker_rc fl_pubsub_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease);
/* s, at the server, for a lease of these ns. */
int64_t fl_pubsub_deadline(int64_t lease);
/* ns, of a delivery that has just come: as long as the server gives without being asked. */
int64_t fl_pubsub_first_lease(const fl_pubsub *p, const fl_pubsub_queue *queue);

#endif
