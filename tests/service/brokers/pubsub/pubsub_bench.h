/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bench of the claims about brokers (broker_bench.h), with Pub/Sub on it. */
#ifndef SERVICE_PUBSUB_BENCH_H
#define SERVICE_PUBSUB_BENCH_H

#include <runtime/service/brokers/pubsub/pubsub.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/pubsub/pubsub.h>
#include <tests/service/real_clock.h>

static inline const char *fresh_url(void)
{
    pubsub_start();
    set_clock(0);
    return pubsub_url(pubsub.port, "&credentials=none");
}

/* More than that on the server's clock: its deadlines are later by an eighth, and whole seconds. */
static inline void pass_time(int64_t ns)
{
    char order[64];
    int64_t rest = ns < FILCH_SECOND ? 0 : ns / 8 + FILCH_SECOND;
    pass(ns);
    snprintf(order, sizeof order, "pass?ns=%lld", (long long)(ns + rest));
    pubsub_control(order);
    usleep(20 * 1000); /* an answer to a request that waits is on its way */
}

/* A connection whose requests wait at the server gets messages later than others. */
static inline fl_broker_rc receive_soon(fl_broker *broker, unsigned queue, fl_delivery **out,
                                        unsigned most, unsigned *count)
{
    enum { TRIES = 40, WAIT = 50 };
    fl_broker_rc rc = fl_broker_pubsub.receive(broker, queue, out, most, count);
    fl_pubsub *p = fl_pubsub_of(broker);
    for (unsigned i = 0; i < TRIES && !rc && !*count && p->queues[queue].flows; i++) {
        struct pollfd fd = {.fd = fl_web_fd(p->web), .events = POLLIN};
        poll(&fd, 1, WAIT);
        rc = fl_broker_pubsub.turn(broker);
        rc = rc ? rc : fl_broker_pubsub.receive(broker, queue, out, most, count);
    }
    return rc;
}

static inline void post(bench *b, const char *path, const char *body);

static inline void publish_foreign(bench *b)
{
    post(b, "projects/project/topics/tasks:publish",
         "{\"messages\": [{\"data\": \"eyJuIjogMX0=\"}]}");
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time,
                                     .publish_foreign = publish_foreign};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_pubsub;
    kind.receive = receive_soon;
}

static inline fl_pubsub *consumer_of(const bench *b)
{
    return fl_pubsub_of(b->consumer);
}

/* POST of a request of the REST interface. */
static inline void post(bench *b, const char *path, const char *body)
{
    fl_pubsub_reply reply;
    cr_assert_eq(fl_pubsub_ask(consumer_of(b), NULL, path, json_loads(body, JSON_ALLOW_NUL, NULL),
                               0, &reply, "ask"),
                 FL_BROKER_OK);
    json_decref(reply.json);
}

#endif
