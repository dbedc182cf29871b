/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Services of a test on the broker `memory:`, a clock that only the test moves, and a look at the
 * broker from beside. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <filch/service.h>
#include <pthread.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>
#include <stdio.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

#define PAST_LEASE (31 * FILCH_SECOND) /* more than the default lease */

/* ---- The clock ---- */

static filch_u64 test_time = {1000};

static inline int64_t test_clock(void *arg)
{
    return (int64_t)filch_u64_load(&test_time, FILCH_ACQUIRE);
}

static inline void pass(int64_t ns)
{
    filch_u64_add(&test_time, (uint64_t)ns, FILCH_ACQ_REL);
}

/* ---- Beside the service ---- */

static const char *const test_queues[] = {"tasks", "tasks.dlq", "second"};

static inline int64_t beside_now(const fl_broker_host *host)
{
    return test_clock(NULL);
}

static inline fl_delivery *beside_delivery(const fl_broker_host *host, const filch_message *message)
{
    fl_delivery *one = calloc(1, sizeof *one + fl_message_room(message));
    fl_message_copy(&one->message, message, one + 1);
    return one;
}

static inline void beside_drop(const fl_broker_host *host, fl_delivery *delivery)
{
    free(delivery);
}

FILCH_PRINTF(3, 4)
static inline fl_broker_rc beside_explain(const fl_broker_host *host, fl_broker_rc rc,
                                          const char *format, ...)
{
    return rc;
}

static filch_u64 told_repetitions; /* times that the log said that jobs run again */

static inline void beside_log(const fl_broker_host *host, filch_log_level level, const char *text)
{
    filch_u64_add(&told_repetitions, strstr(text, "they run again") != NULL, FILCH_ACQ_REL);
}

static const fl_broker_host beside_host = {FL_BROKER_ABI,   beside_now,  beside_now,
                                           beside_delivery, beside_drop, beside_explain,
                                           beside_log};

/* A connection of the test's own, with leases of 30 s; queues as in test_queues. */
static inline fl_broker *beside(const char *url, fl_broker_role role)
{
    const fl_broker_config config = {.host = &beside_host,
                                     .role = role,
                                     .url = url,
                                     .queues = test_queues,
                                     .queue_count = 3,
                                     .prefetch = 1000,
                                     .lease = 30 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST};
    fl_broker *broker = NULL;
    cr_assert_eq(fl_broker_memory.open(&broker, &config), FL_BROKER_OK);
    return broker;
}

static inline fl_broker_count count_of(fl_broker *broker, unsigned queue)
{
    fl_broker_count count;
    cr_assert_eq(fl_broker_memory.count(broker, queue, &count), FL_BROKER_OK);
    return count;
}

static inline bool is_empty(fl_broker *broker)
{
    fl_broker_count count = count_of(broker, 0);
    return !count.ready && !count.delayed && !count.leased;
}

/* The only message of a queue that waits; free it. */
static inline fl_delivery *only_message(fl_broker *broker, unsigned queue)
{
    fl_delivery *two[2];
    unsigned count;
    cr_assert_eq(fl_broker_memory.peek(broker, queue, two, 2, &count), FL_BROKER_OK);
    cr_assert_eq(count, 1);
    return two[0];
}

static inline void reason_is(fl_broker *broker, const char *expected)
{
    fl_delivery *dead = only_message(broker, 1);
    const char *reason = filch_message_header(&dead->message, "X-DLQ-Reason");
    cr_assert(reason && strcmp(reason, expected) == 0, "'%s'", reason);
    cr_assert_str_eq(filch_message_header(&dead->message, "x-original-queue"), "tasks");
    cr_assert(filch_message_header(&dead->message, "x-dlq-timestamp"));
    free(dead);
}

/* ---- Services ---- */

static inline filch_service *service_of(filch_service_config config, const filch_handler *handlers,
                                        size_t count)
{
    filch_service *service = NULL;
    config.size = sizeof config;
    config.workers = config.workers || config.runtime ? config.workers : 2;
    cr_assert_eq(filch_service_create(&service, &config, handlers, count), 0, "%s", filch_error());
    return service;
}

static inline filch_service_stats service_stats(filch_service *service)
{
    filch_service_stats stats;
    filch_service_stats_read(service, &stats, sizeof stats);
    return stats;
}

static inline void publish(filch_service *service, const char *type, const char *body)
{
    const filch_message message = {.type = type, .body = body, .body_size = strlen(body)};
    cr_assert_eq(filch_service_publish(service, &message, FILCH_FOREVER), 0, "%s", filch_error());
}

static inline uint64_t run_ready(filch_service *service)
{
    uint64_t ran = 0;
    int rc = filch_service_run_ready(service, &ran);
    cr_assert_eq(rc, 0, "%d %s", rc, filch_error());
    return ran;
}

/* A service that runs on a thread of its own. */
typedef struct serving {
    pthread_t thread;
    filch_service *service;
    int rc;
} serving;

static inline void *serve(void *arg)
{
    serving *one = arg;
    one->rc = filch_service_run(one->service);
    return NULL;
}

static inline void serving_begin(serving *one, filch_service *service)
{
    one->service = service;
    cr_assert_eq(pthread_create(&one->thread, NULL, serve, one), 0);
}

static inline int serving_end(serving *one)
{
    pthread_join(one->thread, NULL);
    return one->rc;
}

#endif
