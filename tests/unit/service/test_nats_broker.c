/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `nats://` conforms to the interface. */
#include <tests/support/broker.h>
#include <tests/support/nats.h>
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
    set_clock(0);
    nats_kill();
    nats_start(nats_jetstream());
    return nats_url("");
}

/* More than that on the server's clock: its leases are longer by an eighth. */
static void pass_time(int64_t ns)
{
    int64_t real = ns + ns / 4 + 100 * FILCH_MILLISECOND;
    struct timespec span = {real / FILCH_SECOND, real % FILCH_SECOND};
    while (nanosleep(&span, &span))
        ;
    set_clock(test_clock(NULL) + ns);
}

static const tested_broker tested = {.kind = &fl_broker_nats,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time,
                                     .second = 40 * FILCH_MILLISECOND,
                                     .counts_returns = true,
                                     .merges_counts = true};

BROKER_CONFORMS(nats_broker, tested)
