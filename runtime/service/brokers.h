/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table of brokers that are compiled in, and the text of their capabilities. */
#ifndef FL_BROKERS_H
#define FL_BROKERS_H

#include <runtime/service/broker.h>

extern const fl_broker_kind fl_broker_memory;
extern const fl_broker_kind fl_broker_sqlite;   /* if built with sqlite3 */
extern const fl_broker_kind fl_broker_postgres; /* if built with libpq */
extern const fl_broker_kind fl_broker_redis;    /* if built with hiredis */
extern const fl_broker_kind fl_broker_nats;     /* if built with libnats */
extern const fl_broker_kind fl_broker_rabbit;   /* if built with librabbitmq */

/* The broker for a URL, by its scheme. NULL: -EINVAL, explained. */
const fl_broker_kind *fl_broker_of(const char *url);
/* The broker in row i of the table; NULL: behind its end. */
const fl_broker_kind *fl_broker_at(unsigned i);
/* Writes "memory: priority, delay, ..." as snprintf does. */
size_t fl_broker_describe(const fl_broker_kind *kind, const fl_broker_caps *caps, char *text,
                          size_t size);

#endif
