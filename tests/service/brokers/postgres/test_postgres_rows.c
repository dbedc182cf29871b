/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `postgres:` and rows that other programs insert into its tables: values that no job can
 * have are refused, or become dead letters; none holds up the queue. */
#include <limits.h>
#include <tests/service/brokers/postgres/postgres_schema.h>
#include <tests/service/explained.h>

static const char *fresh_url(void)
{
    return fresh_schema("");
}

static const tested_broker tested = {.kind = &fl_broker_postgres,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time};

/* Inserts a row with these values, as JSON, instead of usual ones. Returns the server's error, or "". */
static const char *insert(const char *values)
{
    static char error[512];
    char sql[2048];
    snprintf(sql, sizeof sql,
             "INSERT INTO %s.jobs SELECT * FROM jsonb_populate_record(NULL::%s.jobs,"
             " jsonb_build_object('seq', nextval('%s.jobs_seq'), 'token', 0, 'queue', 'tasks',"
             " 'state', 0, 'priority', 0, 'attempt', 1, 'deliveries', 0, 'at', %s.clock(),"
             " 'first_seen', 0, 'id', 'odd', 'type', 't', 'body', '') || '%s')",
             schema, schema, schema, schema, values);
    PGresult *rows = PQexec(control, sql);
    snprintf(error, sizeof error, "%s", PQresultErrorMessage(rows));
    PQclear(rows);
    return error;
}

/* Values that no job can have, the constraint that refuses them, and the reason of their dead letter
 * if the table lacks the constraint; NULL: the job runs. */
static const struct {
    const char *values, *constraint, *reason;
} odd[] = {
    {"{\"at\": \"infinity\", \"state\": 1}", "jobs_at", "delayed or leased forever"},
    {"{\"at\": \"infinity\", \"state\": 2}", "jobs_at", "delayed or leased forever"},
    {"{\"at\": \"infinity\", \"state\": 7}", "jobs_", "delayed or leased forever"},
    {"{\"at\": \"infinity\"}", "jobs_at", NULL},
    {"{\"state\": 7}", "jobs_state", NULL},
    {"{\"state\": -1}", "jobs_state", NULL},
    {"{\"attempt\": 0}", "jobs_numbers", "attempt or deliveries out of range"},
    {"{\"attempt\": -2147483648}", "jobs_numbers", "attempt or deliveries out of range"},
    {"{\"attempt\": 2147483647}", "jobs_numbers", NULL},
    {"{\"deliveries\": -2147483648}", "jobs_numbers", "attempt or deliveries out of range"},
    {"{\"deliveries\": 2147483647}", "jobs_numbers", NULL},
    {"{\"token\": 9223372036854775807}", "jobs_numbers", NULL},
    {"{\"token\": -9223372036854775808}", "jobs_numbers", NULL},
    {"{\"first_seen\": -9223372036854775808}", "jobs_numbers", NULL},
    {"{\"priority\": 10}", "jobs_priority_check", NULL},
};
enum { ODD = sizeof odd / sizeof *odd };

Test(postgres_rows, values_of_no_job_are_refused)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < ODD; i++)
        cr_assert(strstr(insert(odd[i].values), odd[i].constraint), "%s: %s", odd[i].values,
                  insert(odd[i].values));
    bench_is_empty(&b);
    bench_end(&b);
}

/* Administrators and consumers go on; the next job is done. */
static void is_served(bench *b, const char *values)
{
    fl_broker_count count;
    fl_delivery *all[8];
    unsigned peeked;
    cr_assert_eq(b->kind->count(b->admin, 0, &count), FL_BROKER_OK, "%s", values);
    cr_assert_eq(fl_broker_count_unfinished(&count), 2, "%s", values);
    cr_assert_eq(b->kind->peek(b->admin, 0, all, 8, &peeked), FL_BROKER_OK, "%s", values);
    for (unsigned i = 0; i < peeked; i++)
        free(all[i]);
}

/* The next delivery of a queue is this row; its reason as a dead letter. */
static void is_odd(bench *b, unsigned queue, const char *reason, const char *values)
{
    fl_delivery *one = bench_receive_by(b, b->consumer, queue);
    cr_assert(one && strcmp(one->message.id, "odd") == 0, "%s", values);
    const char *told = queue ? filch_message_header(&one->message, "x-dlq-reason") : one->malformed;
    cr_assert(told ? reason && strstr(told, reason) : !reason, "%s: %s", values,
              told ? told : "no reason");
    bench_settle(b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = UINT_MAX});
    cr_assert_not_null(one = bench_receive_by(b, b->consumer, queue), "%s", values);
    bench_settle(b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETURN});
    bench_ack(b, bench_receive_by(b, b->consumer, queue));
}

Test(postgres_rows, odd_rows_hold_up_no_queue)
{
    bench b = bench_begin(&tested);
    pg_ask(control,
           "ALTER TABLE %s.jobs DROP CONSTRAINT IF EXISTS jobs_at, DROP CONSTRAINT IF EXISTS "
           "jobs_state,"
           " DROP CONSTRAINT IF EXISTS jobs_numbers",
           schema);
    for (unsigned i = 0; i < ODD - 1; i++) {
        bool ends = odd[i].reason && strstr(odd[i].values, "infinity");
        cr_assert_str_eq(insert(odd[i].values), "");
        cr_assert_eq(bench_publish(&b, (filch_message){.id = "next"}), 0);
        is_served(&b, odd[i].values);
        if (!ends)
            is_odd(&b, 0, odd[i].reason, odd[i].values);
        bench_next_is(&b, "next");
        if (ends)
            is_odd(&b, 1, odd[i].reason, odd[i].values);
        bench_is_empty(&b);
        cr_assert_str_eq(pg_ask(control, "SELECT count(*) FROM %s.jobs", schema), "0");
    }
    bench_end(&b);
}

Test(postgres_rows, times_without_bounds_are_read)
{
    static const struct {
        const char *values;
        bool is_dead;
    } rows[] = {
        {"{\"expires\": \"infinity\"}", false},
        {"{\"expires\": \"9999-12-31\"}", false},
        {"{\"expires\": \"294276-12-31\"}", false},
        {"{\"expires\": \"-infinity\"}", true},
        {"{\"expires\": \"4713-01-01 BC\"}", true},
        {"{\"at\": \"-infinity\"}", false},
        {"{\"at\": \"-infinity\", \"state\": 1}", false},
        {"{\"at\": \"4713-01-01 BC\", \"state\": 2}", false},
        {"{\"at\": \"294276-12-31\"}", false},
        {"{\"first_seen\": 9223372036854775807}", false},
        {"{\"seq\": -9223372036854775808}", false},
        {"{\"trace\": \"\", \"tracestate\": \"\", \"headers\": \"x\", \"content_type\": \"\"}",
         false},
    };
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_str_eq(insert(rows[i].values), "");
        cr_assert_eq(bench_publish(&b, (filch_message){.id = "next"}), 0);
        is_served(&b, rows[i].values);
        b.kind->close(b.consumer);
        b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
        if (!rows[i].is_dead)
            bench_next_is(&b, "odd");
        bench_next_is(&b, "next");
        if (rows[i].is_dead)
            is_odd(&b, 1, "expired", rows[i].values);
        bench_is_empty(&b);
    }
    bench_end(&b);
}

Test(postgres_rows, jobs_delayed_for_ages_wait)
{
    fl_broker_count count;
    bench b = bench_begin(&tested);
    cr_assert_str_eq(insert("{\"state\": 1, \"at\": \"294276-12-31\"}"), "");
    bench_is_empty(&b);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert(count.delayed == 1 && !count.dead && !count.oldest);
    bench_end(&b);
}

/* As made by the first version, which had no constraints. */
Test(postgres_rows, older_odd_rows_are_dead)
{
    bench b = bench_begin(&tested);
    pg_ask(control,
           "ALTER TABLE %s.jobs DROP CONSTRAINT IF EXISTS jobs_at, DROP CONSTRAINT IF EXISTS "
           "jobs_state,"
           " DROP CONSTRAINT IF EXISTS jobs_numbers; UPDATE %s.meta SET version = 1",
           schema, schema);
    for (unsigned i = 0; i < ODD - 1; i++)
        cr_assert_str_eq(insert(odd[i].values), "");
    pg_ask(control, "UPDATE %s.jobs SET headers = '\\x680076006b00', dedup = seq::text", schema);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "good"}), 0);
    fl_broker *opened = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.kind->close(opened);
    cr_assert_str_eq(pg_ask(control, "SELECT string_agg(version::text, ' ') FROM %s.meta", schema),
                     "2");
    cr_assert(strstr(insert(odd[0].values), "jobs_at"), "refused from now on");
    bench_next_is(&b, "good");
    bench_is_empty(&b);
    for (unsigned i = 0; i < ODD - 1; i++) {
        fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
        cr_assert_not_null(one, "%u", i);
        cr_assert_str_eq(filch_message_header(&one->message, "x-dlq-reason"),
                         "values that no job can have");
        cr_assert_str_eq(filch_message_header(&one->message, "x-original-queue"), "tasks");
        cr_assert_not_null(filch_message_header(&one->message, "x-dlq-timestamp"));
        cr_assert_str_eq(filch_message_header(&one->message, "h"), "v");
        cr_assert(!one->message.dedup && !one->malformed);
        bench_ack(&b, one);
    }
    cr_assert_null(bench_receive_by(&b, b.consumer, 1));
    bench_end(&b);
}

Test(postgres_rows, a_stranger_does_not_upgrade_tables)
{
    fl_broker *none = NULL;
    char url[256];
    bench b = bench_begin(&tested);
    pg_ask(control, "UPDATE %s.meta SET version = 1", schema);
    pg_ask(control,
           "CREATE ROLE %s_guest LOGIN; GRANT USAGE ON SCHEMA %s TO %s_guest;"
           "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO %s_guest",
           schema, schema, schema, schema, schema);
    snprintf(url, sizeof url, "postgres://%s_guest@127.0.0.1:%u/postgres?filch_schema=%s", schema,
             pg_shared()->port, schema);
    cr_assert_eq(try_to_open(&fl_broker_postgres, url, &none), FL_BROKER_REFUSED);
    cr_assert(strstr(explained, "has tables of version 1 (valid: 2); connect once as their owner"),
              "%s", explained);
    bench_end(&b);
}

/* ---- The function `enqueue` ---- */

Test(postgres_rows, enqueue_names_refused_arguments)
{
    static const struct {
        const char *arguments, *message, *hint;
    } calls[] = {
        {"'tasks', 't', '', dedup_for => '1 h'", "dedup_for without dedup", "give a key as dedup"},
        {"'tasks', 't', '', dedup_for => '0'", "dedup_for without dedup", "give a key as dedup"},
        {"'tasks', 't', '', dedup => 'k', dedup_for => '-1 s'", "dedup_for -00:00:01 is negative",
         "interval"},
        {"'tasks', 't', '', dedup => ''", "dedup is empty", "leave it out"},
        {"'tasks', 't', '', priority => 10", "priority 10 is out of range (0..9)", "number"},
        {"'tasks', 't', '', priority => 70000", "priority 70000 is out of range (0..9)", "number"},
        {"'tasks', 't', '', priority => NULL", "priority NULL is out of range (0..9)", "number"},
        {"'tasks', 't', '', delay => '-1 s'", "delay -00:00:01 is negative", "interval"},
        {"'tasks', 't', '', delay => NULL", "delay NULL", "interval"},
        {"'tasks', 't', '', expires_in => '0'", "expires_in 00:00:00 is not positive", "interval"},
        {"'', 't', ''", "queue '' has no name", "blank"},
        {"'my tasks', 't', ''", "queue 'my tasks' has no name", "blank"},
        {"NULL, 't', ''", "queue NULL has no name", "blank"},
        {"'tasks', '', ''", "type is empty", "handler"},
        {"'tasks', NULL, ''::text", "type is empty", "handler"},
        {"'tasks', 't', '', id => ''", "id is empty", "leave it out"},
        {"'tasks', 't', '', headers => '[]'", "headers are not an object", "jsonb"},
        {"'tasks', 't', '', headers => '{\"a\": \"1\", \"b\": null}'", "header 'b' is null",
         "text"},
        {"'tasks', 't', '', headers => '{\"a b\": \"1\"}'", "header 'a b' has no name", "letters"},
        {"'tasks', 't', '', headers => '{\"\": \"1\"}'", "header '' has no name", "letters"},
    };
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        char sql[512];
        snprintf(sql, sizeof sql, "SELECT %s.enqueue(%s)", schema, calls[i].arguments);
        PGresult *rows = PQexec(control, sql);
        const char *message = PQresultErrorField(rows, PG_DIAG_MESSAGE_PRIMARY);
        const char *hint = PQresultErrorField(rows, PG_DIAG_MESSAGE_HINT);
        cr_assert(message && strstr(message, calls[i].message), "%s: %s", sql,
                  message ? message : "enqueued");
        cr_assert(hint && strstr(hint, calls[i].hint), "%s: %s", sql, hint ? hint : "no hint");
        PQclear(rows);
    }
    bench_is_empty(&b);
    cr_assert_str_eq(pg_ask(control, "SELECT count(*) FROM %s.remembered", schema), "0");
    bench_end(&b);
}

Test(postgres_rows, a_delay_for_ever_is_refused)
{
    char sql[512];
    bench b = bench_begin(&tested);
    snprintf(sql, sizeof sql, "SELECT %s.enqueue('tasks', 't', '', delay => 'infinity')", schema);
    PGresult *rows = PQexec(control, sql); /* before PostgreSQL 17 no interval is infinite */
    cr_assert_eq(PQresultStatus(rows), PGRES_FATAL_ERROR);
    PQclear(rows);
    bench_is_empty(&b);
    bench_end(&b);
}

/* Others may have used numbers that the sequence comes to later. */
Test(postgres_rows, a_taken_number_takes_no_job)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 2; i < 8; i++) {
        char values[64];
        snprintf(values, sizeof values, "{\"seq\": %u, \"id\": \"other\"}", i);
        cr_assert_str_eq(insert(values), "");
        pg_ask(control, "SELECT setval('%s.jobs_seq', 1)", schema);
    }
    cr_assert_str_neq(pg_ask(control, "SELECT %s.enqueue('tasks', 't', '', dedup => 'k')", schema),
                      "");
    pg_ask(control, "SELECT setval('%s.jobs_seq', 1)", schema);
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_broker_rc rc = FL_BROKER_BUSY;
    while (rc == FL_BROKER_BUSY)
        rc = b.kind->publish(b.publisher, &item, 1);
    cr_assert(rc == FL_BROKER_OK && item.status == 0);
    cr_assert_str_eq(pg_ask(control, "SELECT count(*) FROM %s.jobs", schema), "8");
    bench_end(&b);
}
