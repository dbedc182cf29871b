/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The service that bars measure: batches of 100, as those of the bare loops. */
#ifndef BARS_WORKER_SERVE_H
#define BARS_WORKER_SERVE_H

#include "../measure.h"
#include "queue.h"

#include <filch/log.h>
#include <filch/service.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SERVE_WIDTH = 100, SERVE_BUFFER = 200 /* it receives when half of it is used up */ };

static inline filch_service *serve_create(const char *url, const filch_handler *handler)
{
    static const filch_service_queue queue = {BAR_QUEUE, 1};
    static filch_log log;
    filch_service *service;
    filch_log_init(&log, FILCH_LOG_WARN, filch_log_to_fd, (void *)(intptr_t)STDERR_FILENO);
    const filch_service_config config = {.size = sizeof config,
                                         .broker = url,
                                         .queues = &queue,
                                         .queue_count = 1,
                                         .width = SERVE_WIDTH,
                                         .buffer = SERVE_BUFFER,
                                         .log = &log};
    measure_check(filch_service_create(&service, &config, handler, 1));
    return service;
}

/* Connects, and runs a first job: a group of Kafka gives a service its partitions seconds after the
 * connection. */
static inline void serve_first(filch_service *service, bar_queue *queue, const filch_message *job)
{
    uint64_t ran = 0;
    measure_check(filch_service_run_ready(service, NULL));
    bar_queue_fill(queue, job, 1);
    for (;;) {
        measure_check(filch_service_run_ready(service, &ran));
        if (ran)
            return;
        measure_sleep(0.001);
    }
}

#endif
