/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>
#include <runtime/service/message.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <stdlib.h>

static const char doing[] = "receive messages";
static const int64_t LOOK_ALWAYS = FILCH_SECOND;
enum { TAKEN_MOST = 100, MOVED_MOST = 1000 }; /* as in the statements */

/* ---- Rows whose time has come ---- */

/* Leases those of a statement without counting, and settles them as dead. *more: there may be others. */
static fl_broker_rc bury(fl_pg *p, unsigned queue, fl_pg_sql which, const char *reason, bool *more)
{
    fl_dead_headers headers;
    fl_delivery *taken[TAKEN_MOST];
    fl_settlement items[TAKEN_MOST];
    const fl_broker_host *host = p->base.host;
    fl_pg_args args = {0};
    PGresult *rows;
    unsigned count = 0;
    fl_dead_headers_fill(&headers, reason, p->config.queues[queue], host->unix_time(host));
    fl_pg_add_text(&args, p->config.queues[queue]);
    fl_pg_add_number(&args, fl_pg_us(p->config.lease));
    fl_broker_rc rc = fl_pg_run(p, which, &args, doing, &rows);
    if (!rc)
        rc = fl_pg_read_all(p, rows, queue, taken, &count);
    PQclear(rows);
    for (unsigned i = 0; i < count; i++)
        items[i] = (fl_settlement){.delivery = taken[i],
                                   .verb = FL_SETTLE_DEAD,
                                   .headers = headers.header,
                                   .header_count = FL_DEAD_HEADERS};
    if (count)
        rc = fl_pg_settle(&p->base, items, count);
    for (unsigned i = 0; i < count; i++)
        host->drop(host, taken[i]);
    *more = count == TAKEN_MOST;
    return rc;
}

static fl_broker_rc maintain(fl_pg *p, unsigned queue)
{
    fl_pg_args args = {0};
    PGresult *rows;
    int64_t now = fl_pg_now(p), next;
    fl_pg_add_text(&args, p->config.queues[queue]);
    fl_broker_rc rc = fl_pg_run(p, FL_PG_MAINTAIN, &args, doing, &rows);
    if (rc)
        return rc;
    bool has_expired = fl_pg_int(rows, 0, 1), has_endless = fl_pg_int(rows, 0, 2);
    next = PQgetisnull(rows, 0, 3) ? FILCH_FOREVER : fl_pg_int(rows, 0, 3);
    if (fl_pg_int(rows, 0, 0) == MOVED_MOST) /* the rest at the next receive */
        next = 0;
    PQclear(rows);
    p->queues[queue].look_at =
        now + (next < LOOK_ALWAYS / FILCH_MICROSECOND ? next * FILCH_MICROSECOND : LOOK_ALWAYS);
    while (has_expired && !rc)
        rc = bury(p, queue, FL_PG_EXPIRED, "expired", &has_expired);
    while (has_endless && !rc)
        rc = bury(p, queue, FL_PG_ENDLESS, "delayed or leased forever", &has_endless);
    return rc;
}

/* ---- Receiving ---- */

/* RETURNING has no order. */
static int compare(const void *a, const void *b)
{
    const fl_delivery *x = *(fl_delivery *const *)a, *y = *(fl_delivery *const *)b;
    if (x->message.priority != y->message.priority)
        return x->message.priority > y->message.priority ? -1 : 1;
    return x->tag[0] < y->tag[0] ? -1 : 1;
}

void fl_pg_ask_lease(fl_pg *p, unsigned queue, unsigned most, fl_pg_args *args)
{
    fl_pg_add_text(args, p->config.queues[queue]);
    fl_pg_add_number(args, most);
    fl_pg_add_number(args, fl_pg_us(p->config.lease));
    fl_pg_add_number(args, (int64_t)p->config.body_most);
}

fl_broker_rc fl_pg_take_lease(fl_pg *p, unsigned queue, fl_broker_rc rc, const PGresult *rows,
                              int64_t began, fl_delivery **out, unsigned most, unsigned *count)
{
    fl_pg_queue *q = &p->queues[queue];
    int64_t lease = p->config.lease;
    if (!rc)
        rc = fl_pg_read_all(p, rows, queue, out, count);
    /* so many could be had, were they shorter */
    unsigned ready = *count ? (unsigned)fl_pg_int(rows, 0, PQnfields(rows) - 1) : 0;
    for (unsigned i = 0; i < *count; i++)
        out[i]->lease_until = lease < FILCH_FOREVER - began ? began + lease : FILCH_FOREVER;
    qsort(out, *count, sizeof *out, compare);
    q->was_short = !rc && *count < most;
    if (rc || ready > *count)
        q->look_at = fl_pg_now(p); /* there is more */
    return rc;
}

fl_broker_rc fl_pg_before_lease(fl_pg *p, unsigned queue)
{
    const fl_pg_queue *q = &p->queues[queue];
    return q->was_short || q->look_at <= fl_pg_now(p) ? maintain(p, queue) : FL_BROKER_OK;
}

fl_broker_rc fl_pg_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                           unsigned *count)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_args args = {0};
    PGresult *rows = NULL;
    *count = 0;
    fl_broker_rc rc = fl_pg_before_lease(p, queue);
    int64_t began = fl_pg_now(p);
    fl_pg_ask_lease(p, queue, most, &args);
    if (!rc)
        rc = fl_pg_run(p, FL_PG_LEASE, &args, doing, &rows);
    rc = fl_pg_take_lease(p, queue, rc, rows, began, out, most, count);
    PQclear(rows);
    return rc;
}
