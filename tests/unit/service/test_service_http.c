/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs jansson microhttpd
 *
 * The HTTP endpoints of a service: probes, metrics, state. */
#include <tests/service/service_http.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

#include <jansson.h>
#include <runtime/service/service.h>

/* ---- Probes ---- */

Test(service_http, readiness_needs_connection_health_survives_drain)
{
    start((filch_service_config){0});
    cr_assert_eq(status_of("/health"), 200);
    cr_assert_eq(status_of("/ready"), 503, "it has not connected yet");
    run_ready(service);
    cr_assert_eq(status_of("/ready"), 200);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(status_of("/ready"), 503, "it drains");
    cr_assert_eq(status_of("/health"), 200);
    end();
}

Test(service_http, stalled_loop_is_unhealthy_after_30s)
{
    start((filch_service_config){.clock = test_clock});
    pass(29 * FILCH_SECOND);
    cr_assert_eq(status_of("/health"), 200);
    pass(2 * FILCH_SECOND);
    http_answer *answer = http_ask(port, "GET", "/health", "");
    cr_assert_eq(answer->status, 503);
    cr_assert_str_eq(answer->body, "unhealthy\n");
    free(answer);
    end();
}

/* ---- Metrics ---- */

/* The text has this line. */
static bool has_line(const char *text, const char *line)
{
    size_t size = strlen(line);
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (!strncmp(at, line, size) && (at[size] == '\n' || !at[size]))
            return true;
    }
    return false;
}

Test(service_http, metrics_count_by_type_and_status)
{
    start((filch_service_config){0});
    publish(service, "succeed", "");
    publish(service, "succeed", "");
    publish(service, "fail", "");
    publish(service, "type of a stranger", "");
    cr_assert_eq(run_ready(service), 3);
    http_answer *answer = get("/metrics");
    static const char *const lines[] = {
        "# TYPE worker_tasks_processed_total counter",
        "worker_tasks_processed_total{status=\"success\",task_type=\"succeed\"} 2",
        "worker_tasks_processed_total{status=\"failure\",task_type=\"fail\"} 1",
        "worker_tasks_processed_total{status=\"error\",task_type=\"other\"} 1",
        "# TYPE worker_task_duration_seconds histogram",
        "worker_task_duration_seconds_bucket{task_type=\"succeed\",le=\"+Inf\"} 2",
        "worker_task_duration_seconds_count{task_type=\"succeed\"} 2",
        "worker_active 0",
        "worker_connected 1",
        "worker_outcomes_total{outcome=\"dead\"} 1"};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert(has_line(answer->body, lines[i]), "%s\n%s", lines[i], answer->body);
    cr_assert(strstr(answer->body, "le=\"0.005\""));
    cr_assert(strstr(answer->body, "le=\"2.5\""));
    cr_assert(!strstr(answer->body, "stranger"), "labels are configured types only");
    cr_assert(strstr(answer->body, "filch_pool_"));
    cr_assert(strstr(answer->body, "process_cpu_seconds_total"));
    free(answer);
    end();
}

Test(service_http, program_registry_is_shown_with_service)
{
    filch_metrics *metrics;
    filch_counter *own;
    OK(filch_metrics_create(&metrics));
    OK(filch_counter_create(&own));
    const filch_metric metric = {.name = "shop_orders_total",
                                 .help = "Orders.",
                                 .kind = FILCH_METRIC_COUNTER,
                                 .counter = own};
    OK(filch_metrics_add(metrics, &metric));
    service = service_of((filch_service_config){0}, handlers, 3);
    start_http((filch_service_http_config){.metrics = metrics});
    http_answer *answer = get("/metrics");
    cr_assert(has_line(answer->body, "shop_orders_total 0"));
    cr_assert(has_line(answer->body, "worker_active 0"));
    free(answer);
    filch_service_http *second;
    const filch_service_http_config same = {.size = sizeof same, .metrics = metrics};
    cr_assert_eq(filch_service_http_start(&second, service, &same), -EEXIST);
    answer = get("/metrics");
    cr_assert(has_line(answer->body, "shop_orders_total 0"), "the first one is not disturbed");
    free(answer);
    end();
    filch_metrics_destroy(metrics);
    filch_counter_destroy(own);
}

Test(service_http, metrics_tell_of_open_breakers)
{
    filch_breaker *breaker;
    OK(filch_breaker_create(&breaker, NULL));
    const filch_handler guarded = {.type = "guarded", .fn = http_succeeds, .breaker = breaker};
    service = service_of((filch_service_config){0}, &guarded, 1);
    start_http((filch_service_http_config){0});
    http_answer *answer = get("/metrics");
    cr_assert(has_line(answer->body, "worker_breaker_open{task_type=\"guarded\"} 0"));
    free(answer);
    filch_breaker_trip(breaker, FILCH_FOREVER);
    answer = get("/metrics");
    cr_assert(has_line(answer->body, "worker_breaker_open{task_type=\"guarded\"} 1"));
    free(answer);
    end();
    filch_breaker_destroy(breaker);
}

Test(service_http, promtool_accepts_the_metrics)
{
    start((filch_service_config){0});
    publish(service, "succeed", "");
    cr_assert_eq(run_ready(service), 1);
    http_answer *answer = get("/metrics");
    end();
    promtool_accepts(answer->body);
    free(answer);
}

/* ---- State ---- */

static json_t *state(void)
{
    json_error_t error;
    http_answer *answer = get("/debug/state");
    json_t *all = json_loads(answer->body, 0, &error);
    cr_assert(all, "%s: %s", error.text, answer->body);
    cr_assert(strstr(answer->text, "Content-Type: application/json"));
    free(answer);
    return all;
}

static json_int_t number(const json_t *all, const char *group, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(all, group), name));
}

Test(service_http, state_lists_running_jobs_and_totals)
{
    serving one;
    start((filch_service_config){0});
    const filch_message message = {.type = "stay", .id = "a \"quoted\" id"};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    publish(service, "fail", "");
    publish(service, "nonsense", "");
    serving_begin(&one, service);
    signpost_wait(&arrived, 1);
    json_t *all = state();
    const json_t *jobs = json_object_get(all, "jobs");
    cr_assert_eq(json_array_size(jobs), 1);
    const json_t *job = json_array_get(jobs, 0);
    cr_assert_str_eq(json_string_value(json_object_get(job, "id")), "a \"quoted\" id");
    cr_assert_str_eq(json_string_value(json_object_get(job, "type")), "stay");
    cr_assert_eq(json_integer_value(json_object_get(job, "attempt")), 1);
    cr_assert(json_is_real(json_object_get(job, "age")));
    json_decref(all);
    signpost_raise(&released);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    all = state();
    cr_assert_eq(json_array_size(json_object_get(all, "jobs")), 0);
    cr_assert_eq(number(all, "totals", "begun"), 2);
    cr_assert_eq(number(all, "totals", "done"), 1);
    cr_assert_eq(number(all, "totals", "dead"), 2);
    cr_assert_eq(number(all, "totals", "failed"), 1);
    cr_assert_eq(number(all, "totals", "malformed"), 1);
    cr_assert(json_is_true(json_object_get(all, "draining")));
    cr_assert(json_is_real(json_object_get(json_object_get(all, "rates"), "done")));
    cr_assert_eq(json_array_size(json_object_get(all, "types")), 3);
    json_decref(all);
    end();
}

/* The counts come from a thread of their own. */
Test(service_http, state_counts_messages_per_queue)
{
    static const filch_service_queue queues[] = {{"tasks", 1}, {"mails", 1}};
    service = service_of((filch_service_config){.queues = queues, .queue_count = 2}, handlers, 3);
    publish(service, "succeed", "");
    publish(service, "succeed", "");
    start_http((filch_service_http_config){0});
    const json_t *queue, *ready = NULL;
    json_t *all = NULL;
    do {
        json_decref(all);
        all = state();
        queue = json_array_get(json_object_get(all, "queues"), 0);
        ready = json_object_get(queue, "ready");
    } while (!ready);
    cr_assert_eq(json_integer_value(ready), 2);
    cr_assert_str_eq(json_string_value(json_object_get(queue, "name")), "tasks");
    cr_assert_eq(json_array_size(json_object_get(all, "queues")), 2);
    json_decref(all);
    http_answer *answer = get("/metrics");
    cr_assert(has_line(answer->body, "worker_queue_depth{queue=\"tasks\"} 2"));
    cr_assert(has_line(answer->body, "worker_queue_depth{queue=\"mails\"} 0"));
    cr_assert(has_line(answer->body, "worker_queue_oldest_seconds{queue=\"mails\"} 0"));
    free(answer);
    end();
}

static fl_broker_rc count_without_leased(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_broker_rc rc = fl_broker_memory.count(broker, queue, out);
    out->leased = out->oldest = FL_BROKER_UNKNOWN;
    return rc;
}

Test(service_http, unknown_number_is_null_and_nan)
{
    static fl_broker_kind kind;
    json_t *all, *queue;
    kind = fl_broker_memory;
    kind.count = count_without_leased;
    service = service_of((filch_service_config){0}, handlers, 3);
    service->link.kind = &kind;
    publish(service, "succeed", "");
    start_http((filch_service_http_config){0});
    for (;;) {
        all = state();
        queue = json_array_get(json_object_get(all, "queues"), 0);
        if (json_object_get(queue, "ready"))
            break;
        json_decref(all);
    }
    cr_assert_eq(json_integer_value(json_object_get(queue, "ready")), 1);
    cr_assert(json_is_null(json_object_get(queue, "leased")));
    json_decref(all);
    http_answer *answer = get("/metrics");
    cr_assert(has_line(answer->body, "worker_queue_depth{queue=\"tasks\"} 1"));
    cr_assert(has_line(answer->body, "worker_queue_leased{queue=\"tasks\"} NaN"));
    cr_assert(has_line(answer->body, "worker_queue_oldest_seconds{queue=\"tasks\"} NaN"));
    free(answer);
    end();
}

/* ---- Faults ---- */

Test(service_http, port_in_use_gives_clear_error)
{
    filch_service_http *second;
    start((filch_service_config){0});
    const filch_service_http_config config = {.size = sizeof config, .port = port};
    cr_assert_eq(filch_service_http_start(&second, service, &config), -EADDRINUSE);
    cr_assert(strstr(filch_error(), "Address already in use"), "%s", filch_error());
    end();
}

Test(service_http, wrong_configurations_are_refused)
{
    static const filch_service_http_config wrong[] = {{.address = "localhost"},
                                                      {.address = "1.2.3"},
                                                      {.port = 65536}};
    filch_service_http *none;
    service = service_of((filch_service_config){0}, handlers, 3);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(filch_service_http_start(&none, service, &wrong[i]), -EINVAL, "%u", i);
    cr_assert_eq(filch_service_http_start(NULL, service, NULL), -EINVAL);
    cr_assert_eq(filch_service_http_start(&none, NULL, NULL), -EINVAL);
    filch_service_http_stop(NULL);
    OK(filch_service_destroy(service));
}
