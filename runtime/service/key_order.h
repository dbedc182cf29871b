/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ordering keys whose jobs are running: the next job of such a key is not delivered yet. For brokers whose
 * server hands out several messages of a key together. Owner only. */
#ifndef FL_KEY_ORDER_H
#define FL_KEY_ORDER_H

#include <filch/service.h>

#include <stdbool.h>
#include <stdint.h>

/* The header of a job that names its key. */
#define FL_KEY_HEADER "ordering-key"

typedef struct fl_busy_key fl_busy_key;

/* {0} has none. */
typedef struct fl_key_order {
    fl_busy_key *busy;
} fl_key_order;

/* The key of a message; NULL: none. */
const char *fl_key_order_key(const filch_message *message);
/* Is a job of this key running whose lease holds? Keys without are forgotten. */
bool fl_key_order_is_busy(fl_key_order *order, const char *key, int64_t now);
/* The job with this number begins, and ends with fl_key_order_end, or at `until`. false: no memory. */
bool fl_key_order_begin(fl_key_order *order, const char *key, uint64_t number, int64_t until);
void fl_key_order_extend(fl_key_order *order, uint64_t number, int64_t until);
void fl_key_order_end(fl_key_order *order, uint64_t number);
void fl_key_order_clear(fl_key_order *order);

#endif
