/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of jobs: a row of `records` each, by the job's id. Notes of settlements are written in one
 * transaction with these. Rows whose time is over are deleted once a second, while some are written. */
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/postgres/postgres.h>
#include <runtime/service/job_record.h>

#include <errno.h>
#include <stddef.h>

enum {
    AT_SEQ,
    AT_TOKEN,
    AT_ID,
    AT_STATE,
    AT_TTL,
    AT_CREATES,
    AT_PROGRESS,
    AT_RESULT,
    AT_REASON,
    ARRAYS
};

static const uint32_t types[ARRAYS] = {FL_PG_INT8, FL_PG_INT8,  FL_PG_TEXT,  FL_PG_INT8, FL_PG_INT8,
                                       FL_PG_INT8, FL_PG_BYTEA, FL_PG_BYTEA, FL_PG_BYTEA};
static const char keeping[] = "keep records of jobs";
static const int64_t LONGEST = INT64_C(100) * 366 * 86400 * FILCH_SECOND;

static void begin_arrays(fl_pg_array arrays[ARRAYS])
{
    for (unsigned i = 0; i < ARRAYS; i++)
        arrays[i] = (fl_pg_array){.type = types[i]};
}

static void add_note(fl_pg_array arrays[ARRAYS], const fl_note *note)
{
    fl_pg_array_number(&arrays[AT_SEQ], (int64_t)note->delivery->tag[0]);
    fl_pg_array_number(&arrays[AT_TOKEN], (int64_t)note->delivery->tag[1]);
    fl_pg_array_text(&arrays[AT_ID], note->id);
    fl_pg_array_number(&arrays[AT_STATE], note->state);
    fl_pg_array_number(&arrays[AT_TTL], fl_pg_us(note->ttl < LONGEST ? note->ttl : LONGEST));
    fl_pg_array_number(&arrays[AT_CREATES], note->creates);
    fl_pg_array_bytes(&arrays[AT_PROGRESS], note->progress, note->progress_size);
    fl_pg_array_bytes(&arrays[AT_RESULT], note->result, note->result_size);
    fl_pg_array_text(&arrays[AT_REASON], note->reason); /* as bytes: it may be no UTF-8 */
}

/* Runs a statement with the arrays, and frees them. */
static fl_broker_rc run(fl_pg *p, fl_pg_sql which, fl_pg_array arrays[ARRAYS])
{
    fl_pg_args args = {0};
    PGresult *rows = NULL;
    bool failed = false;
    for (unsigned i = 0; i < ARRAYS; i++) {
        fl_pg_add_array(&args, &arrays[i]);
        failed = failed || arrays[i].failed;
    }
    fl_broker_rc rc = failed ? fl_pg_short(p) : fl_pg_run(p, which, &args, keeping, &rows);
    PQclear(rows);
    fl_pg_arrays_free(arrays, ARRAYS);
    return rc;
}

static fl_broker_rc forget_some(fl_pg *p)
{
    PGresult *rows;
    int64_t now = fl_pg_now(p);
    if (now < p->forget_at)
        return FL_BROKER_OK;
    p->forget_at = now + FILCH_SECOND;
    fl_broker_rc rc = fl_pg_run(p, FL_PG_FORGET, &(fl_pg_args){0}, "forget records of jobs", &rows);
    PQclear(rows);
    return rc;
}

/* ---- Settlements ---- */

bool fl_pg_has_notes(const fl_settlement *batch, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (batch[i].note)
            return true;
    return false;
}

fl_broker_rc fl_pg_records_begin(fl_pg *p)
{
    return fl_pg_execute(p, p->db, "BEGIN", keeping, NULL);
}

static fl_broker_rc keep(fl_pg *p, const fl_settlement *batch, unsigned count)
{
    fl_pg_array arrays[ARRAYS];
    begin_arrays(arrays);
    for (unsigned i = 0; i < count; i++)
        if (batch[i].note && !batch[i].status)
            add_note(arrays, batch[i].note);
    return arrays[AT_SEQ].count ? run(p, FL_PG_KEEP, arrays) : FL_BROKER_OK;
}

fl_broker_rc fl_pg_records_end(fl_pg *p, fl_broker_rc rc, fl_settlement *batch, unsigned count)
{
    if (!rc)
        rc = keep(p, batch, count);
    if (!rc)
        rc = fl_pg_execute(p, p->db, "COMMIT", keeping, NULL);
    if (!rc)
        return forget_some(p);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    if (rc == FL_BROKER_BUSY && fl_pg_execute(p, p->db, "ROLLBACK", keeping, NULL))
        return FL_BROKER_LOST; /* the connection is in a transaction */
    return rc;
}

/* ---- As fl_broker_kind says ---- */

fl_broker_rc fl_pg_note(fl_broker *broker, const fl_note *batch, unsigned count)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_array arrays[ARRAYS];
    begin_arrays(arrays);
    for (unsigned i = 0; i < count; i++)
        add_note(arrays, &batch[i]);
    fl_broker_rc rc = run(p, FL_PG_NOTE, arrays);
    return rc ? rc : forget_some(p);
}

static const void *bytes_of(const PGresult *rows, int column)
{
    return PQgetisnull(rows, 0, column) ? NULL : PQgetvalue(rows, 0, column);
}

fl_broker_rc fl_pg_record(fl_broker *broker, const char *id, filch_service_record **out)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_args args = {0};
    PGresult *rows;
    *out = NULL;
    fl_pg_add_text(&args, id);
    fl_broker_rc rc = fl_pg_run(p, FL_PG_RECORD, &args, "read a record", &rows);
    if (!rc && PQntuples(rows)) {
        *out = fl_job_record_copy(
            &(filch_service_record){.state = (filch_record_state)fl_pg_int(rows, 0, 0),
                                    .updated = fl_pg_int(rows, 0, 1) * FILCH_MICROSECOND,
                                    .progress = bytes_of(rows, 2),
                                    .progress_size = (size_t)PQgetlength(rows, 0, 2),
                                    .result = bytes_of(rows, 3),
                                    .result_size = (size_t)PQgetlength(rows, 0, 3),
                                    .reason = bytes_of(rows, 4)});
        rc = *out ? FL_BROKER_OK : fl_pg_short(p);
    }
    PQclear(rows);
    return rc;
}

/* ---- Stops ---- */

/* Cancel of leased messages: the table `stops`. */

fl_broker_rc fl_pg_run_on_id(fl_pg *p, fl_pg_sql which, const char *id, const char *doing,
                             bool *found)
{
    fl_pg_array queues = {.type = FL_PG_TEXT};
    fl_pg_args args = {0};
    PGresult *rows = NULL;
    *found = false;
    for (unsigned i = 0; i < p->queue_count; i++)
        fl_pg_array_text(&queues, p->config.queues[i]);
    fl_pg_add_array(&args, &queues);
    fl_pg_add_text(&args, id);
    fl_broker_rc rc = queues.failed ? fl_pg_short(p) : fl_pg_run(p, which, &args, doing, &rows);
    *found = PQntuples(rows) > 0;
    PQclear(rows);
    fl_pg_arrays_free(&queues, 1);
    return rc;
}

fl_broker_rc fl_pg_stop(fl_broker *broker, const char *id, bool *found)
{
    return fl_pg_run_on_id(fl_pg_of(broker), FL_PG_STOP, id, "stop a message", found);
}

fl_broker_rc fl_pg_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count, bool *out)
{
    fl_pg *p = fl_pg_of(broker);
    const fl_pg_args args = {0};
    PGresult *rows;
    for (unsigned i = 0; i < count; i++)
        out[i] = false;
    fl_broker_rc rc = fl_pg_run(p, FL_PG_STOPPED, &args, "look for stopped messages", &rows);
    for (int row = 0; row < PQntuples(rows); row++)
        for (unsigned i = 0; i < count; i++)
            out[i] |= batch[i]->tag[0] == (uint64_t)fl_pg_int(rows, row, 0);
    p->has_stops = PQntuples(rows) > 0;
    PQclear(rows);
    return rc;
}
