/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Leases on a clock that the test moves: extension, expiry, re-delivery. */
#include <tests/service/service.h>

static signpost begun, let_go, lost;

static int waits(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    signpost_wait(&let_go, 1);
    return 0;
}

static int counts(filch_self self, filch_service_job *job, void *deliveries)
{
    signpost_raise(&begun);
    if (deliveries)
        *(unsigned *)deliveries = filch_service_job_message(job)->deliveries;
    return 0;
}

static int waits_for_its_context(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    int cause = filch_context_wait(filch_service_job_context(job), FILCH_FOREVER);
    if (cause == -ESTALE)
        signpost_raise(&lost);
    return cause;
}

static void publish_to(fl_broker *broker, const char *type)
{
    const filch_message message = {.id = "1", .queue = "tasks", .type = type, .attempt = 1};
    fl_publication item = {.message = &message};
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
}

static unsigned receive(fl_broker *broker, fl_delivery **out)
{
    unsigned count;
    cr_assert_eq(fl_broker_memory.receive(broker, 0, out, 1, &count), FL_BROKER_OK);
    return count;
}

Test(service_leases, dead_consumers_message_returns_after_lease)
{
    unsigned deliveries = 0;
    const filch_handler handler = {.type = "count", .fn = counts, .arg = &deliveries};
    fl_broker *dead = beside("memory:", FL_BROKER_CONSUMES);
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    fl_delivery *delivery;
    publish_to(dead, "count");
    cr_assert_eq(receive(dead, &delivery), 1);
    cr_assert_eq(run_ready(service), 0);
    pass(30 * FILCH_SECOND - 1);
    cr_assert_eq(run_ready(service), 0);
    pass(1);
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(deliveries, 2);
    fl_settlement late = {.delivery = delivery, .verb = FL_SETTLE_ACK};
    cr_assert_eq(fl_broker_memory.settle(dead, &late, 1), FL_BROKER_OK);
    cr_assert_eq(late.status, -ESTALE);
    free(delivery);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(dead);
}

/* Makes the owner look at the clock. */
static void poke(fl_broker *broker)
{
    const filch_message message = {.id = "0", .queue = "second", .type = "none", .attempt = 1};
    fl_publication item = {.message = &message};
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
}

Test(service_leases, lease_is_extended_until_handler_returns)
{
    const filch_handler handler = {.type = "wait", .fn = waits};
    fl_broker *other = beside("memory:", FL_BROKER_CONSUMES);
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    fl_delivery *delivery;
    serving one;
    publish_to(other, "wait");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    for (unsigned i = 1; i <= 9; i++) {
        pass(11 * FILCH_SECOND);
        poke(other);
        WAIT_WHILE(service_stats(service).extended < i);
        cr_assert_eq(receive(other, &delivery), 0, "it is leased");
    }
    signpost_raise(&let_go);
    WAIT_WHILE(!is_empty(other));
    cr_assert_eq(signpost_count(&begun), 1);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(other);
}

Test(service_leases, lost_lease_cancels_handler_without_answer)
{
    const filch_handler handler = {.type = "wait", .fn = waits_for_its_context};
    fl_broker *other = beside("memory:", FL_BROKER_CONSUMES);
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    fl_delivery *delivery;
    serving one;
    publish_to(other, "wait");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    pass(PAST_LEASE); /* as if the process had been stopped */
    cr_assert_eq(receive(other, &delivery), 1);
    poke(other);
    signpost_wait(&lost, 1);
    WAIT_WHILE(service_stats(service).held);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0);
    cr_assert_eq(service_stats(service).lost, 1);
    cr_assert_eq(service_stats(service).settled, 0);
    cr_assert_eq(count_of(other, 0).leased, 1, "the other consumer has it");
    free(delivery);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(other);
}
