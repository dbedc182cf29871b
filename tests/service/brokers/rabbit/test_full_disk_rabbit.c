/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A RabbitMQ server whose disk fills up. It looks at the space more often the closer it comes to the
 * limit, several times a second here, and stops publishers beyond it. The last bytes are left: from
 * files that it could not write, a RabbitMQ server may not start again. */
#include <tests/service/brokers/rabbit/rabbit_bench.h>
#include <tests/service/full_disk.h>

#define MEGABYTES 96
#define LEAST "64MB" /* between disk_left and the space at the start */

static bool is_published(const filch_message *message)
{
    fl_publication item = {.message = message};
    fl_broker *publisher = rabbit_open(rabbit_url(""), FL_BROKER_PUBLISHES);
    fl_broker_rc rc = fl_broker_rabbit.publish(publisher, &item, 1);
    fl_broker_rabbit.close(publisher);
    cr_assert(rc != FL_BROKER_OK || item.status == 0, "%s", rabbit_explained);
    return rc == FL_BROKER_OK;
}

/* The alarm ends when the server has looked again. Until then it refuses publications, or does not answer
 * the declaration of a queue. The queue is not the one of the claim. */
static void revive(void)
{
    const filch_message message = {.id = "x", .type = "t", .queue = "second", .attempt = 1};
    WAIT_WHILE(!is_published(&message));
}

Test(full_disk_rabbit, publish_fails_but_confirmed_messages_survive)
{
    rabbit_data = disk_make(MEGABYTES);
    rabbit_disk_least = LEAST;
    disk_left = 48 << 20;
    a_full_disk_loses_nothing(
        &(full_disk){&rabbit_patient, rabbit_url(""), "it is short of memory or disk", revive});
}
