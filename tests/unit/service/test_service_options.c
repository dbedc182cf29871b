/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Options of services and handlers: widths, rates, breakers, threads, hooks, queues, envelopes; and
 * what is refused. */
#include <tests/service/service.h>

#include <filch/traceparent.h>

static signpost runs, now_running, most_running;

static int counts(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&runs);
    return 0;
}

static int meets_others(filch_self self, filch_service_job *job, void *arg)
{
    uint32_t now = filch_u32_add(&now_running, 1, FILCH_ACQ_REL) + 1;
    uint32_t before = signpost_count(&most_running);
    while (now > before && !filch_u32_cas(&most_running, &before, now, FILCH_ACQ_REL))
        ;
    for (unsigned i = 0; i < 3; i++)
        filch_yield(self);
    filch_u32_add(&now_running, (uint32_t)-1, FILCH_ACQ_REL);
    return 0;
}

/* ---- Handlers ---- */

Test(service_options, type_width_limits_running_handlers)
{
    const filch_handler handlers[] = {{.type = "narrow", .fn = meets_others, .width = 2},
                                      {.type = "count", .fn = counts}};
    filch_service *service = service_of((filch_service_config){.workers = 8}, handlers, 2);
    for (unsigned i = 0; i < 50; i++) {
        publish(service, "narrow", "");
        publish(service, "count", "");
    }
    cr_assert_eq(run_ready(service), 100);
    cr_assert_leq(signpost_count(&most_running), 2);
    OK(filch_service_destroy(service));
}

Test(service_options, a_rate_spaces_the_attempts)
{
    const filch_handler handler = {.type = "count",
                                   .fn = counts,
                                   .rate = {.rate = 1000, .burst = 1}};
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    for (unsigned i = 0; i < 6; i++)
        publish(service, "count", "");
    int64_t before = filch_now();
    cr_assert_eq(run_ready(service), 6);
    cr_assert_geq(filch_now() - before, 5 * FILCH_MILLISECOND);
    OK(filch_service_destroy(service));
}

static int fails(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&runs);
    return -ECONNREFUSED;
}

Test(service_options, open_breaker_delays_without_counting_attempt)
{
    filch_breaker *breaker;
    OK(filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 1}));
    const filch_handler handler = {.type = "fail", .fn = fails, .breaker = breaker};
    fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
    filch_service *service =
        service_of((filch_service_config){.clock = test_clock, .width = 1}, &handler, 1);
    for (unsigned i = 0; i < 3; i++)
        publish(service, "fail", "");
    run_ready(service);
    cr_assert_eq(signpost_count(&runs), 1, "the others are refused");
    fl_delivery *all[4];
    unsigned count, first = 0;
    cr_assert_eq(fl_broker_memory.peek(broker, 0, all, 4, &count), FL_BROKER_OK);
    cr_assert_eq(count, 3);
    for (unsigned i = 0; i < count; i++) {
        first += all[i]->message.attempt == 1;
        free(all[i]);
    }
    cr_assert_eq(first, 2);
    OK(filch_service_destroy(service));
    filch_breaker_destroy(breaker);
    fl_broker_memory.close(broker);
}

static int notes_its_worker(filch_self self, filch_service_job *job, void *index)
{
    *(int *)index = filch_worker_index();
    return 0;
}

Test(service_options, a_handler_can_have_a_thread)
{
    int index[2] = {7, 7};
    const filch_handler handlers[] = {
        {.type = "task", .fn = notes_its_worker, .arg = &index[0]},
        {.type = "thread", .fn = notes_its_worker, .arg = &index[1], .thread = true}};
    filch_service *service = service_of((filch_service_config){0}, handlers, 2);
    publish(service, "task", "");
    publish(service, "thread", "");
    cr_assert_eq(run_ready(service), 2);
    cr_assert_geq(index[0], 0);
    cr_assert_lt(index[0], 7);
    cr_assert_eq(index[1], -1);
    OK(filch_service_destroy(service));
}

/* ---- Hooks, spans ---- */

static char told[128];

static int refuses_second(filch_service_job *job, void *arg)
{
    return strcmp(filch_service_job_message(job)->body, "2") ? 0 : -EACCES;
}

static void notes(filch_service_job *job, filch_service_outcome outcome, const char *reason,
                  void *arg)
{
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s:%d:%s;",
             (const char *)filch_service_job_message(job)->body, outcome, reason);
}

Test(service_options, hooks_wrap_handlers_and_replace_results)
{
    const filch_handler handler = {.type = "count", .fn = counts};
    filch_service *service =
        service_of((filch_service_config){.width = 1, .before = refuses_second, .after = notes},
                   &handler, 1);
    publish(service, "count", "1");
    publish(service, "count", "2");
    cr_assert_eq(run_ready(service), 2);
    cr_assert_eq(signpost_count(&runs), 1);
    cr_assert_str_eq(told, "1:0:;2:2:Permission denied;");
    OK(filch_service_destroy(service));
}

static int checks_its_span(filch_self self, filch_service_job *job, void *parent)
{
    const filch_traceparent *caller = parent;
    filch_traceparent own = filch_service_job_trace(job);
    bool child = memcmp(own.trace, caller->trace, sizeof own.trace) == 0 &&
                 memcmp(own.span, caller->span, sizeof own.span) != 0;
    return child && filch_service_job_age(job) == 5 ? 0 : filch_service_job_fail(job, "no child");
}

Test(service_options, handler_gets_child_span_and_age)
{
    filch_traceparent caller;
    filch_traceparent_begin(&caller, true);
    const filch_handler handler = {.type = "trace", .fn = checks_its_span, .arg = &caller};
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    const filch_message message = {.type = "trace", .trace = caller};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    pass(5);
    run_ready(service);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_DONE], 1);
    OK(filch_service_destroy(service));
}

/* ---- Queues ---- */

static char order[64];

static int appends(filch_self self, filch_service_job *job, void *arg)
{
    order[strlen(order)] = filch_service_job_message(job)->queue[0];
    return 0;
}

static void serve_queues(bool strict, const char *expected)
{
    static const filch_service_queue queues[] = {{"tasks", 3}, {"second", 0}};
    const filch_handler handler = {.type = "append", .fn = appends};
    filch_service *service = service_of((filch_service_config){.queues = queues,
                                                               .queue_count = 2,
                                                               .strict = strict,
                                                               .width = 1,
                                                               .buffer = 3,
                                                               .workers = 1},
                                        &handler, 1);
    memset(order, 0, sizeof order);
    for (unsigned i = 0; i < 18; i++) {
        const filch_message message = {.type = "append", .queue = i < 9 ? "second" : "tasks"};
        OK(filch_service_publish(service, &message, FILCH_FOREVER));
    }
    cr_assert_eq(run_ready(service), 18);
    cr_assert_eq(strncmp(order, expected, strlen(expected)), 0, "%s", order);
    OK(filch_service_destroy(service));
}

Test(service_options, queues_are_weighted_or_strictly_ordered)
{
    serve_queues(true, "tttttttttsssssssss");
    serve_queues(false, "ttts");
    unsigned of_tasks = 0;
    for (unsigned i = 0; i < 12; i++)
        of_tasks += order[i] == 't';
    cr_assert_geq(of_tasks, 8, "%s", order);
    cr_assert_leq(of_tasks, 9, "%s", order);
}

/* ---- Envelopes ---- */

static int echoes(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    snprintf(arg, 64, "%s %s %.*s", message->id, message->type, (int)message->body_size,
             (const char *)message->body);
    return 0;
}

Test(service_options, json_and_raw_envelopes)
{
    char seen[64] = "";
    const filch_handler handlers[] = {{.type = "b", .fn = echoes, .arg = seen},
                                      {.type = "a", .fn = counts}};
    filch_service *service =
        service_of((filch_service_config){.envelope = FILCH_ENVELOPE_RAW}, handlers, 2);
    const filch_message raw = {.id = "7", .type = "any", .body = "x", .body_size = 1};
    OK(filch_service_publish(service, &raw, FILCH_FOREVER));
    cr_assert_eq(run_ready(service), 1);
    cr_assert_str_eq(seen, "7 b x");
    OK(filch_service_destroy(service));
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    service = service_of((filch_service_config){.envelope = FILCH_ENVELOPE_JSON}, handlers, 2);
    const filch_message json = {.id = "\"8\"", .type = "b", .body = "[1.50]", .body_size = 6};
    OK(filch_service_publish(service, &json, FILCH_FOREVER));
    cr_assert_eq(run_ready(service), 1);
    cr_assert_str_eq(seen, "\"8\" b [1.50]");
    const filch_message bad = {.type = "b", .body = "[1", .body_size = 2};
    cr_assert_eq(filch_service_publish(service, &bad, FILCH_FOREVER), -EINVAL);
    OK(filch_service_destroy(service));
}

/* Publishes as a program without filch does; the caller closes the connection. */
static fl_broker *publish_foreign(const char *type, const char *body)
{
    const filch_message message = {
        .id = "own", .type = type, .queue = "tasks", .body = body, .body_size = strlen(body)};
    fl_publication item = {.message = &message};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
    return broker;
}

static const struct {
    unsigned handlers; /* of the service: b, a */
    const char *type, *body;
    const char *seen; /* "": a dead letter */
} autos[] = {
    {2, "b", "{\"type\":\"a\"}", "own b {\"type\":\"a\"}"}, /* the type beside it wins */
    {2, NULL, "{\"id\":\"7\",\"type\":\"b\",\"payload\":[1.50]}", "7 b [1.50]"},
    {2, NULL, "{\"type\":\"b\"}", "own b "},
    {2, "", "{\"type\":\"b\"}", "own b "},
    {1, NULL, "{\"type\":\"b\"}", "own b "},
    {1, NULL, "{\"n\":1}", "own b {\"n\":1}"},
    {1, NULL, "{\"type\":\"b\"", "own b {\"type\":\"b\""},
    {1, NULL, "{\"type\":\"c\"}", ""},
    {2, NULL, "{\"n\":1}", ""},
    {2, NULL, "hello", ""},
};

Test(service_options, auto_envelope_loses_no_message)
{
    char seen[64];
    const filch_handler handlers[] = {{.type = "b", .fn = echoes, .arg = seen},
                                      {.type = "a", .fn = counts}};
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    for (unsigned i = 0; i < sizeof autos / sizeof *autos; i++) {
        filch_service *service = service_of((filch_service_config){0}, handlers, autos[i].handlers);
        seen[0] = '\0';
        fl_broker *broker = publish_foreign(autos[i].type, autos[i].body);
        cr_assert_eq(run_ready(service), *autos[i].seen != '\0', "%u", i);
        cr_assert_str_eq(seen, autos[i].seen, "%u", i);
        cr_assert_eq(service_stats(service).malformed, !*autos[i].seen, "%u", i);
        fl_broker_memory.close(broker);
        OK(filch_service_destroy(service));
    }
}

/* ---- Refusals ---- */

static void is_refused(filch_service_config config, const char *word)
{
    const filch_handler handler = {.type = "count", .fn = counts};
    filch_service *service = NULL;
    config.size = sizeof config;
    cr_assert_eq(filch_service_create(&service, &config, &handler, 1), -EINVAL);
    cr_assert(strstr(filch_error(), word), "%s", filch_error());
    cr_assert_null(service);
}

Test(service_options, wrong_configurations_are_refused_with_value)
{
    static const filch_service_queue nameless = {NULL, 1}, heavy = {"q", 1001}, blank = {"a b", 1},
                                     control = {"mail\n", 1};
    static const filch_retry_policy bad = {.factor = 0.5};
    filch_service *service = NULL;
    is_refused((filch_service_config){.broker = "foo://user:secret@host"}, "'foo'");
    cr_assert_null(strstr(filch_error(), "secret"));
    is_refused((filch_service_config){.broker = "memory"}, "'memory'");
    is_refused((filch_service_config){.width = 100001}, "width 100001 is out of range (0..100000)");
    is_refused((filch_service_config){.buffer = 100001}, "buffer 100001");
    is_refused((filch_service_config){.lease = -1}, "lease -1 ns is out of range (1 s or more)");
    is_refused((filch_service_config){.lease = 5}, "lease 5 ns is out of range (1 s or more)");
    is_refused((filch_service_config){.lease = FILCH_SECOND - 1},
               "lease 999999999 ns is out of range");
    is_refused((filch_service_config){.timeout = -3}, "timeout -3 ns is out of range (0 or more)");
    is_refused((filch_service_config){.result_ttl = -2}, "result_ttl -2 ns");
    is_refused((filch_service_config){.envelope = FILCH_ENVELOPES}, "envelope 4");
    is_refused((filch_service_config){.queues = &nameless, .queue_count = 1}, "queue 0");
    is_refused((filch_service_config){.queues = &heavy, .queue_count = 1}, "1001");
    is_refused((filch_service_config){.queues = &blank, .queue_count = 1}, "queue 0, 'a...'");
    is_refused((filch_service_config){.queues = &control, .queue_count = 1}, "queue 0, 'mail...'");
    is_refused((filch_service_config){.queues = &heavy, .queue_count = 65}, "65");
    is_refused((filch_service_config){.retry = &bad}, "0.5");
    const filch_handler twice[] = {{.type = "a", .fn = counts}, {.type = "a", .fn = counts}};
    cr_assert_eq(filch_service_create(&service, NULL, twice, 2), -EINVAL);
    cr_assert(strstr(filch_error(), "'a'"), "%s", filch_error());
    cr_assert_eq(filch_service_create(&service, NULL, &(filch_handler){.fn = counts}, 1), -EINVAL);
    cr_assert_eq(filch_service_create(&service, NULL, &(filch_handler){.type = "a"}, 1), -EINVAL);
    const filch_handler late = {.type = "a", .fn = counts, .timeout = -1};
    cr_assert_eq(filch_service_create(&service, NULL, &late, 1), -EINVAL);
    cr_assert_str_eq(filch_error(), "handler 'a': timeout -1 ns is out of range (0 or more)");
    cr_assert_eq(filch_service_create(&service, NULL, twice, 0), -EINVAL);
    cr_assert_eq(filch_service_create(NULL, NULL, twice, 1), -EINVAL);
    OK(filch_service_destroy(NULL));
}

Test(service_options, bad_messages_and_repeated_keys_fail)
{
    char *big = calloc(1, FL_BODY_MOST + 1);
    const filch_handler handler = {.type = "count", .fn = counts};
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    const struct {
        filch_message message;
        const char *why;
    } wrong[] = {
        {{.body = "x", .body_size = 1}, "message without a type"},
        {{.type = "t", .priority = 10}, "type 't': priority 10 is out of range (0..9)"},
        {{.type = "t", .delay = -1}, "type 't': delay -1 ns is out of range (0 or more)"},
        {{.type = "t", .expires = -2}, "type 't': expires -2 ns is out of range (0 or more)"},
        {{.type = "t", .dedup = "k", .dedup_for = -3}, "type 't': dedup_for -3 ns"},
        {{.type = "t", .dedup_for = 1}, "type 't': dedup_for without dedup"},
        {{.type = "t", .body_size = 5}, "type 't': body of 5 bytes is NULL"},
        {{.type = "t", .queue = "other"}, "'other'"},
        {{.type = "t", .headers = &(filch_header){"a", NULL}, .header_count = 1}, "header 0"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(filch_service_publish(service, &wrong[i].message, FILCH_FOREVER), -EINVAL);
        cr_assert(strstr(filch_error(), wrong[i].why), "%s", filch_error());
    }
    const filch_message huge = {.type = "t", .body = big, .body_size = FL_BODY_MOST + 1};
    cr_assert_eq(filch_service_publish(service, &huge, FILCH_FOREVER), -EMSGSIZE);
    free(big);
    const filch_message keyed = {.type = "count", .dedup = "k"};
    OK(filch_service_publish(service, &keyed, FILCH_FOREVER));
    cr_assert_eq(filch_service_publish(service, &keyed, FILCH_FOREVER), -EEXIST);
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(filch_service_publish(service, &keyed, FILCH_FOREVER), 0, "it is done");
    OK(filch_service_destroy(service));
}

Test(service_options, broker_capabilities_are_one_line)
{
    char text[512], begin[8];
    const filch_handler handler = {.type = "count", .fn = counts};
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    size_t length = filch_service_describe(service, text, sizeof text);
    cr_assert_eq(length, strlen(text));
    cr_assert(strstr(text, "memory: durable no; priority yes;"), "%s", text);
    cr_assert_eq(filch_service_describe(service, begin, sizeof begin), length);
    OK(filch_service_destroy(service));
}
