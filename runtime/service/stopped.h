/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cancel of single jobs: asks the broker which of the leased messages are to be cancelled. Only jobs that
 * are held for a while cost a question, and messages that come again, since a message can be marked
 * no sooner than it is leased. All by the owner. */
#ifndef FL_SERVICE_STOPPED_H
#define FL_SERVICE_STOPPED_H

#include <filch/service.h>
#include <runtime/service/broker.h>

/* Asks about all leased messages if that is due. */
void fl_service_look_for_stopped(filch_service *service);
/* The time of filch_now at which it is; FILCH_FOREVER: it never is. */
int64_t fl_service_stopped_due(const filch_service *service);
/* Asks about those of a batch that were delivered before: they are not to begin. */
void fl_service_stop_redelivered(filch_service *service, fl_delivery *const *batch, unsigned count);

#endif
