/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `nats://` conforms to the interface; messages survive kills of the server. */
#include <nats/nats.h>
#include <tests/support/broker.h>
#include <tests/support/nats.h>
#include <tests/support/real_clock.h>

static const char *fresh_url(void)
{
    nats_kill();
    nats_start(nats_jetstream());
    return nats_url("");
}

/* A claim's time begins when it is connected. */
static fl_broker_rc open_now(fl_broker **out, const fl_broker_config *config)
{
    fl_broker_rc rc = fl_broker_nats.open(out, config);
    set_clock(test_clock(NULL));
    return rc;
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind,
                                     .fresh_url = fresh_url,
                                     .pass = pass_leases,
                                     .second = 50 * FILCH_MILLISECOND,
                                     .counts_returns = true,
                                     .merges_counts = true};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_nats;
    kind.open = open_now;
}

BROKER_CONFORMS(nats_broker, tested)

/* ---- Messages ---- */

Test(nats_broker, headers_that_give_orders_to_the_server_are_only_text)
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

Test(nats_broker, messages_that_are_returned_again_and_again_do_not_become_poison)
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

Test(nats_broker, a_message_that_was_read_ahead_goes_back_when_there_is_no_room_or_at_the_end)
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

static void reopen(bench *b)
{
    bench_end(b);
    nats_start(nats_jetstream());
    b->admin = bench_open(b, FL_BROKER_ADMINISTERS);
    b->publisher = bench_open(b, FL_BROKER_PUBLISHES);
    b->consumer = bench_open(b, FL_BROKER_CONSUMES);
}

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

Test(nats_broker, confirmed_messages_survive_kills_of_the_server)
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

static void delete_consumer(const char *url)
{
    natsConnection *other;
    jsCtx *js;
    cr_assert_eq(natsConnection_ConnectTo(&other, url), NATS_OK);
    cr_assert_eq(natsConnection_JetStream(&js, other, NULL), NATS_OK);
    cr_assert_eq(js_DeleteConsumer(js, "jobs", "tasks", NULL, NULL), NATS_OK);
    jsCtx_Destroy(js);
    natsConnection_Destroy(other);
}

Test(nats_broker, a_consumer_that_is_deleted_is_created_by_the_next_connection)
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

Test(nats_broker, a_delivery_is_settled_after_a_kill_of_the_server)
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

Test(nats_broker, an_answer_to_a_message_that_the_server_has_lost_leaves_others_alone)
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

static void open_and_close(const bench *b, fl_broker_role role)
{
    b->kind->close(bench_open(b, role));
}

Test(nats_broker, the_first_service_creates_the_consumer_and_the_longest_lease_holds)
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

Test(nats_broker, a_brief_connection_takes_the_lease_that_the_queue_has)
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

/* ---- A server that has written some of its files later than others ---- */

/* It ends in peace, so all of its files are written. */
static void end_server(void)
{
    cr_assert_eq(kill(nats.pid, SIGTERM), 0);
    cr_assert_eq(waitpid(nats.pid, NULL, 0), nats.pid);
    nats.pid = 0;
}

static void in_stream(const char *command)
{
    char text[1024];
    snprintf(text, sizeof text, "cd '%s/jetstream/$G/streams/jobs' && %s", nats.folder, command);
    cr_assert_eq(system(text), 0);
}

/* As a kill would leave it that lost what has changed in `part` ("msgs", "obs") since `keep_files`. */
static void keep_files(bench *b, const char *part)
{
    char command[64];
    end_server();
    snprintf(command, sizeof command, "cp -r %s kept", part);
    in_stream(command);
    reopen(b);
}

static void put_back(bench *b, const char *part)
{
    char command[64];
    end_server();
    snprintf(command, sizeof command, "rm -r %s && mv kept %s", part, part);
    in_stream(command);
    bench_end(b);
    nats_start(nats_jetstream());
}

static void publish_some(bench *b, unsigned count)
{
    while (count--)
        cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
}

static void counts_are(bench *b, uint64_t ready, uint64_t leased)
{
    fl_broker_count count;
    cr_assert_eq(kind.count(b->admin, 0, &count), FL_BROKER_OK);
    cr_assert(count.ready == ready && count.leased == leased, "%d ready, %d leased",
              (int)count.ready, (int)count.leased);
}

static uint64_t stored(const char *url)
{
    natsConnection *other;
    jsCtx *js;
    jsStreamInfo *info = NULL;
    cr_assert_eq(natsConnection_ConnectTo(&other, url), NATS_OK);
    cr_assert_eq(natsConnection_JetStream(&js, other, NULL), NATS_OK);
    cr_assert_eq(js_GetStreamInfo(&info, js, "jobs", NULL, NULL), NATS_OK);
    uint64_t count = info->State.Msgs;
    jsStreamInfo_Destroy(info);
    jsCtx_Destroy(js);
    natsConnection_Destroy(other);
    return count;
}

static int64_t unsettled(const char *url)
{
    natsConnection *other;
    jsCtx *js;
    jsConsumerInfo *info = NULL;
    cr_assert_eq(natsConnection_ConnectTo(&other, url), NATS_OK);
    cr_assert_eq(natsConnection_JetStream(&js, other, NULL), NATS_OK);
    cr_assert_eq(js_GetConsumerInfo(&info, js, "jobs", "tasks", NULL, NULL), NATS_OK);
    int64_t count = info->NumAckPending;
    jsConsumerInfo_Destroy(info);
    jsCtx_Destroy(js);
    natsConnection_Destroy(other);
    return count;
}

/* The server forgets that it has removed three acknowledged messages. */
static bench with_three_remains(void)
{
    bench b = bench_begin(&tested);
    publish_some(&b, 3);
    keep_files(&b, "msgs");
    for (unsigned i = 1; i <= 3; i++)
        bench_ack(&b, bench_receive(&b));
    put_back(&b, "msgs");
    cr_assert_eq(stored(b.url), 3);
    return b;
}

Test(nats_broker, remains_of_done_jobs_are_uncounted)
{
    bench b = with_three_remains();
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    counts_are(&b, 0, 0);
    kind.close(b.admin);
}

Test(nats_broker, a_service_removes_remains_of_jobs)
{
    bench b = with_three_remains();
    open_and_close(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(stored(b.url), 0);
    delete_consumer(b.url); /* a new one would deliver them again */
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    publish_some(&b, 1);
    bench_next_is(&b, "4");
    bench_end(&b);
}

/* While a job runs, the server does not tell it from the remains. */
Test(nats_broker, remains_beside_running_jobs_go_later)
{
    bench b = bench_begin(&tested);
    b.lease = 100 * FILCH_SECOND;
    publish_some(&b, 3);
    keep_files(&b, "msgs");
    fl_delivery *running = bench_receive(&b);
    for (unsigned i = 2; i <= 3; i++)
        bench_ack(&b, bench_receive(&b));
    put_back(&b, "msgs");
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    counts_are(&b, 0, 1);
    bench_ack(&b, running);
    counts_are(&b, 0, 0);
    cr_assert_eq(stored(b.url), 2);
    set_clock(test_clock(NULL) + 40 * FILCH_SECOND);
    cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
    cr_assert_eq(stored(b.url), 0);
    bench_end(&b);
}

/* The server's ack floor passes the first message, which it has delivered again. */
Test(nats_broker, redelivered_jobs_are_no_remains)
{
    bench b = bench_begin(&tested);
    publish_some(&b, 3);
    keep_files(&b, "msgs");
    bench_free(&b, bench_receive(&b));
    pass_leases(31 * tested.second);
    fl_delivery *again = bench_receive(&b), *second = bench_receive(&b);
    cr_assert_str_eq(again->message.id, "1");
    bench_ack(&b, second);
    put_back(&b, "msgs");
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "3");
    set_clock(test_clock(NULL) + 40 * FILCH_SECOND);
    cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
    pass_leases(31 * tested.second);
    bench_next_is(&b, "1");
    bench_free(&b, again);
    bench_end(&b);
}

Test(nats_broker, a_job_that_is_gone_never_runs)
{
    bench b = bench_begin(&tested);
    b.lease = 100 * FILCH_SECOND;
    publish_some(&b, 2);
    kind.close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *first = bench_receive(&b), *second = bench_receive(&b);
    keep_files(&b, "obs");
    bench_ack(&b, second);
    put_back(&b, "obs"); /* the server believes that the second one runs */
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    counts_are(&b, 0, 1);
    cr_assert_eq(unsettled(b.url), 2);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    set_clock(test_clock(NULL) + 40 * FILCH_SECOND);
    cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
    bench_ack(&b, first);
    cr_assert_eq(unsettled(b.url), 0);
    kind.close(b.consumer);
    kind.close(b.admin);
}

Test(nats_broker, jobs_with_reused_numbers_are_delivered)
{
    bench b = bench_begin(&tested);
    publish_some(&b, 1);
    keep_files(&b, "msgs");
    publish_some(&b, 4);
    for (unsigned i = 1; i <= 5; i++)
        bench_ack(&b, bench_receive(&b));
    put_back(&b, "msgs");
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "1"); /* the stream has it again, and nothing says that it was done */
    publish_some(&b, 1);
    bench_next_is(&b, "6");
    bench_end(&b);
}

/* ---- Services ---- */

enum { JOBS = 120 };
static int ran_pipe[2];
static filch_u32 ran[JOBS];

/* Reports each job once. */
static int note_run(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)arg;
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

Test(nats_broker, a_service_loses_no_job_when_the_server_is_killed)
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
    cr_assert_eq(filch_service_destroy(service), 0);
}
