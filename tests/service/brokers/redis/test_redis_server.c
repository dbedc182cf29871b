/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `redis:` when its server dies, forgets, refuses, runs out of memory, or is not what the
 * URL says: nothing that was confirmed is lost, and each refusal says what to do. */
#include <tests/service/broker.h>
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/explained.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static redis_server server;

static const char *fresh_url(void)
{
    if (!server.pid)
        redis_start(&server);
    return redis_url(&server, "%s", "");
}

static void no_clock(int64_t ns)
{
}

static const tested_broker tested = {.kind = &fl_broker_redis,
                                     .fresh_url = fresh_url,
                                     .pass = no_clock};

#define START(...) REDIS_START(&server, __VA_ARGS__)

static fl_broker *opened(const char *url)
{
    fl_broker *broker = NULL;
    cr_assert_eq(try_to_open(&fl_broker_redis, url, &broker), FL_BROKER_OK, "%s: %s", url,
                 explained);
    return broker;
}

/* ---- Death ---- */

static filch_u32 confirmed;

static void *publish_until_it_dies(void *arg)
{
    enum { BATCH = 7 };
    for (uint32_t next = 0;; next += BATCH) {
        filch_message messages[BATCH];
        fl_publication items[BATCH];
        char ids[BATCH][16];
        for (unsigned i = 0; i < BATCH; i++) {
            snprintf(ids[i], sizeof ids[i], "%u", next + i);
            messages[i] =
                (filch_message){.id = ids[i], .type = "t", .queue = "tasks", .attempt = 1};
            items[i] = (fl_publication){.message = &messages[i]};
        }
        fl_broker_rc rc = fl_broker_redis.publish(arg, items, BATCH);
        for (unsigned i = 0; i < BATCH; i++)
            cr_assert_eq(items[i].status, rc ? -EAGAIN : 0);
        if (rc) {
            cr_assert_eq(rc, FL_BROKER_LOST);
            return NULL;
        }
        filch_u32_add(&confirmed, BATCH, FILCH_RELEASE);
    }
}

Test(redis_server, confirmed_messages_survive_killed_server)
{
    enum { KILLS = 2, ENOUGH = 70 };
    START("--appendfsync", "always");
    for (unsigned kills = 0; kills < KILLS; kills++) {
        pthread_t thread;
        uint32_t received = 0;
        cr_assert_str_eq(redis_tell(&server, "FLUSHALL"), "OK");
        bench b = {.tested = &tested, .kind = &fl_broker_redis, .url = fresh_url()};
        b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
        filch_u32_store(&confirmed, 0, FILCH_RELEASE);
        cr_assert_eq(pthread_create(&thread, NULL, publish_until_it_dies, b.publisher), 0);
        WAIT_WHILE(filch_u32_load(&confirmed, FILCH_ACQUIRE) < ENOUGH);
        redis_kill(&server);
        pthread_join(thread, NULL);
        b.kind->close(b.publisher);
        redis_start(&server);
        b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
        for (fl_delivery *one; (one = bench_receive(&b)); received++) {
            cr_assert_eq((uint32_t)atoi(one->message.id), received, "in order, each once");
            bench_ack(&b, one);
        }
        uint32_t told = filch_u32_load(&confirmed, FILCH_ACQUIRE);
        cr_assert(received == told || received == told + 7, "%u of %u", received, told);
        b.kind->close(b.consumer);
    }
}

Test(redis_server, settlements_and_leases_survive_killed_server)
{
    START("--appendfsync", "always");
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i == 3 ? 1 : 0}), 0);
    bench_next_is(&b, "1");
    fl_delivery *held = bench_receive(&b);
    redis_kill(&server);
    cr_assert_eq(b.kind->turn(b.consumer), FL_BROKER_LOST);
    fl_settlement item = {.delivery = held};
    cr_assert_eq(b.kind->settle(b.consumer, &item, 1), FL_BROKER_LOST);
    cr_assert_eq(item.status, -EAGAIN);
    bench_end(&b);
    fl_broker *none = NULL;
    cr_assert_eq(try_to_open(&fl_broker_redis, b.url, &none), FL_BROKER_LOST);
    cr_assert(strstr(explained, "cannot connect to redis (Connection refused)"), "%s", explained);
    redis_start(&server);
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_ack(&b, held);
    bench_next_is(&b, "3");
    bench_next_is(&b, "4");
    bench_is_empty(&b);
    bench_end(&b);
}

Test(redis_server, forgotten_scripts_are_loaded_again)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_str_eq(redis_tell(&server, "SCRIPT FLUSH"), "OK");
        cr_assert_eq(bench_publish(&b, (filch_message){.dedup = i ? "b" : "a"}), 0);
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one);
        bench_ack(&b, one);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

enum { JOBS = 100 };
static signpost handled[2 * JOBS];

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&handled[atoi(filch_service_job_message(job)->id)]);
    return 0;
}

static void publish_jobs(filch_service *service, unsigned from)
{
    for (unsigned i = from; i < from + JOBS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        const filch_message message = {.id = id, .type = "t", .priority = i % 10};
        cr_assert_eq(filch_service_publish(service, &message, FILCH_FOREVER), 0, "%s",
                     filch_error());
    }
}

Test(redis_server, service_continues_when_server_returns)
{
    static const filch_handler handler = {.type = "t", .fn = handle};
    static serving one;
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in the child that becomes the server");
    START("--appendfsync", "always");
    filch_service *service =
        service_of((filch_service_config){.broker = redis_url(&server, "/0")}, &handler, 1);
    serving_begin(&one, service);
    publish_jobs(service, 0);
    redis_kill(&server);
    redis_start(&server);
    publish_jobs(service, JOBS);
    for (unsigned i = 0; i < 2 * JOBS; i++)
        signpost_wait(&handled[i], 1);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    bench b = {.tested = &tested, .kind = &fl_broker_redis, .url = redis_url(&server, "/0")};
    fl_broker_count count;
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert(!count.ready && !count.delayed && !count.dead);
    b.kind->close(b.admin);
}

/* ---- Refusals ---- */

Test(redis_server, logins_are_checked_rights_are_named)
{
    START("--requirepass", "a b");
    int port = server.port;
    fl_broker *broker = NULL;
    char url[256];
    is_refused(&fl_broker_redis, redis_url(&server, "%s", ""), FL_BROKER_REFUSED,
               "put user and password into the URL");
    snprintf(url, sizeof url, "redis://:wrong@localhost:%d", port);
    is_refused(&fl_broker_redis, url, FL_BROKER_REFUSED, "correct user and password");
    cr_assert_not(strstr(explained, "wrong@"), "%s", explained);
    snprintf(url, sizeof url, "redis://:a%%20b@localhost:%d/99", port);
    is_refused(&fl_broker_redis, url, FL_BROKER_REFUSED, "correct the database's number");
    snprintf(url, sizeof url, "redis://:a%%20b@localhost:%d", port);
    fl_broker_redis.close(opened(url));
    redisContext *admin = redisConnect("127.0.0.1", port);
    freeReplyObject(redisCommand(admin, "AUTH %s", "a b"));
    freeReplyObject(redisCommand(admin, "ACL SETUSER reader on >pass ~filch:* &* +@all -evalsha"));
    redisFree(admin);
    snprintf(url, sizeof url, "redis://reader:pass@localhost:%d", port);
    broker = opened(url);
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    cr_assert_eq(fl_broker_redis.publish(broker, &item, 1), FL_BROKER_REFUSED);
    cr_assert(strstr(explained, "allow the user keys and channels filch:*"), "%s", explained);
    fl_broker_redis.close(broker);
}

Test(redis_server, lossy_server_is_used_with_warnings)
{
    START("--appendonly", "no", "--maxmemory-policy", "allkeys-lru");
    fl_broker_caps caps;
    fl_broker *broker = opened(redis_url(&server, "%s", ""));
    cr_assert(strstr(logged, "redis loses messages when it ends: set appendonly yes"), "%s",
              logged);
    cr_assert(strstr(logged, "set maxmemory-policy noeviction"), "%s", logged);
    fl_broker_redis.caps_of(broker, &caps);
    cr_assert(!caps.durable && caps.delay);
    fl_broker_redis.close(broker);
}

Test(redis_server, durable_server_is_used_without_warning)
{
    fl_broker_caps caps;
    fl_broker *broker = opened(fresh_url());
    fl_broker_redis.caps_of(broker, &caps);
    cr_assert(caps.durable && !logged[0], "%s", logged);
    fl_broker_redis.close(broker);
}

Test(redis_server, cluster_and_replica_are_refused)
{
    START("--cluster-enabled", "yes");
    is_refused(&fl_broker_redis, redis_url(&server, "%s", ""), FL_BROKER_REFUSED,
               "redis is a cluster: its keys are on several servers");
    redis_kill(&server);
    server = (redis_server){0};
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_broker *broker = opened(fresh_url());
    cr_assert_str_eq(redis_tell(&server, "REPLICAOF 127.0.0.1 1"), "OK");
    cr_assert_eq(fl_broker_redis.publish(broker, &item, 1), FL_BROKER_REFUSED);
    cr_assert(strstr(explained, "connect to the primary"), "%s", explained);
    fl_broker_redis.close(broker);
    is_refused(&fl_broker_redis, redis_url(&server, "%s", ""), FL_BROKER_REFUSED,
               "redis is a replica; connect to the primary");
}

static void is_not_settled(bench *b, fl_settlement one)
{
    cr_assert_eq(b->kind->settle(b->consumer, &one, 1), FL_BROKER_BUSY);
    cr_assert_eq(one.status, -EAGAIN);
}

Test(redis_server, memory_shortage_refuses_result_and_answer)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_note note = bench_end_note(&b, one, FILCH_RECORD_DONE, "42");
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 100000"), "OK");
    is_not_settled(&b, (fl_settlement){.delivery = one, .note = &note});
    bench_has_no_record(&b, "1");
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 0"), "OK");
    bench_settle_with(&b, one, FL_SETTLE_ACK, &note);
    bench_record_is(&b, "1", FILCH_RECORD_DONE, NULL, "42", NULL);
    bench_end(&b);
}

Test(redis_server, memory_shortage_still_lets_jobs_end)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i == 4 ? 1 : 0}), 0);
    fl_delivery *retried = bench_receive(&b), *dead = bench_receive(&b);
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 100000"), "OK");
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "6"}), -ENOSPC);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "7", .delay = 1}), -ENOSPC);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "8", .dedup = "k"}), -ENOSPC);
    is_not_settled(&b, (fl_settlement){
                           .delivery = retried, .verb = FL_SETTLE_RETRY, .attempt = 2, .delay = 1});
    is_not_settled(&b, (fl_settlement){.delivery = dead, .verb = FL_SETTLE_DEAD, .attempt = 1});
    bench_next_is(&b, "3");
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 0"), "OK");
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "8", .dedup = "k"}), 0);
    bench_ack(&b, retried);
    bench_ack(&b, dead);
    for (unsigned i = 0; i < 3; i++) {
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one, "%u", i);
        bench_ack(&b, one);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

/* ---- Servers that cannot be used ---- */

/* Answers each command with the next of some replies, and the last without end. */
typedef struct pretender {
    int fd, port;
    const char *replies[4];
    size_t endless; /* bytes that it sends behind the last */
    pthread_t thread;
} pretender;

static void *pretend(void *arg)
{
    static char bytes[1 << 16];
    pretender *one = arg;
    int fd = accept(one->fd, NULL, NULL);
    for (unsigned i = 0; recv(fd, bytes, sizeof bytes, 0) > 0; i++) {
        if (i < 4 && one->replies[i])
            send(fd, one->replies[i], strlen(one->replies[i]), MSG_NOSIGNAL);
        if (i < 3 && one->replies[i + 1])
            continue;
        for (size_t sent = 0; sent < one->endless; sent += sizeof bytes)
            if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0)
                break;
    }
    close(fd);
    return NULL;
}

static void is_refused_as(const char *scheme, const char *const *replies, size_t endless,
                          fl_broker_rc rc, const char *words)
{
    pretender one = {.endless = endless};
    char url[64];
    int port;
    one.fd = port_listen(1, &port);
    for (unsigned i = 0; i < 4 && replies[i]; i++)
        one.replies[i] = replies[i];
    cr_assert_eq(pthread_create(&one.thread, NULL, pretend, &one), 0);
    snprintf(url, sizeof url, "%s://127.0.0.1:%d", scheme, port);
    is_refused(&fl_broker_redis, url, rc, words);
    pthread_join(one.thread, NULL);
    close(one.fd);
}
#define REFUSED_AS(endless, rc, words, ...)                                                        \
    is_refused_as("redis", (const char *const[]){__VA_ARGS__, NULL}, endless, rc, words)

Test(redis_server, unusable_replies_are_refused)
{
    const size_t too_much = 100 << 20;
    tried_body_most = 1 << 10;
    tried_call_timeout = 60 * FILCH_SECOND; /* 64 MiB take seconds with address sanitizer */
    REFUSED_AS(0, FL_BROKER_LOST, "is this a Redis server?", "HTTP/1.1 400 Bad Request\r\n\r\n");
    REFUSED_AS(0, FL_BROKER_BUSY, "the server is still loading its data",
               "-LOADING Redis is loading the dataset in memory\r\n");
    REFUSED_AS(0, FL_BROKER_REFUSED, "version 6.0 of redis is too old (valid: 6.2 and later)",
               "+OK\r\n", "$25\r\n# Server\r\nredis_version:6.0\r\n\r\n");
    REFUSED_AS(0, FL_BROKER_LOST, "unexpected reply from redis", "+OK\r\n", ":7\r\n");
    REFUSED_AS(too_much, FL_BROKER_LOST, "reply of redis is over", "+OK\r\n", "$99999999999\r\n");
}

#ifdef FILCH_HAVE_SSL
Test(redis_server, tls_with_plain_server_is_refused)
{
    static const char *const replies[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", NULL};
    is_refused_as("rediss", replies, 0, FL_BROKER_REFUSED, "no TLS with redis at 127.0.0.1");
}
#endif
