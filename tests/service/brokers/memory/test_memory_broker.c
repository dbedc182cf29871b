/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `memory:` conforms to the interface; stores are shared by name. */
#include <tests/service/broker.h>

static const char *fresh_url(void)
{
    return "memory:"; /* new when the last connection was closed */
}

static void pass_time(int64_t ns)
{
    pass(ns);
}

static const tested_broker tested = {.kind = &fl_broker_memory,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time};

BROKER_CONFORMS(memory_broker, tested)

Test(memory_broker, named_stores_live_until_last_close)
{
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_broker *a = beside("memory:a", FL_BROKER_PUBLISHES);
    fl_broker *also_a = beside("memory:a", FL_BROKER_ADMINISTERS);
    fl_broker *b = beside("memory:b", FL_BROKER_ADMINISTERS);
    cr_assert_eq(fl_broker_memory.publish(a, &item, 1), FL_BROKER_OK);
    fl_broker_memory.close(a);
    cr_assert_eq(count_of(also_a, 0).ready, 1);
    cr_assert_eq(count_of(b, 0).ready, 0);
    fl_broker_memory.close(also_a);
    also_a = beside("memory:a", FL_BROKER_ADMINISTERS);
    cr_assert_eq(count_of(also_a, 0).ready, 0);
    fl_broker_memory.close(also_a);
    fl_broker_memory.close(b);
}
