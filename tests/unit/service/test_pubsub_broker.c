/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `pubsub://` conforms to the interface, against our stand-in of the service. */
#include <runtime/service/brokers/pubsub.h>
#include <tests/support/broker.h>
#include <tests/support/pubsub.h>
#include <time.h>

static int64_t real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

static const char *fresh_url(void)
{
    pubsub_start();
    filch_u64_store(&test_time, (uint64_t)real_time(), FILCH_RELEASE);
    return pubsub_url(pubsub.port, "&credentials=none");
}

/* More than that on the server's clock: its deadlines are later by an eighth, and whole seconds. */
static void pass_time(int64_t ns)
{
    char order[64];
    int64_t rest = ns < FILCH_SECOND ? 0 : ns / 8 + FILCH_SECOND;
    pass(ns);
    snprintf(order, sizeof order, "pass?ns=%lld", (long long)(ns + rest));
    pubsub_control(order);
    usleep(20 * 1000); /* an answer to a request that waits is on its way */
}

/* A connection whose requests wait at the server gets messages later than others. */
static fl_broker_rc receive_soon(fl_broker *broker, unsigned queue, fl_delivery **out,
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

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind, .fresh_url = fresh_url, .pass = pass_time};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_pubsub;
    kind.receive = receive_soon;
}

BROKER_CONFORMS(pubsub_broker, tested)
