/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a service: its checks and its defaults. */
#ifndef FL_SERVICE_CONFIG_H
#define FL_SERVICE_CONFIG_H

#include <filch/service.h>
#include <runtime/service/broker.h>

/* Bytes before the first blank or control character, which no name of a queue has. */
size_t fl_queue_name_length(const char *name);
/* Fills in service->config and the queues. 0, or -EINVAL or -ENOTSUP, explained. */
int fl_service_configure(filch_service *service, const filch_service_config *config);
/* Fills in the lease that suits the broker. 0, or -EINVAL. */
int fl_service_configure_lease(filch_service *service, const fl_broker_kind *kind);

#endif
