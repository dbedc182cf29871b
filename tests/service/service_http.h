/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service with its HTTP server, asked by real sockets. */
#ifndef SERVICE_SERVICE_HTTP_H
#define SERVICE_SERVICE_HTTP_H

#include <tests/service/service.h>
#include <tests/support/http.h>

#include <filch/service_observe.h>

static signpost arrived, released;

static inline int http_succeeds(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static inline int http_stays(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&arrived);
    signpost_wait(&released, 1);
    return 0;
}

static inline int http_fails(filch_self self, filch_service_job *job, void *arg)
{
    return filch_service_job_fail(job, "no such picture");
}

static const filch_handler handlers[] = {{.type = "fail", .fn = http_fails},
                                         {.type = "stay", .fn = http_stays, .thread = true},
                                         {.type = "succeed", .fn = http_succeeds}};

static filch_service *service;
static filch_service_http *http;
static unsigned port;

static inline void start_http(filch_service_http_config config)
{
    config.size = sizeof config;
    cr_assert_eq(filch_service_http_start(&http, service, &config), 0, "%s", filch_error());
    port = filch_service_http_port(http);
    cr_assert_gt(port, 0);
}

static inline void start(filch_service_config config)
{
    service = service_of(config, handlers, 3);
    start_http((filch_service_http_config){0});
}

static inline void end(void)
{
    filch_service_http_stop(http);
    OK(filch_service_destroy(service));
}

static inline int status_of(const char *path)
{
    return http_status(port, "GET", path, "");
}

static inline http_answer *get(const char *path)
{
    http_answer *answer = http_ask(port, "GET", path, "");
    cr_assert_eq(answer->status, 200, "%s: %s", path, answer->text);
    return answer;
}

#endif
