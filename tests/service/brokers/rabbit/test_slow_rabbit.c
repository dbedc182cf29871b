/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A RabbitMQ server that is far away: bytes come one by one, and late. */
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/slow_way.h>

Test(slow_rabbit, messages_come_whole)
{
    messages_come_whole(rabbit_begin().port, &fl_broker_rabbit, "amqp://guest:guest@127.0.0.1:%d/");
}
