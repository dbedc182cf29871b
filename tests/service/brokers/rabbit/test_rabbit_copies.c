/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Copies that the broker `amqp://` makes of messages for retries and dead letters: those of other
 * programs' messages too are there before the originals go. */
#include <tests/service/broker.h>
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/brokers/rabbit/rabbit_bench.h>

static const int64_t soon = 20 * FILCH_MILLISECOND; /* a delay, in a queue that is not there yet */

static fl_delivery *receive_with_body(bench *b, unsigned queue, const char *body)
{
    fl_delivery *one = bench_receive_by(b, b->consumer, queue);
    cr_assert(one && one->message.body_size == strlen(body) &&
              memcmp(one->message.body, body, strlen(body)) == 0);
    return one;
}

/* ---- Returned copies ---- */

Test(rabbit_copies, retry_without_id_is_kept)
{
    bench b = bench_begin(&rabbit_tested);
    rabbit_publish_as("tasks", NULL, "{\"n\": 1}");
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = soon});
    rabbit_pass(soon);
    fl_delivery *again = receive_with_body(&b, 0, "{\"n\": 1}");
    cr_assert_eq(again->message.attempt, 2);
    bench_ack(&b, again);
    bench_is_empty(&b);
    bench_end(&b);
}

Test(rabbit_copies, equal_ids_end_each_once)
{
    const amqp_basic_properties_t twice = {._flags = AMQP_BASIC_MESSAGE_ID_FLAG,
                                           .message_id = amqp_cstring_bytes("twice")};
    fl_delivery *both[2];
    unsigned count;
    bench b = bench_begin(&rabbit_tested);
    rabbit_publish_as("tasks", &twice, "first");
    rabbit_publish_as("tasks", &twice, "second");
    cr_assert_eq(b.kind->receive(b.consumer, 0, both, 2, &count), FL_BROKER_OK);
    cr_assert_eq(count, 2);
    fl_settlement items[2] = {
        {.delivery = both[0], .verb = FL_SETTLE_DEAD},
        {.delivery = both[1], .verb = FL_SETTLE_RETRY, .attempt = 2, .delay = soon}};
    cr_assert_eq(b.kind->settle(b.consumer, items, 2), FL_BROKER_OK);
    rabbit_pass(soon);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(items[i].status, 0);
        bench_free(&b, both[i]);
    }
    bench_ack(&b, receive_with_body(&b, 1, "first"));
    bench_ack(&b, receive_with_body(&b, 0, "second"));
    cr_assert_null(bench_receive_by(&b, b.consumer, 1), "it is buried once");
    bench_is_empty(&b);
    bench_end(&b);
}

/* Two copies on their way, the first as number 5. */
static void send_two(fl_rabbit *r, fl_rabbit_pending *pending, fl_rabbit_copy copies[2])
{
    for (unsigned i = 0; i < 2; i++)
        copies[i] = (fl_rabbit_copy){.number = 5 + i, .status = FL_RABBIT_SENT};
    *pending = (fl_rabbit_pending){.count = 2, .open = 2, .first = 5, .copies = copies};
    r->main.pending = pending;
}

Test(rabbit_copies, unmatched_return_fails_the_batch)
{
    fl_rabbit_copy copies[2];
    fl_rabbit_pending pending;
    static const uint64_t unmatched[] = {0, 7};
    for (unsigned i = 0; i < sizeof unmatched / sizeof *unmatched; i++) {
        fl_broker *publisher = rabbit_open(rabbit_fresh_url(), FL_BROKER_PUBLISHES);
        fl_rabbit *r = fl_rabbit_of(publisher);
        send_two(r, &pending, copies);
        fl_rabbit_on_confirm(&r->main, 5, false, 0);
        cr_assert_eq(fl_rabbit_on_return(r, &r->main, unmatched[i]), FL_BROKER_LOST);
        fl_rabbit_on_confirm(&r->main, 6, true, 0);
        cr_assert(copies[0].status == -EAGAIN && copies[1].status == -EAGAIN);
        r->main.pending = NULL;
        fl_broker_rabbit.close(publisher);
    }
}

Test(rabbit_copies, earlier_batch_returns_change_nothing)
{
    fl_rabbit_copy copies[2];
    fl_rabbit_pending pending;
    fl_broker *publisher = rabbit_open(rabbit_fresh_url(), FL_BROKER_PUBLISHES);
    fl_rabbit *r = fl_rabbit_of(publisher);
    send_two(r, &pending, copies);
    cr_assert_eq(fl_rabbit_on_return(r, &r->main, 4), FL_BROKER_OK);
    cr_assert_eq(fl_rabbit_on_return(r, &r->main, 6), FL_BROKER_OK);
    fl_rabbit_on_confirm(&r->main, 6, true, 0);
    cr_assert(copies[0].status == 0 && copies[1].status == -ENOENT);
    r->main.pending = NULL;
    fl_broker_rabbit.close(publisher);
}

Test(rabbit_copies, deleted_delay_queue_is_declared_again)
{
    bench b = bench_begin(&rabbit_tested);
    for (unsigned i = 0; i < 2; i++) {
        amqp_connection_state_t state = rabbit_connect();
        rabbit_delete(state, "tasks");
        rabbit_disconnect(state);
        b.kind->close(b.consumer); /* its deliveries have ended */
        b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = soon}), 0);
        rabbit_pass(soon);
        bench_next_is(&b, i ? "2" : "1");
    }
    bench_end(&b);
}

Test(rabbit_copies, headers_of_notes_are_dropped)
{
    const filch_header headers[] = {{"X-Filch-Copy", "1"}, {"kept", "v"}};
    bench b = bench_begin(&rabbit_tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.headers = headers, .header_count = 2}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->message.header_count == 1);
    cr_assert_str_eq(one->message.headers[0].name, "kept");
    bench_ack(&b, one);
    bench_end(&b);
}

/* ---- Copies that are never accepted ---- */

Test(rabbit_copies, uncopyable_dead_letter_stays)
{
    static char text[121 << 10];
    memset(text, 'x', sizeof text - 1);
    const filch_header reason = {"x-dlq-reason", text};
    bench b = {.tested = &rabbit_tested, .kind = &rabbit_patient, .url = rabbit_fresh_url()};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = rabbit_open(b.url, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_settlement one = {.delivery = bench_receive(&b),
                         .verb = FL_SETTLE_DEAD,
                         .headers = &reason,
                         .header_count = 1};
    cr_assert_eq(bench_settle_by(&b, b.consumer, one), -ESTALE);
    cr_assert(strstr(rabbit_logged, "shorten its headers"), "%s", rabbit_logged);
    bench_next_is(&b, "2");
    bench_free(&b, one.delivery);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "1");
    bench_is_empty(&b);
    b.kind->close(b.consumer);
    b.kind->close(b.publisher);
}

/* ---- Services ---- */

static filch_u32 runs;

static int fail_first(filch_self self, filch_service_job *job, void *arg)
{
    filch_u32_add(&runs, 1, FILCH_RELAXED);
    return filch_service_job_message(job)->attempt == 1 ? -EAGAIN : 0;
}

Test(rabbit_copies, service_retries_jobs_of_others)
{
    enum { JOBS = 40 };
    static const filch_handler handlers[] = {{.type = "t", .fn = fail_first}};
    const filch_service_queue queue = {.name = "tasks"};
    const filch_service_config config = {.broker = rabbit_fresh_url(),
                                         .queues = &queue,
                                         .queue_count = 1,
                                         .envelope = FILCH_ENVELOPE_RAW};
    filch_service *service = service_of(config, handlers, 1);
    serving one;
    serving_begin(&one, service);
    WAIT_WHILE(!service_stats(service).connected);
    for (unsigned i = 0; i < JOBS; i++)
        rabbit_publish_as("tasks", NULL, "{\"n\": 1}");
    WAIT_WHILE(filch_u32_load(&runs, FILCH_RELAXED) < 2 * JOBS);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0, "%s", filch_error());
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_DONE], JOBS);
    filch_service_destroy(service);
}
