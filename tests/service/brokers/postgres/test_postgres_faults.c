/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; long in default
 *
 * The broker `postgres:` when something is wrong: URLs, logins, certificates and rights are refused
 * with the remedy and without the password; a server that dies loses no confirmed message. */
#include <inttypes.h>
#include <runtime/service/brokers/postgres/postgres.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/explained.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static void pass_time(int64_t ns)
{
    pass(ns);
}

/* "postgres://USER@127.0.0.1:PORT/REST" of the shared server. */
static const char *url_of(const char *user, const char *rest)
{
    static char url[512];
    snprintf(url, sizeof url, "postgres://%s@127.0.0.1:%u/%s", user, pg_shared()->port, rest);
    return url;
}

static void refused(const char *url, fl_broker_rc expected, const char *words)
{
    is_refused(&fl_broker_postgres, url, expected, words);
    cr_assert_null(strstr(explained, "secret"), "%s", explained);
}

/* ---- URLs ---- */

Test(postgres_faults, unparsable_urls_are_fatal_and_hidden)
{
    static const struct {
        const char *url, *words;
    } urls[] = {
        {"postgres:secret", "cannot read the URL"},
        {"postgres://u:secret@h:port/db", "invalid port of postgres (valid: 1..65535)"},
        {"postgres://u:secret@h/db?sslmode=verify", "(valid: disable, allow"},
        {"postgres://u:%zzsecret@h/db", "cannot read the URL"},
        {"postgres://u:a?secret@h/db", "unknown option of postgres: '***'"},
        {"postgres://u:secret@h/db?speed=7", "unknown option of postgres: 'speed'"},
        {"postgres://u:secret@h/db?filch_pooler=yes", "(valid: session, transaction)"},
        {"postgres://u:secret@h/db?sslmode=require&filch_schema=A%22", "filch_schema"},
        {"postgres://u:secret@h/db?filch_schema=pg_own", "filch_schema"},
        {"postgres://u:secret@h/db?filch_schema", "filch_schema"},
    };
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++)
        refused(urls[i].url, FL_BROKER_FATAL, urls[i].words);
}

Test(postgres_faults, remote_connections_verify_server)
{
    static const struct {
        const char *url;
        bool verified;
    } urls[] = {
        {"postgres:///db", false},
        {"postgres://localhost/db", false},
        {"postgresql://u:p@127.0.0.1:5433/db?filch_schema=s", false},
        {"postgres://[::1]/db", false},
        {"postgres://%2Frun%2Fpostgresql/db", false},
        {"postgres://db.example.com/db", true},
        {"postgres://127.example.com/db", true},
        {"postgres://localhost,db.example.com/db", true},
        {"postgres://localhost/db?hostaddr=192.0.2.1", true},
        {"postgres://db.example.com/db?hostaddr=127.0.0.1", false},
        {"postgres://localhost/db?service=elsewhere", true},
        {"postgres://db.example.com/db?sslmode=prefer", false},
        {"postgres://db.example.com/db?ssl=true", false},
    };
    fl_pg_target target;
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++) {
        cr_assert_eq(fl_pg_parse(&beside_host, urls[i].url, &target), FL_BROKER_OK, "%s",
                     urls[i].url);
        cr_assert(!target.sslmode == !urls[i].verified, "%s", urls[i].url);
        fl_pg_target_end(&target);
    }
    setenv("PGHOST", "db.example.com", 1);
    cr_assert_eq(fl_pg_parse(&beside_host, "postgres:///db", &target), FL_BROKER_OK);
    cr_assert_str_eq(target.sslmode, "verify-full");
    fl_pg_target_end(&target);
}

Test(postgres_faults, options_stand_in_any_order)
{
    static const char *const urls[] = {
        "postgres://h/db?filch_schema=abc&sslmode=verify-full&connect_timeout=10",
        "postgres://h/db?sslmode=disable&filch_schema=abc&application_name=worker",
        "postgres://h/db?&filch_schema=abc&&filch_pooler=transaction"};
    fl_pg_target target;
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++) {
        cr_assert_eq(fl_pg_parse(&beside_host, urls[i], &target), FL_BROKER_OK, "%s", urls[i]);
        cr_assert_str_eq(target.schema, "abc", "%s", urls[i]);
        cr_assert_eq(target.pooled, i == 2, "%s", urls[i]);
        fl_pg_target_end(&target);
    }
}

/* ---- Servers ---- */

Test(postgres_faults, refused_logins_and_rights_name_remedy)
{
    PGconn *db = pg_connect(pg_shared());
    pg_ask(db, "CREATE USER locked PASSWORD 'letmein'; CREATE USER guest;"
               "CREATE SCHEMA later; CREATE TABLE later.meta AS SELECT 7 AS version;"
               "CREATE SCHEMA closed; GRANT USAGE ON SCHEMA later TO guest;");
    refused(url_of("locked:secret", "postgres"), FL_BROKER_REFUSED,
            "check the user, the password, and pg_hba.conf");
    refused(url_of("locked", "postgres"), FL_BROKER_REFUSED, "PGPASSWORD");
    refused(url_of("filch", "nowhere"), FL_BROKER_REFUSED, "create the database");
    refused(url_of("guest", "postgres"), FL_BROKER_REFUSED, "docs/service/postgresql.md");
    refused(url_of("guest", "postgres?filch_schema=closed"), FL_BROKER_REFUSED,
            "docs/service/postgresql.md");
    refused(url_of("filch", "postgres?filch_schema=later"), FL_BROKER_REFUSED,
            "has tables of version 7 (valid: 2)");
    fl_broker *broker = NULL;
    cr_assert_eq(try_to_open(&fl_broker_postgres,
                             url_of("locked:letmein", "postgres?filch_schema=none"), &broker),
                 FL_BROKER_REFUSED, "its login is right, %s", explained);
    cr_assert(strstr(explained, "permission denied"), "%s", explained);
    PQfinish(db);
}

Test(postgres_faults, absent_server_is_lost)
{
    char url[80];
    snprintf(url, sizeof url, "postgres://u:secret@127.0.0.1:%d/db", port_free());
    refused(url, FL_BROKER_LOST, "Connection refused");
}

Test(postgres_faults, certificate_must_be_trusted_and_match)
{
    const pg_server *server = pg_shared();
    char rest[256];
    fl_broker *broker = NULL;
    snprintf(rest, sizeof rest, "postgres?sslmode=verify-full&sslrootcert=%s/data/server.crt",
             server->folder);
    refused(url_of("filch", rest), FL_BROKER_REFUSED, " is for CN=localhost, not for 127.0.0.1");
    refused(url_of("filch", "postgres?sslmode=verify-full&sslrootcert=/dev/null"),
            FL_BROKER_REFUSED, "sslrootcert");
    strcat(rest, "&host=localhost&hostaddr=127.0.0.1");
    cr_assert_eq(try_to_open(&fl_broker_postgres, url_of("filch", rest), &broker), FL_BROKER_OK,
                 "%s", explained);
    fl_broker_postgres.close(broker);
}

/* ---- Opening together ---- */

enum { OPENERS = 8 };

static void *open_one(void *url)
{
    bench b = {.kind = &fl_broker_postgres, .url = url};
    b.kind->close(bench_open(&b, FL_BROKER_CONSUMES));
    return NULL;
}

Test(postgres_faults, concurrent_workers_create_tables_once)
{
    pthread_t threads[OPENERS];
    char *url = strdup(url_of("filch", "postgres?filch_schema=together"));
    for (unsigned i = 0; i < OPENERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, open_one, url), 0);
    for (unsigned i = 0; i < OPENERS; i++)
        pthread_join(threads[i], NULL);
    PGconn *db = pg_connect(pg_shared());
    cr_assert_str_eq(pg_ask(db, "SELECT count(*) FROM together.meta"), "1");
    PQfinish(db);
    free(url);
}

/* The rights that docs/service/postgresql.md names. */
Test(postgres_faults, worker_needs_no_create_right)
{
    static const tested_broker tested = {.kind = &fl_broker_postgres, .pass = pass_time};
    PGconn *db = pg_connect(pg_shared());
    bench owner = {.kind = &fl_broker_postgres,
                   .url = url_of("filch", "postgres?filch_schema=shared")};
    owner.kind->close(bench_open(&owner, FL_BROKER_ADMINISTERS));
    pg_ask(db, "CREATE USER worker; GRANT USAGE ON SCHEMA shared TO worker;"
               "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shared TO worker;"
               "GRANT USAGE ON ALL SEQUENCES IN SCHEMA shared TO worker;");
    bench b = {.tested = &tested,
               .kind = &fl_broker_postgres,
               .url = url_of("worker", "postgres?filch_schema=shared")};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_next_is(&b, "1");
    b.kind->close(b.publisher);
    b.kind->close(b.consumer);
    PQfinish(db);
}

Test(postgres_faults, a_reader_needs_no_other_right)
{
    fl_broker *reader = NULL;
    fl_broker_count count;
    PGconn *db = pg_connect(pg_shared());
    bench owner = {.kind = &fl_broker_postgres};
    pg_ask(db, "CREATE USER reader");
    tried_reads = true;
    refused(url_of("reader", "postgres?filch_schema=readable"), FL_BROKER_REFUSED,
            "readable has no tables; start a service, or enqueue a job");
    refused(url_of("filch", "postgres?filch_schema=readable"), FL_BROKER_REFUSED, "has no tables");
    cr_assert_str_eq(pg_ask(db, "SELECT coalesce(to_regnamespace('readable')::text, 'none')"),
                     "none");
    owner.url = url_of("filch", "postgres?filch_schema=readable");
    owner.publisher = bench_open(&owner, FL_BROKER_PUBLISHES);
    cr_assert_eq(bench_publish(&owner, (filch_message){0}), 0);
    owner.kind->close(owner.publisher);
    pg_ask(db, "GRANT USAGE ON SCHEMA readable TO reader;"
               "GRANT SELECT ON ALL TABLES IN SCHEMA readable TO reader;");
    cr_assert_eq(try_to_open_as(&fl_broker_postgres,
                                url_of("reader", "postgres?filch_schema=readable"),
                                FL_BROKER_ADMINISTERS, &reader),
                 FL_BROKER_OK, "%s", explained);
    cr_assert_eq(fl_broker_postgres.count(reader, 0, &count), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(count.ready, 1);
    fl_broker_postgres.close(reader);
    PQfinish(db);
}

/* ---- Deaths of a server ---- */

/* Until the server has recovered. */
static fl_broker *open_again(const char *url, fl_broker_role role)
{
    fl_broker *broker = NULL;
    fl_broker_rc rc = FL_BROKER_LOST;
    WAIT_WHILE((rc = try_to_open_as(&fl_broker_postgres, url, role, &broker)) == FL_BROKER_LOST);
    cr_assert_eq(rc, FL_BROKER_OK, "%s", explained);
    return broker;
}

/* Publishes in batches until the server is gone; returns how many are confirmed. */
static uint32_t publish_until_lost(fl_broker *publisher, uint32_t confirmed, uint32_t kill_at,
                                   pg_server *server, int signal)
{
    enum { BATCH = 7 };
    for (fl_broker_rc rc = FL_BROKER_OK; !rc;) {
        filch_message messages[BATCH];
        fl_publication items[BATCH];
        char ids[BATCH][16];
        for (unsigned i = 0; i < BATCH; i++) {
            snprintf(ids[i], sizeof ids[i], "%u", confirmed + i);
            messages[i] =
                (filch_message){.id = ids[i], .type = "t", .queue = "tasks", .attempt = 1};
            items[i] = (fl_publication){.message = &messages[i]};
        }
        rc = fl_broker_postgres.publish(publisher, items, BATCH);
        for (unsigned i = 0; i < BATCH; i++)
            cr_assert_eq(items[i].status, rc ? -EAGAIN : 0);
        cr_assert(!rc || rc == FL_BROKER_LOST, "%d: %s", rc, explained);
        confirmed += rc ? 0 : BATCH;
        if (!rc && confirmed == kill_at)
            pg_kill(server, signal);
    }
    return confirmed;
}

/* Takes some, kills the server, and settles them at the next one. */
static uint32_t settle_across_a_death(bench *b, const char *url, pg_server *server,
                                      uint32_t received)
{
    enum { HELD = 3 };
    fl_delivery *held[HELD], *next[HELD];
    fl_settlement items[HELD];
    unsigned count;
    cr_assert_eq(b->kind->receive(b->consumer, 0, held, HELD, &count), FL_BROKER_OK);
    cr_assert_eq(count, HELD);
    pg_kill(server, SIGKILL);
    pg_restart(server); /* the last of the old processes, which might still settle, has gone */
    for (unsigned i = 0; i < HELD; i++) {
        cr_assert_eq(atoi(held[i]->message.id), (int)received++, "in order, each once");
        items[i] = (fl_settlement){.delivery = held[i]};
    }
    cr_assert_eq(b->kind->exchange(b->consumer, items, HELD, 0, next, HELD, &count),
                 FL_BROKER_LOST);
    cr_assert_eq(count, 0);
    for (unsigned i = 0; i < HELD; i++)
        cr_assert_eq(items[i].status, -EAGAIN);
    b->kind->close(b->consumer);
    b->consumer = open_again(url, FL_BROKER_CONSUMES);
    cr_assert_eq(b->kind->settle(b->consumer, items, HELD), FL_BROKER_OK);
    for (unsigned i = 0; i < HELD; i++) {
        cr_assert_eq(items[i].status, 0, "the lease has outlived the server");
        bench_free(b, held[i]);
    }
    return received;
}

Test(postgres_faults, killed_server_loses_no_confirmed_message)
{
    enum { FIRST = 70, ROUNDS = 2 };
    static const int signals[ROUNDS] = {SIGKILL, SIGQUIT};
    pg_server server = {.port = 0};
    char url[80];
    uint32_t confirmed = 0, received = 0;
    snprintf(server.folder, sizeof server.folder, "%.150s/own", pg_shared()->folder);
    cr_assert(mkdir(server.folder, 0700) == 0 && pg_begin(&server, true));
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", server.port);
    for (unsigned round = 0; round < ROUNDS; round++) {
        bench b = {.kind = &fl_broker_postgres, .consumer = open_again(url, FL_BROKER_CONSUMES)};
        fl_broker *publisher = open_again(url, FL_BROKER_PUBLISHES);
        confirmed =
            publish_until_lost(publisher, confirmed, confirmed + FIRST, &server, signals[round]);
        WAIT_WHILE(b.kind->turn(b.consumer) != FL_BROKER_LOST); /* it notices */
        b.kind->close(b.consumer);
        b.kind->close(publisher);
        pg_restart(&server);
        b.consumer = open_again(url, FL_BROKER_CONSUMES);
        received = settle_across_a_death(&b, url, &server, received);
        for (fl_delivery *one; (one = bench_receive(&b)); received++) {
            cr_assert_eq(atoi(one->message.id), (int)received, "in order, each once");
            bench_ack(&b, one);
        }
        cr_assert_eq(received, confirmed, "no more, no less");
        b.kind->close(b.consumer);
    }
    pg_kill(&server, SIGQUIT);
}
