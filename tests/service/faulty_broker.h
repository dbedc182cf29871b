/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A broker of a service, `memory:` behind functions that fail. A test is linked with --wrap=fl_broker_of. */
#ifndef SERVICE_FAULTY_BROKER_H
#define SERVICE_FAULTY_BROKER_H

#include <tests/service/service.h>

/* How a call fails. */
typedef enum way {
    BUSY,          /* without effect */
    LOST,          /* the connection; without effect */
    REFUSED,       /* the same */
    LOST_ITS_REPLY /* the connection, after the effect */
} way;
static const fl_broker_rc results[] = {FL_BROKER_BUSY, FL_BROKER_LOST, FL_BROKER_REFUSED,
                                       FL_BROKER_LOST};
static const char *const names[] = {"busy", "lost", "refused", "lost its reply"};

static way failing_way;
static unsigned calls, failing_call;       /* the n-th; 0: none */
static bool failed, ends_leases;           /* a closed connection ends its leases */
static bool exchanges;                     /* the broker has `exchange` */
static filch_u32 refuses_writes;           /* the broker is busy for settlements and publications */
static bool keeps_dead;                    /* it takes no dead letters: each stays where it is */
static unsigned unsettled, unsettled_most; /* deliveries */
static uintptr_t connection = 1;           /* deliveries have this as their handle */
static unsigned looks_without;             /* calls of receive before the messages arrive */
static int64_t short_lease;                /* ns; 0: leases are as long as asked for */
static fl_broker_kind faulty;

static bool fails_now(void)
{
    bool now = ++calls == failing_call;
    failed = failed || now;
    return now;
}

static fl_broker_rc open_it(fl_broker **out, const fl_broker_config *config)
{
    if (config->role == FL_BROKER_CONSUMES && fails_now())
        return results[failing_way];
    return fl_broker_memory.open(out, config);
}

static void close_it(fl_broker *broker)
{
    fl_broker_memory.close(broker);
    connection++;
    if (ends_leases)
        pass(PAST_LEASE);
}

static fl_broker_rc turn_it(fl_broker *broker)
{
    return fails_now() ? results[failing_way] : FL_BROKER_OK;
}

static void shorten(fl_delivery *const *batch, unsigned count)
{
    for (unsigned i = 0; short_lease && i < count; i++)
        batch[i]->lease_until = test_clock(NULL) + short_lease;
}

static fl_broker_rc receive_it(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *count)
{
    bool fails = fails_now();
    *count = 0;
    if (!fails && looks_without) {
        looks_without--;
        return FL_BROKER_OK;
    }
    if (!fails) {
        fl_broker_rc rc = fl_broker_memory.receive(broker, queue, out, most, count);
        for (unsigned i = 0; i < *count; i++)
            out[i]->handle = (void *)connection;
        unsettled += *count;
        unsettled_most = unsettled > unsettled_most ? unsettled : unsettled_most;
        shorten(out, *count);
        return rc;
    }
    if (failing_way == LOST_ITS_REPLY) {
        fl_broker_memory.receive(broker, queue, out, most, count);
        while (*count)
            broker->host->drop(broker->host, out[--*count]);
    }
    return results[failing_way];
}

static fl_broker_rc settle_it(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    bool fails = fails_now();
    if (filch_u32_load(&refuses_writes, FILCH_ACQUIRE)) /* the statuses are -EAGAIN already */
        return broker->host->explain(broker->host, FL_BROKER_BUSY, "its disk is full");
    for (unsigned i = 0; ends_leases && i < count; i++)
        cr_assert_eq(batch[i].delivery->handle, (void *)connection, "of a lost connection");
    for (unsigned i = 0; i < count && (!fails || failing_way == LOST_ITS_REPLY); i++)
        if (keeps_dead && batch[i].verb == FL_SETTLE_DEAD)
            batch[i].status = -ESTALE;
        else
            fl_broker_memory.settle(broker, &batch[i], 1);
    for (unsigned i = 0; fails && i < count; i++)
        batch[i].status = -EAGAIN;
    unsettled -= fails ? 0 : count;
    return fails ? results[failing_way] : FL_BROKER_OK;
}

static fl_broker_rc exchange_it(fl_broker *broker, fl_settlement *batch, unsigned count,
                                unsigned queue, fl_delivery **out, unsigned most,
                                unsigned *received)
{
    fl_broker_rc rc = settle_it(broker, batch, count);
    *received = 0;
    return rc ? rc : receive_it(broker, queue, out, most, received);
}

static fl_broker_rc extend_it(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease)
{
    if (fails_now())
        return results[failing_way];
    fl_broker_rc rc = fl_broker_memory.extend(broker, batch, count, lease);
    shorten(batch, count);
    return rc;
}

static fl_broker_rc stopped_it(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                               bool *out)
{
    return fails_now() ? results[failing_way] : fl_broker_memory.stopped(broker, batch, count, out);
}

static bool may_come_it(fl_broker *broker, int64_t since)
{
    return looks_without;
}

/* A connection that can do more than its kind says, at a server of the better sort. */
static void caps_of_it(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = faulty.caps;
    caps->durable = true;
}

static fl_broker_rc publish_it(fl_broker *broker, fl_publication *batch, unsigned count)
{
    bool fails = fails_now();
    if (filch_u32_load(&refuses_writes, FILCH_ACQUIRE))
        return broker->host->explain(broker->host, FL_BROKER_BUSY, "its disk is full");
    if (!fails || failing_way == LOST_ITS_REPLY)
        fl_broker_memory.publish(broker, batch, count);
    for (unsigned i = 0; fails && i < count; i++)
        batch[i].status = -EAGAIN;
    return fails ? results[failing_way] : FL_BROKER_OK;
}

const fl_broker_kind *__wrap_fl_broker_of(const char *url);
const fl_broker_kind *__wrap_fl_broker_of(const char *url)
{
    faulty = fl_broker_memory;
    faulty.caps.keeps_leases = !ends_leases;
    faulty.open = open_it;
    faulty.close = close_it;
    faulty.turn = turn_it;
    faulty.receive = receive_it;
    faulty.settle = settle_it;
    faulty.exchange = exchanges ? exchange_it : NULL;
    faulty.extend = extend_it;
    faulty.publish = publish_it;
    faulty.stopped = stopped_it;
    faulty.caps_of = caps_of_it;
    faulty.may_come = may_come_it;
    return &faulty;
}

#endif
