/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The queue of a bar: filled and counted through the broker, without a service. A failure ends the
 * program with status 2. */
#ifndef BARS_WORKER_QUEUE_H
#define BARS_WORKER_QUEUE_H

#include <filch/service.h>
#include <runtime/service/broker.h>

#define BAR_QUEUE "bars"

typedef struct bar_queue {
    fl_broker_host host; /* first: the broker's functions get its address */
    bool is_quiet;       /* failures are expected */
    const char *name;
    const fl_broker_kind *kind;
    fl_broker *publisher, *counter;
} bar_queue;

void bar_queue_open(bar_queue *q, const char *url);
void bar_queue_close(bar_queue *q);
/* Publishes a batch of messages, confirmed. Sets queue, attempt, id (if NULL) and first_seen. */
void bar_queue_publish(bar_queue *q, filch_message *messages, unsigned count);
/* Publishes one message of its own queue and id, by a connection of its own. false: the server does
 * not take it. *connected: the time at which a server has first accepted a connection; 0 before. */
bool bar_queue_try(const char *url, filch_message message, double *connected);
/* Publishes `count` copies of a message. */
void bar_queue_fill(bar_queue *q, const filch_message *message, long count);
/* Waits until none is left; a server may count acknowledgements late. */
void bar_queue_check_empty(bar_queue *q);

#endif
