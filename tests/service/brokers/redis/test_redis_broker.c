/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `redis:` conforms to the interface, on a real server whose clock the test moves. URLs
 * and messages that others write are read; consumers race without losing or repeating a message. */
#include <tests/service/broker.h>
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/explained.h>
#include <tests/service/races.h>

static redis_server server = {.has_clock = true};

static const char *fresh_url(void)
{
    if (server.pid) {
        cr_assert_str_eq(redis_tell(&server, "FLUSHALL"), "OK");
    } else {
        redis_make_clock();
        redis_start(&server);
    }
    return redis_url(&server, "/1");
}

static void pass_time(int64_t ns)
{
    pass(ns);
    filch_u64_add(redis_passed, (uint64_t)ns, FILCH_ACQ_REL);
}

static void publish_foreign(bench *b)
{
    redisContext *other = redisConnect("127.0.0.1", server.port);
    freeReplyObject(redisCommand(other, "SELECT 1"));
    freeReplyObject(redisCommand(other, "XADD filch:tasks:0 * body %s", FOREIGN_BODY));
    redisFree(other);
}

static const tested_broker tested = {.kind = &fl_broker_redis,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time,
                                     .publish_foreign = publish_foreign};

BROKER_CONFORMS(redis_broker, tested)

/* ---- URLs ---- */

Test(redis_broker, unparsable_urls_are_refused_and_hidden)
{
    static const struct {
        const char *url, *words;
    } cases[] = {
        {"redis:localhost", "URL of redis without '://'"},
        {"redis://", "with no host"},
        {"redis://:secret@", "with no host"},
        {"redis://[::1", "a malformed address"},
        {"redis://host:port", "an invalid port"},
        {"redis://host:65536", "an invalid port"},
        {"redis://:secret@host/0@other", "@ after / in the URL of redis"},
        {"redis://host/1000001", "invalid database"},
        {"redis://host/one", "invalid database"},
        {"redis://a%:secret@host", "invalid % in the login of redis"},
        {"redis://:secret%00@host", "invalid % in the login of redis"},
        {"redis://host?plaintext=maybe", "redis: plaintext=maybe (valid: yes, no)"},
        {"redis://host?color=red", "'color' (valid: ca, db, user, password, plaintext)"},
        {"redis://host?plain=yes", "unknown option of redis: 'plain' (nearest: plaintext)"},
        {"redis://host?ca", "invalid value of an option of redis: ca= (valid: FILE)"},
        {"redis://host?ca=%0", "invalid % in an option of redis: 'ca'"},
        {"redis://a?secret&b@host", "unknown option of redis: '***' (write @ and ?"},
        {"redis+unix:redis.sock", "no absolute path of a socket"},
        {"redis+unix:/%zz", "invalid % in the path"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_refused(&fl_broker_redis, cases[i].url, FL_BROKER_FATAL, cases[i].words);
        cr_assert_not(strstr(explained, "secret"), "%s", explained);
    }
}

Test(redis_broker, password_never_crosses_network_in_clear)
{
    is_refused(&fl_broker_redis, "redis://:secret@192.0.2.1", FL_BROKER_FATAL,
               "a password in plain text to another machine; use rediss://");
}

Test(redis_broker, socket_connects_and_databases_are_separate)
{
    char path[256];
    fresh_url();
    snprintf(path, sizeof path, "redis+unix:%s/redis.sock?db=3", folder_make());
    bench b = {.tested = &tested, .kind = &fl_broker_redis, .url = path};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    b.url = redis_url(&server, "/2");
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_is_empty(&b);
    b.kind->close(b.consumer);
    b.url = redis_url(&server, "/3");
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "1");
    b.kind->close(b.consumer);
    b.kind->close(b.publisher);
}

/* ---- Messages ---- */

Test(redis_broker, foreign_entry_becomes_message)
{
    bench b = bench_begin(&tested);
    redisContext *other = redisConnect("127.0.0.1", server.port);
    freeReplyObject(redisCommand(other, "SELECT 1"));
    freeReplyObject(
        redisCommand(other, "XADD filch:tasks:4 7-3 body hello type greet traceparent " BENCH_TRACE
                            " tracestate a=b"));
    freeReplyObject(redisCommand(other, "XADD filch:tasks:4 * until never about x"));
    redisFree(other);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "7-3");
    cr_assert_str_eq(one->message.type, "greet");
    cr_assert_eq(memcmp(one->message.body, "hello", 5), 0);
    cr_assert_eq(one->message.attempt, 1);
    cr_assert_eq(one->message.first_seen, 7 * FILCH_MILLISECOND);
    bench_trace_is(one, "a=b");
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
    one = bench_receive(&b);
    bench_trace_is(one, "a=b");
    bench_ack(&b, one);
    bench_is_empty(&b); /* the other has expired: `never` is no time */
    cr_assert_not_null(one = bench_receive_by(&b, b.consumer, 1));
    bench_ack(&b, one);
    bench_end(&b);
}

Test(redis_broker, a_settled_message_leaves_nothing_behind)
{
    bench b = bench_begin(&tested);
    for (fl_settle_verb verb = FL_SETTLE_ACK; verb <= FL_SETTLE_DEAD; verb++) {
        cr_assert_eq(bench_publish(&b, (filch_message){.dedup = "k"}), 0);
        fl_delivery *one = bench_receive(&b);
        bench_settle(&b, (fl_settlement){.delivery = one, .verb = verb, .attempt = 2});
        if (verb == FL_SETTLE_RETURN || verb == FL_SETTLE_RETRY)
            bench_ack(&b, bench_receive(&b));
    }
    bench_ack(&b, bench_receive_by(&b, b.consumer, 1));
    pass_time(31 * FILCH_SECOND);
    for (unsigned queue = 0; queue < 2; queue++)
        cr_assert_null(bench_receive_by(&b, b.consumer, queue));
    redisContext *other = redisConnect("127.0.0.1", server.port);
    freeReplyObject(redisCommand(other, "SELECT 1"));
    freeReplyObject(redisCommand(other, "DEL filch:tasks:losses")); /* one counter for a queue */
    redisReply *keys = redisCommand(other, "KEYS *");
    for (size_t i = 0; i < keys->elements; i++) { /* empty streams keep their group */
        redisReply *length = redisCommand(other, "XLEN %s", keys->element[i]->str);
        cr_assert(length->type == REDIS_REPLY_INTEGER && length->integer == 0, "%s",
                  keys->element[i]->str);
        freeReplyObject(length);
    }
    cr_assert_eq(keys->elements, 2);
    freeReplyObject(keys);
    redisFree(other);
    bench_end(&b);
}

Test(redis_broker, paused_messages_are_skipped_then_return)
{
    enum { MANY = 2500 };
    static filch_message messages[MANY];
    static fl_publication items[MANY];
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < MANY; i++) {
        messages[i] = (filch_message){.id = "p", .type = "a", .queue = "tasks", .attempt = 1};
        items[i] = (fl_publication){.message = &messages[i]};
    }
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", true), FL_BROKER_OK);
    cr_assert_eq(b.kind->publish(b.publisher, items, MANY), FL_BROKER_OK);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "b"}), 0);
    int64_t until;
    fl_delivery *one = NULL;
    for (unsigned i = 0; !one && i < 4; i++) {
        one = bench_receive(&b);
        cr_assert(one || bench_is_awake(&b, &until), "it has not seen them all");
    }
    cr_assert_not_null(one);
    bench_ack(&b, one);
    bench_is_empty(&b);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", false), FL_BROKER_OK);
    fl_broker_count count;
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert(count.ready == MANY && !count.leased, "%lu", count.ready);
    bench_next_is(&b, "p");
    bench_end(&b);
}

/* ---- Waking ---- */

Test(redis_broker, message_wakes_consumer_by_descriptor)
{
    bench b = bench_begin(&tested);
    int64_t until = FILCH_FOREVER;
    struct pollfd fds[FL_WAKER_FDS];
    for (unsigned i = 0; i < 3; i++) /* each time there is nothing, so it is news again */
        for (unsigned queue = 0; queue < 3; queue++)
            cr_assert_null(bench_receive_by(&b, b.consumer, queue));
    cr_assert_eq(b.kind->watch(b.consumer, true, fds, FL_WAKER_FDS, &until), 1);
    cr_assert_eq(until, test_clock(NULL) + FILCH_SECOND, "it looks each second");
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(poll(fds, 1, -1), 1);
    bench_next_is(&b, "1");
    bench_end(&b);
}

/* ---- Races ---- */

BROKER_CLAIM(redis_broker, tested, racing_consumers_get_each_message_once)

/* ---- Transactions instead of scripts ---- */

/* Transactions that the server has begun to execute since it was started. */
static unsigned long transactions(void)
{
    const char *at = strstr(redis_tell(&server, "INFO commandstats"), "cmdstat_exec:calls=");
    return at ? strtoul(at + strlen("cmdstat_exec:calls="), NULL, 10) : 0;
}

/* Publishes four messages and takes three, after which the next is received by a transaction. */
static bench warm(void)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    unsigned long before = transactions();
    bench_next_is(&b, "1");
    bench_next_is(&b, "2");
    bench_next_is(&b, "3");
    cr_assert_eq(transactions() - before, 4, "an empty one, two settlements, a receive");
    return b;
}

Test(redis_broker, one_transaction_settles_and_reads_batch)
{
    fl_delivery *next[2];
    unsigned received;
    bench b = warm();
    fl_settlement done = {.delivery = bench_receive(&b), .verb = FL_SETTLE_ACK};
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    unsigned long before = transactions();
    cr_assert_eq(b.kind->exchange(b.consumer, &done, 1, 0, next, 2, &received), FL_BROKER_OK);
    cr_assert_eq(transactions() - before, 1);
    cr_assert(done.status == 0 && received == 2);
    bench_free(&b, done.delivery);
    for (unsigned i = 0; i < received; i++) {
        cr_assert_str_eq(next[i]->message.id, i ? "6" : "5");
        bench_ack(&b, next[i]);
    }
    bench_end(&b);
}

Test(redis_broker, transaction_settles_no_foreign_lease)
{
    bench b = warm();
    unsigned long before = transactions();
    fl_delivery *one = bench_receive(&b);
    cr_assert_eq(transactions() - before, 1);
    pass_time(31 * FILCH_SECOND);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *again = bench_receive_by(&b, other, 0);
    cr_assert(again && strcmp(again->message.id, one->message.id) == 0);
    const fl_settlement stale = {.delivery = one, .verb = FL_SETTLE_ACK};
    cr_assert_eq(bench_settle_by(&b, b.consumer, stale), -ESTALE);
    cr_assert_eq(transactions() - before, 2, "it has been tried");
    const fl_settlement good = {.delivery = again, .verb = FL_SETTLE_ACK};
    cr_assert_eq(bench_settle_by(&b, other, good), 0);
    bench_free(&b, one);
    bench_free(&b, again);
    b.kind->close(other);
    bench_end(&b);
}

Test(redis_broker, paused_queue_settles_no_lost_lease)
{
    bench b = warm();
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_settlement stale[2], good[2];
    for (unsigned i = 0; i < 2; i++)
        stale[i] = (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_ACK};
    pass_time(31 * FILCH_SECOND);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < 2; i++)
        good[i] =
            (fl_settlement){.delivery = bench_receive_by(&b, other, 0), .verb = FL_SETTLE_ACK};
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, true), FL_BROKER_OK);
    cr_assert_eq(bench_settle_by(&b, b.consumer, stale[0]), -ESTALE);
    cr_assert_null(bench_receive(&b));
    cr_assert_eq(bench_settle_by(&b, b.consumer, stale[1]), -ESTALE);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(bench_settle_by(&b, other, good[i]), 0);
        bench_free(&b, good[i].delivery);
        bench_free(&b, stale[i].delivery);
    }
    b.kind->close(other);
    bench_end(&b);
}

Test(redis_broker, user_without_transactions_is_served)
{
    char url[128];
    bench b = bench_begin(&tested);
    b.kind->close(b.consumer);
    cr_assert_str_eq(redis_tell(&server, "ACL SETUSER lesser on >pw ~* &* +@all -multi"), "OK");
    snprintf(url, sizeof url, "redis://lesser:pw@127.0.0.1:%d/1", server.port);
    b.url = url;
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_next_is(&b, "1");
    bench_next_is(&b, "2");
    bench_next_is(&b, "3");
    bench_next_is(&b, "4");
    bench_end(&b);
}

Test(redis_broker, transaction_skips_no_urgent_message)
{
    bench b = warm();
    cr_assert_eq(bench_publish(&b, (filch_message){.priority = 7}), 0);
    bench_next_is(&b, "5");
    bench_next_is(&b, "4");
    bench_is_empty(&b);
    bench_end(&b);
}

Test(redis_broker, transaction_skips_no_returned_message)
{
    bench b = warm();
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *one = bench_receive_by(&b, other, 0);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    const fl_settlement back = {.delivery = one, .verb = FL_SETTLE_RETURN};
    cr_assert_eq(bench_settle_by(&b, other, back), 0);
    bench_free(&b, one);
    bench_next_is(&b, "4");
    bench_next_is(&b, "5");
    b.kind->close(other);
    bench_end(&b);
}

Test(redis_broker, transaction_reads_no_paused_queue)
{
    bench b = warm();
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, true), FL_BROKER_OK);
    bench_is_empty(&b);
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, false), FL_BROKER_OK);
    bench_next_is(&b, "4");
    bench_end(&b);
}

Test(redis_broker, a_transaction_delivers_no_expired_message)
{
    bench b = warm();
    const int64_t soon = beside_host.unix_time(&beside_host) + FILCH_MILLISECOND;
    bench_next_is(&b, "4");
    cr_assert_eq(bench_publish(&b, (filch_message){.expires = soon}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    pass_time(2 * FILCH_MILLISECOND);
    bench_next_is(&b, "6");
    fl_delivery *dead = bench_receive_by(&b, b.consumer, 1);
    cr_assert(dead && strcmp(dead->message.id, "5") == 0);
    bench_ack(&b, dead);
    bench_end(&b);
}
