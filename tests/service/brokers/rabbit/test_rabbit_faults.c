/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `amqp://` when its server is killed, stops answering, or takes no publications: no
 * confirmed message is lost, the connection is found broken, and acknowledgements go on. */
#include <tests/service/broker.h>
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/brokers/rabbit/rabbit_bench.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#include <pthread.h>
#include <sys/socket.h>

/* ---- A killed server ---- */

/* The server has read all that this connection has sent: it answers in order. */
static void settle_down(bench *b)
{
    fl_rabbit *r = fl_rabbit_of(b->consumer);
    cr_assert(amqp_basic_qos(r->main.state, FL_RABBIT_DELIVERIES, 0, (uint16_t)r->room, 0));
    cr_assert_eq(bench_publish(b, (filch_message){.queue = "second"}), 0);
}

static void reopen(fl_broker **broker, const char *url, fl_broker_role role)
{
    fl_broker_rabbit.close(*broker);
    WAIT_WHILE(rabbit_try_to_open(url, role, broker) != FL_BROKER_OK);
}

Test(rabbit_faults, killed_server_keeps_confirmed_and_acknowledged)
{
    enum { ALL = 100, DONE = 50 };
    fl_delivery *all[ALL];
    fl_settlement items[DONE];
    unsigned count;
    bench b = bench_begin(&rabbit_tested);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(b.kind->receive(b.consumer, 0, all, ALL, &count), FL_BROKER_OK);
    cr_assert_eq(count, ALL);
    for (unsigned i = 0; i < DONE; i++)
        items[i] = (fl_settlement){.delivery = all[i]};
    cr_assert_eq(b.kind->settle(b.consumer, items, DONE), FL_BROKER_OK);
    settle_down(&b);
    rabbit_kill();
    fl_broker_rc rc = FL_BROKER_OK;
    WAIT_WHILE((rc = fl_broker_rabbit.turn(b.consumer)) == FL_BROKER_OK);
    cr_assert_eq(rc, FL_BROKER_LOST);
    const filch_message message = {.id = "x", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_LOST);
    cr_assert_eq(item.status, -EAGAIN);
    for (unsigned i = 0; i < ALL; i++)
        bench_free(&b, all[i]);
    reopen(&b.consumer, b.url, FL_BROKER_CONSUMES);
    for (unsigned i = DONE; i < ALL; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i + 1);
        bench_next_is(&b, id);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

/* ---- A server that is cut off ---- */

/* Passes bytes on between one client and the server until it is told otherwise. */
typedef struct cable {
    pthread_t thread;
    int listener, client, server, server_port;
    filch_u32 over, cut;
} cable;

static void *pass_on(void *arg)
{
    char bytes[4096];
    cable *one = arg;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)one->server_port)};
    one->client = accept(one->listener, NULL, NULL);
    one->server = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(one->server, (struct sockaddr *)&to, sizeof to), 0);
    struct pollfd ends[2] = {{.fd = one->client, .events = POLLIN},
                             {.fd = one->server, .events = POLLIN}};
    while (!filch_u32_load(&one->over, FILCH_ACQUIRE)) {
        bool carries = !filch_u32_load(&one->cut, FILCH_ACQUIRE);
        poll(ends, carries ? 2 : 0, 10);
        for (unsigned i = 0; i < 2 && carries; i++) {
            ssize_t n = ends[i].revents ? read(ends[i].fd, bytes, sizeof bytes) : 0;
            if (n > 0)
                send(ends[1 - i].fd, bytes, (size_t)n, MSG_NOSIGNAL); /* it may be half closed */
        }
    }
    return NULL;
}

static const char *cable_begin(cable *one, const char *options)
{
    static char url[128];
    int port;
    *one = (cable){.server_port = rabbit_begin().port, .listener = port_listen(1, &port)};
    cr_assert_eq(pthread_create(&one->thread, NULL, pass_on, one), 0);
    snprintf(url, sizeof url, "amqp://guest:guest@127.0.0.1:%d/%s", port, options);
    return url;
}

static void cable_end(cable *one)
{
    filch_u32_store(&one->over, 1, FILCH_RELEASE);
    pthread_join(one->thread, NULL);
    close(one->client);
    close(one->server);
    close(one->listener);
}

Test(rabbit_faults, missing_heartbeats_reveal_silent_server)
{
    cable one;
    rabbit_fresh_url();
    fl_broker *consumer = rabbit_open(cable_begin(&one, "?heartbeat=1"), FL_BROKER_CONSUMES);
    fl_broker_rc rc = FL_BROKER_OK;
    cr_assert_eq(fl_broker_rabbit.turn(consumer), FL_BROKER_OK);
    filch_u32_store(&one.cut, 1, FILCH_RELEASE);
    WAIT_WHILE((rc = fl_broker_rabbit.turn(consumer)) == FL_BROKER_OK);
    cr_assert_eq(rc, FL_BROKER_LOST);
    cr_assert(strstr(rabbit_explained, "eartbeat"), "%s", rabbit_explained);
    fl_broker_rabbit.close(consumer);
    cable_end(&one);
}

/* A connection is lost after two heartbeats, and is read after half of one at the latest. */
Test(rabbit_faults, default_heartbeat_finds_silence_in_time)
{
    fl_broker *consumer = rabbit_open(rabbit_fresh_url(), FL_BROKER_CONSUMES);
    int heartbeat = amqp_get_heartbeat(fl_rabbit_of(consumer)->main.state);
    cr_assert(heartbeat > 0 && 5 * heartbeat <= 2 * SILENCE_MOST, "%d s", heartbeat);
    fl_broker_rabbit.close(consumer);
}

Test(rabbit_faults, unconfirmed_publication_is_unknown)
{
    cable one;
    const filch_message message = {.id = "x", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    rabbit_fresh_url();
    fl_broker *publisher = rabbit_open(cable_begin(&one, "?heartbeat=1"), FL_BROKER_PUBLISHES);
    filch_u32_store(&one.cut, 1, FILCH_RELEASE);
    cr_assert_eq(fl_broker_rabbit.publish(publisher, &item, 1), FL_BROKER_LOST);
    cr_assert_eq(item.status, -EAGAIN);
    fl_broker_rabbit.close(publisher);
    cable_end(&one);
}

Test(rabbit_faults, half_closed_connection_is_lost_immediately)
{
    cable one;
    rabbit_fresh_url();
    fl_broker *consumer = rabbit_open(cable_begin(&one, ""), FL_BROKER_CONSUMES);
    fl_broker_rc rc = FL_BROKER_OK;
    shutdown(one.client, SHUT_WR);
    WAIT_WHILE((rc = fl_broker_rabbit.turn(consumer)) == FL_BROKER_OK);
    cr_assert_eq(rc, FL_BROKER_LOST);
    fl_broker_rabbit.close(consumer);
    cable_end(&one);
}

Test(rabbit_faults, uncopied_retry_is_not_acknowledged)
{
    cable one;
    bench b = {.tested = &rabbit_tested, .kind = &rabbit_patient, .url = rabbit_fresh_url()};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = rabbit_open(cable_begin(&one, ""), FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_settlement item = {.delivery = bench_receive(&b),
                          .verb = FL_SETTLE_RETRY,
                          .attempt = 2,
                          .status = 7};
    close(one.listener); /* copies need another connection */
    cr_assert_eq(b.kind->settle(b.consumer, &item, 1), FL_BROKER_LOST);
    cr_assert_eq(item.status, -EAGAIN);
    bench_free(&b, item.delivery);
    b.kind->close(b.consumer);
    one.listener = -1;
    cable_end(&one);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *again = bench_receive(&b);
    cr_assert(again && again->message.attempt == 1);
    bench_ack(&b, again);
    bench_is_empty(&b);
    b.kind->close(b.publisher);
    b.kind->close(b.consumer);
}

/* ---- A server that is short of memory ---- */

static void set_memory(const char *fraction)
{
    const char *const arguments[] = {"set_vm_memory_high_watermark", fraction, NULL};
    rabbit_control(arguments);
}

/* The result of a retry, which needs a copy. */
static fl_broker_rc retry(bench *b, fl_delivery *delivery, int *status)
{
    fl_settlement one = {.delivery = delivery, .verb = FL_SETTLE_RETRY, .attempt = 2};
    fl_broker_rc rc = b->kind->settle(b->consumer, &one, 1);
    *status = one.status;
    return rc;
}

Test(rabbit_faults, acknowledgements_go_on_while_publisher_blocked)
{
    enum { ALL = 8 };
    int status = 0;
    fl_delivery *held[ALL];
    fl_publication item;
    unsigned count, sent = 0;
    const filch_message message = {.id = "x", .type = "t", .queue = "second", .attempt = 1};
    bench b = bench_begin(&rabbit_tested);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(b.kind->receive(b.consumer, 0, held, ALL, &count), FL_BROKER_OK);
    cr_assert_eq(count, ALL);
    set_memory("0");
    do /* with the first that it reads, the server tells that it reads no more */
        item = (fl_publication){.message = &message};
    while (b.kind->publish(b.publisher, &item, 1) == FL_BROKER_OK);
    cr_assert_eq(item.status, -EAGAIN);
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_BUSY);
    while (sent < ALL - 2 && retry(&b, held[sent], &status) == FL_BROKER_OK)
        sent++;
    cr_assert_lt(sent, ALL - 2);
    cr_assert_eq(status, -EAGAIN);
    const fl_settlement last = {.delivery = held[ALL - 1]};
    cr_assert_eq(bench_settle_by(&b, b.consumer, last), 0);
    set_memory("0.4");
    WAIT_WHILE(retry(&b, held[sent], &status) == FL_BROKER_BUSY);
    cr_assert_eq(status, 0);
    WAIT_WHILE(b.kind->publish(b.publisher, &item, 1) == FL_BROKER_BUSY);
    cr_assert_eq(item.status, 0);
    for (unsigned i = 0; i < ALL; i++)
        bench_free(&b, held[i]);
    bench_end(&b);
}
