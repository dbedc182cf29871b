/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The brokers that need no module. All of them with FL_BROKERS_BUILT_IN, in libfilch-service.a;
 * otherwise those without a client library. */
#include <runtime/service/broker.h>
#include <runtime/service/brokers.h>

const fl_broker_kind *const fl_brokers_built_in[] = {
    &fl_broker_memory,
#ifdef FL_BROKERS_BUILT_IN
#ifdef FILCH_HAVE_SQLITE
    &fl_broker_sqlite,
#endif
#ifdef FILCH_HAVE_RABBIT
    &fl_broker_rabbit,
#endif
#ifdef FILCH_HAVE_POSTGRES
    &fl_broker_postgres,
#endif
#ifdef FILCH_HAVE_REDIS
    &fl_broker_redis,
#endif
#ifdef FILCH_HAVE_NATS
    &fl_broker_nats,
#endif
#ifdef FILCH_HAVE_KAFKA
    &fl_broker_kafka,
#endif
#if defined FILCH_HAVE_PROTON && defined FILCH_HAVE_PROTON_CRYPTO
    &fl_broker_servicebus,
#endif
#if defined FILCH_HAVE_CURL && defined FILCH_HAVE_JANSSON && defined FILCH_HAVE_SSL
    &fl_broker_pubsub,
#endif
#if defined(FILCH_HAVE_SQS_WEB) && defined(FILCH_HAVE_SQS_JSON) && defined(FILCH_HAVE_SQS_CRYPTO)
    &fl_broker_sqs,
#endif
#endif
    NULL,
};
