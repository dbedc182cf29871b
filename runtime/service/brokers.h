/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers by the scheme of a URL: those that are compiled in, and those in modules. The text of their
 * capabilities. */
#ifndef FL_BROKERS_H
#define FL_BROKERS_H

#include <runtime/service/broker.h>

extern const fl_broker_kind fl_broker_memory;
extern const fl_broker_kind fl_broker_sqlite;     /* if built with sqlite3 */
extern const fl_broker_kind fl_broker_postgres;   /* if built with libpq */
extern const fl_broker_kind fl_broker_redis;      /* if built with hiredis */
extern const fl_broker_kind fl_broker_nats;       /* if built with libnats */
extern const fl_broker_kind fl_broker_kafka;      /* if built with librdkafka */
extern const fl_broker_kind fl_broker_rabbit;     /* if built with librabbitmq */
extern const fl_broker_kind fl_broker_sqs;        /* if built with libcurl, jansson, libcrypto */
extern const fl_broker_kind fl_broker_pubsub;     /* if built with libcurl, jansson, openssl */
extern const fl_broker_kind fl_broker_servicebus; /* if built with libqpid-proton */

/* NULL at the end. libfilch-service.a has all that were built; other programs load modules. */
extern const fl_broker_kind *const fl_brokers_built_in[];

/* The broker for a URL, by its scheme. NULL: -EINVAL, explained. */
const fl_broker_kind *fl_broker_of(const char *url);
/* The broker of a module (modules.h). NULL: -EINVAL, explained. */
const fl_broker_kind *fl_broker_load(const char *name);
/* The capabilities that are yes or no, in the order of lists; NULL at the end. */
const char *fl_broker_feature(unsigned i);
bool fl_broker_has(const fl_broker_caps *caps, unsigned i);
/* Writes the length of leases, "up to 60 s". */
void fl_broker_leases(const fl_broker_caps *caps, char *text, size_t size);
/* Writes "memory: priority, delay, ..." as snprintf does. */
size_t fl_broker_describe(const fl_broker_kind *kind, const fl_broker_caps *caps, char *text,
                          size_t size);

#endif
