/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers: the interface between a service and the system that keeps its messages. A broker is a
 * module (modules.h), chosen by the scheme of a URL; Filch's are in runtime/service/brokers/. A
 * module may call functions of Filch that need no runtime, such as filch_now: it gets copies of its
 * own.
 *
 * A broker has two structs: fl_broker_kind, constant, with its names and functions; and
 * fl_broker, one connection, which it begins with that struct. The service calls, the broker never
 * calls back except by fl_broker_host.
 *
 * Threads. A connection has one owner: the plain thread that opened it, or the one to which the
 * opener handed it over. Only the owner calls functions of the connection, one at a time, so a
 * broker needs no lock of its own unless its library has threads. Fibers never call it: a handler
 * that computes for two seconds would keep a heartbeat waiting for as long. A service has one
 * connection to consume and one to publish, each with a thread, since a publisher that the broker
 * blocks must not hold up acknowledgements. Exceptions, callable from any thread: `release`, and
 * the functions of fl_broker_host.
 *
 * Waiting. A broker never waits for messages. The owner polls the descriptors and the time that
 * `watch` names, together with its own eventfd, so one wait serves messages, finished jobs,
 * leases and orders to stop. Then it calls `turn` (if it is given) and `receive`, which return
 * the messages at hand. A receive that blocks, woken by an eventfd, was rejected:
 * librabbitmq, hiredis and libpq cannot wait for a foreign descriptor. A library with threads of
 * its own (libnats, librdkafka) writes to an eventfd, which `watch` names.
 * A request to the server (a statement, a publication with its confirmation) may wait for its
 * answer, for up to config->call_timeout; then it is FL_BROKER_LOST.
 *
 * Times. Durations cross the interface, in ns, because a server has its own clock. The exceptions
 * are lease_until and the time that `watch` returns, which are host->now's, and those in
 * filch_message, which are Unix times.
 *
 * Results. Each call returns an fl_broker_rc; unless that is FL_BROKER_OK, the broker has called
 * host->explain with a sentence. After FL_BROKER_LOST and FL_BROKER_REFUSED the service closes
 * the connection and opens another, later and later.
 *
 * At least once. The broker keeps a message until it is settled. A delivery's lease ends at
 * lease_until; then, or when the connection breaks, the broker may deliver it again, to anyone.
 * A delivery is settled once by a settlement of status 0. A settlement of a lease that another
 * delivery has taken over has the status -ESTALE and no effect: brokers compare a token that is
 * new for each delivery, and not only the message's number.
 *
 * Versions. `abi` is FL_BROKER_ABI and `size` is sizeof(fl_broker_kind). Functions are added at the
 * end only; a shorter struct lacks them. A change of anything else is another FL_BROKER_ABI. */
#ifndef FL_BROKER_H
#define FL_BROKER_H

#include <filch/log.h>
#include <filch/service.h>

#include <poll.h>
#include <stdbool.h>

enum { FL_BROKER_ABI = 5 };

typedef struct fl_broker fl_broker;
typedef struct fl_broker_host fl_broker_host;

/* The result of a call. */
typedef enum fl_broker_rc {
    FL_BROKER_OK,
    FL_BROKER_BUSY,    /* not now: the connection is good, the call had no effect; the service
                          repeats it later (a locked database, a publisher that is blocked) */
    FL_BROKER_LOST,    /* the connection is broken, or none could be made; reconnect within 1 s */
    FL_BROKER_REFUSED, /* the server says no, and a person has to act: login, certificate, a
                          missing queue; reconnect within 30 s */
    FL_BROKER_FATAL    /* the configuration is wrong for every server: the URL does not
                          parse, a capability is missing; the service does not start */
} fl_broker_rc;

/* Properties of a broker, printed when a service starts. A feature that is false is refused by
 * name when a message or an option asks for it. */
typedef struct fl_broker_caps {
    bool durable;      /* an accepted message survives a crash of the broker */
    bool priority;     /* among ready messages the highest priority is delivered first */
    bool delay;        /* filch_message.delay, and retries wait in the broker */
    bool dedup;        /* filch_message.dedup, across all publishers */
    bool remembers;    /* filch_message.dedup_for. The publication and its memory are one step; the
                          time is the server's, where there is one */
    bool expiry;       /* expired messages become dead letters without having been delivered */
    bool deliveries;   /* counts deliveries, so that poison is found */
    bool keeps_leases; /* a lease outlives its connection: a settlement made after a reconnect
                          still counts. false: a broken connection ends all its leases */
    bool transactions; /* a message can be published within the caller's own transaction */
    bool counts;       /* `count` */
    bool peek, cancel, pause; /* the functions of these names */
    int64_t lease_most; /* ns, the longest lease; FILCH_FOREVER: as long as the connection. 0: no
                           leases (then no redelivery while connected) */
    bool extends;       /* leases can be extended */
    bool stop;          /* `stop` and `stopped`: a leased message can be cancelled */
    bool records;       /* `note` and `record`, and fl_settlement.note */
    bool commits;       /* a receive costs a commit on a disk, however many messages it leases */
} fl_broker_caps;

/* ---- Deliveries ---- */

/* A message that was received. Made by host->delivery, which copies the message. The fields up to
 * `reserved` are written by the broker after that. message.id is NULL if the publisher gave no id and the
 * server has none that stays the same; the service sets it before a RETRY or DEAD. */
typedef struct fl_delivery {
    filch_message message; /* read only */
    unsigned queue;        /* index in fl_broker_config.queues */
    uint64_t tag[3];       /* the broker's: row and token, stream entry, delivery tag ... */
    void *handle;          /* the broker's, for `release`; or NULL */
    int64_t lease_until;   /* time of host->now; FILCH_FOREVER: as long as the connection */
    const char *malformed; /* NULL, or a literal that says why it cannot be a job, such as "body
                              over 16 MiB": it becomes a dead letter without having run */
    bool copied;           /* copy.h: a confirmed copy replaces the message: only acknowledge it */
    bool refused;          /* copy.h: the broker never accepts its copy */
    void *reserved[2];
} fl_delivery;

/* A change of a job's record. Records are kept by the ids of messages, for all queues together. */
typedef struct fl_note {
    const fl_delivery *delivery;
    const char *id; /* of the job, from its envelope */
    filch_record_state state;
    const void *progress; /* NULL: the record's stays */
    size_t progress_size;
    const void *result; /* NULL: none */
    size_t result_size;
    const char *reason; /* NULL: none */
    int64_t ttl;        /* ns from now, after which the record is forgotten */
    bool creates;       /* false: only a record that exists is changed */
} fl_note;

/* The end of one delivery. */
typedef enum fl_settle_verb {
    FL_SETTLE_ACK,    /* done: the message is forgotten, its dedup key free */
    FL_SETTLE_RETURN, /* not begun: ready again at once, before younger messages where the broker
                         has an order; attempt unchanged, and the delivery is not counted where
                         the broker can help it */
    FL_SETTLE_RETRY,  /* ready again after `delay` as attempt `attempt`, with the same id, headers,
                         first_seen and dedup key; deliveries begin at 0 */
    FL_SETTLE_DEAD    /* to the dead letters: the queue named as its queue with ".dlq" behind, which
                         can be received from like any other. With body, headers and content type as
                         they are, and `headers` added (replacing those of the same name). Where
                         this is a copy, the copy is confirmed before the original goes. The
                         dedup key is free, and the copy does not expire. One of NAME.dlq goes
                         to NAME.dlq.dlq: in its own queue it would be ready again at once */
} fl_settle_verb;

typedef struct fl_settlement {
    fl_delivery *delivery;
    fl_settle_verb verb;
    unsigned attempt;            /* of a RETRY */
    int64_t delay;               /* of a RETRY, ns; 0: at once */
    const filch_header *headers; /* of a DEAD: x-dlq-reason, x-dlq-timestamp (Unix seconds),
                                    x-original-queue */
    unsigned header_count;
    const fl_note *note; /* of an ACK, a DEAD or a RETRY: takes effect with it, in the same
                            transaction; NULL: none. Only if caps.records */
    int status; /* written by `settle`: 0; -ESTALE (the lease was lost, or its message stays where
                   it is: no effect); -EAGAIN (not settled; the service tries again) */
} fl_settlement;

/* The status of an item that fl_transport.answer has to answer. */
enum { FL_SETTLE_TO_DO = 1 };

/* One message to publish. id, type, queue and first_seen are set, unless it is a copy of a message
 * that lacks them. */
typedef struct fl_publication {
    const filch_message *message;
    const fl_delivery
        *copy_of;              /* the message that this one replaces, in the queue NAME or NAME.dlq,
                                   with its headers merged, and its deliveries to be kept. The delivery
                                   has the original's handle and tags. A copy may use the room that other
                                   messages leave free for the headers of dead letters; one that is
                                   refused is not logged here. NULL: it is no copy */
    const fl_delivery *letter; /* requeued: it has data that filch_message lacks. NULL: it is new */
    int status; /* written by `publish`: 0 (confirmed: it is as safe as the broker makes it);
                   -EEXIST (the dedup key is taken); -EMSGSIZE; -ENOSPC (the queue is full);
                   -ENOTSUP (asks for a capability the broker lacks); -EAGAIN (not known: the
                   call failed before its confirmation; may have been published) */
} fl_publication;

/* Messages of one queue. A number that the server does not tell is FL_BROKER_UNKNOWN: `delayed`, then
 * these messages count as ready, or as leased while the server keeps them back; `leased`; or `oldest`.
 * The other two are always known. `dead` counts all dead letters of the queue, also leased and delayed
 * ones where the server tells. */
#define FL_BROKER_UNKNOWN UINT64_MAX
typedef struct fl_broker_count {
    uint64_t ready, delayed, leased, dead;
    uint64_t oldest; /* ns since the message that is ready for the longest time became so, by its
                        publication or the end of its delay; 0: none is ready. A broker may look
                        only at the next message of each priority */
    bool paused, paused_types; /* all deliveries, or those of some types; false if caps.pause is */
} fl_broker_count;

/* The messages that are not finished, as far as the server tells. */
static inline uint64_t fl_broker_count_unfinished(const fl_broker_count *count)
{
    return count->ready + (count->delayed == FL_BROKER_UNKNOWN ? 0 : count->delayed) +
           (count->leased == FL_BROKER_UNKNOWN ? 0 : count->leased);
}

/* ---- The service, as a broker sees it ---- */

struct fl_broker_host {
    uint32_t abi;
    /* ns, monotonic; a test may have its own clock. Any thread. */
    int64_t (*now)(const fl_broker_host *host);
    /* ns of Unix time. Any thread. */
    int64_t (*unix_time)(const fl_broker_host *host);
    /* A delivery with a copy of the message, and zero in its other fields. NULL: no memory (the
     * broker leaves the message where it is, and returns what it has). Owner only. */
    fl_delivery *(*delivery)(const fl_broker_host *host, const filch_message *message);
    /* Frees one that `receive` has made and does not return. Owner only. */
    void (*drop)(const fl_broker_host *host, fl_delivery *delivery);
    /* Explains why the present call fails, in the form "cannot open database: PATH (reason)"; then
     * the remedy. No passwords. Returns rc. Owner only. */
    FILCH_PRINTF(3, 4)
    fl_broker_rc (*explain)(const fl_broker_host *host, fl_broker_rc rc, const char *format, ...);
    /* A line in the service's log. Any thread. */
    void (*log)(const fl_broker_host *host, filch_log_level level, const char *message);
};

typedef enum fl_broker_role {
    FL_BROKER_CONSUMES, /* no other role changes leases of the server */
    FL_BROKER_PUBLISHES,
    FL_BROKER_ADMINISTERS /* count, peek, cancel, pause, stop */
} fl_broker_role;

/* What to connect to. The strings and the host outlive the connection. */
typedef struct fl_broker_config {
    const fl_broker_host *host;
    fl_broker_role role;
    const char *url;           /* as given, secrets included: "sqlite:/var/lib/jobs.db?sync=full" */
    const char *const *queues; /* names */
    unsigned queue_count;      /* at least 1 */
    unsigned prefetch;         /* the most deliveries that are not settled, at any time */
    int64_t lease;             /* ns, at most caps.lease_most */
    int64_t call_timeout;      /* ns */
    size_t body_most;          /* a longer body is not read: `malformed` */
    size_t header_most;        /* names and values of the headers, in all: the same */
    const char *client;        /* a name for the server's lists, "filch-worker@host:pid" */
    bool brief;                /* CONSUMES for a moment, and returns: where a server keeps one lease
                                  for all consumers of a queue, this connection takes that one */
    bool reads;                /* ADMINISTERS to count, peek and read records only: tables are not
                                  created or changed, so the right to read is enough, and room on
                                  the disk is not needed */
} fl_broker_config;

/* ---- A broker ---- */

/* Settling on a broker that cannot change a stored message: `settle` is fl_copy_settle (copy.h),
 * or calls it, and copies are sent by `publish`. */
typedef struct fl_transport {
    const char *remedy; /* where a copy is too large: "raise max_payload of the server" */
    bool delays;        /* `answer` can repeat a message after a delay without a copy */
    bool answers_first; /* Items without copies are answered before copies are sent: the server may
                           accept answers while it accepts no messages. false: all in one call */
    /* Its lease has ended, as far as is known here. */
    bool (*is_lost)(fl_broker *broker, fl_delivery *delivery);
    /* false: `answer` can settle it without a copy. Not called for an ACK. */
    bool (*needs_copy)(fl_broker *broker, const fl_settlement *one);
    /* Settles the items of status FL_SETTLE_TO_DO by fl_copy_verb, and sets their statuses; those that
     * it leaves are -EAGAIN. Others are settled, lost (-ESTALE) or not to be answered now (-EAGAIN).
     * Called once for a batch of up to FL_COPY_BATCH items, with answers_first up to twice. */
    fl_broker_rc (*answer)(fl_broker *broker, fl_settlement *batch, unsigned count);
} fl_transport;

typedef struct fl_broker_kind {
    uint32_t abi, size;
    const char *name;    /* "sqlite" */
    const char *schemes; /* of URLs, separated by blanks: "redis rediss" */
    const char *tested;  /* against: "Redis 7.0"; a stand-in makes it a preview. NULL: unknown */
    fl_broker_caps caps; /* at best; `caps` of a connection may tell less */

    /* Connects. On failure *out is untouched. A module may wait here for up to call_timeout.
     * FATAL if the URL is wrong, without asking the server. Creates queues that do not exist,
     * unless the URL says not to. */
    fl_broker_rc (*open)(fl_broker **out, const fl_broker_config *config);
    /* Closes, also a broken connection, without waiting for the server longer than needed to say
     * goodbye. Unsettled deliveries are released by the service, later. */
    void (*close)(fl_broker *broker);
    /* Writes the capabilities of this connection: a classic queue has fewer than a quorum queue.
     * May be NULL: those of the kind. */
    void (*caps_of)(fl_broker *broker, fl_broker_caps *caps);

    /* Writes up to `room` descriptors, with the events to wait for, and lowers *until to the time
     * at which `turn` must be called at the latest. wants: the service has nothing left to receive,
     * so events of messages are to wake it as well; otherwise it receives when it has room, and they
     * would only keep it awake. With `wants`, if the last `receive` of some queue returned
     * fewer than asked, a new message makes a descriptor ready (level-triggered), or *until is
     * soon enough to look again. The same holds for delayed messages and for leases that end.
     * Both last until the next `receive`: a message that `turn` has read ahead lowers *until to 0.
     * Returns the number of descriptors. May be NULL: the service looks every 100 ms. */
    unsigned (*watch)(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until);
    /* Called after each wait: reads what has come, sends heartbeats. May be NULL. */
    fl_broker_rc (*turn)(fl_broker *broker);

    /* Receives up to `most` messages of one queue into out[], which are then leased. *count is
     * how many; 0 is no error. Never waits for messages. Also on failure the first *count are
     * valid. */
    fl_broker_rc (*receive)(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count);
    /* Gives back deliveries that it has received ahead of `receive`, and takes no more. Settlements
     * go on. May be NULL: it has none. */
    fl_broker_rc (*cease)(fl_broker *broker);
    /* Settles a batch, in one transaction or one write where possible, and writes each status. OK:
     * the effect is as durable as the broker makes it. Otherwise the items with status 0 are
     * settled; the status of the rest is -EAGAIN, and they are tried again if keeps_leases. */
    fl_broker_rc (*settle)(fl_broker *broker, fl_settlement *batch, unsigned count);
    /* Extends the leases to host->now + `lease` ns, and writes each lease_until; 0 where the lease
     * is lost. NULL if caps.extends is false. */
    fl_broker_rc (*extend)(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                           int64_t lease);
    /* Frees handle; called once for each delivery with a handle, on any thread, also after `close`.
     * NULL if there are no handles. */
    void (*release)(void *handle);

    /* Publishes a batch in order, waits for its confirmation, and writes each status. Otherwise than
     * OK, items that are not known to be safe have status -EAGAIN. */
    fl_broker_rc (*publish)(fl_broker *broker, fl_publication *batch, unsigned count);

    /* Counts the messages of a queue. NULL if caps.counts is false. */
    fl_broker_rc (*count)(fl_broker *broker, unsigned queue, fl_broker_count *out);
    /* Copies up to `most` messages of a queue that wait, delayed ones included, in the order of
     * delivery, without receiving them; the service drops them. NULL if caps.peek is false. */
    fl_broker_rc (*peek)(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                         unsigned *count);
    /* Removes a message that waits. *found: it was there, and not leased. NULL if caps.cancel is
     * false. */
    fl_broker_rc (*cancel)(fl_broker *broker, const char *id, bool *found);
    /* Messages of this queue, or only those of a type unless it is NULL, are not delivered until
     * `paused` is false again. Kept in the broker, for all services. NULL if caps.pause is false. */
    fl_broker_rc (*pause)(fl_broker *broker, unsigned queue, const char *type, bool paused);

    /* Cancel of messages that are leased. `stop` marks the one with this id, in a queue of the
     * connection; *found: there is one. The mark is the message's, not the delivery's. It stays
     * through retries, returns and lost leases. It is gone when the message is acknowledged or dead:
     * another message with this id has none. `stopped` writes to out[i] whether the message of
     * batch[i] is marked; a delivery whose lease is lost may be told either way. The service calls it
     * about once a second while it has deliveries: it looks at the marks and not at the messages.
     * Settlements cost more only while there are marks. Both are NULL if caps.stop is false. */
    fl_broker_rc (*stop)(fl_broker *broker, const char *id, bool *found);
    fl_broker_rc (*stopped)(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                            bool *out);
    /* Changes records of jobs that run. A note of a lease that is lost has no effect. NULL if
     * caps.records is false, like the next one. */
    fl_broker_rc (*note)(fl_broker *broker, const fl_note *batch, unsigned count);
    /* Reads a record: *out, for filch_service_record_destroy; NULL: there is none. */
    fl_broker_rc (*record)(fl_broker *broker, const char *id, filch_service_record **out);
    /* Checks the URL and the queues' names as `open` does, without a connection: FATAL if they are
     * wrong for every server. May be NULL: open finds that. */
    fl_broker_rc (*check)(const fl_broker_config *config);
    /* Settles a batch, as `settle` does, and receives, as `receive` does, in one transaction or one
     * write: half of the round trips, and of the flushes to disk. The statuses hold also on failure,
     * as do the first *received of out[]: a broker may have settled, and then fail to receive. NULL:
     * not supported, and the service calls one after the other. */
    fl_broker_rc (*exchange)(fl_broker *broker, fl_settlement *batch, unsigned count,
                             unsigned queue, fl_delivery **out, unsigned most, unsigned *received);
    /* May a message that was ready at the server at `since` (filch_now) still be on its way? For a
     * service that ends when there is nothing to do (filch_service_run_ready), and looks again a moment
     * later. False in the end: after call_timeout without a message at the latest. NULL: `receive` has
     * returned all that is ready. */
    bool (*may_come)(fl_broker *broker, int64_t since);
    /* NULL: it can change a stored message. */
    const fl_transport *transport;
    /* The options of its URLs (url.h), for lists. NULL: it has none, or lists none. */
    const struct fl_url_kind *url;
} fl_broker_kind;

/* A connection begins with this. */
struct fl_broker {
    const fl_broker_kind *kind;
    const fl_broker_host *host;
};

/* A module filch-broker-NAME.so exports a pointer to its fl_broker_kind: FL_BROKER_EXPORT(kind); */
#define FL_BROKER_MODULE "filch_broker_module"
#define FL_BROKER_EXPORT(kind)                                                                     \
    FILCH_API extern const fl_broker_kind *const filch_broker_module;                              \
    const fl_broker_kind *const filch_broker_module = &(kind)

#endif
