/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long
 *
 * 100,000 messages wait in a stream of NATS. */
#include <tests/service/backlog.h>
#include <tests/service/brokers/nats/nats.h>

Test(backlog_nats, delivery_is_ordered_with_bounded_memory)
{
    nats_start(nats_jetstream());
    a_backlog_is_taken_in_order(&fl_broker_nats, nats_url(""));
}
