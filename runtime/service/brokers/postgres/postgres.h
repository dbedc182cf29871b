/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `postgres:`, and the parts of it. All functions: owner only.
 *
 * Tables. A message is one row of `jobs` from its publication until it is acknowledged; its state
 * says what `at` means:
 *   READY    the time since when it is so
 *   DELAYED  the end of the delay
 *   LEASED   the end of the lease; (seq, token) names the delivery
 * A row of `stops` marks a message that is to be cancelled, by its seq and queue; one whose message is
 * gone, or dead, is swept away.
 * A consumer makes a row ready again when its delay or lease is over: before it receives when the
 * last receive left room, when the first such time has come, and once a second.
 *
 * The race: a service settles a message while another takes it over, because its lease is over. Each
 * call is one statement, hence one transaction, and locks the rows that it changes. Each lease adds
 * one to the row's token, and a settlement names seq and token; so a settlement that comes second
 * changes no row, and is told -ESTALE. Two consumers never wait for each other's rows: SKIP LOCKED.
 *
 * A key with dedup_for is a row of `remembered` besides. A publication claims that row first, so of
 * two publications the second waits for the first, and then finds the key taken.
 *
 * Times are the server's, from the function `clock` of the schema; durations go to the server and
 * come from it. A lease that the service sees ends before the server's, because the service counts
 * from the moment before it asked.
 *
 * Waking. Each batch of publications notifies the channel with the schema's name, with the queues as
 * payloads. A consumer listens on a connection of its own, so that a long statement delays no
 * notification, and looks once a second besides: a pooler may lose notifications. */
#ifndef FL_POSTGRES_H
#define FL_POSTGRES_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

#include <libpq-fe.h>

enum {
    FL_PG_SCHEMA_BYTES = 64,     /* of a name, as in the server; the closing NUL included */
    FL_PG_ARGS = 16,             /* of a statement */
    FL_PG_BATCH_BYTES = 4 << 20, /* bodies in one statement, unless the first is longer */
    FL_PG_REASON_BYTES = 512
};

typedef enum fl_pg_sql {
    FL_PG_MAINTAIN,
    FL_PG_EXPIRED,
    FL_PG_ENDLESS,
    FL_PG_LEASE,
    FL_PG_ACK,
    FL_PG_CHANGE,
    FL_PG_EXTEND,
    FL_PG_PUBLISH,
    FL_PG_PUBLISH_ONCE,
    FL_PG_COUNT,
    FL_PG_PEEK,
    FL_PG_CANCEL,
    FL_PG_PAUSE,
    FL_PG_RESUME,
    FL_PG_STOP,
    FL_PG_STOPPED,
    FL_PG_NOTE,
    FL_PG_KEEP,
    FL_PG_FORGET,
    FL_PG_RECORD,
    FL_PG_SQLS
} fl_pg_sql;

/* The parts of a URL. */
typedef struct fl_pg_target {
    PQconninfoOption *options; /* those that the URL names have a value */
    const char *sslmode;       /* instead of libpq's default; NULL: the URL or libpq chooses */
    char schema[FL_PG_SCHEMA_BYTES];
    bool pooled; /* by transactions: nothing of a session lasts */
} fl_pg_target;

typedef struct fl_pg_queue {
    int64_t look_at; /* of host->now: rows become ready then, or may have */
    bool was_short;  /* the last receive left room */
} fl_pg_queue;

typedef struct fl_pg {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_pg_target target;
    PGconn *db;
    PGconn *listener; /* NULL: it does not consume, or the server is behind a pooler */
    bool prepared[FL_PG_SQLS];
    bool has_stops;    /* there were marks when it last looked */
    int64_t forget_at; /* of host->now: old records are deleted then, if some are written */
    char sqlstate[6];  /* of the last failure; "": none */
    unsigned queue_count;
    fl_pg_queue queues[];
} fl_pg;

static inline fl_pg *fl_pg_of(fl_broker *broker)
{
    return (fl_pg *)(void *)broker;
}

static inline int64_t fl_pg_now(const fl_pg *p)
{
    return p->base.host->now(p->base.host);
}

/* ---- url.c ---- */

/* FATAL, explained: it does not parse. The caller ends a target that was parsed. */
extern const fl_url_kind fl_pg_url_kind;
fl_broker_rc fl_pg_parse(const fl_broker_host *host, const char *url, fl_pg_target *out);
void fl_pg_target_end(fl_pg_target *target);

/* ---- link.c ---- */

/* Connects within call_timeout; the caller closes *out, also after a failure, if it is not NULL. */
fl_broker_rc fl_pg_connect(fl_pg *p, PGconn **out);
/* Waits for the last result of what was sent, of which `sent` tells whether it was, and clears the
 * others. *out: PQclear it; NULL on failure, which is explained. */
fl_broker_rc fl_pg_finish(fl_pg *p, PGconn *db, int sent, const char *doing, PGresult **out);
/* Waits for the results of a pipeline of `count` statements, which is one transaction; `sent` as
 * above. The caller clears out[], which begins with NULLs, also after a failure. Ends the pipeline
 * mode. */
fl_broker_rc fl_pg_finish_pipeline(fl_pg *p, int sent, const char *doing, PGresult **out,
                                   unsigned count);
/* Runs statements without arguments, in one transaction; '@' is the schema, quoted, '~' its name.
 * out: as above, or NULL. */
fl_broker_rc fl_pg_execute(fl_pg *p, PGconn *db, const char *sql, const char *doing,
                           PGresult **out);
/* The text with the schema in it. The caller frees it; NULL: no memory. */
char *fl_pg_expand(const fl_pg *p, const char *sql);
/* BUSY. */
fl_broker_rc fl_pg_short(const fl_pg *p);

/* The arguments of a statement, in the server's binary format. */
typedef struct fl_pg_args {
    int count;
    const char *value[FL_PG_ARGS];
    int length[FL_PG_ARGS];
    uint64_t number[FL_PG_ARGS];
} fl_pg_args;

/* An array as an argument. */
typedef struct fl_pg_array {
    char *data;
    size_t size, room;
    uint32_t count;
    uint32_t type;
    bool failed; /* no memory */
} fl_pg_array;

enum { FL_PG_BYTEA = 17, FL_PG_INT8 = 20, FL_PG_TEXT = 25 }; /* types, as pg_type has them */

void fl_pg_add_text(fl_pg_args *args, const char *text); /* NULL: NULL */
void fl_pg_add_number(fl_pg_args *args, int64_t number);
void fl_pg_add_array(fl_pg_args *args, fl_pg_array *array); /* which must live as long */
/* Appends an element of `size` bytes, and returns where they go; NULL: no memory. */
char *fl_pg_array_room(fl_pg_array *array, size_t size);
void fl_pg_array_bytes(fl_pg_array *array, const void *bytes, size_t size); /* NULL: NULL */
void fl_pg_array_text(fl_pg_array *array, const char *text);                /* NULL: NULL */
void fl_pg_array_number(fl_pg_array *array, int64_t number);
void fl_pg_array_headers(fl_pg_array *array, const filch_header *more, size_t more_count,
                         const filch_header *old, size_t old_count);
void fl_pg_arrays_free(fl_pg_array *arrays, unsigned count);
/* A column of type bigint; 0 if it is NULL. */
int64_t fl_pg_int(const PGresult *rows, int row, int column);
/* ns as the server's unit, rounded up; never negative. */
int64_t fl_pg_us(int64_t ns);
/* And back; the server's range of times is larger. */
int64_t fl_pg_ns(int64_t us);

/* ---- sql.c ---- */

/* Runs a statement; it is prepared if need be. *out: PQclear it, if OK. */
fl_broker_rc fl_pg_run(fl_pg *p, fl_pg_sql which, const fl_pg_args *args, const char *doing,
                       PGresult **out);
/* Prepares a statement, unless that has been done. Not behind a pooler. */
fl_broker_rc fl_pg_prepare(fl_pg *p, fl_pg_sql which, const char *doing);
/* Sends one that is prepared; fl_pg_finish or fl_pg_finish_pipeline gets the result. */
int fl_pg_send(fl_pg *p, fl_pg_sql which, const fl_pg_args *args);
/* The row as a delivery. NULL: no memory. */
fl_delivery *fl_pg_read(fl_pg *p, const PGresult *rows, int row, unsigned queue);
/* All rows as deliveries; on failure BUSY, and none. */
fl_broker_rc fl_pg_read_all(fl_pg *p, const PGresult *rows, unsigned queue, fl_delivery **out,
                            unsigned *count);

/* ---- consume.c, settle.c: two calls, and their statements apart ---- */

/* The arguments of FL_PG_ACK for a batch of acknowledgements; the caller frees the arrays. false: no
 * memory. */
enum { FL_PG_OF_ACK = 3 };
bool fl_pg_ask_acks(const fl_settlement *batch, unsigned count, fl_pg_array arrays[FL_PG_OF_ACK],
                    fl_pg_args *args);
/* Writes the statuses; rc: the result of the statement. */
void fl_pg_take_acks(fl_settlement *batch, unsigned count, fl_broker_rc rc, const PGresult *rows);
/* Looks after rows whose time has come, if that is due; called before a lease. */
fl_broker_rc fl_pg_before_lease(fl_pg *p, unsigned queue);
/* The arguments of FL_PG_LEASE. */
void fl_pg_ask_lease(fl_pg *p, unsigned queue, unsigned most, fl_pg_args *args);
/* Its rows, as deliveries; began: of host->now, before it was sent. `rows` is NULL if rc, the
 * statement's result, is a failure. Returns rc, or BUSY: none. */
fl_broker_rc fl_pg_take_lease(fl_pg *p, unsigned queue, fl_broker_rc rc, const PGresult *rows,
                              int64_t began, fl_delivery **out, unsigned most, unsigned *count);

/* ---- sql.c ---- */

/* Creates the tables if they are missing; refuses those of another version. */
fl_broker_rc fl_pg_schema_open(fl_pg *p);

/* ---- records.c ---- */

/* Runs a statement that takes $1: the queues of the connection, $2: an id. *found: it returns rows. */
fl_broker_rc fl_pg_run_on_id(fl_pg *p, fl_pg_sql which, const char *id, const char *doing,
                             bool *found);

/* Has a settlement a note? Then the batch is settled between fl_pg_records_begin, and
 * fl_pg_records_end with its result: in one transaction with the notes of those of status 0. If that
 * fails, every status is -EAGAIN. */
bool fl_pg_has_notes(const fl_settlement *batch, unsigned count);
fl_broker_rc fl_pg_records_begin(fl_pg *p);
fl_broker_rc fl_pg_records_end(fl_pg *p, fl_broker_rc rc, fl_settlement *batch, unsigned count);

/* ---- consume.c, settle.c, publish.c, postgres.c,
 * records.c: as fl_broker_kind says ---- */

fl_broker_rc fl_pg_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                           unsigned *count);
fl_broker_rc fl_pg_settle(fl_broker *broker, fl_settlement *batch, unsigned count);
fl_broker_rc fl_pg_exchange(fl_broker *broker, fl_settlement *batch, unsigned count, unsigned queue,
                            fl_delivery **out, unsigned most, unsigned *received);
fl_broker_rc fl_pg_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                          int64_t lease);
fl_broker_rc fl_pg_publish(fl_broker *broker, fl_publication *batch, unsigned count);
fl_broker_rc fl_pg_count(fl_broker *broker, unsigned queue, fl_broker_count *out);
fl_broker_rc fl_pg_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                        unsigned *count);
fl_broker_rc fl_pg_cancel(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_pg_pause(fl_broker *broker, unsigned queue, const char *type, bool paused);
fl_broker_rc fl_pg_stop(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_pg_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count, bool *out);
fl_broker_rc fl_pg_note(fl_broker *broker, const fl_note *batch, unsigned count);
fl_broker_rc fl_pg_record(fl_broker *broker, const char *id, filch_service_record **out);

#endif
