/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Services: a process takes jobs from a broker and runs a handler for each, at least once. With
 * their messages, periodic jobs, and records of progress and results. For service authors
 * (docs/service/README.md). A separate library: link filch-service and filch.
 *
 *   static int resize(filch_self self, filch_service_job *job, void *arg) { ... return 0; }
 *
 *   static const filch_handler handlers[] = {{.type = "image_processing", .fn = resize}};
 *   filch_service *service;
 *   filch_service_create(&service, &(filch_service_config){.broker = "memory:"}, handlers, 1);
 *   filch_service_run(service);                        until filch_service_stop
 *   filch_service_destroy(service);
 *
 * A handler is a job of a pool: it may fork, spawn and wait. A message is answered (acknowledged,
 * retried or buried as a dead letter) once its outcome is known and its handler has returned.
 * Until then its lease is extended. A crash at any moment therefore loses no message, but it may
 * run one again: make handlers idempotent.
 * Backpressure: a service holds at most width + buffer messages whose handlers have not returned.
 * Life: a service is created, run, stopped and destroyed. Messages and timetables are plain values.
 * In a publishing call their texts and bytes belong to the caller. In a handler they belong to the
 * service, and are valid until the handler returns.
 * Threads: any task or thread may call every function unless its comment says otherwise.
 * Suspends: publishing, and reading a record. filch_service_run and filch_service_run_ready block
 * their thread.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do.
 * Since 0.1.0. */
#ifndef FILCH_SERVICE_H
#define FILCH_SERVICE_H
#include <filch/detail/hide_words.h>

#include <filch/breaker.h>
#include <filch/context.h>
#include <filch/limiter.h>
#include <filch/log.h>
#include <filch/pool.h>
#include <filch/retry.h>
#include <filch/span.h>
#include <filch/traceparent.h>
#include <stddef.h>

/* ---- Messages ---- */

/* A message describes a job on its way through a broker.
 *
 *   const filch_message mail = {.type = "email_send", .body = text, .body_size = strlen(text)};
 *
 * A publisher fills in the fields it needs; zero means the default. A handler may read them all.
 * docs/service/README.md has the limits of sizes. */

/* A header: a name, which is compared without regard to case, and a text. */
typedef struct filch_header {
    const char *name, *value;
} filch_header;

/* A message. Zero fields mean the defaults. */
typedef struct filch_message {
    const char *id;           /* default: a random one. In a handler NULL if another program
                                 published it without one (docs/service/rabbitmq.md) */
    const char *type;         /* chooses the handler */
    const char *content_type; /* of the body; default: none */
    const char *queue;        /* default: the service's first queue */
    const char *dedup;        /* refuses a message whose key an unfinished one has; default: no
                          key */
    const void *body;         /* bytes, which need not be text */
    size_t body_size;         /* in bytes */
    const filch_header *headers;
    size_t header_count;
    unsigned priority;   /* 0 (lowest) .. 9 */
    unsigned attempt;    /* 1, 2, ...; set by the service, 0 in a new message */
    unsigned deliveries; /* times the broker has delivered this attempt; 0: not counted */
    int64_t delay;       /* ns from its publication until it may be delivered */
    int64_t expires;     /* ns of Unix time; a message that has not begun by then becomes a dead
                               letter; 0: never */
    int64_t dedup_for;   /* ns from its publication for which its key stays taken, also after the
                               message is finished; at most FILCH_DEDUP_MOST. 0: until it is
                               finished. Set it for all messages with a key, or for none. 0 in
                               handlers */
    int64_t first_seen;  /* ns of Unix time: its publication; set by the service */
    filch_traceparent trace; /* the span of the publisher; zero bytes: none. A header `traceparent`
                               replaces this field, with the header `tracestate` */
    const char *tracestate;  /* passed on as it is; NULL: none */
} filch_message;

/* The number of priorities of messages. */
enum { FILCH_MESSAGE_PRIORITIES = 10 };
#define FILCH_DEDUP_MOST (INT64_C(3650) * 86400 * 1000000000) /* ns: ten years */

/* ---- Periodic jobs ---- */

/* Messages that services publish on a schedule, once per slot among any number of services.
 *
 *   static const filch_periodic periodics[] = {
 *       {.name = "report", .cron = "30 2 * * mon-fri", .zone = "Europe/Berlin", .type = "report"},
 *       {.name = "beat", .cron = "@every 30s", .type = "beat"}};
 *   ... (filch_service_config){.broker = "sqlite:", .periodics = periodics, .periodic_count = 2}
 *
 * The times of a cron line are its slots. At each slot every service with the entry publishes a
 * message whose id and dedup key are NAME@SLOT, such as "report@2026-11-23T01:30:00Z". The broker
 * keeps the key for two days (filch_message.dedup_for), so one of them succeeds. This holds while
 * the clocks of the services differ from the broker's by less than 23 hours. The header
 * x-filch-slot is the slot's time. A broker without dedup_for, or a type without a handler, is
 * refused when the service is created.
 * While the broker is unreachable, the service tries to publish for half of the time to the next
 * slot, at most 5 minutes; then the slot is missed, and logged. Slots that pass while no service
 * runs are not replayed.
 * Lines and summer time: docs/service/README.md, "Periodic jobs". */

/* An entry of the timetable. Texts and bytes are not copied, and must outlive the service. */
typedef struct filch_periodic {
    const char *name;  /* 1..64 letters, digits, '-', '_' and '.'; the same in all services */
    const char *cron;  /* five fields, @hourly, @daily, @weekly, @monthly, @yearly, @every 30s */
    const char *zone;  /* "Europe/Berlin" or "+02:00"; default: "UTC" */
    const char *type;  /* this and the following fields are the message's */
    const char *queue; /* default: the service's first queue */
    const char *content_type; /* default: none */
    const void *body;
    size_t body_size; /* in bytes */
    unsigned priority;
} filch_periodic;

/* The most periodic jobs of a service. */
enum { FILCH_PERIODICS = 1000 };

/* ---- Services ---- */

typedef struct filch_service filch_service;
typedef struct filch_service_job filch_service_job; /* a message whose handler runs */

/* Handles a message. Returns
 *   0                             done: the message is acknowledged, even after its deadline
 *   filch_service_job_retry(...)  again later
 *   filch_service_job_fail(...)   never again: a dead letter
 *   a negative errno              again by the retry policy if that calls it retryable, else a dead
 *                                 letter with the text that filch_error() has for it
 * A panic counts as its errno. */
typedef int filch_service_fn(filch_self self, filch_service_job *job, void *arg);

/* A type of jobs, and its handler. A zero field means the default. */
typedef struct filch_handler {
    const char *type; /* filch_message.type; not copied */
    filch_service_fn *fn;
    void *arg;
    unsigned width;                  /* concurrent handlers of this type; default: the service's */
    filch_limit rate;                /* attempts started per period; default (rate 0): no limit */
    int64_t timeout;                 /* ns from the start of an attempt, at which its context is
                                        done; default: the service's */
    const filch_retry_policy *retry; /* not copied; default: the service's */
    filch_breaker *breaker;          /* an attempt that it refuses waits and is not counted */
    bool thread; /* fn runs on a thread with a system stack: for libraries that block or need one */
} filch_handler;

/* The format of message bodies. */
typedef enum filch_envelope {
    FILCH_ENVELOPE_AUTO, /* the default: published as NATIVE. A received message with a type beside
                              its body is NATIVE. Without one it is JSON if its body is an object
                              with a text `type`, and else RAW where the service has one handler.
                              Where it has several, the message becomes a dead letter */
    FILCH_ENVELOPE_NATIVE, /* id, type and the rest are properties of the broker's messages */
    FILCH_ENVELOPE_JSON,   /* {"id": text, "type": text, "payload": any}, of which `type` alone is
                              required; the handler's body is the payload as it stands, or empty */
    FILCH_ENVELOPE_RAW,    /* every message has the type of the first handler */
    FILCH_ENVELOPES
} filch_envelope;

/* A queue that a service serves. */
typedef struct filch_service_queue {
    const char *name; /* without blanks and control characters; a broker may allow less */
    unsigned weight;  /* share of the messages taken while several queues have some; default 1 */
} filch_service_queue;

/* The end of one run of a handler, for the hook. */
typedef enum filch_service_outcome {
    FILCH_SERVICE_DONE,
    FILCH_SERVICE_RETRIED,
    FILCH_SERVICE_DEAD,
    FILCH_SERVICE_GIVEN_BACK, /* cancelled by the second stop or the drain's deadline */
    FILCH_SERVICE_CANCELLED,  /* cancelled by request (filch-jobs cancel): the message is deleted */
    FILCH_SERVICE_OUTCOMES
} filch_service_outcome;

/* Called before the handler, in its task. A result other than 0 replaces the handler's. */
typedef int filch_service_before_fn(filch_service_job *job, void *arg);
/* Called after the handler, in its task. reason: of a retry or a dead letter, else "". */
typedef void filch_service_after_fn(filch_service_job *job, filch_service_outcome outcome,
                                    const char *reason, void *arg);

/* A zero field means the default. Texts and tables are not copied and must outlive the service. */
typedef struct filch_service_config {
    size_t size;        /* sizeof(filch_service_config), or 0: the fields of the first release */
    const char *broker; /* URL; default "memory:" */
    const filch_service_queue *queues; /* default: one, "tasks" */
    unsigned queue_count;              /* at most FILCH_SERVICE_QUEUES */
    bool strict; /* a queue is served only while those before it in the table are empty */
    filch_envelope envelope;
    filch_runtime *runtime; /* runs the handlers, and outlives the service; NULL: its own, */
    unsigned workers;       /* with this many workers; default: one per core */
    unsigned width;         /* concurrent handlers; default 10 */
    unsigned buffer; /* messages received in advance; default: width, but at least 100 where a
                               receive is a commit (PostgreSQL, SQLite). How far a default buffer
                               is filled: docs/service/README.md, "Backpressure" */
    int64_t lease;   /* ns, 1 s or more; default 30 s, or the broker's longest. Extended after a
                        third of it */
    int64_t timeout; /* ns, for handlers without one; default 5 min; FILCH_FOREVER: none */
    const filch_retry_policy *retry; /* for handlers without one. Delays are computed here; the
                                        message waits in the broker */
    unsigned deliveries;  /* a message delivered more often without an outcome is poison: a dead
                             letter; default 5 */
    const filch_log *log; /* default: none */
    filch_service_before_fn *before;
    filch_service_after_fn *after;
    void *hook_arg;
    int64_t (*clock)(void *arg); /* for tests: ns, for leases, delays and Unix times; default: the
                                    system's clocks. Timeouts and rates use the system's */
    void *clock_arg;
    const filch_tracer *tracer; /* gets a span of each run, "process_task"; not copied; default:
                                   none */
    int64_t result_ttl;         /* ns for which a job's record is kept after its last change;
                                   default 1 day */
    const filch_periodic *periodics; /* while filch_service_run runs; default: none */
    unsigned periodic_count;         /* at most FILCH_PERIODICS */
    const char *broker_file; /* a file with the URL in one line, not readable by other users; read
                                again after a failed connection, in case the password has changed;
                                default: none */
} filch_service_config;

/* The most queues, and concurrent handlers, of a service. */
enum { FILCH_SERVICE_QUEUES = 64, FILCH_SERVICE_WIDTH_MOST = 100000 };

/* Totals so far, and current numbers. The fields from `outcomes` to `poison` are counted when the
 * broker has accepted the answer. */
typedef struct filch_service_stats {
    uint64_t received;                         /* deliveries */
    uint64_t begun;                            /* runs of handlers */
    uint64_t outcomes[FILCH_SERVICE_OUTCOMES]; /* of runs; CANCELLED also of messages that had not
                                                  begun */
    uint64_t settled;                          /* answers that the broker has accepted */
    uint64_t returned;                         /* given back without having begun */
    uint64_t malformed; /* dead letters that have not run, so not in `outcomes`: malformed or of
                           unknown type, */
    uint64_t expired;   /* expired, */
    uint64_t poison;    /* delivered too often */
    uint64_t late;      /* done after their deadline */
    uint64_t lost;      /* leases lost before the answer: the message runs again */
    uint64_t extended;  /* extensions of leases */
    uint64_t connected; /* connections made to consume */
    uint64_t broken;    /* those that broke, and attempts that made none */
    uint64_t published; /* messages published */
    uint64_t running;   /* now: handlers */
    uint64_t held;      /* now: messages whose handler has not returned */
    uint64_t held_most; /* the most so far */
    uint64_t prefetch;  /* the bound: width + buffer */
    bool is_connected, is_draining;
    bool is_busy; /* for a second or more the broker has refused each call of some kind: its disk or
                     memory is full, or another connection holds its lock. The log has the reason */
    uint64_t slots_published; /* slots of periodic jobs: messages published, */
    uint64_t slots_elsewhere; /* published by another service, */
    uint64_t slots_missed;    /* given up; slots that a stop or a step of the clock has skipped
                                 together count as one */
} filch_service_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a service with `count` handlers; does not connect yet. config may be NULL. Errors:
 * -EINVAL (a field is out of range, no handler or two of one type, a broker that is unknown or
 * cannot be loaded, a wrong URL). -EINVAL also for a periodic job: a malformed cron line, an
 * unknown time zone, a type without a handler. -ENOTSUP (the JSON envelope in a build without
 * jansson, periodic jobs on a broker without dedup_for); -ENOMEM; -EMFILE or -ENFILE (no file for
 * its wake-ups); those of filch_runtime_create and filch_pool_create. */
FILCH_API int filch_service_create(filch_service **out, const filch_service_config *config,
                                   const filch_handler *handlers, size_t count);
/* Frees it. NULL is allowed. Error: -EBUSY (it runs: stop it, and wait for filch_service_run). */
FILCH_API int filch_service_destroy(filch_service *service);

/* Serves until filch_service_stop. The calling thread, which must not be a worker, owns the
 * connection until then. An unreachable broker is not an error: it tries again. Returns 0 if every
 * handler that had begun ended by itself, and each answer was accepted.
 * Errors: -ECANCELED (some handlers were cancelled, or answers not accepted: those messages are
 * delivered again). -EINVAL (the broker refuses the configuration, or the caller is a task); -EBUSY
 * (it runs); -EAGAIN (no thread for periodic jobs). */
FILCH_API int filch_service_run(filch_service *service);
/* For tests of handlers: receives and runs messages as filch_service_run does until none is ready,
 * and returns. *ran, if given, receives the number of handlers run. Errors: as filch_service_run;
 * -ENOTCONN (not connected: call again later); -EAGAIN (the broker is busy: call again). */
FILCH_API int filch_service_run_ready(filch_service *service, uint64_t *ran);
/* Begins to drain: nothing more is received, messages that have not begun go back at once, running
 * handlers continue. At `until`, or at the second call, running handlers see their contexts done;
 * filch_service_run waits for them. Does not wait. Errors: -EALREADY (from the third call on);
 * -EINVAL (service is NULL, or a negative time). */
FILCH_API int filch_service_stop(filch_service *service, int64_t until);

/* ---- Publishing ---- */

/* Publishes a message through the service's broker and waits until `until` for the broker's
 * confirmation. Errors: -EEXIST (an unfinished message has this dedup key); -EMSGSIZE (a field is
 * over its limit: shorten it); -ENOTSUP (it needs a capability that the broker lacks); -ENOSPC (the
 * queue is full: publish later). -EINVAL (no type, unknown queue, priority too high, negative
 * time); -ETIMEDOUT (not confirmed: it may have been published); -EPIPE (the service is being
 * destroyed); -ENOMEM; -EAGAIN (no thread). */
FILCH_API int filch_service_publish(filch_service *service, const filch_message *message,
                                    int64_t until);

/* ---- For handlers: valid until the handler returns ---- */

/* Returns the message, with its envelope opened. Does not wait. */
FILCH_API const filch_message *filch_service_job_message(const filch_service_job *job);
/* Returns the context of this run: done at its deadline, with -ECANCELED when the service or a
 * request cancels it, or with -ESTALE when its lease is lost. Waits of the handler then end with
 * -ECANCELED (<filch/wait.h>), unless it has a thread of its own. If memory is short, returns a
 * context that is done with -ENOMEM. */
FILCH_API filch_context *filch_service_job_context(filch_service_job *job);
/* Returns the span of this run, a child of the message's span if it has one. */
FILCH_API filch_traceparent filch_service_job_trace(const filch_service_job *job);
/* Returns the time since the message's publication, in ns. */
FILCH_API int64_t filch_service_job_age(const filch_service_job *job);
/* Returns the service's log, or NULL if it has none. */
FILCH_API const filch_log *filch_service_job_log(const filch_service_job *job);
/* Returns the service that runs the job. */
FILCH_API filch_service *filch_service_job_service(const filch_service_job *job);
/* Returns the text of the header with this name, or NULL if there is none. */
FILCH_API const char *filch_message_header(const filch_message *message, const char *name);

/* A handler returns this to receive the message again `after` ns from now (0: by the retry policy),
 * if the policy has attempts left. The text of `format` and its arguments, as printf, is the
 * reason, up to 127 bytes. Returns -EAGAIN. */
FILCH_API FILCH_PRINTF(3, 4) int filch_service_job_retry(filch_service_job *job, int64_t after,
                                                         const char *format, ...);
/* A handler returns this to make the message a dead letter. The text of `format` and its arguments,
 * as printf, is the reason, up to 127 bytes. Returns -EBADMSG. */
FILCH_API FILCH_PRINTF(2, 3) int filch_service_job_fail(filch_service_job *job, const char *format,
                                                        ...);

/* ---- Queries ---- */

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_service_stats_read(filch_service *service, filch_service_stats *out,
                                        size_t size);
/* Writes the broker's capabilities, one line, to text, at most `size` bytes with the closing NUL,
 * and returns the full length, as snprintf. They are those of the last connection to consume;
 * before that, all that such a broker can have. */
FILCH_API size_t filch_service_describe(const filch_service *service, char *text, size_t size);

FILCH_END_DECLS

/* ---- Records ---- */

/* A record: the progress and the result of a job, kept by the broker for a while, so that the
 * publisher of the job can read them (docs/service/README.md, "Results and progress").
 *
 *   filch_service_job_progress(job, "page 3 of 10", 12);       a handler, any number of times
 *   filch_service_job_result(job, total, strlen(total));       before it returns 0
 *
 *   filch_service_record *record;
 *   if (filch_service_record_read(service, id, &record, filch_in(FILCH_SECOND)) == 0) {
 *       ... record->state, record->result ...
 *       filch_service_record_destroy(record);
 *   }
 *
 * The first progress that is sent, or the result, creates the record; a job that reports neither
 * has none. The broker deletes it filch_service_config.result_ttl after its last change. The
 * brokers memory, sqlite, postgres and redis keep records. */

/* The state of a job with a record. */
typedef enum filch_record_state {
    FILCH_RECORD_RUNNING, /* not finished: it runs, or waits for another attempt */
    FILCH_RECORD_DONE,
    FILCH_RECORD_DEAD,      /* a dead letter */
    FILCH_RECORD_CANCELLED, /* by request: it did not begin, or its handler gave up */
    FILCH_RECORD_STATES
} filch_record_state;

/* A record as it was read. Bytes may hold anything; a zero byte follows them. */
typedef struct filch_service_record {
    filch_record_state state;
    int64_t updated;      /* ns of Unix time, by the broker's clock: the last change */
    const void *progress; /* the last that was sent; NULL: none */
    size_t progress_size; /* in bytes */
    const void *result;   /* of a job that is done; NULL: none */
    size_t result_size;   /* in bytes */
    const char *reason;   /* of a dead letter; else NULL */
} filch_service_record;

enum {
    FILCH_SERVICE_RECORD_MOST = 64 << 10,  /* bytes of a progress, and of a result */
    FILCH_SERVICE_RECORD_ID_MOST = 1 << 10 /* bytes of the id of a job with a record */
};

FILCH_BEGIN_DECLS

/* For handlers, until the handler returns. Reports progress of `size` bytes, which replaces the
 * previous one. The bytes are copied. They are sent at most once in 100 ms, together with those of
 * other jobs, and with the job's answer at the latest. Does not wait. Errors: -EMSGSIZE (more than
 * FILCH_SERVICE_RECORD_MOST, or a job's id of more than FILCH_SERVICE_RECORD_ID_MOST: report less).
 * -ENOTSUP (the broker keeps no records, or another program published the job without an id);
 * -EINVAL (no bytes, but a size); -ENOMEM. A handler may ignore these errors. */
FILCH_API int filch_service_job_progress(filch_service_job *job, const void *bytes, size_t size);
/* For handlers, too. Sets the result of `size` bytes, or replaces it. The bytes are copied. If the
 * handler returns 0, the result is stored and the message acknowledged in one step, so a job that
 * is delivered again has no result. Does not wait.
 * Errors: as filch_service_job_progress. */
FILCH_API int filch_service_job_result(filch_service_job *job, const void *bytes, size_t size);

/* For publishers. Reads the record of the job with this id, through the connection that publishes,
 * and waits until `until` for it. Free *out with filch_service_record_destroy. Suspends. Errors:
 * -ENOENT (no record: the job has reported nothing yet, or its record was deleted); -ENOTSUP (the
 * broker keeps no records); -ETIMEDOUT (no answer: read again). -EINVAL (no id; or the broker
 * refuses the configuration); -EPIPE (the service is being destroyed); -ENOMEM; -EAGAIN (no
 * thread). */
FILCH_API int filch_service_record_read(filch_service *service, const char *id,
                                        filch_service_record **out, int64_t until);
/* Frees a record. NULL is allowed. */
FILCH_API void filch_service_record_destroy(filch_service_record *record);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
