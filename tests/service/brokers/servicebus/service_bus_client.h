/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Connections of a test to its Service Bus, and single messages. */
#ifndef SERVICE_SERVICE_BUS_CLIENT_H
#define SERVICE_SERVICE_BUS_CLIENT_H

#include <tests/service/brokers/servicebus/service_bus.h>
#include <tests/service/explained.h>
#include <time.h>

#define KIND (&fl_broker_servicebus)

static inline void set_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    filch_u64_store(&test_time, (uint64_t)(now.tv_sec * FILCH_SECOND + now.tv_nsec), FILCH_RELEASE);
}

static inline fl_broker *opened(const char *url, fl_broker_role role)
{
    fl_broker *broker = NULL;
    set_clock();
    cr_assert_eq(try_to_open_as(KIND, url, role, &broker), FL_BROKER_OK, "%s", explained);
    return broker;
}

static inline fl_broker_rc publish_one(fl_broker *broker, const char *queue, int *status)
{
    const filch_message message = {.id = "1", .type = "t", .queue = queue, .attempt = 1};
    fl_publication item = {.message = &message};
    fl_broker_rc rc = KIND->publish(broker, &item, 1);
    *status = item.status;
    return rc;
}

static inline void published(fl_broker *broker)
{
    int status;
    cr_assert_eq(publish_one(broker, "tasks", &status), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(status, 0);
}

static inline void drop(fl_delivery *one)
{
    KIND->release(one->handle);
    free(one);
}

/* Receives one of the first queue, waiting for it as the service does. */
static inline fl_delivery *received(fl_broker *broker)
{
    fl_delivery *one = NULL;
    unsigned count = 0;
    while (!count) {
        struct pollfd fds[4];
        int64_t until = FILCH_FOREVER;
        set_clock();
        cr_assert_eq(KIND->turn(broker), FL_BROKER_OK, "%s", explained);
        cr_assert_eq(KIND->receive(broker, 0, &one, 1, &count), FL_BROKER_OK, "%s", explained);
        if (!count && until) {
            unsigned used = KIND->watch(broker, true, fds, 4, &until);
            poll(fds, used, 20);
        }
    }
    return one;
}

#endif
