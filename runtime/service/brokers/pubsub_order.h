/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ordering keys whose jobs are running: the next job of such a key is not delivered yet. The server hands
 * out several messages of a key together. Owner only. */
#ifndef FL_PUBSUB_ORDER_H
#define FL_PUBSUB_ORDER_H

#include <runtime/service/broker.h>

/* The header of a job that names its key. */
#define FL_PUBSUB_KEY_HEADER "ordering-key"

typedef struct fl_pubsub_busy fl_pubsub_busy;

typedef struct fl_pubsub_order {
    fl_pubsub_busy *busy;
    uint64_t last;
} fl_pubsub_order;

/* The key of a new message; NULL: none. */
const char *fl_pubsub_order_key(const filch_message *message);
/* Is a job of this key running whose lease holds? Keys without are forgotten. */
bool fl_pubsub_order_is_busy(fl_pubsub_order *order, const char *key, int64_t now);
/* The job of a delivery begins, and ends with fl_pubsub_order_end. false: no memory. */
bool fl_pubsub_order_begin(fl_pubsub_order *order, const char *key, fl_delivery *delivery);
void fl_pubsub_order_extend(fl_pubsub_order *order, const fl_delivery *delivery);
void fl_pubsub_order_end(fl_pubsub_order *order, const fl_delivery *delivery);
void fl_pubsub_order_clear(fl_pubsub_order *order);

#endif
