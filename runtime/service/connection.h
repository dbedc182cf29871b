/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The owner's connection: its loss and its leases. */
#ifndef FL_SERVICE_CONNECTION_H
#define FL_SERVICE_CONNECTION_H

#include <filch/service.h>
#include <runtime/service/broker.h>
#include <runtime/service/link.h>

/* Connects if it is time. OK, LOST, FATAL. */
fl_broker_rc fl_service_connect(filch_service *service);
/* After a call: true, go on. false: the connection is closed, and with it the leases that do not
 * outlive it. */
bool fl_service_judge(filch_service *service, fl_call call, fl_broker_rc rc);

/* Adds a new delivery to those whose leases are extended. */
void fl_service_lease(filch_service_job *job);
/* Extends leases of which a third is over, and drops jobs that have not begun by the end of
 * theirs. */
void fl_service_extend(filch_service *service);
/* The time of the service's clock at which that is due; FILCH_FOREVER: never. */
int64_t fl_service_extend_due(const filch_service *service);

#endif
