/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Services: each message is run and answered once, with 1, 2 and 8 workers; answers, deadlines and
 * limits. On the broker `memory:`. */
#include <tests/service/service.h>

#include <filch/panic.h>

static signpost runs, begun, let_go;

static int counts(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&runs);
    return 0;
}

static int waits(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    signpost_wait(&let_go, 1);
    signpost_raise(&runs);
    return 0;
}

static const unsigned workers[] = {1, 2, 8};

/* ---- At least once ---- */

Test(service, messages_run_once_and_are_acknowledged)
{
    enum { MESSAGES = 300 };
    const filch_handler handler = {.type = "count", .fn = counts};
    for (unsigned w = 0; w < 3; w++) {
        fl_broker *broker = beside("memory:once", FL_BROKER_ADMINISTERS);
        filch_service *service =
            service_of((filch_service_config){.broker = "memory:once", .workers = workers[w]},
                       &handler, 1);
        runs = (signpost){0};
        for (unsigned i = 0; i < MESSAGES; i++)
            publish(service, "count", "");
        cr_assert_eq(run_ready(service), MESSAGES);
        filch_service_stats stats = service_stats(service);
        cr_assert_eq(signpost_count(&runs), MESSAGES);
        cr_assert(is_empty(broker));
        cr_assert_eq(stats.received, MESSAGES);
        cr_assert_eq(stats.settled, MESSAGES);
        cr_assert_eq(stats.outcomes[FILCH_SERVICE_DONE], MESSAGES);
        cr_assert_eq(stats.published, MESSAGES);
        cr_assert_eq(stats.held, 0);
        cr_assert_leq(stats.held_most, 20);
        OK(filch_service_destroy(service));
        fl_broker_memory.close(broker);
    }
}

Test(service, two_services_never_run_message_twice)
{
    enum { MESSAGES = 300 };
    const filch_handler handler = {.type = "count", .fn = counts};
    fl_broker *broker = beside("memory:two", FL_BROKER_ADMINISTERS);
    filch_service *service[2];
    serving one[2];
    for (unsigned i = 0; i < 2; i++)
        service[i] = service_of((filch_service_config){.broker = "memory:two"}, &handler, 1);
    for (unsigned i = 0; i < 2; i++)
        serving_begin(&one[i], service[i]);
    for (unsigned i = 0; i < MESSAGES; i++)
        publish(service[i % 2], "count", "");
    WAIT_WHILE(!is_empty(broker));
    for (unsigned i = 0; i < 2; i++)
        OK(filch_service_stop(service[i], FILCH_FOREVER));
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(serving_end(&one[i]), 0);
    cr_assert_eq(signpost_count(&runs), MESSAGES);
    for (unsigned i = 0; i < 2; i++)
        OK(filch_service_destroy(service[i]));
    fl_broker_memory.close(broker);
}

Test(service, message_is_answered_after_handler_returns)
{
    const filch_handler handler = {.type = "wait", .fn = waits};
    fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    serving one;
    serving_begin(&one, service);
    publish(service, "wait", "");
    signpost_wait(&begun, 1);
    cr_assert_eq(count_of(broker, 0).leased, 1);
    signpost_raise(&let_go);
    WAIT_WHILE(!is_empty(broker));
    cr_assert_eq(signpost_count(&runs), 1);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service, width_and_buffer_bound_held_messages)
{
    const filch_handler handler = {.type = "wait", .fn = waits};
    fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
    filch_service *service =
        service_of((filch_service_config){.width = 2, .buffer = 3, .workers = 8}, &handler, 1);
    serving one;
    for (unsigned i = 0; i < 40; i++)
        publish(service, "wait", "");
    serving_begin(&one, service);
    signpost_wait(&begun, 2);
    WAIT_WHILE(count_of(broker, 0).leased < 5);
    cr_assert_eq(count_of(broker, 0).ready, 35);
    cr_assert_eq(signpost_count(&begun), 2);
    signpost_raise(&let_go);
    WAIT_WHILE(!is_empty(broker));
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0);
    cr_assert_eq(service_stats(service).held_most, 5);
    cr_assert_eq(service_stats(service).prefetch, 5);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

/* ---- Answers ---- */

static unsigned attempts_seen[8];

static int fails_with(filch_self self, filch_service_job *job, void *code)
{
    unsigned n = signpost_count(&runs);
    attempts_seen[n % 8] = filch_service_job_message(job)->attempt;
    signpost_raise(&runs);
    return (int)(intptr_t)code;
}
#define CODE(code) ((void *)(intptr_t)(code))

Test(service, retries_wait_in_broker_and_count)
{
    const filch_retry_policy policy = {.attempts = 3,
                                       .base = FILCH_SECOND,
                                       .jitter = FILCH_JITTER_NONE};
    const filch_handler handler = {.type = "fail",
                                   .fn = fails_with,
                                   .arg = CODE(-ECONNREFUSED),
                                   .retry = &policy};
    fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    publish(service, "fail", "");
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(count_of(broker, 0).delayed, 1);
    cr_assert_eq(service_stats(service).held, 0, "no slot waits");
    pass(FILCH_SECOND - 1);
    cr_assert_eq(run_ready(service), 0);
    pass(1);
    cr_assert_eq(run_ready(service), 1);
    pass(2 * FILCH_SECOND);
    cr_assert_eq(run_ready(service), 1);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(attempts_seen[i], i + 1);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_RETRIED], 2);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_DEAD], 1);
    cr_assert(is_empty(broker));
    reason_is(broker, "no attempts left: Connection refused");
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

static int says(filch_self self, filch_service_job *job, void *arg)
{
    switch ((intptr_t)arg) {
    case 0:
        return filch_error_set(-EBADMSG, "no url in the payload");
    case 1:
        return filch_service_job_fail(job, "unknown customer %d", 17);
    case 2:
        return filch_service_job_retry(job, 7 * FILCH_SECOND, "not yet");
    case 3:
        FILCH_PANIC(-EIO, "broken %s", "pipe");
    default:
        return -EPERM;
    }
}

Test(service, failures_become_dead_letters_with_reasons)
{
    static const char *const reasons[] = {"no url in the payload", "unknown customer 17", NULL,
                                          "panic: broken pipe", "Operation not permitted"};
    for (intptr_t i = 0; i < 5; i++) {
        const filch_handler handler = {.type = "say", .fn = says, .arg = CODE(i)};
        fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
        filch_service *service =
            service_of((filch_service_config){.clock = test_clock}, &handler, 1);
        publish(service, "say", "body");
        cr_assert_eq(run_ready(service), 1);
        cr_assert_eq(count_of(broker, 0).delayed, !reasons[i]);
        cr_assert_eq(count_of(broker, 0).dead, !!reasons[i]);
        if (reasons[i])
            reason_is(broker, reasons[i]);
        OK(filch_service_destroy(service));
        fl_broker_memory.close(broker);
    }
}

static int waits_for_its_deadline(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&runs);
    int cause = filch_context_wait(filch_service_job_context(job), FILCH_FOREVER);
    return arg ? 0 : cause;
}

Test(service, timeouts_retry_late_success_is_done)
{
    for (unsigned late = 0; late < 2; late++) {
        const filch_handler handler = {.type = "slow",
                                       .fn = waits_for_its_deadline,
                                       .arg = CODE(late),
                                       .timeout = FILCH_MILLISECOND};
        fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
        filch_service *service =
            service_of((filch_service_config){.clock = test_clock}, &handler, 1);
        publish(service, "slow", "");
        cr_assert_eq(run_ready(service), 1);
        cr_assert_eq(count_of(broker, 0).delayed, !late);
        cr_assert_eq(service_stats(service).late, late);
        OK(filch_service_destroy(service));
        fl_broker_memory.close(broker);
    }
}

/* ---- Messages that do not begin ---- */

static char last_line[1024];

static void keep_line(const char *text, size_t size, void *arg)
{
    snprintf(last_line, sizeof last_line, "%.*s", (int)size, text);
}

static void dies_as(filch_service_config config, const filch_message *message, const char *reason)
{
    filch_log log;
    const filch_handler handler = {.type = "count", .fn = counts};
    filch_log_init(&log, FILCH_LOG_WARN, keep_line, NULL);
    config.clock = test_clock;
    config.log = &log;
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service = service_of(config, &handler, 1);
    fl_publication one = {.message = message};
    cr_assert_eq(fl_broker_memory.publish(broker, &one, 1), FL_BROKER_OK);
    cr_assert_eq(run_ready(service), 0);
    cr_assert(is_empty(broker));
    reason_is(broker, reason);
    /* the broker itself ends an expired message */
    if (strcmp(reason, "expired") != 0)
        cr_assert(strstr(last_line, "job became a dead letter") && strstr(last_line, reason), "%s",
                  last_line);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service, unprocessable_messages_become_dead_letters)
{
    char *big = calloc(1, FL_BODY_MOST + 1);
    dies_as((filch_service_config){.envelope = FILCH_ENVELOPE_NATIVE},
            &(filch_message){
                .id = "1", .queue = "tasks", .body = "{\"type\":\"count\"}", .body_size = 16},
            "message without a type (envelope=native; auto also looks into the body)");
    dies_as((filch_service_config){0},
            &(filch_message){.id = "1", .queue = "tasks", .type = "other"},
            "unknown task type: other");
    dies_as((filch_service_config){0},
            &(filch_message){.id = "1",
                             .queue = "tasks",
                             .type = "count",
                             .body = big,
                             .body_size = FL_BODY_MOST + 1},
            "body over 16 MiB");
    free(big);
    dies_as((filch_service_config){0},
            &(filch_message){.id = "1", .queue = "tasks", .type = "count", .deliveries = 5},
            "poison: delivered 5 times without an outcome");
    dies_as((filch_service_config){0},
            &(filch_message){.id = "1", .queue = "tasks", .type = "count", .expires = 1},
            "expired");
    if (fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        dies_as((filch_service_config){.envelope = FILCH_ENVELOPE_JSON},
                &(filch_message){.id = "1", .queue = "tasks", .body = "{", .body_size = 1},
                "body is not JSON (envelope=raw takes any body)");
}

/* A message of another program, without a type beside its body. */
static void body_dies_as(const char *body, const char *reason)
{
    const filch_message message = {.id = "1",
                                   .queue = "tasks",
                                   .body = body,
                                   .body_size = strlen(body)};
    dies_as((filch_service_config){0}, &message, reason);
}

Test(service, json_body_names_its_type)
{
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    body_dies_as("{\"type\":\"other\"}", "unknown task type: other");
    body_dies_as("{\"type\":\"count\",\"id\":7}",
                 "JSON envelope with an id that is not a string (envelope=raw takes any body)");
}
