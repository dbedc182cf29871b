/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; long
 *
 * The broker `servicebus://` conforms to the interface, against the stand-in. */
#include <tests/service/broker.h>
#include <tests/service/brokers/servicebus/service_bus.h>
#include <tests/service/real_clock.h>

static const char *fresh_url(void)
{
    service_bus_start("1688", "1000"); /* 30 seconds of the claims, and an eighth */
    return service_bus_url(service_bus.port, "");
}

/* A claim's time begins when it is connected. */
static fl_broker_rc open_now(fl_broker **out, const fl_broker_config *config)
{
    fl_broker_rc rc = fl_broker_servicebus.open(out, config);
    set_clock(test_clock(NULL));
    return rc;
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind,
                                     .fresh_url = fresh_url,
                                     .pass = pass_leases,
                                     .second = 50 * FILCH_MILLISECOND,
                                     .counts_returns = true};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_servicebus;
    kind.open = open_now;
}

BROKER_CONFORMS(servicebus_broker, tested)
