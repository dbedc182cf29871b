/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A stand-in for Azure Service Bus, in memory, for tests: a program with one thread, by proton's
 * listener. Written from "AMQP 1.0 in Azure Service Bus and Event Hubs protocol guide", "AMQP 1.0 in
 * Azure Service Bus: request-response-based operations", "Service Bus access control with Shared Access
 * Signatures", and AMQP 1.0.
 *
 * It has peek-lock: lock tokens that expire, delivery counts with a limit, and the queue of dead
 * letters of each queue. It has scheduled messages. A queue whose name ends with "unique" detects
 * duplicates, forever. $cbs checks the signatures and the expiry of tokens.
 * QUEUE/$management has com.microsoft:renew-lock and com.microsoft:update-disposition. A message to the
 * queue `orders` makes it misbehave (service_bus_orders.c).
 *
 * A queue whose name ends with "sessions" requires them: sessions are accepted by a filter without a value,
 * with a time-out, renewed by com.microsoft:renew-session-lock, and lost when their lock ends.
 *
 * It does not have: sessions by name and their state, topics and subscriptions, receive-and-delete, deferral, transactions,
 * expiry of messages, peek, batched transfers (message format 0x80013700). Nor has
 * it quotas, throttling (server-busy), forced detaching of idle links, limits other than the size of a
 * message, or TLS. A kill loses all messages. */
#ifndef STAND_IN_SERVICE_BUS_H
#define STAND_IN_SERVICE_BUS_H

#include <runtime/service/job.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <proton/codec.h>
#include <proton/message.h>

enum { SB_TOKEN = 16, SB_NAME = 320, SB_SESSION = 513 };

/* ---- service_bus_store.c: queues and locks ---- */

typedef struct sb_message {
    fl_list link;            /* of one list of its queue */
    struct sb_message *same; /* the next of its hash value */
    struct sb_queue *queue;
    uint64_t sequence, lock; /* lock: 0: it is not locked */
    int64_t until;           /* ms of Unix time: of its lock, or when it is enqueued */
    int64_t enqueued;
    unsigned failed;       /* deliveries that have failed */
    pn_data_t *properties; /* of the dead letter, added to its own; NULL: none */
    char session[SB_SESSION];
    size_t size;
    char bytes[]; /* as it was sent */
} sb_message;

typedef struct sb_queue {
    struct sb_queue *next;
    char name[SB_NAME];
    struct sb_queue *dead; /* NULL: this is one */
    struct sb_id *seen;    /* if it detects duplicates */
    bool is_unique, has_sessions;
    fl_list ready, locked, scheduled; /* by sequence, end of the lock, and time */
} sb_queue;

typedef enum sb_outcome { SB_COMPLETES, SB_RELEASES, SB_ABANDONS, SB_DIES } sb_outcome;

int64_t sb_now(void); /* ms of Unix time */
void sb_store_begin(int64_t lock_ms, unsigned delivery_limit);
void sb_queue_create(const char *name);
/* NULL: there is none. */
sb_queue *sb_queue_find(const char *name);
/* Has the queue had a message of this id, and does it detect that? */
bool sb_is_duplicate(sb_queue *queue, pn_bytes_t id);
/* `due`: ms of Unix time, 0: at once. */
void sb_enqueue(sb_queue *queue, const char *bytes, size_t size, int64_t due, const char *session);
/* Ends locks and delays that are over. Returns the number of messages that became ready. */
unsigned sb_sweep(void);
/* true: there are locks or delays. */
bool sb_has_times(void);
/* Locks the first message that is ready, of this session if the queue has sessions. NULL: none is. */
sb_message *sb_take(sb_queue *queue, const char *session);
/* The session's messages are ready again. failed: their deliveries count. */
void sb_unlock_session(sb_queue *queue, const char *session, bool failed);
void sb_token_of(const sb_message *message, char token[SB_TOKEN]);
/* The message that is locked by this token. NULL: the lock is lost. */
sb_message *sb_locked_by(const char token[SB_TOKEN]);
/* properties: a map that a dead letter gets, or NULL. */
void sb_settle(sb_message *message, sb_outcome outcome, pn_data_t *properties);
/* Returns the new end of the lock. */
int64_t sb_renew(sb_message *message);
/* Encodes the message as it is delivered. Returns its size in *bytes, which stay until the next call. */
size_t sb_encode(const sb_message *message, char **bytes);

/* ---- service_bus_token.c ---- */

/* Is this a token of the key, not expired? Writes the path that it is valid for, and its expiry in ms of
 * Unix time. */
bool sb_token_is_valid(const char *text, const char *key_name, const char *key, char path[SB_NAME],
                       int64_t *until);

/* ---- service_bus_request.c ---- */

/* Answers a request to the management of a queue: fills `answer`. */
void sb_manage(const char *address, pn_message_t *request, pn_message_t *answer);
/* Moves to the value of a key of a map; false: there is none. */
bool sb_find(pn_data_t *map, const char *name);
void sb_put_text(pn_data_t *data, const char *text);
/* The properties of an answer, and its correlation to the request. */
void sb_answer(pn_message_t *request, pn_message_t *answer, const char *key, int status,
               const char *description_key, const char *description);

#endif
