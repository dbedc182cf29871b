/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of runs: log lines, spans, counts and durations by type, running jobs, signs of life. */
#include <tests/service/service.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

#include <runtime/service/run_job.h>
#include <runtime/service/service.h>

/* ---- Handlers ---- */

static signpost arrived, released;
static filch_traceparent told_trace;
static filch_span *told_span;

static int succeeds(filch_self self, filch_service_job *job, void *arg)
{
    told_trace = filch_service_job_trace(job);
    told_span = filch_context_span(filch_service_job_context(job));
    return 0;
}

static int fails(filch_self self, filch_service_job *job, void *arg)
{
    return filch_service_job_fail(job, "no such picture");
}

static int stays(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&arrived);
    signpost_wait(&released, 1);
    return 0;
}

static int comes_again(filch_self self, filch_service_job *job, void *arg)
{
    return filch_service_job_retry(job, 2500 * FILCH_MILLISECOND, "busy");
}

static int lingers(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&arrived);
    return filch_context_wait(filch_service_job_context(job), FILCH_FOREVER);
}

static const filch_handler handlers[] = {{.type = "again", .fn = comes_again},
                                         {.type = "fail", .fn = fails},
                                         {.type = "linger", .fn = lingers},
                                         {.type = "stay", .fn = stays, .thread = true},
                                         {.type = "succeed", .fn = succeeds, .width = 1}};

static filch_service *recorded(filch_service_config config)
{
    return service_of(config, handlers, sizeof handlers / sizeof *handlers);
}

static uint64_t counted(const fl_record *record, fl_record_status status)
{
    return filch_counter_read(record->counts[status]);
}

/* ---- Log lines ---- */

enum { LINE_BYTES = 512, LINES = 8 };

typedef struct journal {
    char lines[LINES][LINE_BYTES];
    unsigned count;
} journal;

static void take_line(const char *line, size_t size, void *arg)
{
    journal *all = arg;
    snprintf(all->lines[all->count++ % LINES], LINE_BYTES, "%.*s", (int)size, line);
}

static bool has(const journal *all, const char *message, const char *field)
{
    for (unsigned i = 0; i < all->count && i < LINES; i++)
        if (strstr(all->lines[i], message) && strstr(all->lines[i], field))
            return true;
    return false;
}

static filch_service *logging(filch_log *log, journal *all)
{
    OK(filch_log_init(log, FILCH_LOG_INFO, take_line, all));
    return recorded((filch_service_config){.log = log});
}

Test(service_records, runs_log_their_begin_and_end)
{
    filch_log log;
    journal all = {.count = 0};
    filch_service *service = logging(&log, &all);
    const filch_message message = {.type = "succeed", .id = "job-7"};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    cr_assert_eq(run_ready(service), 1);
    cr_assert(has(&all, "\"message\":\"processing task\"", "\"task_id\":\"job-7\""));
    cr_assert(has(&all, "\"message\":\"processing task\"", "\"task_type\":\"succeed\""));
    cr_assert(has(&all, "\"message\":\"processing task\"", "\"worker_id\":"));
    cr_assert(has(&all, "\"message\":\"task completed\"", "\"task_id\":\"job-7\""));
    cr_assert(has(&all, "\"message\":\"task completed\"", "\"duration\":"));
    OK(filch_service_destroy(service));
}

Test(service_records, failed_run_is_logged_with_error)
{
    filch_log log;
    journal all = {.count = 0};
    filch_service *service = logging(&log, &all);
    publish(service, "fail", "");
    cr_assert_eq(run_ready(service), 1);
    cr_assert(has(&all, "\"message\":\"task failed\"", "\"error\":\"no such picture\""));
    cr_assert(has(&all, "\"message\":\"task failed\"", "\"level\":\"error\""));
    cr_assert(!has(&all, "task completed", ""));
    OK(filch_service_destroy(service));
}

Test(service_records, retried_run_warns_with_delay)
{
    filch_log log;
    journal all = {.count = 0};
    filch_service *service = logging(&log, &all);
    publish(service, "again", "");
    cr_assert_eq(run_ready(service), 1);
    cr_assert(has(&all, "\"message\":\"task failed\"", "\"level\":\"warn\""));
    cr_assert(has(&all, "\"message\":\"task failed\"", "\"retry_after\":2.5"));
    cr_assert(!has(&all, "\"level\":\"error\"", ""));
    OK(filch_service_destroy(service));
}

Test(service_records, drain_cancelled_run_is_no_failure)
{
    filch_log log;
    journal all = {.count = 0};
    serving one;
    arrived = (signpost){0};
    filch_service *service = logging(&log, &all);
    publish(service, "linger", "");
    serving_begin(&one, service);
    signpost_wait(&arrived, 1);
    OK(filch_service_stop(service, 0));
    cr_assert_eq(serving_end(&one), -ECANCELED);
    cr_assert(has(&all, "\"message\":\"task given back\"", "\"level\":\"info\""));
    cr_assert(!has(&all, "task failed", ""));
    OK(filch_service_destroy(service));
}

static void buries_unrun(const filch_message *message, const char *type, const char *reason)
{
    filch_log log;
    journal all = {.count = 0};
    fl_publication item = {.message = message};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service = logging(&log, &all);
    fl_broker_memory.publish(broker, &item, 1);
    cr_assert_eq(run_ready(service), 0);
    cr_assert(has(&all, "\"message\":\"job became a dead letter\"", "\"level\":\"warn\""));
    cr_assert(has(&all, "\"task_id\":\"17\"", "\"queue\":\"tasks\""));
    cr_assert(has(&all, type, reason), "%s", all.lines[1]);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service_records, unrun_dead_letters_are_logged)
{
    buries_unrun(&(filch_message){.id = "17", .queue = "tasks", .type = "other"},
                 "\"task_type\":\"other\"", "\"reason\":\"unknown task type: other\"");
    buries_unrun(&(filch_message){.id = "17", .queue = "tasks", .type = "fail", .deliveries = 5},
                 "\"task_type\":\"fail\"", "\"reason\":\"poison: delivered 5 times");
}

Test(service_records, connections_are_logged_with_purpose)
{
    filch_log log;
    journal all = {.count = 0};
    filch_service *service = logging(&log, &all);
    publish(service, "succeed", "");
    cr_assert(has(&all, "\"message\":\"broker connected\"", "\"connection\":\"publish\""));
    cr_assert_eq(run_ready(service), 1);
    cr_assert(has(&all, "\"message\":\"broker connected\"", "\"connection\":\"consume\""));
    OK(filch_service_destroy(service));
}

/* ---- Spans ---- */

static const char *attribute(const filch_span_record *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++)
        if (!strcmp(record->attributes[i].name, name))
            return record->attributes[i].as.text;
    return "";
}

Test(service_records, run_span_is_below_message_span)
{
    filch_service *service = recorded((filch_service_config){.tracer = &spans_tracer});
    filch_traceparent caller;
    filch_traceparent_begin(&caller, true);
    const filch_message message = {.type = "succeed",
                                   .id = "job-8",
                                   .trace = caller,
                                   .tracestate = "vendor=7"};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(spans_count, 1);
    const filch_span_record *record = filch_span_read(spans_ended[0]);
    cr_assert_str_eq(record->name, "process_task");
    cr_assert_eq(record->kind, FILCH_SPAN_CONSUMER);
    cr_assert_eq(record->status, FILCH_SPAN_OK);
    cr_assert_str_eq(record->state, "vendor=7");
    cr_assert_eq(memcmp(record->parent, caller.span, sizeof caller.span), 0);
    cr_assert_eq(memcmp(record->trace.trace, caller.trace, sizeof caller.trace), 0);
    cr_assert_eq(memcmp(&record->trace, &told_trace, sizeof told_trace), 0,
                 "as the handler saw it");
    cr_assert_eq(told_span, spans_ended[0], "the handler's context carries it");
    cr_assert_str_eq(attribute(record, "task.id"), "job-8");
    cr_assert_str_eq(attribute(record, "task.type"), "succeed");
    spans_forget();
    OK(filch_service_destroy(service));
}

Test(service_records, failed_run_span_has_error)
{
    filch_service *service = recorded((filch_service_config){.tracer = &spans_tracer});
    publish(service, "fail", "");
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(spans_count, 1);
    const filch_span_record *record = filch_span_read(spans_ended[0]);
    cr_assert_eq(record->status, FILCH_SPAN_ERROR);
    cr_assert_str_eq(record->message, "no such picture");
    cr_assert_eq(record->event_count, 1);
    cr_assert_str_eq(record->events[0].name, "exception");
    spans_forget();
    OK(filch_service_destroy(service));
}

/* ---- Counts ---- */

Test(service_records, runs_count_by_type_and_status)
{
    filch_service *service = recorded((filch_service_config){0});
    publish(service, "succeed", "");
    publish(service, "succeed", "");
    publish(service, "fail", "");
    publish(service, "nobody knows it", "");
    cr_assert_eq(run_ready(service), 3);
    const fl_record *good = &fl_service_type_of(service, "succeed")->record;
    const fl_record *bad = &fl_service_type_of(service, "fail")->record;
    cr_assert_eq(counted(good, FL_RECORD_SUCCESS), 2);
    cr_assert_eq(counted(good, FL_RECORD_FAILURE), 0);
    cr_assert_eq(counted(bad, FL_RECORD_FAILURE), 1);
    cr_assert_eq(counted(&service->other, FL_RECORD_ERROR), 1, "of a type that has no label");
    filch_snapshot *snapshot;
    OK(filch_snapshot_create(&snapshot));
    filch_snapshot_add(snapshot, good->durations);
    cr_assert_eq(filch_snapshot_read(snapshot).count, 2);
    filch_snapshot_destroy(snapshot);
    OK(filch_service_destroy(service));
}

Test(service_records, expired_message_counts_as_error)
{
    filch_service *service = recorded((filch_service_config){.clock = test_clock});
    const filch_message message = {.type = "succeed", .expires = test_clock(NULL) + 1};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    pass(FILCH_SECOND);
    cr_assert_eq(run_ready(service), 0);
    const fl_record *record = &fl_service_type_of(service, "succeed")->record;
    cr_assert_leq(counted(record, FL_RECORD_ERROR), 1); /* the broker may have buried it before */
    cr_assert_eq(counted(record, FL_RECORD_SUCCESS), 0);
    OK(filch_service_destroy(service));
}

/* ---- Views ---- */

Test(service_records, running_jobs_can_be_listed)
{
    serving one;
    fl_running running[4];
    filch_service *service = recorded((filch_service_config){0});
    const filch_message message = {.type = "stay", .id = "job-9"};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    cr_assert_eq(fl_service_running_read(service, running, 4), 0);
    serving_begin(&one, service);
    signpost_wait(&arrived, 1);
    cr_assert_eq(fl_service_running_read(service, running, 0), 0);
    cr_assert_eq(fl_service_running_read(service, running, 4), 1);
    cr_assert_str_eq(running[0].id, "job-9");
    cr_assert_str_eq(running[0].type, "stay");
    cr_assert_str_eq(running[0].queue, "tasks");
    cr_assert_eq(running[0].attempt, 1);
    cr_assert_geq(running[0].since, 0);
    signpost_raise(&released);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    cr_assert_eq(fl_service_running_read(service, running, 4), 0);
    OK(filch_service_destroy(service));
}

Test(service_records, readiness_needs_connection_and_no_drain)
{
    filch_service *service = recorded((filch_service_config){.clock = test_clock});
    cr_assert(fl_service_health_read(service).turns, "it has just been created");
    cr_assert(!fl_service_health_read(service).is_ready, "not connected yet");
    run_ready(service);
    cr_assert(fl_service_health_read(service).is_ready);
    pass(29 * FILCH_SECOND);
    cr_assert(fl_service_health_read(service).is_ready);
    cr_assert(fl_service_health_read(service).turns);
    pass(2 * FILCH_SECOND);
    cr_assert(!fl_service_health_read(service).is_ready);
    cr_assert(!fl_service_health_read(service).turns);
    run_ready(service);
    cr_assert(fl_service_health_read(service).is_ready);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert(!fl_service_health_read(service).is_ready, "it drains");
    cr_assert(fl_service_health_read(service).turns, "but is healthy");
    OK(filch_service_destroy(service));
}
