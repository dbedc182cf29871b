/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_broker_of
 *
 * A broker that answers "not now" for long. */
#include <pthread.h>
#include <runtime/service/service.h>
#include <tests/service/faulty_broker.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

enum { MESSAGES = 3 };

/* One is done, one fails, one is retried. */
static int ends_each_way(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    if (message->id[0] == '1')
        return filch_service_job_fail(job, "never");
    return message->id[0] == '2' && message->attempt == 1 ? filch_service_job_retry(job, 0, "again")
                                                          : 0;
}

static void put_messages(fl_broker *broker)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        const char id[] = {(char)('0' + i), '\0'};
        const filch_message message = {.id = id, .queue = "tasks", .type = "end", .attempt = 1};
        fl_publication item = {.message = &message};
        cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
    }
}

static unsigned count_in(const char *text, const char *words)
{
    unsigned count = 0;
    for (; (text = strstr(text, words)); text++)
        count++;
    return count;
}

static uint64_t sum_of_outcomes(filch_service *service)
{
    uint64_t sum = 0;
    filch_service_stats stats = service_stats(service);
    for (unsigned i = 0; i < FILCH_SERVICE_OUTCOMES; i++)
        sum += stats.outcomes[i];
    return sum;
}

/* Turns of the service until its clock is so much later. */
static void refused_for(filch_service *service, int64_t time)
{
    for (int64_t passed = 0; passed < time; passed += FILCH_SECOND) {
        pass(FILCH_SECOND);
        cr_assert_eq(filch_service_run_ready(service, NULL), -EAGAIN, "%s", filch_error());
    }
}

static void tells_of_refusals(void)
{
    filch_log log;
    const filch_handler handler = {.type = "end", .fn = ends_each_way};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_log_init(&log, FILCH_LOG_INFO, log_lines_add, NULL);
    log_lines[0] = '\0';
    filch_service *service =
        service_of((filch_service_config){.clock = test_clock, .log = &log}, &handler, 1);
    put_messages(broker);
    filch_u32_store(&refuses_writes, 1, FILCH_RELEASE);
    cr_assert_eq(filch_service_run_ready(service, NULL), -EAGAIN);
    cr_assert_not(service_stats(service).is_busy, "it may be over at once");
    refused_for(service, 2 * FILCH_SECOND);
    cr_assert(service_stats(service).is_busy);
    cr_assert(fl_service_health_read(service).is_ready, "it may be over soon");
    refused_for(service, 30 * FILCH_SECOND);
    cr_assert_not(fl_service_health_read(service).is_ready);
    cr_assert(fl_service_health_read(service).turns);
    cr_assert_eq(count_in(log_lines, "broker refuses calls for now"), 1, "%s", log_lines);
    cr_assert_eq(count_in(log_lines, "its disk is full"), 1, "%s", log_lines);
    cr_assert_eq(sum_of_outcomes(service), 0, "nothing is settled");
    filch_u32_store(&refuses_writes, 0, FILCH_RELEASE);
    for (unsigned second = 0; second < 100 && !is_empty(broker); second++) {
        pass(FILCH_SECOND);
        run_ready(service);
    }
    cr_assert_eq(sum_of_outcomes(service), MESSAGES + 1, "the retry, too");
    cr_assert(fl_service_health_read(service).is_ready);
    cr_assert_not(service_stats(service).is_busy);
    cr_assert_eq(count_in(log_lines, "broker accepts calls again"), 1, "%s", log_lines);
    cr_assert_eq(count_in(log_lines, "broker refuses calls for now"), 1, "%s", log_lines);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service_busy, refusals_are_logged_once)
{
    tells_of_refusals();
    exchanges = true;
    tells_of_refusals();
}

/* ---- Publishing ---- */

static void *publish_one(void *service)
{
    publish(service, "end", "");
    return NULL;
}

Test(service_busy, a_refused_publication_returns_an_error)
{
    pthread_t caller;
    const filch_handler handler = {.type = "end", .fn = ends_each_way};
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    filch_u32_store(&refuses_writes, 1, FILCH_RELEASE);
    cr_assert_eq(pthread_create(&caller, NULL, publish_one, service), 0);
    WAIT_WHILE((pass(FILCH_SECOND), !service_stats(service).is_busy));
    cr_assert_eq(service_stats(service).published, 0);
    filch_u32_store(&refuses_writes, 0, FILCH_RELEASE);
    WAIT_WHILE((pass(FILCH_SECOND), service_stats(service).published == 0));
    pthread_join(caller, NULL);
    WAIT_WHILE(service_stats(service).is_busy);
    cr_assert_eq(service_stats(service).published, 1);
    OK(filch_service_destroy(service));
}
