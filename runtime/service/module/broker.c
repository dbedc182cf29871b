/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The symbol of a module with one of Filch's brokers. FL_BROKER is the name of its fl_broker_kind. */
#include <runtime/service/broker.h>
#include <runtime/service/modules.h>

FL_BROKER_EXPORT(FL_BROKER);
