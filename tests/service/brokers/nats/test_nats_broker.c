/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long
 *
 * The broker `nats://` conforms to the interface; messages survive kills of the server. */
#include <tests/service/broker.h>
#include <tests/service/brokers/nats/nats_bench.h>

BROKER_CONFORMS(nats_broker, tested)

/* ---- Messages ---- */

Test(nats_broker, server_command_headers_are_plain_text)
{
    const filch_header headers[] = {{"Nats-Msg-Id", "same"}, {"Nats-Expected-Stream", "other"},
                                    {"Filch-Id", "7"},       {"Content-Type", "x"},
                                    {"a:\r\nb", "  c\rd "},  {"percent", "%41"}};
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.headers = headers, .header_count = 6}), 0);
    for (unsigned i = 0; i < 2; i++) {
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one);
        cr_assert_eq(atoi(one->message.id), (int)i + 1);
        cr_assert_eq(one->message.header_count, 6);
        cr_assert_null(one->message.content_type);
        for (unsigned k = 0; k < 6; k++)
            cr_assert_str_eq(filch_message_header(&one->message, headers[k].name),
                             headers[k].value);
        bench_ack(&b, one);
    }
    bench_end(&b);
}

Test(nats_broker, messages_of_other_programs_are_taken)
{
    natsConnection *other;
    bench b = bench_begin(&tested);
    cr_assert_eq(natsConnection_ConnectTo(&other, b.url), NATS_OK);
    natsMsg *message;
    cr_assert_eq(natsMsg_Create(&message, "jobs.tasks", NULL, "{}", 2), NATS_OK);
    cr_assert_eq(natsMsgHeader_Set(message, "traceparent", BENCH_TRACE), NATS_OK);
    cr_assert_eq(natsMsgHeader_Set(message, "tracestate", "a=b"), NATS_OK);
    cr_assert_eq(natsConnection_PublishMsg(other, message), NATS_OK);
    natsMsg_Destroy(message);
    cr_assert_eq(natsConnection_Flush(other), NATS_OK);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "jobs-1");
    cr_assert_null(one->message.type);
    cr_assert_eq(one->message.header_count, 0);
    bench_trace_is(one, "a=b");
    cr_assert_gt(one->message.first_seen, real_time() - 60 * FILCH_SECOND);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
    one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "jobs-1", "it keeps its name");
    cr_assert_eq(one->message.attempt, 2);
    bench_ack(&b, one);
    natsConnection_Destroy(other);
    bench_end(&b);
}

/* Another program's message, as large as the server takes: no copy of it fits. */
static fl_delivery *receive_largest(bench *b)
{
    natsConnection *other;
    cr_assert_eq(natsConnection_ConnectTo(&other, b->url), NATS_OK);
    size_t size = (size_t)natsConnection_GetMaxPayload(other);
    char *body = calloc(1, size);
    cr_assert_eq(natsConnection_Publish(other, "jobs.tasks", body, (int)size), NATS_OK);
    cr_assert_eq(natsConnection_Flush(other), NATS_OK);
    natsConnection_Destroy(other);
    free(body);
    fl_delivery *one = bench_receive(b);
    cr_assert_not_null(one);
    return one;
}

Test(nats_broker, refused_retries_return_after_their_delays)
{
    bench b = bench_begin(&tested);
    bench_settle(&b, (fl_settlement){.delivery = receive_largest(&b),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = 20 * bench_second(&tested)});
    bench_is_empty(&b);
    tested.pass(20 * bench_second(&tested));
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_eq(one->message.deliveries, 2);
    bench_ack(&b, one);
    bench_is_empty(&b);
    bench_end(&b);
}

Test(nats_broker, refused_dead_letters_stay)
{
    bench b = bench_begin(&tested);
    fl_settlement dead = {.delivery = receive_largest(&b), .verb = FL_SETTLE_DEAD};
    cr_assert_eq(bench_settle_by(&b, b.consumer, dead), -ESTALE);
    bench_free(&b, dead.delivery);
    cr_assert_null(bench_receive_by(&b, b.consumer, 1));
    tested.pass(40 * bench_second(&tested)); /* its lease */
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(nats_broker, repeated_returns_do_not_poison_message)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.body = "b", .body_size = 1}), 0);
    for (unsigned i = 0; i < 10; i++) {
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one);
        cr_assert_leq(one->message.deliveries, 2);
        cr_assert_eq(one->message.body_size, 1);
        bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETURN});
    }
    bench_next_is(&b, "1");
    bench_is_empty(&b);
    bench_end(&b);
}

/* The consumer has read ahead what was published. */
static void read_ahead(bench *b)
{
    int64_t until;
    struct pollfd fds[FL_WAKER_FDS];
    bench_is_empty(b);
    cr_assert_not(bench_is_awake(b, &until));
    cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
    cr_assert_eq(kind.watch(b->consumer, true, fds, FL_WAKER_FDS, &until), 1);
    cr_assert_eq(poll(fds, 1, -1), 1);
}

Test(nats_broker, last_message_comes_without_an_exchange)
{
    bench b = bench_begin(&tested);
    fl_delivery *batch[2];
    unsigned count;
    read_ahead(&b);
    kill(nats.pid, SIGSTOP);
    fl_broker_rc rc = fl_broker_nats.receive(b.consumer, 0, batch, 2, &count);
    kill(nats.pid, SIGCONT);
    cr_assert_eq(rc, FL_BROKER_OK);
    cr_assert_eq(count, 1);
    cr_assert(kind.may_come(b.consumer, 0), "the server was not asked for more");
    bench_ack(&b, batch[0]);
    bench_is_empty(&b);
    cr_assert_not(kind.may_come(b.consumer, 0));
    bench_end(&b);
}

Test(nats_broker, returned_messages_come_together)
{
    int64_t until;
    bench b = bench_begin(&tested);
    fl_delivery *batch[2];
    unsigned count;
    read_ahead(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_not_null(batch[i] = bench_receive(&b));
    for (unsigned i = 0; i < 2; i++)
        bench_settle(&b, (fl_settlement){.delivery = batch[i], .verb = FL_SETTLE_RETURN});
    WAIT_WHILE(!bench_is_awake(&b, &until));
    cr_assert_eq(kind.receive(b.consumer, 0, batch, 2, &count), FL_BROKER_OK);
    cr_assert_eq(count, 2);
    for (unsigned i = 0; i < 2; i++)
        bench_ack(&b, batch[i]);
    bench_end(&b);
}

static void comes_to(bench *b, fl_broker *consumer)
{
    fl_delivery *one = NULL;
    for (unsigned tries = 0; tries < 100 && !one; tries++) {
        one = bench_receive_by(b, consumer, 0);
        if (!one)
            pass_leases(0);
    }
    cr_assert_not_null(one);
    cr_assert_eq(bench_settle_by(b, consumer, (fl_settlement){.delivery = one}), 0);
    bench_free(b, one);
}

Test(nats_broker, unused_message_read_ahead_is_returned)
{
    bench b = bench_begin(&tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    read_ahead(&b);
    cr_assert_null(bench_receive_by(&b, other, 0));
    pass_leases(11 * tested.second);
    cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
    comes_to(&b, other);
    read_ahead(&b);
    cr_assert_null(bench_receive_by(&b, other, 0));
    cr_assert_eq(kind.cease(b.consumer), FL_BROKER_OK);
    comes_to(&b, other);
    kind.close(other);
    bench_end(&b);
}

/* ---- Deaths of the server ---- */

static void is_lost(bench *b)
{
    const filch_message message = {.id = "lost", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_delivery *one;
    unsigned count;
    cr_assert_eq(kind.publish(b->publisher, &item, 1), FL_BROKER_LOST);
    cr_assert_eq(item.status, -EAGAIN);
    cr_assert_eq(kind.receive(b->consumer, 0, &one, 1, &count), FL_BROKER_LOST);
    cr_assert_eq(count, 0);
}

Test(nats_broker, confirmed_messages_survive_server_kills)
{
    enum { KILLS = 3, EACH = 100, DONE = 20, ALL = KILLS * EACH };
    static bool seen[ALL];
    bench b = bench_begin(&tested);
    for (unsigned kills = 0; kills < KILLS; kills++) {
        for (unsigned i = 0; i < EACH; i++)
            cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        for (unsigned i = 0; i < DONE; i++) {
            fl_delivery *one = bench_receive(&b);
            cr_assert_not_null(one);
            seen[atoi(one->message.id) - 1] = true;
            bench_ack(&b, one);
        }
        nats_kill();
        is_lost(&b);
        reopen(&b);
    }
    for (fl_delivery *one; (one = bench_receive(&b));) {
        seen[atoi(one->message.id) - 1] = true;
        bench_ack(&b, one);
    }
    for (unsigned i = 0; i < ALL; i++)
        cr_assert(seen[i], "%u is lost", i + 1);
    bench_end(&b);
}

Test(nats_broker, next_connection_recreates_deleted_consumer)
{
    fl_delivery *none;
    unsigned count;
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_next_is(&b, "1");
    bench_is_empty(&b);
    delete_consumer(b.url);
    cr_assert_eq(kind.receive(b.consumer, 0, &none, 1, &count), FL_BROKER_LOST);
    kind.close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_next_is(&b, "2");
    bench_end(&b);
}

Test(nats_broker, delivery_settles_after_server_kill)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_settlement ack = {.delivery = one};
    nats_kill();
    cr_assert_eq(kind.settle(b.consumer, &ack, 1), FL_BROKER_LOST);
    cr_assert_eq(ack.status, -EAGAIN);
    reopen(&b);
    bench_ack(&b, one);
    fl_broker_count count;
    cr_assert_eq(kind.count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.ready + count.leased, 0);
    bench_end(&b);
}

/* A kill may undo what a server has not written yet; here it undoes all. */
static void forget_all(bench *b)
{
    char command[8192];
    nats_kill();
    snprintf(command, sizeof command, "rm -r '%s'", nats_path("jetstream"));
    cr_assert_eq(system(command), 0);
    reopen(b);
}

Test(nats_broker, answering_lost_message_spares_others)
{
    fl_broker_count count;
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *lost = bench_receive(&b);
    forget_all(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0); /* has the number of the lost one */
    fl_settlement ack = {.delivery = lost};
    cr_assert_eq(kind.settle(b.consumer, &ack, 1), FL_BROKER_OK);
    cr_assert_eq(ack.status, -ESTALE);
    cr_assert_eq(kind.extend(b.consumer, &lost, 1, FILCH_SECOND), FL_BROKER_OK);
    cr_assert_eq(lost->lease_until, 0);
    cr_assert_eq(kind.count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.ready, 1);
    bench_next_is(&b, "2");
    kind.release(lost->handle);
    free(lost);
    bench_end(&b);
}

/* ---- Leases ---- */

/* ns; -1: there is no consumer. */
static int64_t ack_wait(const char *url)
{
    natsConnection *other;
    jsCtx *js;
    jsConsumerInfo *info = NULL;
    cr_assert_eq(natsConnection_ConnectTo(&other, url), NATS_OK);
    cr_assert_eq(natsConnection_JetStream(&js, other, NULL), NATS_OK);
    natsStatus status = js_GetConsumerInfo(&info, js, "jobs", "tasks", NULL, NULL);
    cr_assert(status == NATS_OK || status == NATS_NOT_FOUND);
    int64_t wait = status == NATS_OK ? info->Config->AckWait : -1;
    jsConsumerInfo_Destroy(info);
    jsCtx_Destroy(js);
    natsConnection_Destroy(other);
    return wait;
}

Test(nats_broker, consumer_keeps_longest_requested_lease)
{
    fl_broker_count count;
    bench b = {.tested = &tested, .kind = &kind, .url = fresh_url()};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(kind.count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert(count.ready == 1 && count.leased == 0);
    cr_assert_eq(ack_wait(b.url), -1);
    for (int64_t seconds = 9; seconds > 0; seconds -= 4) {
        b.lease = seconds * FILCH_SECOND;
        open_and_close(&b, FL_BROKER_CONSUMES);
        cr_assert_eq(ack_wait(b.url), 9 * FILCH_SECOND + 9 * FILCH_SECOND / 8);
    }
    b.lease = 16 * FILCH_SECOND;
    open_and_close(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(ack_wait(b.url), 18 * FILCH_SECOND);
    kind.close(b.publisher);
    kind.close(b.admin);
}

Test(nats_broker, brief_connection_takes_existing_lease)
{
    bench b = {.tested = &tested, .kind = &kind, .url = fresh_url(), .brief = true};
    b.lease = 80 * FILCH_SECOND;
    open_and_close(&b, FL_BROKER_CONSUMES);
    cr_assert_leq(ack_wait(b.url), 8 * FILCH_SECOND, "%ld", (long)ack_wait(b.url));
    b.brief = false;
    b.lease = 16 * FILCH_SECOND;
    open_and_close(&b, FL_BROKER_CONSUMES);
    b.brief = true;
    b.lease = 80 * FILCH_SECOND;
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(ack_wait(b.url), 18 * FILCH_SECOND);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_leq(one->lease_until, test_clock(NULL) + 16 * FILCH_SECOND);
    bench_ack(&b, one);
    kind.close(b.publisher);
    kind.close(b.consumer);
}

/* ---- Services ---- */

enum { JOBS = 120 };
static int ran_pipe[2];
static filch_u32 ran[JOBS];

/* Reports each job once. */
static int note_run(filch_self self, filch_service_job *job, void *arg)
{
    int number = atoi(filch_service_job_message(job)->body);
    if (filch_u32_add(&ran[number], 1, FILCH_ACQ_REL) == 0)
        cr_assert_eq(write(ran_pipe[1], "", 1), 1);
    return 0;
}

static void wait_for_runs(unsigned count)
{
    char byte;
    while (count--)
        cr_assert_eq(read(ran_pipe[0], &byte, 1), 1);
}

static void *publish_all(void *arg)
{
    char body[16];
    for (int i = 0; i < JOBS; i++) {
        snprintf(body, sizeof body, "%d", i);
        publish(arg, "t", body);
    }
    return NULL;
}

Test(nats_broker, killed_server_loses_no_job)
{
    static const filch_handler handlers[] = {{.type = "t", .fn = note_run}};
    pthread_t publisher;
    serving one;
    nats_start_with("");
    cr_assert_eq(pipe(ran_pipe), 0);
    filch_service *service =
        service_of((filch_service_config){.broker = nats_url("")}, handlers, 1);
    serving_begin(&one, service);
    cr_assert_eq(pthread_create(&publisher, NULL, publish_all, service), 0);
    wait_for_runs(JOBS / 3);
    nats_start_with("");
    wait_for_runs(JOBS - JOBS / 3);
    pthread_join(publisher, NULL);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
}
