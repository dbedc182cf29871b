/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waits of a handler end with the context of its job: at the handler's timeout, when the job is cancelled, when the
 * service stops, and when its lease is lost. */
#include <filch/context.h>
#include <filch/sync.h>
#include <filch/timer.h>
#include <tests/service/service.h>

static filch_semaphore nothing; /* that nobody gives */
static signpost begun;
static filch_u32 ended; /* waits, with -ECANCELED */
static fl_broker *broker;
static filch_service *service;

static int acquires(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    int rc = filch_semaphore_acquire_until(&nothing, 1, FILCH_FOREVER);
    filch_u32_add(&ended, rc == -ECANCELED, FILCH_ACQ_REL);
    return rc;
}

static void nothing_more(void)
{
}

static void cancel(void)
{
    bool found;
    cr_assert_eq(fl_broker_memory.stop(broker, "1", &found), FL_BROKER_OK);
    cr_assert(found);
}

static void stop(void)
{
    filch_service_stop(service, 0);
}

static void take_its_lease(void)
{
    const filch_message poke = {.id = "0", .queue = "second", .type = "none", .attempt = 1};
    fl_publication item = {.message = &poke};
    fl_delivery *delivery;
    unsigned count;
    pass(PAST_LEASE);
    cr_assert_eq(fl_broker_memory.receive(broker, 0, &delivery, 1, &count), FL_BROKER_OK);
    cr_assert_eq(count, 1);
    free(delivery);
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
}

static const struct row {
    const char *name;
    fl_broker_role role; /* of the broker beside */
    int64_t timeout;
    void (*end)(void);
    filch_service_outcome outcome; /* FILCH_SERVICE_OUTCOMES: none, it is another's */
} rows[] = {
    {"timeout", FL_BROKER_ADMINISTERS, FILCH_MILLISECOND, nothing_more, FILCH_SERVICE_RETRIED},
    {"cancel", FL_BROKER_ADMINISTERS, 0, cancel, FILCH_SERVICE_CANCELLED},
    {"stop", FL_BROKER_ADMINISTERS, 0, stop, FILCH_SERVICE_GIVEN_BACK},
    {"lost lease", FL_BROKER_CONSUMES, 0, take_its_lease, FILCH_SERVICE_OUTCOMES},
};

static void wait_in_handler(const struct row *row, unsigned workers)
{
    const filch_handler handler = {.type = "acquire", .fn = acquires, .timeout = row->timeout};
    const filch_message message = {.id = "1", .type = "acquire"};
    serving one;
    begun = (signpost){0};
    filch_u32_store(&ended, 0, FILCH_RELAXED);
    broker = beside("memory:", row->role);
    service =
        service_of((filch_service_config){.clock = test_clock, .workers = workers}, &handler, 1);
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    row->end();
    WAIT_WHILE(!filch_u32_load(&ended, FILCH_ACQUIRE));
    WAIT_WHILE(service_stats(service).held);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), row->end == stop ? -ECANCELED : 0);
    const filch_service_stats stats = service_stats(service);
    for (int i = 0; i < FILCH_SERVICE_OUTCOMES && row->outcome < FILCH_SERVICE_OUTCOMES; i++)
        cr_assert_eq(stats.outcomes[i], i == (int)row->outcome, "%s, %u workers: outcome %d",
                     row->name, workers, i);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service_waits, end_with_the_jobs_context, .timeout = 60)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < sizeof workers / sizeof *workers; i++)
        for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++)
            wait_in_handler(&rows[row], workers[i]);
}

static void sleeps(void *rc)
{
    *(int *)rc = filch_sleep(FILCH_MILLISECOND);
}

static int cleans_up(filch_self self, filch_service_job *job, void *arg)
{
    filch_context_wait(filch_service_job_context(job), FILCH_FOREVER);
    filch_shielded(sleeps, arg);
    return 0;
}

Test(service_waits, shields_outlast_the_jobs_context)
{
    int rc = -EINVAL;
    const filch_handler handler = {.type = "clean",
                                   .fn = cleans_up,
                                   .arg = &rc,
                                   .timeout = FILCH_MILLISECOND};
    service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    publish(service, "clean", "");
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(rc, 0, "%d", rc);
    OK(filch_service_destroy(service));
}
