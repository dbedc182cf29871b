/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The key of a service account, from the JSON file that Google Cloud gives out. */
#ifndef FL_PUBSUB_KEY_H
#define FL_PUBSUB_KEY_H

#include <runtime/service/broker.h>

typedef struct fl_pubsub_key fl_pubsub_key;

/* FATAL, explained: others can read it, or it is no such file. */
fl_broker_rc fl_pubsub_key_read(fl_pubsub_key **out, const fl_broker_host *host, const char *path);
/* NULL is allowed. */
void fl_pubsub_key_free(fl_pubsub_key *key);
/* The URL at which an assertion is exchanged for a token. */
const char *fl_pubsub_key_endpoint(const fl_pubsub_key *key);
/* A signed assertion for Pub/Sub, valid between these Unix times, s. NULL: no memory. */
char *fl_pubsub_key_assert(const fl_pubsub_key *key, int64_t from, int64_t until);

#endif
