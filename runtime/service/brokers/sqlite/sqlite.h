/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `sqlite:`, and the parts of it. All functions: owner only.
 *
 * Tables. A message is one row of `jobs` from its publication until it is acknowledged; its state
 * says what `at` means:
 *   READY    nothing
 *   DELAYED  the end of the delay; `due` is the same in Unix time
 *   LEASED   the end of the lease; (seq, token) names the delivery
 * A lease or delay whose time is over counts as READY; `receive` makes it so.
 * A row of `stops` marks a message that is to be cancelled. It names what no other message can have,
 * although numbers of deleted rows are used again; a mark whose message is gone is swept away.
 *
 * The race: a service settles a message while another takes it over, because its lease is over.
 * Every change is a transaction that begins with BEGIN IMMEDIATE, so that one comes after the other,
 * and a settlement names seq and token. Each receive draws a new token; so a settlement that comes
 * second changes no row, and is told -ESTALE.
 *
 * Times in `at` are those of CLOCK_MONOTONIC, which all processes of a machine share, so a step of
 * the wall clock neither ends leases nor holds up delays. The clock begins anew at a boot: the
 * first connection after it finds another boot id in `meta`, ends all leases (their owners are
 * gone), and computes delays again from `due`.
 *
 * A key with dedup_for is a row of `remembered` besides; `at` and `due` are those of a delay.
 *
 * Waking. Each commit writes to the file with the suffix -wal, which the consumers of all processes
 * watch by inotify. The event comes before the transaction is visible, tens of milliseconds before on
 * a slow disk. So they look at once, again after 10, 20, 40 ms and so on, and finally each second.
 * While there is a backlog nobody watches, since each write would cost an event; a consumer that
 * begins to watch looks once more before it sleeps. */
#ifndef FL_SQLITE_H
#define FL_SQLITE_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqlite/order.h>
#include <runtime/service/url.h>

#include <sqlite3.h>
#include <sys/types.h>

enum { FL_SQLITE_READY, FL_SQLITE_DELAYED, FL_SQLITE_LEASED };

typedef enum fl_sqlite_sql {
    FL_SQL_BEGIN,
    FL_SQL_COMMIT,
    FL_SQL_ROLLBACK,
    FL_SQL_QUEUE_ADD,
    FL_SQL_QUEUE_ID,
    FL_SQL_HAS_WORK,
    FL_SQL_MOVE_DUE,
    FL_SQL_EXPIRED,
    FL_SQL_PAUSES,
    FL_SQL_RECEIVE,
    FL_SQL_RECEIVE_TYPES, /* those that are not paused */
    FL_SQL_NEXT_TIME,
    FL_SQL_ACK,
    FL_SQL_RETURN,
    FL_SQL_RETRY,
    FL_SQL_BURY,
    FL_SQL_EXTEND,
    FL_SQL_PUBLISH,
    FL_SQL_REMEMBERED,
    FL_SQL_REMEMBER,
    FL_SQL_FORGET,
    FL_SQL_COUNT_READY,
    FL_SQL_COUNT_HELD,
    FL_SQL_COUNT_ALL,
    FL_SQL_READY_SINCE,
    FL_SQL_PEEK,
    FL_SQL_CANCEL,
    FL_SQL_PAUSE,
    FL_SQL_PAUSE_TYPE,
    FL_SQL_RESUME_TYPE,
    FL_SQL_STOP,
    FL_SQL_STOPPED,
    FL_SQL_SWEEP_STOPS,
    FL_SQL_HOLDS,
    FL_SQL_RECORD_KEEP,
    FL_SQL_RECORD_READ,
    FL_SQL_RECORD_FORGET,
    FL_SQLS
} fl_sqlite_sql;

typedef struct fl_sqlite_queue {
    int64_t id, dead_id;
    int64_t next_at; /* of the first delay or lease to end; FILCH_FOREVER: none */
} fl_sqlite_queue;

typedef struct fl_sqlite {
    fl_broker base; /* first */
    sqlite3 *db;
    sqlite3_stmt *statement[FL_SQLS];
    char *path;
    dev_t device;     /* of the file, as it was opened, */
    ino_t inode;      /* and its number there */
    int64_t check_at; /* the file is compared with the path then */
    fl_sqlite_order *order;
    bool has_turn;
    int64_t busy_for;   /* ns: a locked database is waited for so long, */
    int64_t busy_until; /* and until then, of filch_now */
    bool begins;        /* busy_until has been set for BEGIN */
    fl_broker_config config;
    int inotify;       /* -1: it does not consume */
    int file_watch;    /* -1: the file is not watched */
    int64_t look_at;   /* without an event */
    int64_t look_step; /* ns from the last look to that one; 0: the next one is the first */
    bool has_stops;    /* there were marks when it last looked */
    unsigned queue_count;
    fl_sqlite_queue queues[];
} fl_sqlite;

static inline fl_sqlite *fl_sqlite_of(fl_broker *broker)
{
    return (fl_sqlite *)(void *)broker;
}

static inline int64_t fl_sqlite_now(const fl_sqlite *s)
{
    return s->base.host->now(s->base.host);
}

/* ---- store.c ---- */

/* Begins to watch the file; 0, or an errno. Nothing, if it is watched. */
int fl_sqlite_watch_file(fl_sqlite *s);
/* There is a backlog: nothing has to wake this connection. */
void fl_sqlite_unwatch_file(fl_sqlite *s);
unsigned fl_sqlite_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                         int64_t *until);
fl_broker_rc fl_sqlite_turn(fl_broker *broker);

/* ---- sqlite.c ---- */

extern const fl_url_kind fl_sqlite_url_kind;
/* The parts of a URL. FATAL, explained: it does not parse. The caller frees *path. */
fl_broker_rc fl_sqlite_parse(const fl_broker_host *host, const char *url, char **path, bool *full);
/* Creates the file and the folders above it, for this user alone. Refuses network file systems. */
fl_broker_rc fl_sqlite_create_file(const fl_broker_host *host, const char *path);
/* Notes which file the path names, before it is opened. */
void fl_sqlite_note_file(fl_sqlite *s);
/* LOST, explained: the path no longer names the open file. All that is written there is lost, and no
 * other process sees it. */
fl_broker_rc fl_sqlite_check_file(fl_sqlite *s);

/* ---- store.c ---- */

/* Opens the database, creates its tables, and prepares the statements. */
fl_broker_rc fl_sqlite_store_open(fl_sqlite *s, bool full);
/* The same for a connection that writes nothing, not even the files beside the database. */
fl_broker_rc fl_sqlite_store_open_to_read(fl_sqlite *s);
void fl_sqlite_store_close(fl_sqlite *s);
/* The result of a failed call on the database, explained. */
fl_broker_rc fl_sqlite_failed(fl_sqlite *s, const char *doing);
/* Runs a statement that returns no rows, and resets it: an SQLite code. */
int fl_sqlite_run(fl_sqlite *s, fl_sqlite_sql which);
/* Runs one that returns at most one row, and writes its first column, 0 if it is NULL, to *value;
 * SQLITE_DONE: no row; SQLITE_ROW; or an error. */
int fl_sqlite_value(fl_sqlite *s, fl_sqlite_sql which, int64_t *value);
/* Begins a transaction that writes, when it is this connection's turn. An SQLite code. */
int fl_sqlite_begin(fl_sqlite *s);
/* Ends a transaction: with OK if `rc` is SQLITE_OK and the commit succeeds. Otherwise nothing of it
 * has happened. */
fl_broker_rc fl_sqlite_end(fl_sqlite *s, int rc, const char *doing);
/* The number of a queue; created if need be. An SQLite code. In a transaction. A connection that reads
 * only creates none: 0, the number of no queue. */
int fl_sqlite_queue_id(fl_sqlite *s, const char *name, int64_t *id);

/* ---- consume.c ---- */

/* Columns of a whole message, for fl_sqlite_read. A body longer than ?9 is not read. */
#define FL_SQLITE_COLUMNS                                                                          \
    "seq, token, at, id, type, content_type, dedup, headers, priority, attempt, deliveries, "      \
    "expires, first_seen, trace, tracestate, length(body), "                                       \
    "CASE WHEN length(body) <= ?9 THEN body END"
/* The present row as a delivery. NULL: no memory. */
fl_delivery *fl_sqlite_read(fl_sqlite *s, sqlite3_stmt *row, unsigned queue);
/* Binds FL_SQL_PUBLISH. The message is used until the statement has run. Returns an SQLite code. */
int fl_sqlite_bind(fl_sqlite *s, const filch_message *message, int64_t queue, int64_t now);
/* Binds headers to a parameter: `more`, and those of `old` whose names are not among them. */
int fl_sqlite_bind_headers(sqlite3_stmt *statement, int parameter, const filch_header *more,
                           unsigned more_count, const filch_header *old, size_t old_count);

/* ---- sqlite.c: keys that stay taken. In a transaction; SQLite codes ---- */

/* *is: the message has a key that is remembered. */
int fl_sqlite_recall(fl_sqlite *s, const filch_message *message, bool *is);
/* Remembers the key of a published message for its dedup_for, and forgets some that are over. */
int fl_sqlite_remember(fl_sqlite *s, const filch_message *message);

/* ---- records.c ---- */

/* Makes the changes of records that belong to settlements of status 0. An SQLite code. In the
 * transaction that settles them. */
int fl_sqlite_keep(fl_sqlite *s, const fl_settlement *batch, unsigned count);

/* ---- consume.c, records.c: as fl_broker_kind says ---- */

fl_broker_rc fl_sqlite_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *count);
fl_broker_rc fl_sqlite_settle(fl_broker *broker, fl_settlement *batch, unsigned count);
fl_broker_rc fl_sqlite_exchange(fl_broker *broker, fl_settlement *batch, unsigned count,
                                unsigned queue, fl_delivery **out, unsigned most,
                                unsigned *received);
fl_broker_rc fl_sqlite_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease);
fl_broker_rc fl_sqlite_count(fl_broker *broker, unsigned queue, fl_broker_count *out);
fl_broker_rc fl_sqlite_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count);
fl_broker_rc fl_sqlite_cancel(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_sqlite_pause(fl_broker *broker, unsigned queue, const char *type, bool paused);
fl_broker_rc fl_sqlite_stop(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_sqlite_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                               bool *out);
fl_broker_rc fl_sqlite_note(fl_broker *broker, const fl_note *batch, unsigned count);
fl_broker_rc fl_sqlite_record(fl_broker *broker, const char *id, filch_service_record **out);

#endif
