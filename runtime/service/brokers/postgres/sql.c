/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The statements, and the rows that they return. '@' is the schema, quoted, '~' its name. */
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/postgres/postgres.h>
#include <runtime/service/message.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)
#define BATCH_BYTES NUMBER(4194304) /* FL_PG_BATCH_BYTES */
_Static_assert(FL_PG_BATCH_BYTES == 4194304, "as in the statements");

/* Durations are µs. */
#define FROM_NOW(duration) "@.clock() + " duration " * interval '1 microsecond'"
/* NULL: forever. */
#define LEFT_UNTIL(time)                                                                           \
    "CASE WHEN isfinite(" time ") THEN (extract(epoch FROM " time                                  \
    " - @.clock()) * 1000000)::bigint END"

/* Of j, as fl_pg_read reads it; `most`: longer bodies are not read. */
#define COLUMNS(most)                                                                              \
    "j.seq, j.token, j.id, j.type, j.content_type, j.dedup, j.headers, j.priority::bigint, "       \
    "j.attempt::bigint, j.deliveries::bigint, " LEFT_UNTIL(                                        \
        "j.expires") ", j.first_seen, "                                                            \
                     "j.trace, j.tracestate, octet_length(j.body)::bigint, "                       \
                     "CASE WHEN octet_length(j.body) <= " most " THEN j.body END"
enum {
    AT_SEQ,
    AT_TOKEN,
    AT_ID,
    AT_TYPE,
    AT_CONTENT_TYPE,
    AT_DEDUP,
    AT_HEADERS,
    AT_PRIORITY,
    AT_ATTEMPT,
    AT_DELIVERIES,
    AT_EXPIRES,
    AT_FIRST_SEEN,
    AT_TRACE,
    AT_TRACESTATE,
    AT_BODY_SIZE,
    AT_BODY
};

/* The bytes of bodies in the rows before this one, in their order. */
#define BYTES_BEFORE(most, order)                                                                  \
    "coalesce(sum(CASE WHEN octet_length(body) <= " most " THEN octet_length(body) ELSE 0 END) "   \
    "OVER (ORDER BY " order " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"

/* Consumers of the queues in `told` look; it has to be used. */
#define TELL(rows)                                                                                 \
    "told AS (SELECT pg_notify('~', q.queue) FROM (SELECT DISTINCT queue FROM " rows ") AS q)"
#define TOLD "(SELECT count(*) FROM told) >= 0"

/* Arrays, as rows of `name`. Columns behind the usual ones: `arrays`, called `names`. */
#define GIVEN(name, arrays, names, where)                                                          \
    name " AS MATERIALIZED (SELECT nextval('@.jobs_seq') AS seq, n.* FROM unnest(\n"               \
         " $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],\n"            \
         " $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[],\n"                  \
         " $12::bigint[], $13::bigint[], $14::bytea[], $15::bytea[]" arrays ")\n"                  \
         " AS n(place, queue, id, type, content_type, dedup, trace, tracestate, priority,\n"       \
         " attempt, delay, expires, first_seen, headers, body" names ")" where "),\n"
/* A scalar, which is looked up in the index for each row: EXISTS might read the whole table. */
#define IS_FORGOTTEN                                                                               \
    "(SELECT m.until > @.clock() FROM @.remembered AS m WHERE m.key = n.dedup) IS NOT TRUE"
/* Of `given`, those whose keys are not taken are `new`. Some keys that are over are deleted. */
#define CLAIM                                                                                      \
    "gone AS (DELETE FROM @.remembered WHERE key = ANY (ARRAY(SELECT key FROM @.remembered\n"      \
    " WHERE until <= @.clock() AND key <> ALL (ARRAY(SELECT dedup FROM given\n"                    \
    "  WHERE dedup IS NOT NULL)) LIMIT 100 FOR UPDATE SKIP LOCKED))),\n"                           \
    "claimed AS (INSERT INTO @.remembered AS m (key, until)\n"                                     \
    " SELECT DISTINCT ON (g.dedup) g.dedup, " FROM_NOW(                                            \
        "g.memory") " FROM given AS g\n"                                                           \
                    " WHERE g.memory > 0 AND NOT EXISTS (SELECT FROM @.jobs AS j WHERE j.dedup = " \
                    "g.dedup)\n"                                                                   \
                    " ORDER BY g.dedup ON CONFLICT (key) DO UPDATE SET until = excluded.until\n"   \
                    "  WHERE m.until <= @.clock() RETURNING key),\n"                               \
                    "new AS MATERIALIZED (SELECT * FROM given AS n WHERE n.dedup IS NULL OR "      \
                    "CASE\n"                                                                       \
                    " WHEN n.memory > 0 THEN n.dedup IN (SELECT key FROM claimed) "                \
                    "ELSE " IS_FORGOTTEN " END),\n"
#define ADD_NEW                                                                                    \
    "added AS (INSERT INTO @.jobs (seq, queue, id, type, content_type, dedup, trace,\n"            \
    " tracestate, priority, attempt, state, at, expires, first_seen, headers, body)\n"             \
    " SELECT seq, queue, id, type, content_type, dedup, trace, tracestate, priority, attempt,\n"   \
    " (delay > 0)::int, " FROM_NOW("delay") ", " FROM_NOW(                                         \
        "expires") ",\n"                                                                           \
                   " first_seen, headers, body FROM new ORDER BY seq\n"                            \
                   " ON CONFLICT (dedup) WHERE dedup IS NOT NULL DO NOTHING\n"                     \
                   " RETURNING seq, queue),\n" TELL(                                               \
                       "added") " SELECT place FROM new JOIN added USING (seq) WHERE " TOLD

/* The delivery of the row d. The sum hides from the planner that jobs_held has such rows, all of which
 * it would read instead of looking each up by its seq. */
#define IS_DELIVERY "j.seq = d.seq AND j.token = d.token AND j.state + 0 = 2"

#define IS_MARKED "j.seq = s.seq AND j.queue = s.queue"
/* Changes of records, and what they do. The last of an id counts. */
#define NOTES                                                                                      \
    "unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],\n"   \
    " $7::bytea[], $8::bytea[], $9::bytea[]) WITH ORDINALITY\n"                                    \
    " AS d(seq, token, id, state, ttl, creates, progress, result, reason, place)"
#define KEEP                                                                                       \
    "INSERT INTO @.records AS r (id, state, updated, expires, progress, result, reason)\n"         \
    " SELECT DISTINCT ON (d.id) d.id, d.state, @.clock(), " FROM_NOW(                              \
        "d.ttl") ",\n"                                                                             \
                 " d.progress, d.result, d.reason FROM d WHERE d.creates = 1\n"                    \
                 " OR EXISTS (SELECT FROM @.records AS o WHERE o.id = d.id AND o.expires > "       \
                 "@.clock())\n"                                                                    \
                 " ORDER BY d.id, d.place DESC ON CONFLICT (id) DO UPDATE SET state = "            \
                 "excluded.state,\n"                                                               \
                 " updated = excluded.updated, expires = excluded.expires,\n"                      \
                 " progress = coalesce(excluded.progress, r.progress), result = "                  \
                 "excluded.result,\n"                                                              \
                 " reason = excluded.reason"

/* Another program may have set any number. Tokens wrap and deliveries saturate, so no sum overflows. */
#define NEXT_TOKEN "token = (token & 4611686018427387903) + 1"
#define NEXT_DELIVERY "deliveries = least(deliveries, 999999999) + 1"
/* Delayed or leased forever: such a row is another program's. */
#define IS_ENDLESS "state <> 0 AND at = 'infinity'"
/* Leases some rows without counting that. $1: queue, $2: lease. */
#define TAKE(condition)                                                                            \
    "UPDATE @.jobs AS j SET state = 2, " NEXT_TOKEN ", at = " FROM_NOW(                            \
        "$2::bigint") "\n WHERE seq = ANY (ARRAY(SELECT seq FROM @.jobs WHERE queue = $1::text\n"  \
                      "  AND " condition                                                           \
                      " LIMIT 100 FOR UPDATE SKIP LOCKED)) RETURNING " COLUMNS("0")

static const char *const statements[FL_PG_SQLS] = {
    /* $1: queue. Returns how many rows are ready that were not, whether some have expired, whether some
     * would never be ready, and the time to the next. */
    [FL_PG_MAINTAIN] =
        "WITH due AS (UPDATE @.jobs SET state = 0 WHERE seq = ANY (ARRAY(\n"
        "  SELECT seq FROM @.jobs WHERE queue = $1::text AND state <> 0 AND at <= @.clock()\n"
        "  ORDER BY at LIMIT 1000 FOR UPDATE SKIP LOCKED)) RETURNING seq)\n"
        "SELECT (SELECT count(*) FROM due),\n"
        " EXISTS (SELECT FROM @.jobs WHERE queue = $1 AND expires <= @.clock()\n"
        "  AND (state = 0 OR at <= @.clock()))::int::bigint,\n"
        " EXISTS (SELECT FROM @.jobs WHERE queue = $1 AND " IS_ENDLESS ")::int::bigint,\n"
        " (SELECT " LEFT_UNTIL("min(at)") " FROM @.jobs\n"
                                          "  WHERE queue = $1 AND state <> 0 AND at > @.clock())",
    /* $1: queue, $2: lease. */
    [FL_PG_EXPIRED] = TAKE("state = 0 AND expires <= @.clock()"),
    [FL_PG_ENDLESS] = TAKE(IS_ENDLESS),
    /* $1: queue, $2: most rows, $3: lease, $4: longest body. Adds how many rows there were. */
    [FL_PG_LEASE] =
        "WITH picked AS MATERIALIZED (SELECT seq, priority, body FROM @.jobs\n"
        "  WHERE queue = $1::text AND state = 0 AND (expires IS NULL OR expires > @.clock())\n"
        "  AND NOT EXISTS (SELECT FROM @.paused AS p WHERE p.queue = $1 AND p.type = '')\n"
        "  AND type <> ALL (ARRAY(SELECT p.type FROM @.paused AS p WHERE p.queue = $1))\n"
        "  ORDER BY priority DESC, seq LIMIT $2::bigint FOR UPDATE SKIP LOCKED),\n"
        "sized AS (SELECT seq, " BYTES_BEFORE(
            "$4::bigint",
            "priority DESC, seq") " AS before\n"
                                  "  FROM picked)\n"
                                  "UPDATE @.jobs AS j SET state = 2, " NEXT_TOKEN ", " NEXT_DELIVERY
                                  ",\n"
                                  " at = " FROM_NOW(
                                      "$3::bigint") " WHERE seq = ANY (ARRAY(SELECT seq FROM sized "
                                                    "\n"
                                                    "WHERE before < " BATCH_BYTES "))\n"
                                                    " RETURNING " COLUMNS(
                                                        "$4") ", (SELECT count(*) FROM picked)",
    /* $1: seqs, $2: tokens, $3: places in the batch. */
    [FL_PG_ACK] = "DELETE FROM @.jobs AS j USING unnest($1::bigint[], $2::bigint[], $3::bigint[])\n"
                  " AS d(seq, token, place) WHERE " IS_DELIVERY " RETURNING d.place",
    /* $1, $2, $3: as above; $4: verbs, $5: attempts, $6: delays, $7: headers. */
    [FL_PG_CHANGE] =
        "WITH changed AS (UPDATE @.jobs AS j SET state = (d.delay > 0)::int,\n"
        " at = " FROM_NOW(
            "d.delay") ",\n"
                       " attempt = CASE d.verb WHEN 2 THEN least(d.attempt, 1000000000) ELSE "
                       "j.attempt END,\n"
                       " deliveries = CASE d.verb WHEN 1 THEN greatest(j.deliveries - 1, 0) ELSE 0 "
                       "END,\n"
                       " queue = CASE d.verb WHEN 3 THEN j.queue || '.dlq' ELSE j.queue END,\n"
                       " headers = CASE d.verb WHEN 3 THEN d.headers ELSE j.headers END,\n"
                       " dedup = CASE d.verb WHEN 3 THEN NULL ELSE j.dedup END,\n"
                       " expires = CASE d.verb WHEN 3 THEN NULL ELSE j.expires END\n"
                       "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], \n"
                       "$5::bigint[],\n"
                       " $6::bigint[], $7::bytea[]) AS d(seq, token, place, verb, attempt, delay, "
                       "\n"
                       "headers)\n"
                       " WHERE " IS_DELIVERY " RETURNING d.place, j.queue),\n" TELL(
                           "changed") " SELECT place FROM changed WHERE " TOLD,
    /* $1, $2, $3: as above; $4: lease. */
    [FL_PG_EXTEND] = "UPDATE @.jobs AS j SET at = " FROM_NOW(
        "$4::bigint") " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])\n"
                      " AS d(seq, token, place) WHERE " IS_DELIVERY " RETURNING d.place",
    /* Arrays. Returns the places of those that are added. */
    [FL_PG_PUBLISH] =
        "WITH " GIVEN("new", "", "", " WHERE n.dedup IS NULL OR " IS_FORGOTTEN) ADD_NEW,
    /* The same where some keys are to be remembered; $16: for how long. */
    [FL_PG_PUBLISH_ONCE] = "WITH " GIVEN("given", ", $16::bigint[]", ", memory", "") CLAIM ADD_NEW,
    /* $1: queue. */
    [FL_PG_COUNT] =
        "SELECT count(*) FILTER (WHERE queue = $1 AND (state = 0 OR at <= @.clock())),\n"
        " count(*) FILTER (WHERE queue = $1 AND state NOT IN (0, 2) AND at > @.clock()),\n"
        " count(*) FILTER (WHERE queue = $1 AND state = 2 AND at > @.clock()),\n"
        " count(*) FILTER (WHERE queue <> $1),\n"
        " -coalesce(least(" LEFT_UNTIL(
            "min(at) FILTER (WHERE queue = $1 AND (state = 0 OR at\n"
            " <= @.clock()) AND isfinite(at))") ", 0), 0),\n"
                                                " (SELECT count(*) FROM @.paused AS p WHERE "
                                                "p.queue = $1 AND p.type = ''),\n"
                                                " (SELECT count(*) FROM @.paused AS p WHERE "
                                                "p.queue = $1 AND p.type <> '')\n"
                                                " FROM @.jobs WHERE queue IN ($1::text, $1 || "
                                                "'.dlq')",
    /* $1: queue, $2: most rows, $3: longest body. */
    [FL_PG_PEEK] =
        "WITH waiting AS (SELECT *, CASE WHEN state = 1 AND at > @.clock() THEN at END AS due\n"
        "  FROM @.jobs WHERE queue = $1::text AND (state < 2 OR at <= @.clock())\n"
        "  ORDER BY due NULLS FIRST, priority DESC, seq LIMIT $2::bigint),\n"
        "sized AS (SELECT *, " BYTES_BEFORE(
            "$3::bigint",
            "due NULLS FIRST, priority DESC, seq") "  AS before FROM waiting)\n"
                                                   "SELECT " COLUMNS(
                                                       "$3") " FROM sized AS j WHERE before \n"
                                                             "< " BATCH_BYTES " ORDER BY due NULLS "
                                                             "FIRST, priority \n"
                                                             "DESC, seq",
    /* $1: queues, $2: id. */
    [FL_PG_CANCEL] = "DELETE FROM @.jobs WHERE seq = ANY (ARRAY(SELECT seq FROM @.jobs\n"
                     " WHERE queue = ANY ($1::text[]) AND id = $2::text\n"
                     " AND (state < 2 OR at <= @.clock()) FOR UPDATE SKIP LOCKED)) RETURNING 1",
    /* $1: queue, $2: type, "": all. */
    [FL_PG_PAUSE] = "INSERT INTO @.paused (queue, type) VALUES ($1::text, $2::text)\n"
                    " ON CONFLICT DO NOTHING",
    [FL_PG_RESUME] =
        "WITH gone AS (DELETE FROM @.paused WHERE queue = $1::text AND type = $2::text\n"
        " RETURNING queue), " TELL("gone") " SELECT 1 WHERE " TOLD,
    /* $1: queues, $2: id. */
    [FL_PG_STOP] = "INSERT INTO @.stops AS s SELECT seq, queue FROM @.jobs\n"
                   " WHERE queue = ANY ($1::text[]) AND id = $2::text AND state <> 0\n"
                   " AND state = 2 AND at > @.clock()\n"
                   " ON CONFLICT (seq) DO UPDATE SET queue = EXCLUDED.queue RETURNING 1",
    /* Sweeps marks away, too. */
    [FL_PG_STOPPED] = "WITH gone AS (DELETE FROM @.stops AS s WHERE NOT EXISTS (\n"
                      " SELECT FROM @.jobs AS j WHERE " IS_MARKED "))\n"
                      "SELECT s.seq FROM @.stops AS s JOIN @.jobs AS j ON " IS_MARKED,
    /* $1: seqs, $2: tokens, $3: ids, $4: states, $5: times to live, $6: does it create, $7: progress,
     * $8: results, $9: reasons. */
    [FL_PG_NOTE] = "WITH d AS (SELECT d.* FROM @.jobs AS j, " NOTES " WHERE " IS_DELIVERY
                   " FOR UPDATE OF j) " KEEP,
    [FL_PG_KEEP] = "WITH d AS (SELECT * FROM " NOTES ") " KEEP,
    [FL_PG_FORGET] = "DELETE FROM @.records WHERE id = ANY (ARRAY(SELECT id FROM @.records\n"
                     " WHERE expires <= @.clock() ORDER BY expires LIMIT 1000\n"
                     " FOR UPDATE SKIP LOCKED))",
    /* $1: id. */
    [FL_PG_RECORD] = "SELECT state::bigint, (extract(epoch FROM updated) * 1000000)::bigint,\n"
                     " progress, result, reason FROM @.records\n"
                     " WHERE id = $1::text AND expires > @.clock()",
};

/* ---- Running them ---- */

static void name_of(fl_pg_sql which, char name[24])
{
    snprintf(name, 24, "filch_%u", (unsigned)which);
}

fl_broker_rc fl_pg_prepare(fl_pg *p, fl_pg_sql which, const char *doing)
{
    char name[24];
    PGresult *result;
    if (p->prepared[which])
        return FL_BROKER_OK;
    char *sql = fl_pg_expand(p, statements[which]);
    if (!sql)
        return fl_pg_short(p);
    name_of(which, name);
    fl_broker_rc rc =
        fl_pg_finish(p, p->db, PQsendPrepare(p->db, name, sql, 0, NULL), doing, &result);
    PQclear(result);
    free(sql);
    p->prepared[which] = rc == FL_BROKER_OK;
    return rc;
}

static const int binary[FL_PG_ARGS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

int fl_pg_send(fl_pg *p, fl_pg_sql which, const fl_pg_args *args)
{
    char name[24];
    name_of(which, name);
    return PQsendQueryPrepared(p->db, name, args->count, args->value, args->length, binary, 1);
}

/* A pooler may use another session for each call. */
static fl_broker_rc run_pooled(fl_pg *p, fl_pg_sql which, const fl_pg_args *args, const char *doing,
                               PGresult **out)
{
    char *sql = fl_pg_expand(p, statements[which]);
    if (!sql)
        return fl_pg_short(p);
    int sent =
        PQsendQueryParams(p->db, sql, args->count, NULL, args->value, args->length, binary, 1);
    fl_broker_rc rc = fl_pg_finish(p, p->db, sent, doing, out);
    free(sql);
    return rc;
}

fl_broker_rc fl_pg_run(fl_pg *p, fl_pg_sql which, const fl_pg_args *args, const char *doing,
                       PGresult **out)
{
    *out = NULL;
    if (p->target.pooled)
        return run_pooled(p, which, args, doing, out);
    fl_broker_rc rc = fl_pg_prepare(p, which, doing);
    return rc ? rc : fl_pg_finish(p, p->db, fl_pg_send(p, which, args), doing, out);
}

/* ---- Rows ---- */

static const char *text_at(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

static size_t size_at(const PGresult *rows, int row, int column)
{
    return (size_t)PQgetlength(rows, row, column);
}

fl_delivery *fl_pg_read(fl_pg *p, const PGresult *rows, int row, unsigned queue)
{
    const fl_broker_host *host = p->base.host;
    const char *trace = text_at(rows, row, AT_TRACE);
    int64_t attempt = fl_pg_int(rows, row, AT_ATTEMPT), now = host->unix_time(host),
            deliveries = fl_pg_int(rows, row, AT_DELIVERIES),
            first_seen = fl_pg_int(rows, row, AT_FIRST_SEEN);
    filch_message message = {.id = text_at(rows, row, AT_ID),
                             .type = text_at(rows, row, AT_TYPE),
                             .content_type = text_at(rows, row, AT_CONTENT_TYPE),
                             .dedup = text_at(rows, row, AT_DEDUP),
                             .priority = (unsigned)fl_pg_int(rows, row, AT_PRIORITY),
                             .attempt = (unsigned)attempt,
                             .deliveries = (unsigned)deliveries,
                             .first_seen = first_seen > 0 ? first_seen : 0,
                             .tracestate = text_at(rows, row, AT_TRACESTATE),
                             .body = text_at(rows, row, AT_BODY),
                             .body_size = size_at(rows, row, AT_BODY)};
    if (!PQgetisnull(rows, row, AT_EXPIRES)) {
        int64_t left = fl_pg_ns(fl_pg_int(rows, row, AT_EXPIRES));
        message.expires = left < INT64_MAX - now ? now + left : INT64_MAX;
    }
    if (trace)
        filch_traceparent_parse(&message.trace, trace, strlen(trace));
    fl_delivery *delivery =
        fl_headers_deliver(&p->config, queue, message, text_at(rows, row, AT_HEADERS),
                           size_at(rows, row, AT_HEADERS),
                           (uint64_t)fl_pg_int(rows, row, AT_BODY_SIZE));
    if (!delivery)
        return NULL;
    if (attempt < 1 || deliveries < 0)
        delivery->malformed = "attempt or deliveries out of range";
    delivery->tag[0] = (uint64_t)fl_pg_int(rows, row, AT_SEQ);
    delivery->tag[1] = (uint64_t)fl_pg_int(rows, row, AT_TOKEN);
    return delivery;
}

fl_broker_rc fl_pg_read_all(fl_pg *p, const PGresult *rows, unsigned queue, fl_delivery **out,
                            unsigned *count)
{
    const fl_broker_host *host = p->base.host;
    *count = 0;
    for (int row = 0; row < PQntuples(rows); row++) {
        fl_delivery *one = fl_pg_read(p, rows, row, queue);
        if (!one) {
            while (*count)
                host->drop(host, out[--*count]);
            return fl_pg_short(p);
        }
        out[(*count)++] = one;
    }
    return FL_BROKER_OK;
}

/* ---- The schema ---- */

/* The tables, and the functions for callers who write SQL. Services that start at the same time
 * create them once: under an advisory lock, in one transaction. */

#define NEWEST 2 /* version of the tables */
#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)
#define VERSION NUMBER(NEWEST)

enum { OLDEST_SERVER = 130000 /* gen_random_uuid */ };

/* The plans of all statements follow an index; statistics of a queue that was empty a minute ago
 * mislead the planner to read the whole table. The costs of what is off are those at which queries are
 * compiled, which takes seconds. */
static const char session[] =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;"
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

/* Values that a job can have: others are refused. `expires` may be infinite. */
#define SOUND_AT "at < 'infinity'"
#define SOUND_STATE "state BETWEEN 0 AND 2"
#define SOUND_NUMBERS                                                                              \
    "attempt BETWEEN 1 AND 1000000000 AND deliveries BETWEEN 0 AND 1000000000\n"                   \
    "  AND token BETWEEN 0 AND 4611686018427387904 AND first_seen >= 0"

/* Creates all tables, or the parts that older tables lack. Rows that are not sound become dead letters, so
 * the constraints need not check them.
 *
 * Rows live for seconds, so vacuum goes by their number and not by a share of the table. Bodies are
 * moved out and not compressed: their length is known without reading them. A change waits for locks for
 * 2 s at most, since all other statements wait behind it; the next connection tries again. */
static const char schema[] =
    "SELECT set_config('lock_timeout', '2s', true), pg_advisory_xact_lock(439804651110);\n"
    "DO $do$ BEGIN IF to_regnamespace('@') IS NULL THEN CREATE SCHEMA @; END IF; END $do$;\n"
    "CREATE TABLE IF NOT EXISTS @.meta (version int NOT NULL);\n"
    "INSERT INTO @.meta SELECT " VERSION " WHERE NOT EXISTS (SELECT FROM @.meta);\n"
    "UPDATE @.meta SET version = " VERSION " WHERE version < " VERSION ";\n"
    "CREATE SEQUENCE IF NOT EXISTS @.jobs_seq;\n"
    "CREATE TABLE IF NOT EXISTS @.paused (\n"
    "  queue text NOT NULL, type text NOT NULL, PRIMARY KEY (queue, type));\n"
    "CREATE TABLE IF NOT EXISTS @.stops (seq bigint PRIMARY KEY, queue text NOT NULL);\n"
    "CREATE TABLE IF NOT EXISTS @.jobs (\n"
    "  seq bigint PRIMARY KEY, token bigint NOT NULL DEFAULT 0, queue text NOT NULL,\n"
    "  state smallint NOT NULL, priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),\n"
    "  attempt int NOT NULL, deliveries int NOT NULL DEFAULT 0,\n"
    "  at timestamptz NOT NULL, expires timestamptz, first_seen bigint NOT NULL, id text NOT "
    "NULL,\n"
    "  type text NOT NULL, content_type text, dedup text, trace text, tracestate text,\n"
    "  headers bytea, body bytea NOT NULL) WITH (\n"
    "  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,\n"
    "  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,\n"
    "  autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0,\n"
    "  toast.autovacuum_vacuum_threshold = 5000);\n"
    "ALTER TABLE @.jobs ALTER body SET STORAGE EXTERNAL,\n"
    "  DROP CONSTRAINT IF EXISTS jobs_at, DROP CONSTRAINT IF EXISTS jobs_state,\n"
    "  DROP CONSTRAINT IF EXISTS jobs_numbers,\n"
    "  ADD CONSTRAINT jobs_at CHECK (" SOUND_AT ") NOT VALID,\n"
    "  ADD CONSTRAINT jobs_state CHECK (" SOUND_STATE ") NOT VALID,\n"
    "  ADD CONSTRAINT jobs_numbers CHECK (" SOUND_NUMBERS ") NOT VALID;\n"
    "UPDATE @.jobs SET queue = queue || '.dlq', state = 0, at = statement_timestamp(), token = 0,\n"
    "  attempt = 1, deliveries = 0, first_seen = greatest(first_seen, 0), dedup = NULL,\n"
    "  expires = NULL, headers = 'x-dlq-reason\\000values that no job can have\\000'::bytea ||\n"
    "   'x-original-queue\\000' || convert_to(queue, 'UTF8') || '\\000x-dlq-timestamp\\000' ||\n"
    "   convert_to(extract(epoch FROM now())::bigint::text, 'UTF8') || '\\000' ||\n"
    "   coalesce(headers, '')\n"
    "  WHERE NOT (" SOUND_AT " AND " SOUND_STATE " AND " SOUND_NUMBERS ");\n"
    "CREATE INDEX IF NOT EXISTS jobs_ready ON @.jobs (queue, priority DESC, seq) WHERE state = 0;\n"
    "CREATE INDEX IF NOT EXISTS jobs_held ON @.jobs (queue, at) WHERE state <> 0;\n"
    "CREATE INDEX IF NOT EXISTS jobs_expiring ON @.jobs (queue, expires)\n"
    "  WHERE expires IS NOT NULL;\n"
    "CREATE UNIQUE INDEX IF NOT EXISTS jobs_dedup ON @.jobs (dedup) WHERE dedup IS NOT NULL;\n"
    "CREATE TABLE IF NOT EXISTS @.records (id text PRIMARY KEY, state smallint NOT NULL,\n"
    "  updated timestamptz NOT NULL, expires timestamptz NOT NULL, progress bytea,\n"
    "  result bytea, reason bytea);\n"
    "CREATE INDEX IF NOT EXISTS records_expiring ON @.records (expires);\n"
    "CREATE TABLE IF NOT EXISTS @.remembered (key text PRIMARY KEY, until timestamptz NOT NULL);\n"
    "CREATE INDEX IF NOT EXISTS remembered_until ON @.remembered (until);\n"
    "CREATE OR REPLACE FUNCTION @.clock() RETURNS timestamptz LANGUAGE sql STABLE AS\n"
    "  'SELECT statement_timestamp()';\n"
    /* with bodies of bytes, and of text */
    "CREATE OR REPLACE FUNCTION @.enqueue(queue text, type text, body bytea,\n"
    "  headers jsonb DEFAULT NULL, priority int DEFAULT 0, delay interval DEFAULT '0',\n"
    "  expires_in interval DEFAULT NULL, dedup text DEFAULT NULL, content_type text DEFAULT NULL,\n"
    "  id text DEFAULT NULL, trace text DEFAULT NULL, dedup_for interval DEFAULT NULL)\n"
    "  RETURNS text LANGUAGE plpgsql AS $do$\n"
    "#variable_conflict use_variable\n"
    "DECLARE added text; claimed text; wrong text; remedy text;\n"
    "BEGIN\n"
    "  wrong := CASE\n"
    "   WHEN (queue SIMILAR TO '[^[:space:][:cntrl:]]+') IS NOT TRUE\n"
    "    THEN format('queue %s has no name|give one without a blank', quote_nullable(queue))\n"
    "   WHEN coalesce(type, '') = '' THEN 'type is empty|name that of a handler'\n"
    "   WHEN id = '' THEN 'id is empty|leave it out, or give one'\n"
    "   WHEN (priority BETWEEN 0 AND 9) IS NOT TRUE\n"
    "    THEN format('priority %s is out of range (0..9)|give a number in it',\n"
    "     coalesce(priority::text, 'NULL'))\n"
    "   WHEN delay IS NULL THEN 'delay NULL|give an interval, or leave it out'\n"
    "   WHEN delay < interval '0' THEN format('delay %s is negative|give another interval', "
    "delay)\n"
    "   WHEN expires_in <= interval '0'\n"
    "    THEN format('expires_in %s is not positive|give another interval', expires_in)\n"
    "   WHEN dedup = '' THEN 'dedup is empty|leave it out, or give a key'\n"
    "   WHEN dedup IS NULL AND dedup_for IS NOT NULL\n"
    "    THEN 'dedup_for without dedup|give a key as dedup, or leave dedup_for out'\n"
    "   WHEN dedup_for < interval '0'\n"
    "    THEN format('dedup_for %s is negative|give another interval', dedup_for)\n"
    "   WHEN jsonb_typeof(headers) <> 'object' THEN 'headers are not an object|give a jsonb "
    "object'\n"
    "   END;\n"
    "  IF wrong IS NULL AND headers IS NOT NULL THEN\n"
    "    SELECT CASE WHEN h.key SIMILAR TO '[A-Za-z0-9_.-]+'\n"
    "      THEN format('header %L is null|give a text', h.key)\n"
    "      ELSE format('header %L has no name|use letters, digits, - _ and .', h.key) END\n"
    "     INTO wrong FROM jsonb_each(headers) AS h\n"
    "     WHERE h.value = 'null' OR h.key NOT SIMILAR TO '[A-Za-z0-9_.-]+' LIMIT 1;\n"
    "  END IF;\n"
    "  IF wrong IS NOT NULL THEN\n"
    "    remedy := regexp_replace(wrong, '^.*[|]', '');\n"
    "    RAISE EXCEPTION '~.enqueue: %', left(wrong, -1 - length(remedy))\n"
    "     USING HINT = remedy, ERRCODE = 'invalid_parameter_value';\n"
    "  END IF;\n"
    "  IF dedup_for > interval '0' THEN\n"
    "    DELETE FROM @.remembered AS m WHERE m.key = ANY (ARRAY(SELECT r.key\n"
    "     FROM @.remembered AS r WHERE r.until <= @.clock() LIMIT 100 FOR UPDATE SKIP LOCKED));\n"
    "    INSERT INTO @.remembered AS m (key, until) SELECT dedup, @.clock() + dedup_for\n"
    "     WHERE NOT EXISTS (SELECT FROM @.jobs AS j WHERE j.dedup = dedup)\n"
    "    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE m.until <= @.clock()\n"
    "    RETURNING m.key INTO claimed;\n"
    "  END IF;\n"
    "  IF claimed IS NULL AND (dedup_for > interval '0' OR EXISTS (SELECT FROM @.remembered AS m\n"
    "   WHERE m.key = dedup AND m.until > @.clock())) THEN RETURN NULL; END IF;\n"
    "  LOOP\n" /* a row of others may have the next number */
    "  INSERT INTO @.jobs AS j (seq, queue, type, id, priority, attempt, state, at, expires,\n"
    "   first_seen, content_type, dedup, trace, headers, body)\n"
    "  VALUES (nextval('@.jobs_seq'), queue, type,\n"
    "   coalesce(id, replace(gen_random_uuid()::text, '-', '')), priority, 1,\n"
    "   (delay > interval '0')::int, @.clock() + delay, @.clock() + expires_in,\n"
    "   (extract(epoch FROM @.clock()) * 1000000)::bigint * 1000, content_type, dedup, trace,\n"
    "   (SELECT string_agg(convert_to(h.key, 'UTF8') || '\\x00'::bytea ||\n"
    "     convert_to(h.value, 'UTF8') || '\\x00'::bytea, ''::bytea) FROM jsonb_each_text(headers) "
    "\n"
    "AS h),\n"
    "   coalesce(body, ''::bytea))\n"
    "  ON CONFLICT DO NOTHING RETURNING j.id INTO added;\n"
    "  EXIT WHEN added IS NOT NULL OR EXISTS (SELECT FROM @.jobs AS j WHERE j.dedup = dedup);\n"
    "  END LOOP;\n"
    "  IF added IS NULL THEN DELETE FROM @.remembered AS m WHERE m.key = claimed;\n"
    "  ELSE PERFORM pg_notify('~', queue); END IF;\n"
    "  RETURN added;\n"
    "END $do$;\n"
    "CREATE OR REPLACE FUNCTION @.enqueue(queue text, type text, body text,\n"
    "  headers jsonb DEFAULT NULL, priority int DEFAULT 0, delay interval DEFAULT '0',\n"
    "  expires_in interval DEFAULT NULL, dedup text DEFAULT NULL, content_type text DEFAULT NULL,\n"
    "  id text DEFAULT NULL, trace text DEFAULT NULL, dedup_for interval DEFAULT NULL)\n"
    "  RETURNS text LANGUAGE sql AS $do$\n"
    "  SELECT @.enqueue(queue, type, convert_to(body, 'UTF8'), headers, priority, delay,\n"
    "   expires_in, dedup, content_type, id, trace, dedup_for) $do$";

/* The version of the tables; "": there are none. */
static fl_broker_rc read_version(fl_pg *p, char version[16])
{
    static const char doing[] = "read the version of the tables";
    PGresult *rows;
    version[0] = '\0';
    fl_broker_rc rc = fl_pg_execute(p, p->db, "SELECT to_regclass('@.meta')", doing, &rows);
    bool is_there = !rc && !PQgetisnull(rows, 0, 0);
    PQclear(rows);
    if (rc || !is_there)
        return rc;
    rc = fl_pg_execute(p, p->db, "SELECT max(version) FROM @.meta", doing, &rows);
    if (!rc)
        strncat(version, PQgetvalue(rows, 0, 0), 15);
    PQclear(rows);
    return rc;
}

fl_broker_rc fl_pg_schema_open(fl_pg *p)
{
    char version[16];
    bool is_older = false;
    const fl_broker_host *host = p->base.host;
    int server = PQserverVersion(p->db);
    if (server < OLDEST_SERVER)
        return host->explain(host, FL_BROKER_REFUSED,
                             "cannot use PostgreSQL %d (valid: 13 or later)", server / 10000);
    fl_broker_rc rc = p->target.pooled ? FL_BROKER_OK
                                       : fl_pg_execute(p, p->db, session, "set up a session", NULL);
    if (!rc)
        rc = read_version(p, version);
    if (!rc && !version[0] && p->config.reads)
        return host->explain(host, FL_BROKER_REFUSED,
                             "the schema %s has no tables; start a service, or enqueue a job",
                             p->target.schema);
    if (!rc && p->config.reads) {
        is_older = atoi(version) < NEWEST;
    } else if (!rc && atoi(version) < NEWEST) {
        rc = fl_pg_execute(p, p->db, schema, "create tables", NULL);
        is_older = rc && version[0] && strcmp(p->sqlstate, "42501") == 0; /* another's */
        if (!rc)
            rc = read_version(p, version);
    }
    if (!is_older && (rc || strcmp(version, VERSION) == 0))
        return rc;
    return host->explain(host, FL_BROKER_REFUSED,
                         "the schema %s has tables of version %s (valid: " VERSION "); %s",
                         p->target.schema, version,
                         is_older ? "connect once as their owner" : "use the program that made it");
}
