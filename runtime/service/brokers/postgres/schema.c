/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The tables, and the functions for callers who write SQL. Services that start at the same time
 * create them once: under an advisory lock, in one transaction. */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>

#include <stdlib.h>
#include <string.h>

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
    "   WHEN jsonb_typeof(headers) <> 'object' THEN 'headers are no object|give a jsonb object'\n"
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
