/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Topics, subscriptions and messages of a stand-in of Pub/Sub, in memory. */
#ifndef STAND_IN_PUBSUB_STORE_H
#define STAND_IN_PUBSUB_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_DEADLINE_LEAST = 10, STORE_DEADLINE_MOST = 600 }; /* s */

typedef struct topic topic;
typedef struct subscription subscription;
typedef struct entry entry;

typedef struct store {
    topic *topics;
    subscription *subscriptions;
    int64_t passed;    /* ns that its clock is ahead */
    uint64_t messages; /* numbers given out */
    entry **leased;    /* by the number in the ack id, less the first */
    uint64_t deliveries, room;
} store;

/* ns: monotonic, as http_now; and Unix time, s. */
int64_t store_now(const store *all);
int64_t store_unix(const store *all);
void store_pass(store *all, int64_t ns);
/* Makes messages ready whose deadline is over. Returns the time of http_now of the next one. */
int64_t store_turn(store *all);

/* NULL: there is none. */
topic *store_topic(store *all, const char *name);
const char *store_make_topic(store *all, const char *name);
subscription *store_subscription(store *all, const char *name);
/* NULL, or why not. */
const char *store_subscribe(store *all, const char *name, const json_t *settings,
                            subscription **out);
json_t *store_describe(const subscription *one);

/* Of a PublishRequest. NULL, or why none was published. */
const char *store_publish(store *all, topic *to, const json_t *messages, json_t **ids);
/* receivedMessages */
json_t *store_pull(store *all, subscription *from, size_t most);
/* An id of a delivery that is over has no effect. */
void store_acknowledge(store *all, subscription *from, const char *ack_id);
void store_defer(store *all, subscription *from, const char *ack_id, int64_t seconds);

#endif
