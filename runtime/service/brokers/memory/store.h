/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The store of the broker `memory:`. All connections of the process with one URL share a store,
 * which lives as long as one of them. Every function is called under the store's lock.
 *
 * A message is in one list of its queue, by its place:
 *   READY    by priority; then by age
 *   DELAYED  by the time at which it becomes ready
 *   LEASED   by the end of its lease; also in the store's table, by number
 * A dead letter is a ready message of the queue NAME.dlq. */
#ifndef FL_MEMORY_STORE_H
#define FL_MEMORY_STORE_H

#include <runtime/service/broker.h>
#include <runtime/service/job.h>

#include <pthread.h>

enum { FL_MEMORY_BUCKETS = 1024 };

typedef struct fl_memory_queue {
    fl_list link; /* in the store */
    char *name;
    fl_list ready[FILCH_MESSAGE_PRIORITIES];
    fl_list delayed, leased;
    uint64_t readies, delays, leases;
    fl_list paused_types;
    bool paused;
} fl_memory_queue;

typedef enum fl_memory_place {
    FL_MEMORY_READY,
    FL_MEMORY_DELAYED,
    FL_MEMORY_LEASED
} fl_memory_place;

typedef struct fl_memory_entry {
    fl_list link;   /* in the queue, by place */
    fl_list number; /* in the table of numbers, while leased */
    fl_list key;    /* in the table of dedup keys */
    fl_memory_queue *queue;
    fl_memory_place place;
    uint64_t id, token; /* of the message, and of its last delivery */
    int64_t at;         /* end of the delay, or of the lease; READY: since then */
    bool stop;          /* a request to cancel it has come while it was leased */
    filch_message message;
} fl_memory_entry;

typedef struct fl_memory_store {
    fl_list link; /* in the process's list */
    pthread_mutex_t lock;
    char *name;
    unsigned connections; /* under the lock of the process's list */
    fl_list queues, listeners;
    fl_list numbers[FL_MEMORY_BUCKETS], keys[FL_MEMORY_BUCKETS];
    fl_list records; /* records.h */
    fl_list record_ids[FL_MEMORY_BUCKETS];
    fl_list remembered; /* keys with dedup_for */
    uint64_t last_id, last_token;
} fl_memory_store;

/* The store of this name, with one connection more; NULL: no memory. No lock. */
fl_memory_store *fl_memory_store_open(const char *name);
/* No lock. */
void fl_memory_store_close(fl_memory_store *store);

/* The queue of this name; created if need be. NULL: no memory. */
fl_memory_queue *fl_memory_queue_of(fl_memory_store *store, const char *name);
/* The list of a table in which a text of this content is. */
fl_list *fl_memory_bucket(fl_list table[FL_MEMORY_BUCKETS], const char *text);
/* Is the key that of a message in the store, or remembered? */
bool fl_memory_has_key(fl_memory_store *store, const char *key, int64_t now);
/* Remembers a key until then. false: no memory. */
bool fl_memory_remember(fl_memory_store *store, const char *key, int64_t until);
/* Puts a copy of the message into the queue, ready at once. NULL: no memory. */
fl_memory_entry *fl_memory_add(fl_memory_store *store, fl_memory_queue *queue,
                               const filch_message *message, const filch_header *more,
                               unsigned more_count, int64_t now);
void fl_memory_remove(fl_memory_entry *entry);
/* Move it to another place. older: before messages of the same priority. */
void fl_memory_make_ready(fl_memory_entry *entry, bool older, int64_t since);
void fl_memory_delay(fl_memory_entry *entry, int64_t until);
void fl_memory_lease(fl_memory_store *store, fl_memory_entry *entry, int64_t until);
/* Makes ready the messages whose delay or lease is over. */
void fl_memory_move_due(fl_memory_queue *queue, int64_t now);
/* Since when the next message of a priority has been ready, the earliest of these; FILCH_FOREVER: none
 * is. */
int64_t fl_memory_ready_since(const fl_memory_queue *queue);
/* The leased message of this number and token; NULL: the lease is lost. */
fl_memory_entry *fl_memory_leased(fl_memory_store *store, uint64_t id, uint64_t token);
/* The first ready message after `after` (NULL: the first of all) that is not paused; NULL: none. */
fl_memory_entry *fl_memory_next(fl_memory_queue *queue, const fl_memory_entry *after);
/* 0, or -ENOMEM. */
int fl_memory_pause(fl_memory_queue *queue, const char *type, bool paused);

static inline fl_memory_entry *fl_memory_entry_of(fl_list *link)
{
    return (fl_memory_entry *)(void *)link;
}

#endif
