/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals filch_service_static
 *
 * The HTTP endpoints and the export of spans, to which memory or threads are refused: they do not
 * start, and say so, or they work. */
#include <tests/service/service.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

#include <filch/service_observe.h>

enum { MOST = 2000 };

static int succeeds(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static const filch_handler handler = {.type = "succeed", .fn = succeeds};

static bool is_expected(int rc)
{
    return !rc || rc == -ENOMEM || rc == -EAGAIN || rc == -ENOTSUP;
}

/* Refuses the n-th request, for each n until none is refused. */
static void start_http_refused(enum refusable what)
{
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    for (int64_t at = 0, count = 1; count; at++) {
        filch_service_http *http = NULL;
        refuse(what, at, false);
        int rc = filch_service_http_start(&http, service, NULL);
        if (!rc)
            filch_service_http_stop(http);
        count = refuse_no_more(what);
        cr_assert(is_expected(rc), "%d: %s", rc, filch_error());
        cr_assert_lt(at, MOST);
    }
    cr_assert_eq(run_ready(service), 0);
    OK(filch_service_destroy(service));
}

Test(refused_service, endpoints_start_or_report_memory_shortage)
{
    start_http_refused(MEMORY);
}

Test(refused_service, endpoints_start_or_report_missing_thread)
{
    start_http_refused(THREADS);
}

static void start_otlp_refused(enum refusable what)
{
    for (int64_t at = 0, count = 1; count; at++) {
        filch_service_otlp *otlp = NULL;
        refuse(what, at, false);
        int rc = filch_service_otlp_start(&otlp, NULL);
        count = refuse_no_more(what);
        cr_assert(is_expected(rc), "%d: %s", rc, filch_error());
        if (!rc)
            filch_service_otlp_stop(otlp, 0);
        cr_assert_lt(at, MOST);
    }
}

Test(refused_service, export_starts_or_reports_memory_shortage)
{
    start_otlp_refused(MEMORY);
}

Test(refused_service, export_starts_or_reports_missing_thread)
{
    start_otlp_refused(THREADS);
}
