/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * 100,000 messages wait in a quorum queue of RabbitMQ. */
#include <tests/service/backlog.h>
#include <tests/service/brokers/rabbit/rabbit.h>

Test(backlog_rabbit, delivery_is_ordered_with_bounded_memory)
{
    a_backlog_is_taken_in_order(&fl_broker_rabbit, rabbit_url(""));
}
