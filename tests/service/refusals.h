/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A server that refuses answers while a service runs: the service says so with the reason, counts nothing,
 * and goes on afterwards. */
#ifndef SERVICE_REFUSALS_H
#define SERVICE_REFUSALS_H

#include <tests/service/service.h>
#include <tests/support/reading.h>

typedef struct refusals {
    const char *url;
    const char *words; /* of the reason */
    void (*refuse)(void), (*accept)(void);
} refusals;

static signpost refusals_begun, refusals_go_on;

static inline int refusals_handle(filch_self self, filch_service_job *job, void *arg)
{
    if (filch_service_job_message(job)->attempt > 1)
        return 0;
    signpost_raise(&refusals_begun);
    signpost_wait(&refusals_go_on, 1);
    return filch_service_job_retry(job, 0, "again");
}

static inline void a_service_tells(const refusals *of)
{
    static const filch_handler handler = {.type = "t", .fn = refusals_handle, .thread = true};
    filch_log log;
    serving one;
    filch_log_init(&log, FILCH_LOG_INFO, log_lines_add, NULL);
    filch_service *service =
        service_of((filch_service_config){.broker = of->url, .log = &log}, &handler, 1);
    publish(service, "t", "body");
    serving_begin(&one, service);
    signpost_wait(&refusals_begun, 1);
    of->refuse();
    signpost_raise(&refusals_go_on);
    WAIT_WHILE(!service_stats(service).is_busy);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_RETRIED], 0, "nothing is settled");
    of->accept();
    WAIT_WHILE(!service_stats(service).outcomes[FILCH_SERVICE_DONE]);
    WAIT_WHILE(service_stats(service).is_busy);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_RETRIED], 1);
    cr_assert_eq(service_stats(service).connected, 1, "the connection was good");
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    const char *told = strstr(log_lines, "broker refuses calls for now");
    cr_assert(told && strstr(told, of->words), "%s", log_lines);
    cr_assert_not(strstr(told + 1, "broker refuses calls for now"), "%s", log_lines);
    cr_assert(strstr(told, "broker accepts calls again"), "%s", log_lines);
}

#endif
