/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Answers and the next messages in one call of the broker, if it has `exchange`. By the owner. */
#ifndef FL_SERVICE_EXCHANGE_H
#define FL_SERVICE_EXCHANGE_H

#include <filch/service.h>

/* While messages are to be received and there are answers, sends these along, also before they are
 * due. fl_service_settle and fl_service_receive do the rest. */
void fl_service_exchange(filch_service *service);

#endif
