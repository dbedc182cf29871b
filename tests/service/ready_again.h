/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch_service_run_ready with a server whose answers wait until there are messages: a later call finds a
 * message for which an earlier one had asked. */
#ifndef SERVICE_READY_AGAIN_H
#define SERVICE_READY_AGAIN_H

#include <filch/service.h>
#include <tests/support/test.h>
#include <unistd.h>

static int ready_again_job(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static inline void ready_again_runs(filch_service *service, uint64_t wanted)
{
    uint64_t ran = 0;
    cr_assert_eq(filch_service_run_ready(service, &ran), 0, "%s", filch_error());
    cr_assert_eq(ran, wanted);
}

static inline void ready_again_finds_messages(const char *url, const char *queue_name)
{
    const filch_service_queue queue = {queue_name, 1};
    const filch_handler handler = {.type = "job", .fn = ready_again_job};
    const filch_message message = {.type = "job", .queue = queue_name};
    const filch_service_config config = {.size = sizeof config,
                                         .broker = url,
                                         .queues = &queue,
                                         .queue_count = 1};
    filch_service *service;
    cr_assert_eq(filch_service_create(&service, &config, &handler, 1), 0, "%s", filch_error());
    ready_again_runs(service, 0);
    for (int round = 0; round < 2; round++) {
        usleep(700 * 1000); /* longer than an answer takes that is on its way */
        cr_assert_eq(filch_service_publish(service, &message, filch_in(10 * FILCH_SECOND)), 0, "%s",
                     filch_error());
        ready_again_runs(service, 1);
    }
    OK(filch_service_destroy(service));
}

#endif
