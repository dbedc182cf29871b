/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Answers to the broker, in batches: sent at 100, when the oldest is 5 ms old, or when no handler
 * is left that could add one. All by the owner. */
#ifndef FL_SERVICE_SETTLE_H
#define FL_SERVICE_SETTLE_H

#include <filch/service.h>
#include <runtime/service/broker.h>

#include <stdbool.h>

/* Its verdict is to be sent. It is in no list. count: a field of service->stats, incremented when the
 * broker has accepted the answer. */
void fl_service_answer_job(filch_service_job *job, uint64_t *count);
/* The same for one that did not begin: it goes back. */
void fl_service_return_job(filch_service_job *job);
/* Sends answers that are due. */
void fl_service_settle(filch_service *service);
/* The time of the service's clock at which some are due; FILCH_FOREVER: none, or the broker is
 * away. */
int64_t fl_service_settle_due(const filch_service *service);
/* The oldest answers, up to FL_SETTLE_BATCH, as a batch for the broker. Returns how many. */
unsigned fl_service_collect(filch_service *service, fl_settlement *batch, fl_note *notes);
/* After the broker's call: jobs that are settled, or cannot be, go. Those that are settled are counted,
 * and dead letters reported. true: some are left. */
bool fl_service_apply(filch_service *service, const fl_settlement *batch, unsigned count);

#endif
