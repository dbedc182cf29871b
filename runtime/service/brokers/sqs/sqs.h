/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `sqs:`, and the parts of it. All functions: owner only.
 *
 * Requests. Each is a POST with a JSON body (protocol "AWS JSON 1.0"), signed. Those of one batch run
 * side by side, ten messages each, as the server allows.
 *
 * Waiting. Before it sleeps, the owner leaves a long poll of 20 s at each queue, for as many messages as
 * the last `receive` was short of. `receive` takes what these have brought. Only if none is under way does
 * it ask the server itself, by requests that do not wait for messages.
 *
 * Leases. A lease is the message's visibility timeout, which the server counts in whole seconds. The
 * server's is longer by an eighth, for messages on their way. The owner compares times first: a settlement after
 * the lease's end is -ESTALE and is not sent, because a server may accept an old receipt.
 *
 * Copies. A stored message cannot be changed. A retry is a copy with another attempt and a delay; it is
 * confirmed before the original is deleted (copy.h). So are dead letters, and messages that are returned
 * again and again, whose deliveries would otherwise make them poison. A retry that cannot be copied is hidden
 * for its delay.
 *
 * Delays. The server delays by 15 minutes at most. A copy with a longer delay says what is left of it, and
 * the consumer that gets it sends the next copy: no clock is compared, and it never comes early.
 *
 * FIFO queues (NAME.fifo). The server keeps the messages of a group in order, and delivers none of a group
 * while one of it is leased. A copy would go to the end of its group. So a retry keeps its place: the message becomes
 * visible again after the delay, and its attempts are the server's count of deliveries. Messages have no
 * delays of their own there. */
#ifndef FL_SQS_H
#define FL_SQS_H

#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/keys.h>
#include <runtime/service/brokers/sqs/url.h>
#include <runtime/service/net/http_client.h>

#include <jansson.h>

enum {
    FL_SQS_ENTRIES = 10,        /* of a batch request */
    FL_SQS_PARALLEL = 16,       /* requests that run side by side */
    FL_SQS_SIZE_MOST = 1 << 20, /* bytes of a message with its attributes; a queue may have less */
    FL_SQS_HEADROOM = 1024,     /* kept free for the headers of a dead letter */
    FL_SQS_WAIT = 20,           /* seconds of a long poll */
    FL_SQS_DELAY_MOST = 900,    /* seconds */
    FL_SQS_VISIBILITY_MOST = 43200, /* seconds */
    FL_SQS_NAME = 96,
    FL_SQS_CODE = 64
};

/* fl_delivery.tag */
enum { FL_SQS_RECEIVED /* time of host->now */ };

typedef struct fl_sqs fl_sqs;

/* A request that runs. */
typedef struct fl_sqs_call {
    fl_sqs *s;
    const char *operation;
    fl_web_call *running;   /* NULL: it is over */
    json_t *answer;         /* of a request that succeeded; the caller's */
    fl_broker_rc rc;        /* if not OK, it has been explained, except for GetQueueUrl
                                               of an absent queue */
    char code[FL_SQS_CODE]; /* of the error, without its namespace */
    void (*done)(struct fl_sqs_call *call); /* NULL: none */
    unsigned *left;                         /* counted down at the end; NULL: none */
} fl_sqs_call;

/* A message that a long poll has brought. */
typedef struct fl_sqs_arrival {
    struct fl_sqs_arrival *next;
    json_t *message;
    int64_t at; /* time of host->now */
} fl_sqs_arrival;

/* A message whose delay is longer than the server's longest, on its way into the next copy. */
typedef struct fl_sqs_later {
    struct fl_sqs_later *next;
    fl_delivery *delivery;
    int64_t due; /* of host->now */
} fl_sqs_later;

/* A queue, of the configuration or of a publication. */
typedef struct fl_sqs_queue {
    struct fl_sqs_queue *next;
    char *name;               /* Filch's */
    char remote[FL_SQS_NAME]; /* the server's */
    char *url;
    bool is_fifo;
    unsigned size_most; /* bytes of a message with its attributes; batches have no more, either */
    fl_sqs_call poll;
    fl_sqs_arrival *first, **end; /* arrivals */
    unsigned wanted;              /* the last `receive` was short of so many */
    int64_t polled_at;            /* filch_now: the present long poll was begun */
    unsigned side_by_side;        /* requests for messages */
} fl_sqs_queue;

struct fl_sqs {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_sqs_options options;
    fl_web *web;
    fl_sqs_keys *keys;
    fl_sqs_queue *known; /* all that were looked up */
    fl_broker_rc failed; /* a long poll has failed; told by the next call */
    int64_t busy_until, busy_for;
    fl_sqs_later *later;
    bool is_ceased;
    fl_sqs_queue *queues[]; /* of the configuration */
};

static inline fl_sqs *fl_sqs_of(fl_broker *broker)
{
    return (fl_sqs *)(void *)broker;
}

static inline int64_t fl_sqs_now(const fl_sqs *s)
{
    return s->base.host->now(s->base.host);
}

/* Whole seconds, rounded up, of a duration. */
static inline int64_t fl_sqs_seconds(int64_t ns)
{
    return ns / FILCH_SECOND + (ns % FILCH_SECOND > 0);
}

/* The visibility timeout for a lease, in seconds. */
static inline int64_t fl_sqs_visibility(int64_t lease)
{
    int64_t seconds = fl_sqs_seconds(lease + lease / 8);
    return seconds < FL_SQS_VISIBILITY_MOST ? seconds : FL_SQS_VISIBILITY_MOST;
}

/* ---- call.c ---- */

/* Begins a request; call->s is set, and call->done and call->left if wanted. It is over at once when it
 * cannot begin. Takes the request. timeout: ns. */
void fl_sqs_begin(fl_sqs_call *call, const char *operation, json_t *request, int64_t timeout);
void fl_sqs_cancel(fl_sqs_call *call);
/* Sends a request and waits. The answer is the caller's; NULL unless OK. */
fl_broker_rc fl_sqs_ask(fl_sqs *s, const char *operation, json_t *request, fl_sqs_call *call);
/* Is its error that there is no such queue? */
bool fl_sqs_is_absent(const fl_sqs_call *call);
/* The server has declined a request: receives and sends are BUSY for a while, longer each time. */
void fl_sqs_throttle(fl_sqs *s, int64_t retry_after);

/* ---- settle.c ---- */

/* An entry of a batch request. */
typedef struct fl_sqs_entry {
    fl_sqs_queue *queue;
    json_t *entry; /* NULL: none, and its status stays. Taken */
    size_t size;   /* bytes of the message, of a SendMessageBatch */
    int status;    /* 0; -EINVAL: refused for good; -EAGAIN: not known, or not now */
} fl_sqs_entry;

/* Sends all entries, and waits for the answers. Those of a FIFO queue go one batch after the other,
 * with at most one message of a group in each; none follows one whose status is -EAGAIN. */
fl_broker_rc fl_sqs_batch(fl_sqs *s, const char *operation, fl_sqs_entry *entries, unsigned count);

/* ---- sqs.c ---- */

/* Writes the server's name: "jobs.dlq" is jobs-dlq, "jobs.fifo.dlq" is jobs-dlq.fifo. false: the name is
 * not valid. */
bool fl_sqs_remote_name(const char *name, char remote[FL_SQS_NAME]);
/* Looks the queue up, and creates it unless the URL says not to. */
fl_broker_rc fl_sqs_find(fl_sqs *s, const char *name, fl_sqs_queue **out);
void fl_sqs_forget_queues(fl_sqs *s);
fl_broker_rc fl_sqs_count(fl_broker *broker, unsigned queue, fl_broker_count *out);

/* ---- message.c ---- */

/* The entry of a SendMessageBatch. 0; -EMSGSIZE, -ENOTSUP, -EAGAIN (no memory). */
int fl_sqs_write(const fl_sqs *s, fl_sqs_queue *queue, const fl_publication *one,
                 fl_sqs_entry *out);
/* A delivery of a received message; its handle is the receipt. left: of its delay, ns. NULL: no memory, or
 * no message. */
fl_delivery *fl_sqs_read(fl_sqs *s, json_t *message, unsigned queue, int64_t *left);

/* ---- receive.c ---- */

fl_broker_rc fl_sqs_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count);
bool fl_sqs_may_come(fl_broker *broker, int64_t since);
/* Passes messages on whose delay is longer than the server's longest. */
fl_broker_rc fl_sqs_pass_on(fl_sqs *s);
void fl_sqs_forget_later(fl_sqs *s);
unsigned fl_sqs_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until);
fl_broker_rc fl_sqs_turn(fl_broker *broker);
fl_broker_rc fl_sqs_cease(fl_broker *broker);
/* No message arrives after it. */
void fl_sqs_end_polls(fl_sqs *s);
/* Returns what was read ahead and arrived until `before` of host->now; FILCH_FOREVER: all. */
void fl_sqs_give_back(fl_sqs *s, int64_t before);

/* ---- settle.c ---- */

extern const fl_transport fl_sqs_transport;
fl_broker_rc fl_sqs_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                           int64_t lease);
/* The entry that changes a message's visibility. */
json_t *fl_sqs_visible_in(const char *receipt, int64_t seconds);

#endif
