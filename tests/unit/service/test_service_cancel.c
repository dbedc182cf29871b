/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; first
 *
 * Cancel of single jobs, on request of an administrator. */
#include <filch/service.h>
#include <tests/service/service.h>

#include <runtime/service/service.h>

static signpost begun, let_go;
static signpost causes, told; /* handlers that were cancelled; hooks that were told so */
static fl_broker *broker;
static filch_service *service;

static void stop_is(const char *id, bool expected)
{
    bool found;
    cr_assert_eq(fl_broker_memory.stop(broker, id, &found), FL_BROKER_OK);
    cr_assert_eq(found, expected, "%s", id);
}

static int waits(filch_self self, filch_service_job *job, void *answer)
{
    signpost_raise(&begun);
    if (filch_context_wait(filch_service_job_context(job), FILCH_FOREVER) == -ECANCELED)
        signpost_raise(&causes);
    return *(int *)answer;
}

static void after(filch_service_job *job, filch_service_outcome outcome, const char *reason,
                  void *arg)
{
    if (outcome == FILCH_SERVICE_CANCELLED && !*reason)
        signpost_raise(&told);
}

static void start(const filch_handler *handlers, size_t count, unsigned width)
{
    begun = let_go = causes = told = (signpost){0};
    broker = beside("memory:", FL_BROKER_ADMINISTERS);
    service = service_of((filch_service_config){.width = width, .buffer = 1, .after = after},
                         handlers, count);
}

static void publish_id(const char *type, const char *id)
{
    const filch_message message = {.id = id, .type = type};
    cr_assert_eq(filch_service_publish(service, &message, FILCH_FOREVER), 0, "%s", filch_error());
}

static void finish(serving *one)
{
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(one), 0);
    cr_assert(is_empty(broker), "all messages are forgotten");
    cr_assert_eq(count_of(broker, 0).dead, 0);
}

static void end(void)
{
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

static int goes_on(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    signpost_wait(&let_go, 1);
    return filch_context_cause(filch_service_job_context(job));
}

/* One job is cancelled, and another one goes on. */
static void cancel_one_that_returns(int answer)
{
    const filch_handler handlers[] = {{.type = "asked", .fn = waits, .arg = &answer},
                                      {.type = "other", .fn = goes_on}};
    serving one;
    start(handlers, 2, 2);
    publish_id("asked", "1");
    publish_id("other", "2");
    serving_begin(&one, service);
    signpost_wait(&begun, 2);
    stop_is("1", true);
    WAIT_WHILE(service_stats(service).settled < 1);
    stop_is("1", false);
    signpost_raise(&let_go);
    finish(&one);
    filch_service_stats stats = service_stats(service);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_CANCELLED], 1);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_DONE], 1, "the other one goes on");
    cr_assert(signpost_count(&causes) == 1 && signpost_count(&told) == 1);
    cr_assert_eq(filch_counter_read(service->types[0].record.counts[FL_RECORD_CANCELLED]), 1);
    end();
}

Test(service_cancel, running_job_is_cancelled_and_forgotten)
{
    static const int answers[] = {-ECANCELED, -EAGAIN, -EBADMSG};
    for (unsigned i = 0; i < 3; i++)
        cancel_one_that_returns(answers[i]);
}

Test(service_cancel, job_that_still_succeeds_is_done)
{
    int answer = 0;
    const filch_handler handler = {.type = "wait", .fn = waits, .arg = &answer};
    serving one;
    start(&handler, 1, 1);
    publish_id("wait", "1");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    stop_is("1", true);
    WAIT_WHILE(service_stats(service).settled < 1);
    finish(&one);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_DONE], 1);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_CANCELLED], 0);
    end();
}

static int tells_and_waits(filch_self self, filch_service_job *job, void *arg)
{
    OK(filch_service_job_progress(job, "one", 3));
    OK(filch_service_job_result(job, "early", 5));
    signpost_raise(&begun);
    return filch_context_wait(filch_service_job_context(job), FILCH_FOREVER);
}

Test(service_cancel, cancelled_record_has_no_result)
{
    const filch_handler handler = {.type = "wait", .fn = tells_and_waits};
    filch_service_record *record = NULL;
    serving one;
    start(&handler, 1, 1);
    publish_id("wait", "1");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    stop_is("1", true);
    WAIT_WHILE(service_stats(service).settled < 1);
    finish(&one);
    OK(filch_service_record_read(service, "1", &record, FILCH_FOREVER));
    cr_assert_eq(record->state, FILCH_RECORD_CANCELLED);
    cr_assert(record->progress && !record->result && !record->reason);
    filch_service_record_destroy(record);
    end();
}

Test(service_cancel, cancelled_unbegun_job_never_begins)
{
    int answer = -ECANCELED;
    const filch_handler handler = {.type = "wait", .fn = waits, .arg = &answer};
    serving one;
    start(&handler, 1, 1);
    publish_id("wait", "1");
    publish_id("wait", "2");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    WAIT_WHILE(count_of(broker, 0).leased < 2);
    stop_is("2", true);
    WAIT_WHILE(service_stats(service).outcomes[FILCH_SERVICE_CANCELLED] < 1);
    stop_is("1", true);
    finish(&one);
    cr_assert_eq(service_stats(service).begun, 1);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_CANCELLED], 2);
    cr_assert_eq(filch_counter_read(service->types[0].record.counts[FL_RECORD_CANCELLED]), 2);
    end();
}

Test(service_cancel, job_is_cancelled_during_drain)
{
    int answer = -ECANCELED;
    const filch_handler handler = {.type = "wait", .fn = waits, .arg = &answer};
    serving one;
    start(&handler, 1, 1);
    publish_id("wait", "1");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    filch_service_stop(service, FILCH_FOREVER);
    WAIT_WHILE(!service_stats(service).is_draining);
    stop_is("1", true);
    cr_assert_eq(serving_end(&one), 0);
    cr_assert(is_empty(broker));
    end();
}

static int asks_late_for_its_context(filch_self self, filch_service_job *job, void *arg)
{
    bool stopped = false;
    signpost_raise(&begun);
    WAIT_WHILE((pthread_mutex_lock(&job->service->lock), stopped = job->stopped,
                pthread_mutex_unlock(&job->service->lock), !stopped));
    if (filch_context_cause(filch_service_job_context(job)) == -ECANCELED)
        signpost_raise(&causes);
    return -EIO;
}

Test(service_cancel, context_requested_later_is_done)
{
    const filch_handler handler = {.type = "wait", .fn = asks_late_for_its_context};
    serving one;
    start(&handler, 1, 1);
    publish_id("wait", "1");
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    stop_is("1", true);
    signpost_wait(&causes, 1);
    finish(&one);
    end();
}

/* The race: a request comes when the function has returned, and the service has not asked. */
static int is_stopped_and_retries(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    stop_is("1", true);
    return filch_service_job_retry(job, 1, "again");
}

Test(service_cancel, job_retried_meanwhile_never_begins_again)
{
    const filch_handler handler = {.type = "wait", .fn = is_stopped_and_retries};
    broker = beside("memory:", FL_BROKER_ADMINISTERS);
    service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    publish_id("wait", "1");
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(count_of(broker, 0).delayed, 1);
    pass(1);
    cr_assert_eq(run_ready(service), 0);
    cr_assert_eq(signpost_count(&begun), 1);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_RETRIED], 1);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_CANCELLED], 1);
    cr_assert(is_empty(broker));
    end();
}
