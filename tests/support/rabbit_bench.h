/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `amqp://` as a tested_broker. Its server sends messages when it has them, so `receive`
 * of the tests looks until there are enough, or until none has come for a while: an answer of the
 * server to a request made then shows that it has sent all. */
#ifndef SUPPORT_RABBIT_BENCH_H
#define SUPPORT_RABBIT_BENCH_H

#include <runtime/service/brokers/rabbit.h>
#include <tests/support/broker.h>
#include <tests/support/rabbit.h>

#include <time.h>

/* Real time goes by, as well as that of the test's clock. */
static inline void rabbit_pass(int64_t ns)
{
    const struct timespec time = {ns / FILCH_SECOND, ns % FILCH_SECOND};
    nanosleep(&time, NULL);
    pass(ns);
}

static inline const char *rabbit_fresh_url(void)
{
    const char *url = rabbit_url("");
    amqp_connection_state_t state = rabbit_connect();
    for (unsigned i = 0; i < 3; i++)
        rabbit_delete(state, test_queues[i]);
    rabbit_disconnect(state);
    return url;
}

static inline fl_broker_rc rabbit_receive_all(fl_broker *broker, unsigned queue, fl_delivery **out,
                                              unsigned most, unsigned *count)
{
    enum { QUIET = 500 }; /* ms */
    int ready = 1;
    *count = 0;
    for (;;) {
        unsigned more;
        int64_t until = FILCH_FOREVER;
        struct pollfd fds[FL_WAKER_FDS];
        fl_broker_rc rc =
            fl_broker_rabbit.receive(broker, queue, out + *count, most - *count, &more);
        *count += more;
        if (rc || *count == most || (!more && !ready))
            return rc;
        unsigned files = fl_broker_rabbit.watch(broker, true, fds, FL_WAKER_FDS, &until);
        ready = poll(fds, files, QUIET);
        rc = fl_broker_rabbit.turn(broker);
        if (rc)
            return rc;
    }
}

static fl_broker_kind rabbit_patient;
static const tested_broker rabbit_tested = {&rabbit_patient, rabbit_fresh_url, rabbit_pass,
                                            .reads_ahead = true, .counts_returns = true};

/* Counts are those of the server, which has delivered what `receive` has not. */
__attribute__((constructor)) static void rabbit_make_patient(void)
{
    rabbit_patient = fl_broker_rabbit;
    rabbit_patient.receive = rabbit_receive_all;
    rabbit_patient.caps.counts = false;
}

#endif
