/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of a service: a drain, its deadline, the second stop; with 1, 2 and 8 workers. */
#include <tests/service/service.h>

static signpost begun, let_go, ended;

static int waits(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    signpost_wait(&let_go, 1);
    signpost_raise(&ended);
    return 0;
}

static int waits_for_its_context(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    int cause = filch_context_wait(filch_service_job_context(job), FILCH_FOREVER);
    signpost_raise(&ended);
    return cause;
}

static const unsigned workers[] = {1, 2, 8};

static fl_broker *broker;
static filch_service *service;
static serving one;

/* Ten messages, one of which is running. */
static void start(unsigned w, filch_service_fn *fn)
{
    const filch_handler handler = {.type = "wait", .fn = fn};
    broker = beside("memory:", FL_BROKER_ADMINISTERS);
    service = service_of((filch_service_config){.width = 1, .buffer = 9, .workers = workers[w]},
                         &handler, 1);
    begun = let_go = ended = (signpost){0};
    for (unsigned i = 0; i < 10; i++)
        publish(service, "wait", "");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    WAIT_WHILE(count_of(broker, 0).leased < 10);
}

static void finish(void)
{
    cr_assert_eq(signpost_count(&begun), 1, "no other message began");
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service_drain, drain_returns_unbegun_messages_at_once)
{
    for (unsigned w = 0; w < 3; w++) {
        start(w, waits);
        OK(filch_service_stop(service, FILCH_FOREVER));
        WAIT_WHILE(count_of(broker, 0).ready < 9);
        cr_assert_eq(count_of(broker, 0).leased, 1, "the handler has not returned");
        cr_assert_eq(signpost_count(&ended), 0);
        signpost_raise(&let_go);
        cr_assert_eq(serving_end(&one), 0);
        cr_assert_eq(count_of(broker, 0).ready, 9);
        cr_assert_eq(count_of(broker, 0).leased, 0);
        filch_service_stats stats = service_stats(service);
        cr_assert_eq(stats.returned, 9);
        cr_assert_eq(stats.settled, 10);
        cr_assert_eq(stats.outcomes[FILCH_SERVICE_DONE], 1);
        finish();
    }
}

/* Messages that go back were not delivered, and keep their attempt. */
static void nothing_was_counted(void)
{
    fl_delivery *all[10];
    unsigned count;
    cr_assert_eq(fl_broker_memory.peek(broker, 0, all, 10, &count), FL_BROKER_OK);
    cr_assert_eq(count, 10);
    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(all[i]->message.attempt, 1);
        cr_assert_eq(all[i]->message.deliveries, 0);
        free(all[i]);
    }
}

Test(service_drain, second_stop_cancels_and_reports_it)
{
    for (unsigned w = 0; w < 3; w++) {
        start(w, waits_for_its_context);
        OK(filch_service_stop(service, FILCH_FOREVER));
        WAIT_WHILE(count_of(broker, 0).ready < 9);
        cr_assert_eq(signpost_count(&ended), 0);
        OK(filch_service_stop(service, FILCH_FOREVER));
        cr_assert_eq(serving_end(&one), -ECANCELED);
        cr_assert_eq(filch_service_stop(service, FILCH_FOREVER), -EALREADY);
        cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_GIVEN_BACK], 1);
        nothing_was_counted();
        finish();
    }
}

Test(service_drain, deadline_cancels_like_second_stop)
{
    for (unsigned w = 0; w < 3; w++) {
        start(w, waits_for_its_context);
        OK(filch_service_stop(service, filch_in(FILCH_MILLISECOND)));
        cr_assert_eq(serving_end(&one), -ECANCELED);
        nothing_was_counted();
        finish();
    }
}

Test(service_drain, drain_awaits_handler_ignoring_second_stop)
{
    start(1, waits);
    OK(filch_service_stop(service, 0));
    WAIT_WHILE(count_of(broker, 0).ready < 9);
    cr_assert_eq(count_of(broker, 0).leased, 1);
    signpost_raise(&let_go);
    cr_assert_eq(serving_end(&one), -ECANCELED);
    cr_assert_eq(count_of(broker, 0).leased + count_of(broker, 0).ready, 9);
    finish();
}

Test(service_drain, idle_service_stops_for_good)
{
    const filch_handler handler = {.type = "wait", .fn = waits};
    service = service_of((filch_service_config){0}, &handler, 1);
    serving_begin(&one, service);
    WAIT_WHILE(!service_stats(service).is_connected);
    cr_assert_eq(filch_service_run(service), -EBUSY);
    cr_assert_eq(filch_service_destroy(service), -EBUSY);
    cr_assert_eq(filch_service_stop(service, -1), -EINVAL);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_run(service));
    OK(filch_service_destroy(service));
}

static void runs_a_service(filch_self self, void *arg)
{
    cr_assert_eq(filch_service_run(arg), -EINVAL);
    signpost_raise(&ended);
}

Test(service_drain, a_task_cannot_own_the_connection)
{
    const filch_handler handler = {.type = "wait", .fn = waits};
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    service = service_of((filch_service_config){.runtime = rt}, &handler, 1);
    OK(filch_go(rt, runs_a_service, service));
    signpost_wait(&ended, 1);
    OK(filch_service_destroy(service));
    OK(filch_runtime_destroy(rt));
}
