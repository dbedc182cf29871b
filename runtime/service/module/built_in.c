/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The brokers that need no module. All of them with FL_BROKERS_BUILT_IN, in libfilch-service.a;
 * otherwise those without a client library. */
#include <runtime/service/broker.h>
#include <runtime/service/modules.h>

const fl_broker_kind *const fl_brokers_built_in[] = {
    &fl_broker_memory,
#ifdef FL_BROKERS_BUILT_IN
#include <built_brokers.h>
#endif
    NULL,
};
