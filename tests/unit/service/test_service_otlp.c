/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs jansson curl
 *
 * The export of spans: the text of a request, against golden ones in the JSON mapping of OTLP
 * (opentelemetry/proto/collector/trace/v1/trace_service.proto); and requests to a collector that
 * this test plays. */
#include <tests/support/http.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

#include <errno.h>
#include <filch/base.h>
#include <filch/runtime.h>
#include <filch/service_observe.h>
#include <filch/wait.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <runtime/service/http/otlp_encode.h>
#include <sys/stat.h>

/* ---- The text of a request ---- */

static const filch_span_record plain = {
    .name = "process_task",
    .trace = {.trace = {0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33,
                        0x81, 0x3f, 0xc6, 0x0c},
              .span = {0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74},
              .flags = 1},
    .kind = FILCH_SPAN_CONSUMER,
    .state = "",
    .began = 1544712660000000000,
    .ended = 1544712661000000000,
    .status = FILCH_SPAN_OK,
    .message = ""};

#define AROUND(spans)                                                                              \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"     \
    "\"stringValue\":\"images\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"filch\",\"version\":"   \
    "\"" FILCH_VERSION "\"},\"spans\":[" spans "]}]}]}"

static void encodes_as(const filch_span_record *span, const char *golden)
{
    char *text = fl_otlp_encode("images", &span, 1);
    cr_assert_str_eq(text, golden);
    free(text);
}

Test(service_otlp, spans_encode_ids_times_and_enumerations)
{
    encodes_as(&plain,
               AROUND("{\"attributes\":[],\"droppedAttributesCount\":0,\"droppedEventsCount\":0,"
                      "\"endTimeUnixNano\":\"1544712661000000000\",\"events\":[],\"flags\":257,"
                      "\"kind\":5,\"name\":\"process_task\",\"spanId\":\"eee19b7ec3c1b174\","
                      "\"startTimeUnixNano\":\"1544712660000000000\",\"status\":{\"code\":1},"
                      "\"traceId\":\"5b8efff798038103d269b633813fc60c\"}"));
}

#define ATTRIBUTES                                                                                 \
    "\"attributes\":[{\"key\":\"task.id\",\"value\":{\"stringValue\":\"job \\\"7\\\"\"}},"         \
    "{\"key\":\"large\",\"value\":{\"intValue\":\"9223372036854775807\"}},"                        \
    "{\"key\":\"share\",\"value\":{\"doubleValue\":0.5}},"                                         \
    "{\"key\":\"none\",\"value\":{\"doubleValue\":\"NaN\"}},"                                      \
    "{\"key\":\"late\",\"value\":{\"boolValue\":true}}],\"droppedAttributesCount\":3"
#define EVENTS                                                                                     \
    "\"droppedEventsCount\":0,\"endTimeUnixNano\":\"1544712661000000000\",\"events\":["            \
    "{\"attributes\":[{\"key\":\"exception.type\",\"value\":{\"stringValue\":\"EIO\"}}],"          \
    "\"droppedAttributesCount\":2,\"name\":\"exception\",\"timeUnixNano\":"                        \
    "\"1544712660500000000\"}]"
#define REST                                                                                       \
    "\"flags\":769,\"kind\":5,\"name\":\"process_task\",\"parentSpanId\":\"000000000000000a\","    \
    "\"spanId\":\"eee19b7ec3c1b174\",\"startTimeUnixNano\":\"1544712660000000000\","               \
    "\"status\":{\"code\":2,\"message\":\"no disk\"},"                                             \
    "\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"traceState\":\"vendor=7\""

Test(service_otlp, attributes_events_errors_parents_are_exported)
{
    const filch_log_field attributes[] = {filch_log_text("task.id", "job \"7\""),
                                          filch_log_int("large", INT64_MAX),
                                          filch_log_float("share", 0.5),
                                          filch_log_float("none", NAN), filch_log_bool("late", 1)};
    const filch_log_field type[] = {filch_log_text("exception.type", "EIO")};
    const filch_span_event event = {"exception", 1544712660500000000, type, 1, 2};
    filch_span_record span = plain;
    span.parent[7] = 0x0a;
    span.remote = true;
    span.state = "vendor=7";
    span.status = FILCH_SPAN_ERROR;
    span.message = "no disk";
    span.attributes = attributes;
    span.count = 5;
    span.dropped_attributes = 3;
    span.events = &event;
    span.event_count = 1;
    encodes_as(&span, AROUND("{" ATTRIBUTES "," EVENTS "," REST "}"));
}

Test(service_otlp, invalid_utf8_does_not_spoil_request)
{
    const filch_log_field field = filch_log_text("task.id", "\xff");
    filch_span_record span = plain;
    span.attributes = &field;
    span.count = 1;
    const filch_span_record *one = &span;
    char *text = fl_otlp_encode("images", &one, 1);
    cr_assert(text && strstr(text, "{\"stringValue\":\"\xef\xbf\xbd\"}"), "%s", text);
    free(text);
}

/* ---- The collector ---- */

static int collector_port;
static char endpoint[64];

static int collector(void)
{
    int fd = port_listen(8, &collector_port);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d/", collector_port);
    setenv("no_proxy", "127.0.0.1", 1);
    return fd;
}

#define ACCEPTED "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
#define BUSY "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define REFUSED "HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

static size_t spans_in(const char *request)
{
    const char *at = strstr(request, "\r\n\r\n");
    json_t *all = json_loads(at + 4, 0, NULL);
    cr_assert(all, "%s", request);
    const json_t *resource = json_array_get(json_object_get(all, "resourceSpans"), 0);
    const json_t *scope = json_array_get(json_object_get(resource, "scopeSpans"), 0);
    size_t count = json_array_size(json_object_get(scope, "spans"));
    json_decref(all);
    return count;
}

/* ---- The exporter ---- */

static filch_service_otlp *exporter_of(filch_service_otlp_config config)
{
    filch_service_otlp *otlp = NULL;
    config.size = sizeof config;
    config.endpoint = endpoint;
    config.pause = FILCH_MILLISECOND;
    cr_assert_eq(filch_service_otlp_start(&otlp, &config), 0, "%s", filch_error());
    return otlp;
}

static void trace_one(filch_service_otlp *otlp, const char *name)
{
    const filch_tracer tracer = {.sink = filch_service_otlp_sink, .arg = otlp};
    filch_span *span;
    OK(filch_span_begin(&span, &tracer, name, NULL));
    filch_span_end(span);
    filch_span_release(span);
}

static filch_service_otlp_stats stats_of(const filch_service_otlp *otlp)
{
    filch_service_otlp_stats stats;
    filch_service_otlp_stats_read(otlp, &stats, sizeof stats);
    return stats;
}

Test(service_otlp, full_batch_posts_to_v1_traces)
{
    int listener = collector();
    filch_service_otlp *otlp =
        exporter_of((filch_service_otlp_config){.batch = 2,
                                                .delay = FILCH_FOREVER,
                                                .authorization = "Bearer secret"});
    trace_one(otlp, "first");
    trace_one(otlp, "second");
    char *request = http_serve_one(listener, ACCEPTED);
    cr_assert(strstr(request, "POST /v1/traces HTTP/1.1\r\n"), "%s", request);
    cr_assert(strstr(request, "Content-Type: application/json\r\n"));
    cr_assert(strstr(request, "Authorization: Bearer secret\r\n"));
    cr_assert(strstr(request, "\"name\":\"second\""));
    cr_assert_eq(spans_in(request), 2);
    free(request);
    WAIT_WHILE(stats_of(otlp).exported < 2);
    cr_assert_eq(stats_of(otlp).requests, 1);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

Test(service_otlp, partial_batch_is_sent_after_delay)
{
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.delay = FILCH_MILLISECOND});
    trace_one(otlp, "alone");
    char *request = http_serve_one(listener, ACCEPTED);
    cr_assert_eq(spans_in(request), 1);
    free(request);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

Test(service_otlp, silent_collector_is_detected_in_time)
{
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.delay = FILCH_MILLISECOND});
    trace_one(otlp, "alone");
    char *request;
    int guest = http_accept(listener, &request);
    connections_find_silence(collector_port);
    http_send(guest, ACCEPTED, sizeof ACCEPTED - 1);
    free(request);
    close(guest);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

Test(service_otlp, a_busy_collector_is_asked_again)
{
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.batch = 1});
    trace_one(otlp, "patient");
    char *first = http_serve_one(listener, BUSY);
    char *second = http_serve_one(listener, ACCEPTED);
    cr_assert_str_eq(strstr(first, "\r\n\r\n"), strstr(second, "\r\n\r\n"));
    free(first);
    free(second);
    WAIT_WHILE(!stats_of(otlp).exported);
    cr_assert_eq(stats_of(otlp).requests, 2);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

Test(service_otlp, a_refused_batch_is_not_repeated)
{
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.batch = 1});
    trace_one(otlp, "refused");
    free(http_serve_one(listener, REFUSED));
    WAIT_WHILE(!stats_of(otlp).failed);
    trace_one(otlp, "next");
    char *request = http_serve_one(listener, ACCEPTED);
    cr_assert(strstr(request, "\"name\":\"next\""));
    free(request);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

static void write_endpoint(const char *path, const char *password)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fchmod(fileno(file), 0600), 0);
    fprintf(file, "http://me:%s@127.0.0.1:%d\n", password, collector_port);
    cr_assert_eq(fclose(file), 0);
}

Test(service_otlp, changed_password_repeats_refused_batch)
{
    char path[160];
    int listener = collector();
    snprintf(path, sizeof path, "%s/endpoint", folder_make());
    write_endpoint(path, "second");
    filch_service_otlp *otlp =
        exporter_of((filch_service_otlp_config){.batch = 1, .endpoint_file = path});
    trace_one(otlp, "patient");
    free(http_serve_one(listener, REFUSED)); /* of the endpoint that is given, without a password */
    char *request = http_serve_one(listener, ACCEPTED);
    cr_assert(strstr(request, "Authorization: Basic bWU6c2Vjb25k\r\n"), "%s", request);
    free(request);
    WAIT_WHILE(!stats_of(otlp).exported);
    trace_one(otlp, "refused"); /* the file has not changed */
    free(http_serve_one(listener, REFUSED));
    WAIT_WHILE(!stats_of(otlp).failed);
    cr_assert_eq(chmod(path, 0604), 0);
    trace_one(otlp, "refused"); /* it may not be used */
    free(http_serve_one(listener, REFUSED));
    WAIT_WHILE(stats_of(otlp).failed < 2);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

Test(service_otlp, attempts_are_limited)
{
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.batch = 1, .attempts = 2});
    trace_one(otlp, "tried twice");
    free(http_serve_one(listener, BUSY));
    free(http_serve_one(listener, BUSY));
    WAIT_WHILE(!stats_of(otlp).failed);
    cr_assert_eq(stats_of(otlp).requests, 2);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

Test(service_otlp, a_full_queue_drops_and_counts)
{
    int listener = collector();
    filch_service_otlp *otlp =
        exporter_of((filch_service_otlp_config){.queue = 3, .batch = 3, .attempts = 1});
    for (unsigned i = 0; i < 3; i++)
        trace_one(otlp, "taken");
    int fd = accept(listener, NULL, NULL); /* the batch is on its way, and gets no answer */
    cr_assert_geq(fd, 0);
    for (unsigned i = 0; i < 5; i++)
        trace_one(otlp, "more");
    cr_assert_eq(stats_of(otlp).received, 8);
    cr_assert_eq(stats_of(otlp).dropped, 2);
    close(fd);
    free(http_serve_one(listener, ACCEPTED));
    WAIT_WHILE(stats_of(otlp).exported + stats_of(otlp).failed < 6);
    cr_assert_eq(stats_of(otlp).failed, 3);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

static void *stop(void *otlp)
{
    return (void *)(intptr_t)filch_service_otlp_stop(otlp, FILCH_FOREVER);
}

Test(service_otlp, stop_sends_queued_spans)
{
    pthread_t thread;
    void *rc;
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.delay = FILCH_FOREVER});
    trace_one(otlp, "last");
    cr_assert_eq(pthread_create(&thread, NULL, stop, otlp), 0);
    char *request = http_serve_one(listener, ACCEPTED);
    cr_assert_eq(spans_in(request), 1);
    free(request);
    pthread_join(thread, &rc);
    cr_assert_null(rc);
    close(listener);
}

Test(service_otlp, stopping_gives_up_at_its_deadline)
{
    int listener = collector();
    filch_service_otlp *otlp = exporter_of((filch_service_otlp_config){.delay = FILCH_FOREVER});
    trace_one(otlp, "late");
    cr_assert_eq(filch_service_otlp_stop(otlp, filch_in(20 * FILCH_MILLISECOND)), -ETIMEDOUT);
    close(listener);
}

Test(service_otlp, the_endpoint_comes_from_the_environment)
{
    int listener = collector();
    filch_service_otlp *otlp;
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, 1);
    setenv("OTEL_SERVICE_NAME", "from-the-environment", 1);
    OK(filch_service_otlp_start(&otlp, &(filch_service_otlp_config){.batch = 1}));
    trace_one(otlp, "somewhere");
    char *request = http_serve_one(listener, ACCEPTED);
    cr_assert(strstr(request, "from-the-environment"));
    free(request);
    OK(filch_service_otlp_stop(otlp, FILCH_FOREVER));
    close(listener);
}

static void keep_line(const char *line, size_t size, void *kept)
{
    snprintf(kept, 512, "%.*s", (int)size, line);
}

Test(service_otlp, messages_never_contain_endpoint_password)
{
    char line[512] = "", url[96];
    filch_log log;
    filch_service_otlp *otlp;
    close(collector()); /* so that it is away */
    snprintf(url, sizeof url, "http://me:hunter2@127.0.0.1:%d", collector_port);
    filch_log_init(&log, FILCH_LOG_INFO, keep_line, line);
    filch_service_otlp_config config = {.endpoint = url, .batch = 1, .attempts = 1, .log = &log};
    OK(filch_service_otlp_start(&otlp, &config));
    trace_one(otlp, "lost");
    filch_service_otlp_stop(otlp, FILCH_FOREVER);
    cr_assert(strstr(line, "\"endpoint\":\"127.0.0.1:"), "%s", line);
    cr_assert(!strstr(line, "hunter2"), "%s", line);
    config.endpoint = "ftp://me:hunter2@collector";
    cr_assert_eq(filch_service_otlp_start(&otlp, &config), -EINVAL);
    cr_assert(!strstr(filch_error(), "hunter2"), "%s", filch_error());
}

Test(service_otlp, wrong_configurations_are_refused)
{
    static const filch_service_otlp_config wrong[] = {{.endpoint = "collector:4318"},
                                                      {.endpoint = "file:///etc/passwd"},
                                                      {.queue = 1000001},
                                                      {.queue = 10, .batch = 11},
                                                      {.delay = -1},
                                                      {.timeout = -1}};
    filch_service_otlp *none;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(filch_service_otlp_start(&none, &wrong[i]), -EINVAL, "%u", i);
    cr_assert_eq(filch_service_otlp_start(NULL, NULL), -EINVAL);
    OK(filch_service_otlp_stop(NULL, 0));
}
