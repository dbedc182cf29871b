/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `nats://` conforms to the interface; servers that cannot be used are refused with the
 * remedy; messages survive kills of the server. */
#include <nats/nats.h>
#include <tests/support/broker.h>
#include <tests/support/nats.h>
#include <time.h>

static int64_t real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

/* The service's clock stands still between calls of pass_time; the server's goes on. */
static void set_clock(int64_t at_least)
{
    int64_t now = real_time();
    filch_u64_store(&test_time, (uint64_t)(now > at_least ? now : at_least), FILCH_RELEASE);
}

static const char *fresh_url(void)
{
    nats_kill();
    nats_start(nats_jetstream());
    return nats_url("");
}

/* More than that on the server's clock: its leases are longer by an eighth. */
static void pass_time(int64_t ns)
{
    int64_t real = ns + ns / 8 + 150 * FILCH_MILLISECOND;
    struct timespec span = {real / FILCH_SECOND, real % FILCH_SECOND};
    while (nanosleep(&span, &span))
        ;
    set_clock(test_clock(NULL) + ns);
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
                                     .pass = pass_time,
                                     .second = 50 * FILCH_MILLISECOND,
                                     .counts_returns = true,
                                     .merges_counts = true};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_nats;
    kind.open = open_now;
}

BROKER_CONFORMS(nats_broker, tested)

/* ---- Refusals ---- */

static char explained[512], logged[512];

FILCH_PRINTF(3, 4)
static fl_broker_rc keep(const fl_broker_host *host, fl_broker_rc rc, const char *format, ...)
{
    (void)host;
    va_list args;
    va_start(args, format);
    vsnprintf(explained, sizeof explained, format, args);
    va_end(args);
    return rc;
}

static void keep_line(const fl_broker_host *host, filch_log_level level, const char *text)
{
    (void)host, (void)level;
    snprintf(logged, sizeof logged, "%s", text);
}

static fl_broker_rc try_to_open(const char *url, const char *queue, fl_broker **out)
{
    static fl_broker_host host;
    static const char *queues[1];
    queues[0] = queue;
    host = beside_host;
    host.explain = keep;
    host.log = keep_line;
    const fl_broker_config config = {.host = &host,
                                     .role = FL_BROKER_CONSUMES,
                                     .url = url,
                                     .queues = queues,
                                     .queue_count = 1,
                                     .prefetch = 10,
                                     .lease = 30 * FILCH_SECOND,
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST};
    explained[0] = logged[0] = '\0';
    return fl_broker_nats.open(out, &config);
}

static void refused(const char *url, fl_broker_rc expected, const char *words)
{
    fl_broker *broker = NULL;
    fl_broker_rc rc = try_to_open(url, "tasks", &broker);
    cr_assert(rc == expected && !broker, "%s: %d, %s", url, rc, explained);
    cr_assert(strstr(explained, words), "%s: %s", url, explained);
    cr_assert_null(strstr(explained, "s3cret"), "%s", explained);
}

static fl_broker *opened(const char *url)
{
    fl_broker *broker = NULL;
    cr_assert_eq(try_to_open(url, "tasks", &broker), FL_BROKER_OK, "%s", explained);
    return broker;
}

static void accepted(const char *url)
{
    fl_broker_nats.close(opened(url));
}

Test(nats_broker, urls_that_do_not_parse_or_expose_a_password_are_refused)
{
    static const struct {
        const char *url, *words;
    } wrong[] = {
        {"nats:localhost", "without '://'"},
        {"nats://", "without a host"},
        {"nats://h/a.b", "stream 'a.b' is no name"},
        {"nats://h/?prefix=a b", "prefix 'a b' is no subject"},
        {"nats://h/?burst=1", "unknown option of nats: 'burst'"},
        {"nats://h/?create=maybe", "create=maybe is no option of nats (valid: yes, no)"},
        {"nats://me:s3cret@example.org", "use nats+tls://"},
        {"nats://s3cret@127.0.0.1.example.org", "use nats+tls://"},
        {"nats://me:s3cret@localhost,example.org/", "use nats+tls://"},
    };
    fl_broker *broker = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(wrong[i].url, FL_BROKER_FATAL, wrong[i].words);
    cr_assert_eq(try_to_open("nats://localhost", "a queue", &broker), FL_BROKER_FATAL);
    cr_assert(strstr(explained, "queue 'a queue' is no subject"), "%s", explained);
}

static void start_with(const char *more)
{
    char config[1024];
    snprintf(config, sizeof config, "%s%s", nats_jetstream(), more);
    nats_kill();
    nats_start(config);
}

Test(nats_broker, servers_that_refuse_are_told_from_servers_that_are_away)
{
    start_with("");
    nats_kill();
    refused(nats_url(""), FL_BROKER_LOST, "see that it runs");
    nats_start("");
    refused(nats_url(""), FL_BROKER_REFUSED, "start nats-server with -js");
    start_with("authorization { user: me, password: \"s3cret@:\" }");
    refused(nats_url(""), FL_BROKER_REFUSED, "check the user, password");
    refused(nats_url("me:s3cret@"), FL_BROKER_REFUSED, "check the user, password");
    accepted(nats_url("me:s3cret%40%3a@"));
    start_with("authorization { token: \"s3cret\" }");
    accepted(nats_url("s3cret@"));
}

Test(nats_broker, without_create_a_missing_stream_is_refused)
{
    char url[300];
    start_with("");
    snprintf(url, sizeof url, "%s?create=no", nats_url(""));
    refused(url, FL_BROKER_REFUSED, "stream jobs does not exist");
    accepted(nats_url(""));
    accepted(url);
}

static void run(const char *command)
{
    char text[1024];
    snprintf(text, sizeof text, "cd '%s' && { %s; } >/dev/null 2>&1", nats.folder, command);
    cr_assert_eq(system(text), 0, "%s", text);
}

/* A URL with files of the folder. */
static const char *tls_url(const char *host, const char *option)
{
    static char url[512];
    snprintf(url, sizeof url, "nats+tls://%s:%d%s%s%s", host, nats.port, *option ? "?" : "", option,
             *option ? nats.folder : "");
    return url;
}

Test(nats_broker, certificates_are_verified_with_their_host_names)
{
    char more[512], url[600];
    nats_make_folder();
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
        "subjectAltName=DNS:localhost -keyout key.pem -out cert.pem");
    snprintf(more, sizeof more, "tls { cert_file: \"%s/cert.pem\", key_file: \"%s/key.pem\" }",
             nats.folder, nats.folder);
    start_with(more);
    refused(nats_url(""), FL_BROKER_REFUSED, "use nats+tls://");
    refused(tls_url("localhost", ""), FL_BROKER_REFUSED, "its authority (ca=FILE)");
    snprintf(url, sizeof url, "%s/cert.pem", tls_url("localhost", "ca="));
    accepted(url);
    snprintf(url, sizeof url, "%s/cert.pem", tls_url("127.0.0.1", "ca="));
    refused(url, FL_BROKER_REFUSED, "a certificate that names this host");
    snprintf(url, sizeof url, "%s/none", tls_url("localhost", "creds="));
    refused(url, FL_BROKER_REFUSED, "none (No such file or directory)");
    nats_write("open.creds", "");
    run("chmod 644 open.creds");
    snprintf(url, sizeof url, "%s/open.creds", tls_url("localhost", "creds="));
    refused(url, FL_BROKER_REFUSED, "chmod 600 it");
}

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

Test(nats_broker, messages_over_the_limit_of_the_server_are_refused_and_logged)
{
    static char body[5 << 20];
    filch_message message = {.id = "big", .type = "t", .queue = "tasks", .body = body};
    fl_publication item = {.message = &message};
    start_with("");
    fl_broker *broker = opened(nats_url(""));
    message.body_size = sizeof body;
    cr_assert_eq(fl_broker_nats.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, -EMSGSIZE);
    cr_assert(strstr(logged, "message big of 5242880 bytes"), "%s", logged);
    message.body_size = 1;
    message.dedup = "key";
    cr_assert_eq(fl_broker_nats.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, -ENOTSUP);
    fl_broker_nats.close(broker);
}

Test(nats_broker, messages_of_other_programs_are_taken)
{
    natsConnection *other;
    bench b = bench_begin(&tested);
    cr_assert_eq(natsConnection_ConnectTo(&other, b.url), NATS_OK);
    cr_assert_eq(natsConnection_PublishString(other, "jobs.tasks", "{}"), NATS_OK);
    cr_assert_eq(natsConnection_Flush(other), NATS_OK);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "jobs-1");
    cr_assert_null(one->message.type);
    cr_assert_eq(one->message.header_count, 0);
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
            pass_time(0);
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
    pass_time(11 * tested.second);
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
    start_with("");
    cr_assert_eq(pipe(ran_pipe), 0);
    filch_service *service =
        service_of((filch_service_config){.broker = nats_url("")}, handlers, 1);
    serving_begin(&one, service);
    cr_assert_eq(pthread_create(&publisher, NULL, publish_all, service), 0);
    wait_for_runs(JOBS / 3);
    start_with("");
    wait_for_runs(JOBS - JOBS / 3);
    pthread_join(publisher, NULL);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0);
    cr_assert_eq(filch_service_destroy(service), 0);
}
