/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `servicebus://` conforms to the interface, against the stand-in. */
#include <tests/support/broker.h>
#include <tests/support/service_bus.h>
#include <time.h>

static int64_t real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

/* The service's clock stands still between calls of pass_time; the server's goes on. */
static void set_clock(int64_t at_least)
{
    int64_t now = real_time();
    filch_u64_store(&test_time, (uint64_t)(now > at_least ? now : at_least), FILCH_RELEASE);
}

static const char *fresh_url(void)
{
    service_bus_start("1688", "1000"); /* 30 seconds of the claims, and an eighth */
    return service_bus_url(service_bus.port, "");
}

/* More than that on the server's clock: its locks are longer by an eighth. */
static void pass_time(int64_t ns)
{
    int64_t real = ns + ns / 8 + 100 * FILCH_MILLISECOND;
    struct timespec span = {real / FILCH_SECOND, real % FILCH_SECOND};
    while (nanosleep(&span, &span))
        ;
    set_clock(test_clock(NULL) + ns);
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
                                     .pass = pass_time,
                                     .second = 50 * FILCH_MILLISECOND,
                                     .counts_returns = true};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_servicebus;
    kind.open = open_now;
}

BROKER_CONFORMS(servicebus_broker, tested)
