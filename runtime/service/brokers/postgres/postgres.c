/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `postgres://` and `postgresql://`: queues in the tables of a PostgreSQL schema. Any number
 * of machines may share them, and callers may enqueue within their own transactions. */
#include <runtime/service/brokers/postgres/postgres.h>

#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/modules.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

static void close_postgres(fl_broker *broker)
{
    fl_pg *p = fl_pg_of(broker);
    PQfinish(p->listener);
    PQfinish(p->db);
    fl_pg_target_end(&p->target);
    free(p);
}

static fl_broker_rc connect_to(fl_pg *p)
{
    fl_broker_rc rc = fl_pg_connect(p, &p->db);
    if (!rc)
        rc = fl_pg_schema_open(p);
    if (!rc && p->config.role == FL_BROKER_CONSUMES && !p->target.pooled) {
        rc = fl_pg_connect(p, &p->listener);
        if (!rc)
            rc = fl_pg_execute(p, p->listener, "LISTEN @", "listen", NULL);
    }
    return rc == FL_BROKER_BUSY ? FL_BROKER_LOST : rc; /* there is no connection yet */
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_pg_target target;
    fl_broker_rc rc = fl_pg_parse(config->host, config->url, &target);
    if (!rc)
        fl_pg_target_end(&target);
    return rc;
}

static fl_broker_rc open_postgres(fl_broker **out, const fl_broker_config *config)
{
    fl_pg_target target;
    const fl_broker_host *host = config->host;
    fl_broker_rc rc = fl_pg_parse(host, config->url, &target);
    if (rc)
        return rc;
    fl_pg *p = calloc(1, sizeof *p + config->queue_count * sizeof *p->queues);
    if (!p) {
        fl_pg_target_end(&target);
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    }
    p->base = (fl_broker){&fl_broker_postgres, host};
    p->config = *config;
    p->target = target;
    p->queue_count = config->queue_count;
    for (unsigned i = 0; i < p->queue_count; i++)
        p->queues[i].look_at = fl_pg_now(p);
    rc = connect_to(p);
    if (rc)
        close_postgres(&p->base);
    else
        *out = &p->base;
    return rc;
}

/* ---- Waiting ---- */

static unsigned watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_pg *p = fl_pg_of(broker);
    if (!wants || p->config.role != FL_BROKER_CONSUMES)
        return 0;
    for (unsigned i = 0; i < p->queue_count; i++)
        if (p->queues[i].look_at < *until)
            *until = p->queues[i].look_at;
    if (!p->listener || !room)
        return 0;
    fds[0] = (struct pollfd){.fd = PQsocket(p->listener), .events = POLLIN};
    return 1;
}

/* A notified queue is looked at until it is received from. */
static void note(fl_pg *p, const char *queue)
{
    for (unsigned i = 0; i < p->queue_count; i++)
        if (strcmp(p->config.queues[i], queue) == 0)
            p->queues[i].look_at = fl_pg_now(p);
}

/* With TLS, each call of libpq may read one notification only. */
static fl_broker_rc read_notifications(fl_pg *p, bool *any)
{
    const fl_broker_host *host = p->base.host;
    PGnotify *one;
    *any = false;
    if (!PQconsumeInput(p->listener))
        return host->explain(host, FL_BROKER_LOST,
                             "PostgreSQL closed the connection; reconnecting");
    while ((one = PQnotifies(p->listener))) {
        *any = true;
        note(p, one->extra);
        PQfreemem(one);
    }
    return FL_BROKER_OK;
}

static fl_broker_rc turn(fl_broker *broker)
{
    fl_pg *p = fl_pg_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    bool any = p->listener;
    while (any && !rc)
        rc = read_notifications(p, &any);
    return rc;
}

const fl_broker_kind fl_broker_postgres = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "postgres",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_pg_url_kind,
    .tested = "PostgreSQL 15",
    .caps = {.durable = true,
             .priority = true,
             .delay = true,
             .dedup = true,
             .remembers = true,
             .expiry = true,
             .deliveries = true,
             .keeps_leases = true,
             .transactions = true,
             .counts = true,
             .peek = true,
             .cancel = true,
             .pause = true,
             .lease_most = FILCH_FOREVER,
             .extends = true,
             .stop = true,
             .records = true,
             .commits = true},
    .open = open_postgres,
    .close = close_postgres,
    .watch = watch,
    .turn = turn,
    .receive = fl_pg_receive,
    .settle = fl_pg_settle,
    .extend = fl_pg_extend,
    .publish = fl_pg_publish,
    .count = fl_pg_count,
    .peek = fl_pg_peek,
    .cancel = fl_pg_cancel,
    .pause = fl_pg_pause,
    .stop = fl_pg_stop,
    .stopped = fl_pg_stopped,
    .note = fl_pg_note,
    .record = fl_pg_record,
    .check = check,
#ifdef LIBPQ_HAS_PIPELINING /* libpq 14 */
    .exchange = fl_pg_exchange,
#endif
};

/* ---- Administration ---- */

fl_broker_rc fl_pg_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_args args = {0};
    PGresult *rows;
    fl_pg_add_text(&args, p->config.queues[queue]);
    fl_broker_rc rc = fl_pg_run(p, FL_PG_COUNT, &args, "count messages", &rows);
    if (!rc)
        *out = (fl_broker_count){(uint64_t)fl_pg_int(rows, 0, 0),
                                 (uint64_t)fl_pg_int(rows, 0, 1),
                                 (uint64_t)fl_pg_int(rows, 0, 2),
                                 (uint64_t)fl_pg_int(rows, 0, 3),
                                 (uint64_t)fl_pg_ns(fl_pg_int(rows, 0, 4)),
                                 fl_pg_int(rows, 0, 5) > 0,
                                 fl_pg_int(rows, 0, 6) > 0};
    PQclear(rows);
    return rc;
}

fl_broker_rc fl_pg_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                        unsigned *count)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_args args = {0};
    PGresult *rows;
    *count = 0;
    fl_pg_add_text(&args, p->config.queues[queue]);
    fl_pg_add_number(&args, most);
    fl_pg_add_number(&args, (int64_t)p->config.body_most);
    fl_broker_rc rc = fl_pg_run(p, FL_PG_PEEK, &args, "look at messages", &rows);
    if (!rc)
        rc = fl_pg_read_all(p, rows, queue, out, count);
    PQclear(rows);
    return rc;
}

fl_broker_rc fl_pg_cancel(fl_broker *broker, const char *id, bool *found)
{
    return fl_pg_run_on_id(fl_pg_of(broker), FL_PG_CANCEL, id, "cancel a message", found);
}

fl_broker_rc fl_pg_pause(fl_broker *broker, unsigned queue, const char *type, bool paused)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_args args = {0};
    PGresult *rows;
    fl_pg_add_text(&args, p->config.queues[queue]);
    fl_pg_add_text(&args, type ? type : "");
    fl_broker_rc rc =
        fl_pg_run(p, paused ? FL_PG_PAUSE : FL_PG_RESUME, &args, "pause a queue", &rows);
    PQclear(rows);
    return rc;
}
