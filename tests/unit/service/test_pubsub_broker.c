/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `pubsub://` conforms to the interface, against our stand-in of the service. */
#include <runtime/service/brokers/pubsub.h>
#include <tests/support/broker.h>
#include <tests/support/pubsub.h>
#include <time.h>

static int64_t real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

static const char *fresh_url(void)
{
    pubsub_start();
    filch_u64_store(&test_time, (uint64_t)real_time(), FILCH_RELEASE);
    return pubsub_url(pubsub.port, "&credentials=none");
}

/* More than that on the server's clock: its deadlines are later by an eighth, and whole seconds. */
static void pass_time(int64_t ns)
{
    char order[64];
    int64_t rest = ns < FILCH_SECOND ? 0 : ns / 8 + FILCH_SECOND;
    pass(ns);
    snprintf(order, sizeof order, "pass?ns=%lld", (long long)(ns + rest));
    pubsub_control(order);
    usleep(20 * 1000); /* an answer to a request that waits is on its way */
}

/* A connection whose requests wait at the server gets messages later than others. */
static fl_broker_rc receive_soon(fl_broker *broker, unsigned queue, fl_delivery **out,
                                 unsigned most, unsigned *count)
{
    enum { TRIES = 40, WAIT = 50 };
    fl_broker_rc rc = fl_broker_pubsub.receive(broker, queue, out, most, count);
    fl_pubsub *p = fl_pubsub_of(broker);
    for (unsigned i = 0; i < TRIES && !rc && !*count && p->queues[queue].flows; i++) {
        struct pollfd fd = {.fd = fl_web_fd(p->web), .events = POLLIN};
        poll(&fd, 1, WAIT);
        rc = fl_broker_pubsub.turn(broker);
        rc = rc ? rc : fl_broker_pubsub.receive(broker, queue, out, most, count);
    }
    return rc;
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind, .fresh_url = fresh_url, .pass = pass_time};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_pubsub;
    kind.receive = receive_soon;
}

BROKER_CONFORMS(pubsub_broker, tested)

/* ---- Messages ---- */

Test(pubsub_broker, headers_that_cannot_be_attributes_are_only_text)
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

static fl_pubsub *consumer_of(const bench *b)
{
    return fl_pubsub_of(b->consumer);
}

/* POST of a request of the REST interface. */
static void post(bench *b, const char *path, const char *body)
{
    fl_pubsub_reply reply;
    cr_assert_eq(fl_pubsub_ask(consumer_of(b), NULL, path, json_loads(body, 0, NULL), 0, &reply,
                               "ask"),
                 FL_BROKER_OK);
    json_decref(reply.json);
}

Test(pubsub_broker, messages_of_other_programs_are_taken)
{
    bench b = bench_begin(&tested);
    post(&b, "projects/project/topics/tasks:publish",
         "{\"messages\": [{\"data\": \"e30=\", \"attributes\": {\"a\": \"b\"}}]}");
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "1", "the server's number");
    cr_assert_null(one->message.type);
    cr_assert_eq(memcmp(one->message.body, "{}", 2), 0);
    cr_assert_str_eq(filch_message_header(&one->message, "a"), "b");
    cr_assert_gt(one->message.first_seen, real_time() - 60 * FILCH_SECOND);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
    one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "1", "it keeps its name");
    cr_assert_eq(one->message.attempt, 2);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(pubsub_broker, a_delay_beyond_the_longest_deadline_takes_several_deliveries)
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

Test(pubsub_broker, deliveries_are_counted_by_a_dead_letter_policy_but_not_those_before_their_time)
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

Test(pubsub_broker, the_deadline_of_a_subscription_that_exists_is_set_by_message)
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

Test(pubsub_broker, a_dead_letter_keeps_a_body_that_is_too_long_for_the_service)
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

Test(pubsub_broker, messages_over_the_limits_of_the_service_are_refused)
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

Test(pubsub_broker, jobs_of_one_key_run_one_after_another)
{
    static tested_broker ordered;
    const filch_header a = {FL_PUBSUB_KEY_HEADER, "a"}, c = {FL_PUBSUB_KEY_HEADER, "c"};
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

/* ---- Refusals ---- */

Test(pubsub_broker, a_server_that_is_overloaded_gets_the_call_again)
{
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_delivery *one;
    unsigned count;
    bench b = bench_begin(&tested);
    pubsub_control("fail?status=503&count=1");
    cr_assert_eq(kind.publish(b.publisher, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(item.status, -EAGAIN);
    cr_assert_eq(kind.publish(b.publisher, &item, 1), FL_BROKER_OK);
    pubsub_control("fail?status=429&count=1");
    cr_assert_eq(kind.receive(b.consumer, 0, &one, 1, &count), FL_BROKER_BUSY);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(pubsub_broker, a_settlement_that_fails_is_made_again)
{
    fl_settlement item = {.verb = FL_SETTLE_DEAD};
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    item.delivery = bench_receive(&b);
    pubsub_control("fail?status=503&count=1");
    cr_assert_eq(kind.settle(b.consumer, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(item.status, -EAGAIN);
    bench_settle(&b, item);
    bench_is_empty(&b);
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_not_null(one);
    bench_ack(&b, one);
    cr_assert_null(bench_receive_by(&b, b.consumer, 1), "there is one letter");
    bench_end(&b);
}

Test(pubsub_broker, a_queue_that_is_missing_is_refused_if_it_must_not_be_created)
{
    fl_delivery *one;
    unsigned count;
    bench b = {.tested = &tested, .kind = &kind};
    fresh_url();
    b.url = pubsub_url(pubsub.port, "&credentials=none&create=no");
    fl_broker *consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(kind.receive(consumer, 0, &one, 1, &count), FL_BROKER_REFUSED);
    kind.close(consumer);
}

Test(pubsub_broker, the_emulator_of_the_environment_is_used_without_credentials)
{
    char host[64];
    bench b = {.tested = &tested, .kind = &kind, .url = "pubsub://project"};
    fresh_url();
    snprintf(host, sizeof host, "127.0.0.1:%d", pubsub.port);
    setenv("PUBSUB_EMULATOR_HOST", host, 1);
    kind.close(bench_open(&b, FL_BROKER_CONSUMES));
}

Test(pubsub_broker, urls_and_queues_that_are_wrong_are_refused_without_a_server)
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

/* ---- Requests that wait ---- */

/* Another of its requests that wait may get what went back. */
static bool has_again(bench *b, const fl_pubsub_queue *queue)
{
    cr_assert_eq(kind.turn(b->consumer), FL_BROKER_OK);
    return queue->held;
}

Test(pubsub_broker, messages_read_ahead_go_back_when_there_is_no_room_or_at_the_end)
{
    int64_t until = FILCH_FOREVER;
    struct pollfd fds[FL_WAKER_FDS];
    bench b = bench_begin(&tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned round = 0; round < 2; round++) {
        fl_pubsub_queue *queue = &consumer_of(&b)->queues[0];
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        kind.watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
        WAIT_WHILE(kind.turn(b.consumer) == FL_BROKER_OK && !queue->held);
        cr_assert_null(bench_receive_by(&b, other, 0));
        if (round)
            cr_assert_eq(kind.cease(b.consumer), FL_BROKER_OK);
        else
            pass_time(11 * FILCH_SECOND);
        cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
        fl_pubsub_finish_tells(consumer_of(&b));
        fl_delivery *one = NULL;
        WAIT_WHILE(!(one = bench_receive_by(&b, other, 0)) && !has_again(&b, queue));
        cr_assert(one || !round, "not after the end");
        bench_ack(&b, one ? one : bench_receive(&b));
    }
    kind.close(other);
    bench_end(&b);
}
