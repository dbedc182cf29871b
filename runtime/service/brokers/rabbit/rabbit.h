/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `amqp://`, and the parts of it. All functions: owner only.
 *
 * Wires. A wire is one TCP connection. A consumer reads deliveries and writes acknowledgements on
 * `main`. While RabbitMQ is short of memory or disk, it stops reading from connections that publish.
 * So copies (retries, dead letters, delays that are not over) go by a second wire, `copies`, which
 * is opened for the first of them. Frames are read without waiting, and a body that has come
 * in part is kept until its rest is there: no call waits for a message.
 *
 * The race: a copy is published and the original acknowledged, and the process dies in between.
 * The copy is confirmed first, so the message is there twice and not lost.
 *
 * Queues. Besides a queue there are NAME.dlq, for its dead letters, and the rungs of a ladder,
 * NAME.delay.10ms, NAME.delay.50ms, ..., in which messages wait for a fixed time. A time to live
 * of each message's own would not do: RabbitMQ looks only at the head of a queue. A delayed message
 * waits in the longest rung that does not exceed its delay, comes to the consumer, and goes to
 * the next rung until its time has come. A connection declares a rung before it first sends to it.
 * Missing queues, rungs that were deleted among them, are also declared when a publication comes back
 * as unroutable (publish.c), so no list of queues can be wrong.
 *
 * Acknowledgements. A window lists the tags that one channel has delivered and that are not
 * settled. Those of a batch that form the beginning of the window go as one multiple-ack; its tag
 * is itself unsettled, since RabbitMQ would otherwise acknowledge the whole channel. */
#ifndef FL_RABBIT_H
#define FL_RABBIT_H

#include <filch/timer.h>
#include <filch/traceparent.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/rabbit/message.h>
#include <runtime/service/message.h>
#include <runtime/service/url.h>

#include <sys/time.h>

enum {
    FL_RABBIT_REQUESTS = 1, /* the channel of declarations and publications */
    FL_RABBIT_DELIVERIES,   /* of the first queue; one for each queue */
    FL_RABBIT_NAME_MOST = 255,
    FL_RABBIT_NAME_BYTES = FL_RABBIT_NAME_MOST + 1,
    FL_RABBIT_RUNGS = 10
};

static inline struct timeval fl_rabbit_time(int64_t ns)
{
    return (struct timeval){.tv_sec = ns / FILCH_SECOND,
                            .tv_usec = ns % FILCH_SECOND / FILCH_MICROSECOND};
}

/* ---- url.c ---- */

typedef struct fl_rabbit_url {
    fl_url url; /* the others point into it */
    fl_url_place place;
    int port; /* of the place */
    const char *user, *password, *vhost;
    const char *ca, *cert, *key; /* files; NULL: none */
    unsigned heartbeat;          /* s */
    unsigned delivery_limit;
    unsigned classic; /* a truth value */
    bool creates, adopt, has_tls, plaintext;
} fl_rabbit_url;

extern const fl_url_kind fl_rabbit_url_kind;
/* FATAL, explained: it does not parse, or would send a password in plain text to another machine. End
 * out->url in either case. */
fl_broker_rc fl_rabbit_parse(const fl_broker_host *host, const char *url, fl_rabbit_url *out);

/* ---- The connection ---- */

/* Publications, of which `open` wait for their confirmation. */
typedef struct fl_rabbit_pending {
    unsigned count, open;
    uint64_t first; /* the number of the first that is sent */
    struct fl_rabbit_copy *copies;
} fl_rabbit_pending;

typedef struct fl_rabbit_wire {
    amqp_connection_state_t state; /* NULL: closed */
    bool broken;                   /* no goodbye */
    bool blocked;                  /* the server takes no publications */
    bool confirms;                 /* its channel of requests is in that mode */
    bool type_differs;             /* the last request failed by the type of a queue, */
    bool is_stream, is_quorum;     /* which is this */
    int64_t beat_at;               /* the latest time of the next turn */
    uint64_t published;            /* number of the last publication */
    fl_rabbit_pending *pending;    /* while publications wait */
} fl_rabbit_wire;

/* The message that a channel is receiving. */
typedef struct fl_rabbit_part {
    enum { FL_RABBIT_IDLE, FL_RABBIT_HEADER, FL_RABBIT_BODY } at;
    uint64_t tag, size, filled;
    bool redelivered;
    bool done; /* it was delivered without its body, which is too long */
    amqp_basic_properties_t properties;
    amqp_bytes_t raw; /* the same, encoded */
    char *body;       /* of more than one frame */
} fl_rabbit_part;

typedef struct fl_rabbit_queue {
    fl_rabbit_part part;
    unsigned tag_count; /* of the window, in ascending order */
    uint64_t *tags;
    bool *marks;         /* of the present batch */
    fl_delivery **ready; /* a ring: read and not yet received */
    unsigned ready_first, ready_count;
    bool classic;    /* its type */
    unsigned rungs;  /* bits of those that are known to be there */
    int64_t look_at; /* when all rungs are asked for, by the host's clock */
} fl_rabbit_queue;

typedef struct fl_rabbit {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_rabbit_url url;
    fl_rabbit_wire main, copies;
    uint64_t epoch; /* random; part of each delivery's name */
    bool ceased;    /* it takes no more deliveries */
    bool drained;   /* by `turn`, just now: the next `receive` need not look */
    unsigned room;  /* of each window and ring: the prefetch */
    unsigned early_count;
    fl_delivery *
        *early; /* deliveries whose delay goes on, for the next rung; and those to be adopted */
    fl_rabbit_queue queues[];
} fl_rabbit;

static inline fl_rabbit *fl_rabbit_of(fl_broker *broker)
{
    return (fl_rabbit *)(void *)broker;
}

/* ---- wire.c ---- */

/* Connects, logs in, and opens the channel of requests. */
fl_broker_rc fl_rabbit_connect(fl_rabbit *r, fl_rabbit_wire *wire);
void fl_rabbit_disconnect(fl_rabbit_wire *wire);
/* Explains a status of librabbitmq other than AMQP_STATUS_OK; the wire is broken. */
fl_broker_rc fl_rabbit_broken(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing, int status);
/* Explains that the server closed a channel or the connection. */
fl_broker_rc fl_rabbit_closed(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing, int code,
                              amqp_bytes_t text);
/* The result of the last request on a wire. If the server refused it by closing the channel, that
 * is open again, *code is the reason, and nothing is explained. Otherwise *code is 0. Without code,
 * that is a failure as well, and explained. */
fl_broker_rc fl_rabbit_answer(fl_rabbit *r, fl_rabbit_wire *wire, const char *doing,
                              amqp_channel_t channel, int *code);

/* Reads one frame, and waits for it up to `wait` ns. *any: there was one. */
fl_broker_rc fl_rabbit_read(fl_rabbit *r, fl_rabbit_wire *wire, int64_t wait, bool *any);
/* Reads the frames at hand, and sends a heartbeat when it is due. */
fl_broker_rc fl_rabbit_drain(fl_rabbit *r, fl_rabbit_wire *wire);

/* ---- rabbit.c ---- */

typedef enum fl_rabbit_place { FL_RABBIT_WORK, FL_RABBIT_DEAD, FL_RABBIT_RUNG } fl_rabbit_place;

typedef struct fl_rabbit_target {
    const char *queue;
    fl_rabbit_place place;
    unsigned rung;
} fl_rabbit_target;

/* Writes its name; false: it is too long. */
bool fl_rabbit_name(char name[FL_RABBIT_NAME_BYTES], const fl_rabbit_target *target);
bool fl_rabbit_is_for_dead_letters(const fl_rabbit_target *target);
/* The rung for a delay of so many ns. */
fl_rabbit_target fl_rabbit_rung(const char *queue, int64_t delay);
/* Declares it, unless it is there or the URL says not to. REFUSED: it cannot be used. */
fl_broker_rc fl_rabbit_declare(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target);
/* Declares a rung to which this connection has not sent before. Other places, and rungs that were
 * deleted since, are declared when a publication comes back. */
fl_broker_rc fl_rabbit_prepare(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target);
/* The queues of the configuration, and those of their dead letters. */
fl_broker_rc fl_rabbit_declare_all(fl_rabbit *r);
/* Notes the rung that a delivery of this queue comes from. */
void fl_rabbit_see_rung(fl_rabbit *r, unsigned queue, const amqp_table_t *headers);
fl_broker_rc fl_rabbit_count(fl_broker *broker, unsigned queue, fl_broker_count *out);

/* ---- message.c ---- */

/* Statuses of a copy on its way. */
enum { FL_RABBIT_SENT = 1, FL_RABBIT_RETURNED = 2 };

/* The properties of a delivered message, encoded; for copies, where filch_message lacks some of them.
 * fl_delivery.handle, from malloc. */
typedef struct fl_rabbit_original {
    char id[FL_ID_BYTES]; /* of the copy that adopts it */
    size_t size;
    char properties[];
} fl_rabbit_original;

/* A message to send. */
typedef struct fl_rabbit_copy {
    const filch_message *message;
    const fl_delivery *original; /* NULL: none */
    fl_rabbit_target target;
    int64_t due;     /* ns of Unix time; 0: at once */
    uint64_t number; /* of its publication */
    int status;      /* as in fl_publication; one that is not 0 before is kept */
} fl_rabbit_copy;

typedef struct fl_rabbit_encoded {
    amqp_basic_properties_t properties;
    amqp_table_entry_t *entries;
    amqp_pool_t pool;
    char trace[FILCH_TRACEPARENT_TEXT];
} fl_rabbit_encoded;

/* 0, -EMSGSIZE, -ENOTSUP, or -EAGAIN (no memory). The result ends by the next one. */
int fl_rabbit_encode(const fl_rabbit *r, const fl_rabbit_copy *copy, fl_rabbit_encoded *out);
void fl_rabbit_encoded_end(fl_rabbit_encoded *encoded);

/* Of a publication that came back; 0: it has none. */
uint64_t fl_rabbit_number(const amqp_basic_properties_t *properties);
/* The delivery of a part with its body, NULL: none, which is too long. *due: as in fl_rabbit_copy.
 * NULL: no memory. */
fl_delivery *fl_rabbit_decode(fl_rabbit *r, unsigned queue, const char *body, int64_t *due);

/* ---- consume.c ---- */

/* Begins to consume each queue. */
fl_broker_rc fl_rabbit_consume(fl_rabbit *r);
/* Frames of a delivery, for fl_rabbit_read. */
fl_broker_rc fl_rabbit_on_deliver(fl_rabbit *r, unsigned queue, uint64_t tag, bool redelivered);
fl_broker_rc fl_rabbit_on_header(fl_rabbit *r, unsigned queue, uint64_t size,
                                 const amqp_basic_properties_t *properties, amqp_bytes_t raw);
fl_broker_rc fl_rabbit_on_body(fl_rabbit *r, unsigned queue, amqp_bytes_t bytes);
/* Sends early deliveries to their next rung. */
fl_broker_rc fl_rabbit_send_early(fl_rabbit *r);
fl_broker_rc fl_rabbit_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *count);
fl_broker_rc fl_rabbit_cease(fl_broker *broker);
void fl_rabbit_drop(fl_rabbit *r, fl_delivery *delivery);
void fl_rabbit_drop_deliveries(fl_rabbit *r);

/* Gives a delivery back, which is no longer in the window. */
fl_broker_rc fl_rabbit_nack(fl_rabbit *r, unsigned queue, uint64_t tag);
extern const fl_transport fl_rabbit_transport;

/* ---- publish.c ---- */

/* Sends the copies of status 0, waits for their confirmation, and writes each status. Missing
 * queues are declared. */
fl_broker_rc fl_rabbit_send(fl_rabbit *r, fl_rabbit_wire *wire, fl_rabbit_copy *batch,
                            unsigned count);
/* The server confirms or refuses one publication, or all up to it. */
void fl_rabbit_on_confirm(fl_rabbit_wire *wire, uint64_t number, bool multiple, int status);
/* The publication of this number, 0: unknown, came back: there is no such queue. */
fl_broker_rc fl_rabbit_on_return(fl_rabbit *r, fl_rabbit_wire *wire, uint64_t number);
fl_broker_rc fl_rabbit_publish(fl_broker *broker, fl_publication *batch, unsigned count);

#endif
