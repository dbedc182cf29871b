/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8
 *
 * The broker `pubsub://` conforms to the interface, against our stand-in of the service. */
#include <tests/service/brokers/pubsub/pubsub_bench.h>

BROKER_CONFORMS(pubsub_broker, tested)

/* ---- Messages ---- */

Test(pubsub_broker, headers_unfit_as_attributes_stay_text)
{
    const filch_header headers[] = {{"googclient_x", "same"}, {"filch-id", "7"}, {"filch-due", "9"},
                                    {"content-type", "x"},    {"same", "1"},     {"same", "2"},
                                    {"", "no name"},          {"latin", "\xe4"}};
    enum { HEADERS = sizeof headers / sizeof *headers };
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < HEADERS; i++) {
        cr_assert_eq(bench_publish(&b, (filch_message){.headers = headers, .header_count = i + 1}),
                     0);
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one);
        cr_assert_eq(atoi(one->message.id), (int)i + 1);
        cr_assert_eq(one->message.header_count, i + 1);
        cr_assert_null(one->message.content_type);
        for (unsigned k = 0; k <= i; k++) /* the order of a map is not that of its making */
            cr_assert_not_null(filch_message_header(&one->message, headers[k].name));
        bench_ack(&b, one);
    }
    bench_end(&b);
}

Test(pubsub_broker, messages_of_other_programs_are_taken)
{
    bench b = bench_begin(&tested);
    post(&b, "projects/project/topics/tasks:publish",
         "{\"messages\": [{\"data\": \"e30=\", \"attributes\": {\"a\": \"b\", "
         "\"googclient_traceparent\": \"" BENCH_TRACE "\"}}]}");
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "1", "the server's number");
    cr_assert_null(one->message.type);
    cr_assert_eq(memcmp(one->message.body, "{}", 2), 0);
    cr_assert_str_eq(filch_message_header(&one->message, "a"), "b");
    bench_trace_is(one, NULL);
    cr_assert_gt(one->message.first_seen, real_time() - 60 * FILCH_SECOND);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
    one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "1", "it keeps its name");
    cr_assert_eq(one->message.attempt, 2);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(pubsub_broker, long_delay_takes_several_deliveries)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 1500 * FILCH_SECOND}), 0);
    for (unsigned i = 0; i < 3; i++) {
        bench_is_empty(&b);
        pass_time(500 * FILCH_SECOND);
    }
    bench_next_is(&b, "1");
    bench_end(&b);
}

static const char dead_letter_policy[] =
    "{\"topic\": \"projects/project/topics/tasks\", \"deadLetterPolicy\": {}}";

Test(pubsub_broker, dead_letter_policy_counts_due_deliveries)
{
    fl_broker_caps caps;
    fl_pubsub_reply reply;
    static const char *const queues[] = {"counted"};
    bench b = bench_begin(&tested);
    kind.caps_of(b.consumer, &caps);
    cr_assert_not(caps.deliveries);
    cr_assert_eq(fl_pubsub_ask(consumer_of(&b), "PUT", "projects/project/topics/counted", NULL, 0,
                               &reply, "ask"),
                 FL_BROKER_OK);
    json_decref(reply.json);
    json_t *body = json_loads(dead_letter_policy, 0, NULL);
    json_object_set_new(body, "topic", json_string("projects/project/topics/counted"));
    cr_assert_eq(fl_pubsub_ask(consumer_of(&b), "PUT",
                               "projects/project/subscriptions/counted-filch", body, 0, &reply,
                               "ask"),
                 FL_BROKER_OK);
    json_decref(reply.json);
    kind.close(b.consumer);
    kind.close(b.publisher);
    b.publisher = bench_open_queues(&b, FL_BROKER_PUBLISHES, queues, 1);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 1);
    kind.caps_of(b.consumer, &caps);
    cr_assert(caps.deliveries);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = "counted", .delay = FILCH_SECOND}), 0);
    bench_is_empty(&b);
    pass_time(FILCH_SECOND);
    for (unsigned i = 1; i <= 2; i++) {
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one);
        cr_assert_eq(one->message.deliveries, i);
        pass_time(31 * FILCH_SECOND);
        bench_free(&b, one);
    }
    bench_end(&b);
}

Test(pubsub_broker, messages_override_existing_subscription_deadline)
{
    static const char *const queues[] = {"counted"};
    bench b = bench_begin(&tested), longer = b;
    longer.lease = 300 * FILCH_SECOND;
    kind.close(b.publisher);
    b.publisher = bench_open_queues(&longer, FL_BROKER_PUBLISHES, queues, 1); /* creates it */
    kind.close(b.consumer);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 1);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = "counted"}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    pass_time(31 * FILCH_SECOND);
    fl_delivery *again = bench_receive(&b);
    cr_assert_not_null(again, "after 34 s, and not 338");
    bench_free(&b, one);
    bench_ack(&b, again);
    bench_end(&b);
}

Test(pubsub_broker, dead_letter_keeps_oversized_body)
{
    static const char body[] = "more than eight bytes";
    bench b = bench_begin(&tested), shorter = b;
    shorter.body_most = 8;
    kind.close(b.consumer);
    b.consumer = bench_open(&shorter, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){.body = body, .body_size = sizeof body}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->malformed && !one->message.body_size);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    kind.close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert(one && one->message.body_size == sizeof body);
    cr_assert_eq(memcmp(one->message.body, body, sizeof body), 0);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(pubsub_broker, messages_over_service_limits_are_refused)
{
    enum { TEN_MILLIONS = 10000000, TEXT = 1025 };
    static char body[TEN_MILLIONS], id[TEXT + 1];
    bench b = bench_begin(&tested);
    memset(id, 'x', TEXT);
    cr_assert_eq(bench_publish(&b, (filch_message){.body = body, .body_size = sizeof body}),
                 -EMSGSIZE);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = id}), -EMSGSIZE);
    cr_assert_eq(bench_publish(&b, (filch_message){.content_type = "\xff"}), -ENOTSUP);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = id + 1}), 0);
    bench_ack(&b, bench_receive(&b));
    bench_is_empty(&b);
    bench_end(&b);
}

/* ---- Order ---- */

static const char *ordered_url(void)
{
    fresh_url();
    return pubsub_url(pubsub.port, "&credentials=none&ordering=yes");
}

Test(pubsub_broker, jobs_of_one_key_run_serially)
{
    static tested_broker ordered;
    const filch_header a = {FL_KEY_HEADER, "a"}, c = {FL_KEY_HEADER, "c"};
    const filch_header *const keys[] = {&a, &a, &c, NULL, &c};
    fl_delivery *batch[8];
    unsigned count;
    ordered = tested;
    ordered.fresh_url = ordered_url;
    bench b = bench_begin(&ordered);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.headers = keys[i],
                                                       .header_count = keys[i] != NULL}),
                     0);
    cr_assert_eq(kind.receive(b.consumer, 0, batch, 8, &count), FL_BROKER_OK);
    cr_assert_eq(count, 3);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(batch[i]->message.id[0], "134"[i]);
    bench_is_empty(&b);
    bench_ack(&b, batch[0]);
    fl_delivery *one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "2", "the next of its key");
    bench_is_empty(&b);
    bench_ack(&b, batch[1]);
    bench_next_is(&b, "5");
    bench_ack(&b, one);
    bench_ack(&b, batch[2]);
    bench_is_empty(&b);
    bench_end(&b);
}

/* ---- URLs ---- */

Test(pubsub_broker, environment_emulator_needs_no_credentials)
{
    char host[64];
    bench b = {.tested = &tested, .kind = &kind, .url = "pubsub://project"};
    fresh_url();
    snprintf(host, sizeof host, "127.0.0.1:%d", pubsub.port);
    setenv("PUBSUB_EMULATOR_HOST", host, 1);
    kind.close(bench_open(&b, FL_BROKER_CONSUMES));
}

Test(pubsub_broker, wrong_urls_and_queues_fail_offline)
{
    static const char *const urls[] = {"pubsub:p",
                                       "pubsub://",
                                       "pubsub://a b",
                                       "pubsub://p/topic",
                                       "pubsub://p?unknown=1",
                                       "pubsub://p?create",
                                       "pubsub://p?create=maybe",
                                       "pubsub://p?endpoint=ftp://x",
                                       "pubsub://p?prefix=1"};
    static const char *const names[] = {"ok-name", "ab", "1ab", "googly", "a b c", "x/y"};
    fl_broker_config config = {.host = &beside_host, .queues = names, .queue_count = 1};
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++) {
        config.url = urls[i];
        cr_assert_eq(kind.check(&config), FL_BROKER_FATAL, "%s", urls[i]);
    }
    config.url = "pubsub://p?prefix=test-&ordering=yes&create=no&ca=%2Fx";
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        config.queues = names + i;
        cr_assert_eq(kind.check(&config), i ? FL_BROKER_FATAL : FL_BROKER_OK, "%s", names[i]);
    }
}
