/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>

#include <stddef.h>

fl_broker_rc fl_pg_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_args args = {0};
    PGresult *rows;
    fl_pg_add_text(&args, p->config.queues[queue]);
    fl_broker_rc rc = fl_pg_run(p, FL_PG_COUNT, &args, "count messages", &rows);
    if (!rc)
        *out = (fl_broker_count){(uint64_t)fl_pg_int(rows, 0, 0), (uint64_t)fl_pg_int(rows, 0, 1),
                                 (uint64_t)fl_pg_int(rows, 0, 2), (uint64_t)fl_pg_int(rows, 0, 3),
                                 (uint64_t)fl_pg_ns(fl_pg_int(rows, 0, 4))};
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
