/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Connections to a NATS server of the test's own, for claims about the broker `nats://`. */
#ifndef SERVICE_NATS_BENCH_H
#define SERVICE_NATS_BENCH_H

#include <nats/nats.h>
#include <tests/service/broker_foreign.h>
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/real_clock.h>

static const char *fresh_url(void)
{
    nats_kill();
    nats_start(nats_jetstream());
    return nats_url("");
}

/* A claim's time begins when it is connected. */
static fl_broker_rc open_now(fl_broker **out, const fl_broker_config *config)
{
    fl_broker_rc rc = fl_broker_nats.open(out, config);
    set_clock(test_clock(NULL));
    return rc;
}

/* The server confirms a publication before its consumers see it, so a queue without messages is looked
 * at twice. */
static fl_broker_rc receive_twice(fl_broker *broker, unsigned queue, fl_delivery **out,
                                  unsigned most, unsigned *count)
{
    const struct timespec span = {.tv_nsec = 10 * FILCH_MILLISECOND};
    fl_broker_rc rc = fl_broker_nats.receive(broker, queue, out, most, count);
    if (rc || *count)
        return rc;
    nanosleep(&span, NULL);
    return fl_broker_nats.receive(broker, queue, out, most, count);
}

static inline void publish_foreign(bench *b)
{
    natsConnection *other = NULL;
    cr_assert_eq(natsConnection_ConnectTo(&other, b->url), NATS_OK);
    cr_assert_eq(natsConnection_PublishString(other, "jobs.tasks", FOREIGN_BODY), NATS_OK);
    cr_assert_eq(natsConnection_Flush(other), NATS_OK);
    natsConnection_Destroy(other);
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind,
                                     .fresh_url = fresh_url,
                                     .pass = pass_leases,
                                     .second = 50 * FILCH_MILLISECOND,
                                     .counts_returns = true,
                                     .merges_counts = true,
                                     .publish_foreign = publish_foreign};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_nats;
    kind.open = open_now;
    kind.receive = receive_twice;
}

static inline void reopen(bench *b)
{
    bench_end(b);
    nats_start(nats_jetstream());
    b->admin = bench_open(b, FL_BROKER_ADMINISTERS);
    b->publisher = bench_open(b, FL_BROKER_PUBLISHES);
    b->consumer = bench_open(b, FL_BROKER_CONSUMES);
}

static inline void delete_consumer(const char *url)
{
    natsConnection *other;
    jsCtx *js;
    cr_assert_eq(natsConnection_ConnectTo(&other, url), NATS_OK);
    cr_assert_eq(natsConnection_JetStream(&js, other, NULL), NATS_OK);
    cr_assert_eq(js_DeleteConsumer(js, "jobs", "tasks", NULL, NULL), NATS_OK);
    jsCtx_Destroy(js);
    natsConnection_Destroy(other);
}

static inline void open_and_close(const bench *b, fl_broker_role role)
{
    b->kind->close(bench_open(b, role));
}

#endif
