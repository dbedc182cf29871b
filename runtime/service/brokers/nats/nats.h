/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `nats://`, and the parts of it. All functions: owner only, unless they
 * say otherwise.
 *
 * Queues. One stream of retention WorkQueue holds all queues, each a subject PREFIX.QUEUE with a
 * durable pull consumer. A message stays in the stream until it is acknowledged.
 *
 * Waiting. Before it sleeps, the owner leaves a request for one message at each consumer. libnats's
 * threads put what arrives into the box, and write to its eventfd. `receive` takes that first, and
 * fetches the rest by requests that do not wait. So a service that is busy has nothing read ahead, and
 * an idle one has at most a message for each queue. A delivery names how many messages the consumer has
 * left. After a first delivery with none left nothing is fetched, and the job begins an exchange sooner.
 * That number leaves out messages that are to come again: these come by the next request that waits.
 *
 * Answers. An acknowledgement, too, is a request: the server replies when it has processed it. A batch
 * is sent in one write, then awaited, so a status tells what the server knows.
 *
 * The race: a message is settled after its lease is over, and another consumer has it. The server does
 * not compare deliveries. So the owner does: each lease ends here before it ends at the server
 * (fl_nats_ack_wait), and a settlement after that is -ESTALE and is not sent. Only a settlement that
 * needs longer than the difference to arrive can hit the next delivery; then the message is settled by
 * a run that did happen.
 *
 * A killed server may lose the messages that it accepted last, and gives their numbers to new ones. An
 * acknowledgement of a lost message would remove another, which has not run. So deliveries name the life
 * of the server that made them, and after it another server is asked first whether it still has the
 * message (nats.c).
 *
 * It may also undo the removal of acknowledged messages (nats-server 2.9 writes it some time later),
 * while the consumer still counts them as acknowledged. They are never delivered, so they are not counted:
 * counts are the consumer's. A service that connects looks for them (fl_nats_sweep) and reports them. It does
 * not remove them: they look like new messages to which the server gave numbers of lost ones. If the server
 * undoes the acknowledgement but not the removal, the consumer counts a message as leased forever; an idle
 * service acknowledges such numbers. A consumer that has delivered numbers which the stream does not have yet
 * would skip new messages, so it is recreated.
 *
 * Copies. A stream's message cannot be changed. A retry is a copy of it, confirmed before the
 * original is acknowledged; so is a dead letter. Its Nats-Msg-Id names the original, so a copy that
 * is sent again within the server's window for duplicates is stored once.
 *
 * Delays. The header Filch-Delay counts from the server's time of storage. A consumer that gets the
 * message too early returns it with the rest of the delay, which the server keeps. That delivery does
 * not count. */
#ifndef FL_NATS_H
#define FL_NATS_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/exchange.h>
#include <runtime/service/brokers/nats/url.h>

#include <inttypes.h>
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

enum {
    FL_NATS_BATCH = 128, /* requests that are awaited together */
    FL_NATS_SUBJECT = 320,
    FL_NATS_NAK = 48 /* of fl_nats_spell_return */
};

typedef struct fl_nats_queue {
    char subject[FL_NATS_SUBJECT];
    char durable[FL_NATS_SUBJECT]; /* the consumer */
    char next[FL_NATS_SUBJECT];    /* of requests for messages */
    natsSubscription *waiting, *fetching;
    int64_t asked_at;   /* the last request that waits */
    int64_t fetched_at; /* the last that does not */
    int64_t next_at;    /* of the first delay that it has deferred; FILCH_FOREVER: none */
    int64_t sweep_at;   /* host->now of the next fl_nats_sweep; FILCH_FOREVER: none is needed */
    uint64_t swept;     /* the last number that was delivered, at the last fl_nats_sweep */
    bool more;          /* `receive` has stopped before the end */
    bool guessed;       /* `receive` has taken the last message's word for the end */
} fl_nats_queue;

typedef struct fl_nats {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_nats_options options;
    natsConnection *connection;
    jsCtx *js;
    natsSubscription *replies;
    natsInbox *inbox;
    fl_nats_box *box;
    char where[160]; /* HOST:PORT, for messages */
    uint64_t round;  /* of requests */
    uint64_t life;   /* of the server; fl_delivery.tag[0] */
    bool is_durable, is_ceased, is_mute;
    unsigned queue_count;
    fl_nats_queue queues[];
} fl_nats;

static inline fl_nats *fl_nats_of(fl_broker *broker)
{
    return (fl_nats *)(void *)broker;
}

static inline int64_t fl_nats_now(const fl_nats *n)
{
    return n->base.host->now(n->base.host);
}

/* The time after which the server delivers again: longer than the lease, for what is on its way. */
static inline int64_t fl_nats_ack_wait(int64_t lease)
{
    return lease + lease / 8;
}

/* The longest lease that ends before this ack wait. */
static inline int64_t fl_nats_lease_within(int64_t ack_wait)
{
    return ack_wait / 9 * 8;
}

/* The answer that returns a message after a delay; 0: at once. */
static inline void fl_nats_spell_return(char text[FL_NATS_NAK], int64_t delay)
{
    if (delay > 0)
        snprintf(text, FL_NATS_NAK, "-NAK {\"delay\": %" PRId64 "}", delay);
    else
        strcpy(text, "-NAK");
}

/* ---- nats.c ---- */

/* Connects to the first server that accepts, creates the stream and subscribes. A connection that
 * consumes creates the consumers, too, and sets their ack wait. */
fl_broker_rc fl_nats_connect(fl_nats *n);
void fl_nats_disconnect(fl_nats *n);
/* The result of a failed call of libnats, explained. */
fl_broker_rc fl_nats_failed(fl_nats *n, const char *doing, natsStatus status);

/* ---- stream.c ---- */

fl_broker_rc fl_nats_open_stream(fl_nats *n);
fl_broker_rc fl_nats_open_consumer(fl_nats *n, fl_nats_queue *queue);
/* Deletes the consumer and creates it with the same configuration: it delivers all that the stream has. */
fl_broker_rc fl_nats_renew_consumer(fl_nats *n, const fl_nats_queue *queue);
/* The result of a failed call of JetStream about a stream or consumer, explained. */
fl_broker_rc fl_nats_refused(fl_nats *n, const char *doing, const char *name, natsStatus status,
                             jsErrCode code);
/* Writes PREFIX.QUEUE; false: the name cannot be part of a subject. */
bool fl_nats_subject(const fl_nats *n, const char *queue, char subject[FL_NATS_SUBJECT]);

/* ---- count.c ---- */

fl_broker_rc fl_nats_count(fl_broker *broker, unsigned queue, fl_broker_count *out);
/* Removes the messages of a queue that are acknowledged and still in the stream, and recreates a consumer
 * whose messages the stream has lost. Sets queue->sweep_at. */
fl_broker_rc fl_nats_sweep(fl_nats *n, fl_nats_queue *queue);

/* ---- exchange.c ---- */

typedef struct fl_nats_request {
    natsMsg *message; /* of fl_nats_message; NULL: none. Destroyed by the exchange */
    natsMsg *reply;   /* NULL: none came. The caller destroys it */
    bool too_large;   /* not sent: over the server's max_payload */
} fl_nats_request;

/* A message for place `index` of the next exchange. NULL: no memory. */
natsMsg *fl_nats_message(const fl_nats *n, unsigned index, const char *subject, const void *data,
                         size_t size);
/* Sends a batch of up to FL_NATS_BATCH, and waits for all replies. LOST: some did not come. */
fl_broker_rc fl_nats_exchange(fl_nats *n, fl_nats_request *batch, unsigned count,
                              const char *doing);
/* 0: the message is stored; -ENOSPC, -EMSGSIZE; or -EAGAIN with *rc, explained. Destroys the reply. */
int fl_nats_stored(fl_nats *n, fl_nats_request *one, fl_broker_rc *rc);
/* Publishes without a reply; it leaves with the next flush. */
natsStatus fl_nats_tell(fl_nats *n, const char *subject, const char *reply, const char *text);

/* ---- message.c ---- */

/* The message as NATS holds it, for place `index` of the next exchange. NULL: no memory. */
natsMsg *fl_nats_write(const fl_nats *n, unsigned index, const char *subject,
                       const filch_message *message);
/* A delivery of a received message, whose handle it is then. delay: the rest of its delay, ns.
 * NULL: no memory. */
fl_delivery *fl_nats_read(fl_nats *n, natsMsg *message, unsigned queue, int64_t *delay);

/* The parts of a delivery's address for answers. */
typedef struct fl_nats_metadata {
    uint64_t delivered; /* so many times, with this one */
    uint64_t sequence;  /* the number of the message */
    int64_t stored;     /* ns of Unix time */
    uint64_t left;      /* messages that the consumer had not delivered then */
} fl_nats_metadata;

/* false: it is no delivery of this stream. */
bool fl_nats_read_metadata(const char *answer_to, const char *stream, fl_nats_metadata *out);

/* ---- nats.c ---- */

/* Of the server of a new connection. */
void fl_nats_begin_life(fl_nats *n);
/* Is the message still this connection's to answer? 0, or -ESTALE. May ask the server. */
int fl_nats_verify(fl_nats *n, fl_delivery *delivery);

/* ---- settle.c ---- */

/* A copy, for place `index` of the next exchange. NULL: no memory. */
natsMsg *fl_nats_copy(const fl_nats *n, unsigned index, const char *subject,
                      const fl_publication *copy);

/* ---- receive.c ---- */

fl_broker_rc fl_nats_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                             unsigned *count);
bool fl_nats_may_come(fl_broker *broker, int64_t since);
unsigned fl_nats_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                       int64_t *until);
fl_broker_rc fl_nats_turn(fl_broker *broker);
fl_broker_rc fl_nats_cease(fl_broker *broker);
/* Returns what was read ahead and arrived until `before` of host->now; FILCH_FOREVER: all. */
void fl_nats_give_back(fl_nats *n, int64_t before);

/* ---- settle.c ---- */

extern const fl_transport fl_nats_transport;
fl_broker_rc fl_nats_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                            int64_t lease);

#endif
