/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cancel of leased messages: the table `stops`. */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>

#include <stddef.h>

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
