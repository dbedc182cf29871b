/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `amqp://` conforms to the interface, on a server of its own; foreign messages are
 * accepted; queues that exist are used as they are; URLs and servers that cannot be used are
 * refused with the remedy. */
#include <tests/support/broker.h>
#include <tests/support/rabbit.h>
#include <tests/support/rabbit_bench.h>

BROKER_CONFORMS(rabbit_broker, rabbit_tested)
