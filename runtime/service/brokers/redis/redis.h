/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of the broker `redis:`, and the parts of it. All functions: owner only.
 * scripts.h describes how messages are kept.
 *
 * The race: a service settles a message while another takes it over, because its lease is over.
 * Each delivery of an entry changes its counter; a settlement names entry and counter. Scripts run
 * one after the other, so the one that comes second finds another counter, and is told -ESTALE.
 *
 * Waking. A consumer has a second connection, which is subscribed to the channels of its queues
 * before the first receive. A script that makes messages ready, or adds a time to wait for, posts
 * to the channel. `turn` reads the posts and keeps `news` of each queue until the receive that
 * follows. In case that connection breaks without a word, consumers look each second as well. */
#ifndef FL_REDIS_H
#define FL_REDIS_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/fast_path.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/brokers/redis/url.h>
#include <runtime/service/brokers/redis/wire.h>

#include <hiredis/hiredis.h>
#include <inttypes.h>

enum { FL_REDIS_SHA = 41 }; /* bytes of a script's name, with its NUL */

typedef struct fl_redis_queue {
    char *key;       /* "filch:NAME" */
    int64_t next_at; /* of the next delay or lease to end; FILCH_FOREVER: none */
    bool news;       /* since the last receive */
    bool is_usual;   /* the last batch of a script came from one stream, */
    unsigned usual;  /* that of this priority */
} fl_redis_queue;

typedef struct fl_redis {
    fl_broker base; /* first */
    fl_broker_config config;
    fl_redis_url url;
    fl_redis_wire wire, wake; /* wake: closed, unless it consumes */
    char sha[FL_REDIS_SCRIPTS][FL_REDIS_SHA];
    bool is_durable;
    int64_t look_at; /* without a post */
    bool has_stops;  /* there were marks when it last looked */
    fl_redis_plain plain;
    unsigned queue_count;
    fl_redis_queue queues[];
} fl_redis;

static inline fl_redis *fl_redis_of(fl_broker *broker)
{
    return (fl_redis *)(void *)broker;
}

static inline int64_t fl_redis_now(const fl_redis *r)
{
    return r->base.host->now(r->base.host);
}

/* ---- session.c ---- */

/* Logs in on a wire that is open, and selects the database. */
fl_broker_rc fl_redis_log_in(fl_redis *r, fl_redis_wire *wire);
/* Refuses servers that cannot be used, and warns of settings that lose messages. */
fl_broker_rc fl_redis_inspect(fl_redis *r);
fl_broker_rc fl_redis_load_scripts(fl_redis *r);
/* Begins a call of a script: append its arguments. */
void fl_redis_begin(fl_redis *r, fl_redis_command *command, fl_redis_script script);
/* Calls it. *out: a reply that is no error; the caller frees it. */
fl_broker_rc fl_redis_call(fl_redis *r, const fl_redis_command *command, fl_redis_script script,
                           redisReply **out);
/* The same for a reply that is an array of `count` numbers; -1: any number of anything. */
fl_broker_rc fl_redis_call_list(fl_redis *r, const fl_redis_command *command,
                                fl_redis_script script, long count, redisReply **out);
/* The remedy for an error of the server; *rc: its kind. */
const char *fl_redis_cure(const char *error, fl_broker_rc *rc);
/* Explains an error of the server, and frees it. */
fl_broker_rc fl_redis_refused(fl_redis *r, redisReply *error);
/* The reply has not the form that the scripts give it. Frees it. */
fl_broker_rc fl_redis_odd(fl_redis *r, redisReply *reply);

/* ---- message.c ---- */

/* The name of a consumer: its lease in ms, its client. */
#define FL_REDIS_WORKER "worker:%" PRId64 ":%s"

/* Of fl_delivery.tag: the entry, and its counter with the losses of the queue. */
enum { FL_REDIS_MS, FL_REDIS_SEQUENCE, FL_REDIS_LEASE };
/* Appends the entry of a delivery. */
void fl_redis_append_entry(fl_redis_command *command, const fl_delivery *delivery);
/* The entry's counter, and the losses of the queue when it was received. */
int64_t fl_redis_counter(const fl_delivery *delivery);
int64_t fl_redis_losses(const fl_delivery *delivery);
/* Appends the name of a consumer with leases of this length in ns. */
void fl_redis_append_worker(fl_redis_command *command, int64_t lease, const char *client);
/* Appends the texts that describe a message, as attempt `attempt`. */
void fl_redis_append_about(fl_redis_command *command, const filch_message *message,
                           unsigned attempt);
/* Appends headers: `more`, and those of the message whose names are not among them. */
void fl_redis_append_headers(fl_redis_command *command, const filch_header *more, size_t more_count,
                             const filch_message *message);
/* The deliveries of an answer; frees the reply whose part it is. losses: of the queue, mod 2^29. */
fl_broker_rc fl_redis_read_all(fl_redis *r, redisReply *reply, const redisReply *answers,
                               unsigned queue, uint64_t losses, fl_delivery **out, unsigned most,
                               unsigned *count);
/* The delivery of an entry that plain commands have read. *is_odd: it is no entry; else NULL means no
 * memory. *may_expire: the message has a time to expire at. */
fl_delivery *fl_redis_read_new(fl_redis *r, const redisReply *entry, bool *is_odd,
                               bool *may_expire);
/* No memory for messages: explains it. */
fl_broker_rc fl_redis_short(fl_redis *r);

/* ---- records.c ---- */

/* Removes the marks of messages that are settled for good. */
fl_broker_rc fl_redis_drop_stops(fl_redis *r, const fl_settlement *batch, unsigned count);

/* ---- redis.c ---- */

/* Looks with FL_REDIS_CANCEL or FL_REDIS_STOP at some messages of a place, from *from on; writes where
 * to go on, or nothing: the end. */
fl_broker_rc fl_redis_look_some(fl_redis *r, fl_redis_script script, const char *key,
                                const char *id, const char *place, char *from, size_t room,
                                bool *found);

/* ---- records.c ---- */

/* Appends the note of the settlement that follows. */
void fl_redis_append_note(fl_redis_command *command, const fl_note *note);
/* Appends a settlement that does nothing but this: a delivery stays as it is. consume.c. */
void fl_redis_append_kept(const fl_redis *r, fl_redis_command *command,
                          const fl_delivery *delivery);

/* ---- consume.c, publish.c, redis.c, records.c: as
 * fl_broker_kind says ---- */

fl_broker_rc fl_redis_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                              unsigned *count);
fl_broker_rc fl_redis_settle(fl_broker *broker, fl_settlement *batch, unsigned count);
fl_broker_rc fl_redis_exchange(fl_broker *broker, fl_settlement *batch, unsigned count,
                               unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *received);
fl_broker_rc fl_redis_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                             int64_t lease);
fl_broker_rc fl_redis_publish(fl_broker *broker, fl_publication *batch, unsigned count);
fl_broker_rc fl_redis_count(fl_broker *broker, unsigned queue, fl_broker_count *out);
fl_broker_rc fl_redis_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                           unsigned *count);
fl_broker_rc fl_redis_cancel(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_redis_pause(fl_broker *broker, unsigned queue, const char *type, bool paused);
fl_broker_rc fl_redis_stop(fl_broker *broker, const char *id, bool *found);
fl_broker_rc fl_redis_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              bool *out);
fl_broker_rc fl_redis_note(fl_broker *broker, const fl_note *batch, unsigned count);
fl_broker_rc fl_redis_record(fl_broker *broker, const char *id, filch_service_record **out);

#endif
