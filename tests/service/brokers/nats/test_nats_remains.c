/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8
 *
 * A killed NATS server has written some of its files later than others: it has messages again that are
 * done, or leases of messages that are gone. */
#include <tests/service/brokers/nats/nats_bench.h>

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

Test(nats_remains, remains_of_done_jobs_are_uncounted)
{
    bench b = with_three_remains();
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    counts_are(&b, 0, 0);
    kind.close(b.admin);
}

/* Power failed: five messages are done, and the stream has only the first again. */
static bench with_four_lost(void)
{
    bench b = bench_begin(&tested);
    publish_some(&b, 1);
    keep_files(&b, "msgs");
    publish_some(&b, 4);
    for (unsigned i = 1; i <= 5; i++)
        bench_ack(&b, bench_receive(&b));
    put_back(&b, "msgs");
    return b;
}

/* ---- Leftovers are reported, and kept ---- */

static unsigned reports;

static void log_reports(const fl_broker_host *host, filch_log_level level, const char *text)
{
    reports += strstr(text, "counts as acknowledged") != NULL;
}

static fl_broker_rc open_logged(fl_broker **out, const fl_broker_config *config)
{
    static fl_broker_host host;
    fl_broker_config logged = *config;
    host = beside_host;
    host.log = log_reports;
    logged.host = &host;
    return open_now(out, &logged);
}

/* Of consumers that this test opens from now on. */
static void count_reports(void)
{
    kind.open = open_logged;
}

static void be_idle(fl_broker *broker)
{
    set_clock(test_clock(NULL) + 40 * FILCH_SECOND);
    cr_assert_eq(kind.turn(broker), FL_BROKER_OK);
}

Test(nats_remains, leftovers_are_reported_once_and_kept)
{
    bench b = with_three_remains();
    count_reports();
    fl_broker *consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(reports, 0);
    be_idle(consumer);
    be_idle(consumer);
    cr_assert_eq(reports, 1);
    cr_assert_eq(stored(b.url), 3);
    kind.close(consumer);
}

/* To the server, a purge up to number 1 has no bound. */
Test(nats_remains, jobs_before_the_first_delivery_stay)
{
    bench b = bench_begin(&tested);
    publish_some(&b, 3);
    count_reports();
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    be_idle(other);
    be_idle(other);
    kind.close(other);
    cr_assert_eq(reports, 0);
    for (unsigned i = 1; i <= 3; i++)
        bench_ack(&b, bench_receive(&b));
    bench_end(&b);
}

/* Publishers were faster than the first service, which cannot distinguish their jobs from done ones. */
Test(nats_remains, jobs_with_reused_numbers_stay)
{
    bench b = with_four_lost();
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    publish_some(&b, 4);
    count_reports();
    fl_broker *consumer = bench_open(&b, FL_BROKER_CONSUMES);
    be_idle(consumer);
    cr_assert_eq(reports, 1);
    cr_assert_eq(stored(b.url), 5);
    kind.close(consumer);
    delete_consumer(b.url); /* as the report says */
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 1; i <= 5; i++)
        bench_ack(&b, bench_receive(&b));
    kind.close(b.consumer);
    kind.close(b.publisher);
}

/* The server's ack floor passes the first message, which it has delivered again. The leases end in real time, so
 * it may come before the third one. */
Test(nats_remains, redelivered_jobs_are_no_remains)
{
    unsigned came = 0;
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
    while (came != (1u << 1 | 1u << 3)) {
        fl_delivery *one = bench_receive(&b);
        if (one) {
            came |= 1u << atoi(one->message.id);
            bench_ack(&b, one);
        } else {
            pass_leases(31 * tested.second);
            set_clock(test_clock(NULL) + 40 * FILCH_SECOND);
            cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
        }
    }
    bench_is_empty(&b);
    bench_free(&b, again);
    bench_end(&b);
}

Test(nats_remains, jobs_that_are_gone_never_run)
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

Test(nats_remains, jobs_with_reused_numbers_are_delivered)
{
    bench b = with_four_lost();
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "1"); /* the stream has it again, and nothing says that it was done */
    publish_some(&b, 1);
    bench_next_is(&b, "6");
    bench_end(&b);
}
