/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>

#include <errno.h>
#include <filch/wait.h>

/* ---- Batches ---- */

/* The statements that change deliveries begin with these arrays. */
enum { AT_SEQ, AT_TOKEN, AT_PLACE, AT_VERB, AT_ATTEMPT, AT_DELAY, AT_HEADERS, ARRAYS };
enum { OF_DELIVERY = AT_PLACE + 1 };
_Static_assert(OF_DELIVERY == (int)FL_PG_OF_ACK, "as declared");

static const uint32_t types[ARRAYS] = {FL_PG_INT8, FL_PG_INT8, FL_PG_INT8, FL_PG_INT8,
                                       FL_PG_INT8, FL_PG_INT8, FL_PG_BYTEA};

static void begin_arrays(fl_pg_array *arrays, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        arrays[i] = (fl_pg_array){.type = types[i]};
}

static void add_delivery(fl_pg_array *arrays, const fl_delivery *delivery, unsigned place)
{
    fl_pg_array_number(&arrays[AT_SEQ], (int64_t)delivery->tag[0]);
    fl_pg_array_number(&arrays[AT_TOKEN], (int64_t)delivery->tag[1]);
    fl_pg_array_number(&arrays[AT_PLACE], place);
}

static void add_settlement(fl_pg_array arrays[ARRAYS], const fl_settlement *one, unsigned place)
{
    bool dead = one->verb == FL_SETTLE_DEAD;
    const filch_message *message = &one->delivery->message;
    add_delivery(arrays, one->delivery, place);
    fl_pg_array_number(&arrays[AT_VERB], one->verb);
    fl_pg_array_number(&arrays[AT_ATTEMPT], one->attempt);
    fl_pg_array_number(&arrays[AT_DELAY], one->verb == FL_SETTLE_RETRY ? fl_pg_us(one->delay) : 0);
    fl_pg_array_headers(&arrays[AT_HEADERS], one->headers, dead ? one->header_count : 0,
                        message->headers, dead ? message->header_count : 0);
}

/* false: no memory. */
static bool pass_arrays(fl_pg_args *args, fl_pg_array *arrays, unsigned count)
{
    bool failed = false;
    for (unsigned i = 0; i < count; i++) {
        fl_pg_add_array(args, &arrays[i]);
        failed = failed || arrays[i].failed;
    }
    return !failed;
}

/* Runs a statement with the first `count` arrays and perhaps a number, and frees them. */
static fl_broker_rc run(fl_pg *p, fl_pg_sql which, fl_pg_array arrays[ARRAYS], unsigned count,
                        const int64_t *number, const char *doing, PGresult **rows)
{
    fl_pg_args args = {0};
    *rows = NULL;
    bool passed = pass_arrays(&args, arrays, count);
    if (number)
        fl_pg_add_number(&args, *number);
    fl_broker_rc rc = passed ? fl_pg_run(p, which, &args, doing, rows) : fl_pg_short(p);
    fl_pg_arrays_free(arrays, ARRAYS);
    return rc;
}

/* ---- Settling ---- */

bool fl_pg_ask_acks(const fl_settlement *batch, unsigned count, fl_pg_array arrays[FL_PG_OF_ACK],
                    fl_pg_args *args)
{
    begin_arrays(arrays, FL_PG_OF_ACK);
    for (unsigned i = 0; i < count; i++)
        add_delivery(arrays, batch[i].delivery, i);
    return pass_arrays(args, arrays, FL_PG_OF_ACK);
}

void fl_pg_take_acks(fl_settlement *batch, unsigned count, fl_broker_rc rc, const PGresult *rows)
{
    for (unsigned i = 0; i < count; i++)
        batch[i].status = rc ? -EAGAIN : -ESTALE;
    for (int i = 0; i < PQntuples(rows) && !rc; i++)
        batch[fl_pg_int(rows, i, 0)].status = 0;
}

/* The acknowledgements of a batch, or all others, in one statement each. */
static fl_broker_rc settle_some(fl_pg *p, fl_settlement *batch, unsigned count, bool acks)
{
    fl_pg_array arrays[ARRAYS];
    PGresult *rows;
    begin_arrays(arrays, ARRAYS);
    for (unsigned i = 0; i < count; i++)
        if (acks && batch[i].verb == FL_SETTLE_ACK)
            add_delivery(arrays, batch[i].delivery, i);
        else if (!acks && batch[i].verb != FL_SETTLE_ACK)
            add_settlement(arrays, &batch[i], i);
    if (!arrays[AT_SEQ].count)
        return FL_BROKER_OK;
    fl_broker_rc rc = run(p, acks ? FL_PG_ACK : FL_PG_CHANGE, arrays, acks ? OF_DELIVERY : ARRAYS,
                          NULL, "settle messages", &rows);
    for (unsigned i = 0; i < count; i++)
        if ((batch[i].verb == FL_SETTLE_ACK) == acks)
            batch[i].status = rc ? -EAGAIN : -ESTALE;
    for (int i = 0; i < PQntuples(rows); i++)
        batch[fl_pg_int(rows, i, 0)].status = 0;
    PQclear(rows);
    return rc;
}

/* The end of the shortest delay is a time to look at its queue. */
static void note_delays(fl_pg *p, const fl_settlement *batch, unsigned count)
{
    int64_t now = fl_pg_now(p);
    for (unsigned i = 0; i < count; i++) {
        fl_pg_queue *queue = &p->queues[batch[i].delivery->queue];
        if (batch[i].verb == FL_SETTLE_RETRY && batch[i].delay > 0 &&
            batch[i].delay < queue->look_at - now)
            queue->look_at = now + batch[i].delay;
    }
}

fl_broker_rc fl_pg_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_pg *p = fl_pg_of(broker);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    bool has_notes = fl_pg_has_notes(batch, count);
    fl_broker_rc rc = has_notes ? fl_pg_records_begin(p) : FL_BROKER_OK;
    if (!rc)
        rc = settle_some(p, batch, count, true);
    if (!rc)
        rc = settle_some(p, batch, count, false);
    if (has_notes)
        rc = fl_pg_records_end(p, rc, batch, count);
    note_delays(p, batch, count);
    if (p->has_stops && !rc)
        rc = fl_pg_stopped(broker, NULL, 0, NULL); /* sweeps */
    return rc;
}

/* ---- Leases ---- */

fl_broker_rc fl_pg_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                          int64_t lease)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_array arrays[ARRAYS];
    PGresult *rows;
    int64_t us = fl_pg_us(lease), now = fl_pg_now(p);
    int64_t until = lease < FILCH_FOREVER - now ? now + lease : FILCH_FOREVER;
    begin_arrays(arrays, ARRAYS);
    for (unsigned i = 0; i < count; i++)
        add_delivery(arrays, batch[i], i);
    fl_broker_rc rc = run(p, FL_PG_EXTEND, arrays, OF_DELIVERY, &us, "extend leases", &rows);
    for (unsigned i = 0; i < count && !rc; i++)
        batch[i]->lease_until = 0;
    for (int i = 0; i < PQntuples(rows); i++)
        batch[fl_pg_int(rows, i, 0)]->lease_until = until;
    PQclear(rows);
    return rc;
}
