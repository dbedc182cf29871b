/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_broker_of
 *
 * A broker of which each call in turn fails, in each way: no message is lost, and none is run twice
 * unless its lease was. */
#include <tests/service/faulty_broker.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

enum { MESSAGES = 8 };

/* ---- Consuming ---- */

static signpost runs[MESSAGES];

/* The first time, message 0 asks for a retry. */
static int counts(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    unsigned which = (unsigned)atoi(message->body);
    signpost_raise(&runs[which]);
    if (which == 1)
        return filch_service_job_fail(job, "never");
    return which || message->attempt > 1 ? 0 : filch_service_job_retry(job, FILCH_SECOND, "again");
}

static void put_messages(fl_broker *broker)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        char body[16];
        int size = snprintf(body, sizeof body, "%u", i);
        const filch_message message = {.id = body,
                                       .queue = "tasks",
                                       .type = "count",
                                       .attempt = 1,
                                       .body = body,
                                       .body_size = (size_t)size};
        fl_publication item = {.message = &message};
        fl_broker_memory.publish(broker, &item, 1);
        runs[i] = (signpost){0};
    }
}

/* The n-th call fails. true: there was one. */
static bool survives(unsigned n)
{
    const filch_handler handler = {.type = "count", .fn = counts};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service =
        service_of((filch_service_config){.clock = test_clock, .width = 3, .buffer = 3}, &handler,
                   1);
    put_messages(broker);
    calls = 0;
    failing_call = n;
    failed = false;
    for (unsigned second = 0; second < 100 && !is_empty(broker); second++) {
        int rc = filch_service_run_ready(service, NULL);
        cr_assert(rc == 0 || rc == -ENOTCONN || rc == -EAGAIN, "%d %s", rc, filch_error());
        pass(FILCH_SECOND);
    }
    cr_assert(is_empty(broker), "call %u %s", n, names[failing_way]);
    cr_assert_eq(count_of(broker, 0).dead, 1);
    for (unsigned i = 0; i < MESSAGES; i++) {
        unsigned usual = i == 0 ? 2 : 1;
        cr_assert_geq(signpost_count(&runs[i]), usual, "call %u %s: %u lost", n, names[failing_way],
                      i);
        if (!ends_leases)
            cr_assert_eq(signpost_count(&runs[i]), usual, "call %u %s: %u twice", n,
                         names[failing_way], i);
        cr_assert_leq(signpost_count(&runs[i]), usual + 1);
    }
    cr_assert_eq(filch_service_destroy(service), 0, "%s", filch_error());
    fl_broker_memory.close(broker);
    return failed;
}

static void survives_each_call(way how)
{
    unsigned n = 1;
    failing_way = how;
    while (survives(n))
        n++;
    cr_assert_gt(n, 8, "only %u calls", n);
}

Test(service_faults, busy_broker_neither_loses_nor_repeats)
{
    survives_each_call(BUSY);
}

Test(service_faults, disconnect_neither_loses_nor_repeats_messages)
{
    survives_each_call(LOST);
    survives_each_call(LOST_ITS_REPLY);
}

Test(service_faults, refusal_neither_loses_nor_repeats_messages)
{
    survives_each_call(REFUSED);
}

Test(service_faults, lease_ending_disconnect_loses_no_message)
{
    ends_leases = true;
    survives_each_call(LOST);
    survives_each_call(LOST_ITS_REPLY);
}

Test(service_faults, failed_exchange_neither_loses_nor_repeats)
{
    exchanges = true;
    survives_each_call(BUSY);
    survives_each_call(LOST);
    survives_each_call(LOST_ITS_REPLY);
    survives_each_call(REFUSED);
}

/* Messages that cannot run need no place in the pool. */
static void holds_few_of_a_backlog(void)
{
    enum { BACKLOG = 3000, WIDTH = 2, BUFFER = 2, RECEIVED = 128 /* by one call */ };
    const filch_handler handler = {.type = "count", .fn = counts};
    const filch_message message = {.id = "1", .queue = "tasks", .type = "unknown"};
    fl_publication item = {.message = &message};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service =
        service_of((filch_service_config){.width = WIDTH, .buffer = BUFFER}, &handler, 1);
    unsettled = unsettled_most = 0;
    for (unsigned i = 0; i < BACKLOG; i++)
        fl_broker_memory.publish(broker, &item, 1);
    cr_assert_eq(run_ready(service), 0);
    cr_assert_eq(count_of(broker, 0).dead, BACKLOG);
    cr_assert_leq(unsettled_most, WIDTH + BUFFER + 100 + RECEIVED);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service_faults, unrunnable_backlog_settles_while_receiving)
{
    holds_few_of_a_backlog();
    exchanges = true;
    holds_few_of_a_backlog();
}

/* ---- Capabilities ---- */

Test(service_faults, described_capabilities_match_connection)
{
    char text[512];
    filch_log log;
    const filch_handler handler = {.type = "count", .fn = counts};
    filch_log_init(&log, FILCH_LOG_INFO, log_lines_add, NULL);
    filch_service *service = service_of((filch_service_config){.log = &log}, &handler, 1);
    filch_service_describe(service, text, sizeof text);
    cr_assert(strstr(text, "durable no;"), "%s", text);
    cr_assert_eq(run_ready(service), 0);
    filch_service_describe(service, text, sizeof text);
    cr_assert(strstr(text, "durable yes;"), "%s", text);
    cr_assert(strstr(log_lines, "broker connected") && strstr(log_lines, text), "%s", log_lines);
    OK(filch_service_destroy(service));
}

/* ---- Dead letters ---- */

static unsigned count_in(const char *text, const char *words)
{
    unsigned count = 0;
    for (; (text = strstr(text, words)); text++)
        count++;
    return count;
}

/* One whose handler fails, one of no type, and one that is poison. */
static void put_dying(fl_broker *broker)
{
    const filch_message messages[] = {
        {.id = "1", .queue = "tasks", .type = "count", .body = "1", .body_size = 1},
        {.id = "2", .queue = "tasks", .type = "none"},
        {.id = "3", .queue = "tasks", .type = "count", .deliveries = 9}};
    for (unsigned i = 0; i < 3; i++) {
        fl_publication item = {.message = &messages[i]};
        fl_broker_memory.publish(broker, &item, 1);
    }
}

Test(service_faults, refused_dead_letters_are_not_counted)
{
    filch_log log;
    const filch_handler handler = {.type = "count", .fn = counts};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_log_init(&log, FILCH_LOG_WARN, log_lines_add, NULL);
    filch_service *service =
        service_of((filch_service_config){.clock = test_clock, .log = &log}, &handler, 1);
    put_dying(broker);
    log_lines[0] = '\0';
    for (unsigned lease = 0; lease < 4; lease++) {
        keeps_dead = lease < 3;
        run_ready(service);
        filch_service_stats stats = service_stats(service);
        unsigned accepted = lease == 3;
        cr_assert_eq(stats.outcomes[FILCH_SERVICE_DEAD], accepted);
        cr_assert_eq(stats.malformed, accepted);
        cr_assert_eq(stats.poison, accepted);
        cr_assert_eq(stats.lost, lease < 3 ? 3 * (lease + 1) : 9);
        cr_assert_eq(count_in(log_lines, "became a dead letter"), 3 * accepted, "%s", log_lines);
        pass(PAST_LEASE);
    }
    cr_assert_eq(count_of(broker, 0).dead, 3);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

/* ---- Publishing ---- */

static int ignores(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

Test(service_faults, publish_succeeds_despite_failed_call)
{
    const filch_handler handler = {.type = "count", .fn = ignores};
    for (failing_way = BUSY; failing_way <= LOST_ITS_REPLY; failing_way++) {
        fl_broker *broker = beside("memory:", FL_BROKER_ADMINISTERS);
        filch_service *service = service_of((filch_service_config){0}, &handler, 1);
        calls = 0;
        failing_call = 1;
        failed = false;
        publish(service, "count", "");
        cr_assert(failed);
        /* without its reply it is not known to be there, so it is published again */
        cr_assert_eq(count_of(broker, 0).ready, failing_way == LOST_ITS_REPLY ? 2 : 1);
        OK(filch_service_destroy(service));
        fl_broker_memory.close(broker);
    }
}

Test(service_faults, run_ready_awaits_messages_in_flight)
{
    const filch_handler handler = {.type = "count", .fn = ignores};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    put_messages(broker);
    looks_without = 5;
    uint64_t ran = run_ready(service);
    cr_assert_eq(ran, MESSAGES, "%d, %u", (int)ran, looks_without);
    cr_assert(is_empty(broker));
    cr_assert_eq(run_ready(service), 0);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

Test(service_faults, running_service_retries_busy_broker)
{
    const filch_handler handler = {.type = "count", .fn = ignores};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    serving one;
    put_messages(broker);
    calls = 0;
    failing_way = BUSY;
    failing_call = 2; /* the first receive */
    serving_begin(&one, service);
    WAIT_WHILE(!is_empty(broker));
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

/* Makes the owner look at the clock. */
static void poke(fl_broker *broker)
{
    const filch_message message = {.id = "0", .queue = "second", .type = "none", .attempt = 1};
    fl_publication item = {.message = &message};
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
}

static signpost begun, let_go;

static int waits(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    signpost_wait(&let_go, 1);
    return 0;
}

Test(service_faults,
     locks_that_are_shorter_than_the_lease_are_extended_in_time_and_not_all_the_time)
{
    const filch_handler handler = {.type = "wait", .fn = waits};
    const filch_message message = {.id = "1", .queue = "tasks", .type = "wait", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    serving one;
    short_lease = 3 * FILCH_SECOND;
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
    serving_begin(&one, service);
    signpost_wait(&begun, 1);
    for (unsigned i = 1; i <= 5; i++) {
        cr_assert_eq(service_stats(service).extended, i - 1, "no time has passed");
        pass(FILCH_SECOND);
        poke(broker);
        WAIT_WHILE(service_stats(service).extended < i);
    }
    signpost_raise(&let_go);
    WAIT_WHILE(service_stats(service).settled < 1);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    cr_assert_eq(service_stats(service).lost, 0);
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
}

static fl_broker_rc never_opens(fl_broker **out, const fl_broker_config *config)
{
    return config->host->explain(config->host, FL_BROKER_LOST, "no server at 127.0.0.1");
}

static fl_broker_rc is_misconfigured(fl_broker **out, const fl_broker_config *config)
{
    return config->host->explain(config->host, FL_BROKER_FATAL, "no port in the URL");
}

Test(service_faults, unreachable_broker_waits_wrong_url_fails)
{
    const filch_handler handler = {.type = "count", .fn = ignores};
    const filch_message message = {.type = "count"};
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    serving one;
    faulty.open = never_opens;
    cr_assert_eq(filch_service_publish(service, &message, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
    serving_begin(&one, service);
    cr_assert_not(service_stats(service).is_connected);
    OK(filch_service_stop(service, 0));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    service = service_of((filch_service_config){0}, &handler, 1);
    faulty.open = is_misconfigured;
    cr_assert_eq(filch_service_run(service), -EINVAL);
    cr_assert_str_eq(filch_error(), "no port in the URL");
    cr_assert_eq(filch_service_publish(service, &message, FILCH_FOREVER), -EINVAL);
    OK(filch_service_destroy(service));
}
