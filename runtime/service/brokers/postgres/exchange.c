/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Acknowledgements and the next lease in one pipeline, which is one transaction: one round trip, and
 * one flush to disk. The messages of both are different rows, so the failure of one undoes both, and
 * the service tries again. */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>

#ifdef LIBPQ_HAS_PIPELINING

static const char doing[] = "settle and receive messages";

/* Others are rare, and have statements of their own. */
static bool are_plain(const fl_pg *p, const fl_settlement *batch, unsigned count)
{
    if (p->has_stops || fl_pg_has_notes(batch, count))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (batch[i].verb != FL_SETTLE_ACK)
            return false;
    return true;
}

static fl_broker_rc one_by_one(fl_broker *broker, fl_settlement *batch, unsigned count,
                               unsigned queue, fl_delivery **out, unsigned most, unsigned *received)
{
    fl_broker_rc rc = fl_pg_settle(broker, batch, count);
    return rc ? rc : fl_pg_receive(broker, queue, out, most, received);
}

/* rows: of the acknowledgements, and of the lease. */
static fl_broker_rc run(fl_pg *p, const fl_pg_args *acks, const fl_pg_args *lease,
                        PGresult *rows[2])
{
    fl_broker_rc rc = fl_pg_prepare(p, FL_PG_ACK, doing);
    if (!rc)
        rc = fl_pg_prepare(p, FL_PG_LEASE, doing);
    if (rc)
        return rc;
    int sent = PQenterPipelineMode(p->db) && fl_pg_send(p, FL_PG_ACK, acks) &&
               fl_pg_send(p, FL_PG_LEASE, lease) && PQpipelineSync(p->db);
    return fl_pg_finish_pipeline(p, sent, doing, rows, 2);
}

fl_broker_rc fl_pg_exchange(fl_broker *broker, fl_settlement *batch, unsigned count, unsigned queue,
                            fl_delivery **out, unsigned most, unsigned *received)
{
    fl_pg *p = fl_pg_of(broker);
    fl_pg_array arrays[FL_PG_OF_ACK];
    fl_pg_args acks = {0}, lease = {0};
    PGresult *rows[2] = {NULL, NULL};
    *received = 0;
    if (p->target.pooled || !are_plain(p, batch, count)) /* a pooler may not know pipelines */
        return one_by_one(broker, batch, count, queue, out, most, received);
    fl_broker_rc rc = fl_pg_before_lease(p, queue);
    int64_t began = fl_pg_now(p);
    fl_pg_ask_lease(p, queue, most, &lease);
    bool has_memory = fl_pg_ask_acks(batch, count, arrays, &acks);
    if (!rc)
        rc = has_memory ? run(p, &acks, &lease, rows) : fl_pg_short(p);
    fl_pg_take_acks(batch, count, rc, rows[0]);
    rc = fl_pg_take_lease(p, queue, rc, rows[1], began, out, most, received);
    fl_pg_arrays_free(arrays, FL_PG_OF_ACK);
    PQclear(rows[0]);
    PQclear(rows[1]);
    return rc;
}

#endif
