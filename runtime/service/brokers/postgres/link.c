/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests to the server: each waits for its answer, and no longer than call_timeout. */
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/postgres/postgres.h>
#include <runtime/service/message.h>
#include <runtime/service/net/certificate.h>

#include <endian.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors ---- */

/* By the beginning of their SQLSTATE; the first that fits. */
static const struct {
    const char *code;
    fl_broker_rc rc;
    const char *remedy;
} failures[] = {
    {"28", FL_BROKER_REFUSED, "check the user, the password, and pg_hba.conf"},
    {"3D", FL_BROKER_REFUSED, "create the database, or name another"},
    {"42501", FL_BROKER_REFUSED, "grant it, see \"Rights\" in docs/service/postgresql.md"},
    {"25006", FL_BROKER_REFUSED, "it is a standby; name the primary"},
    {"26000", FL_BROKER_REFUSED, "behind a pooler, add filch_pooler=transaction to the URL"},
    {"42P05", FL_BROKER_REFUSED, "behind a pooler, add filch_pooler=transaction to the URL"},
    {"22", FL_BROKER_REFUSED, "send text in UTF-8"},
    {"40", FL_BROKER_BUSY, "another transaction is in its way"},
    {"23505", FL_BROKER_BUSY, "another transaction has taken its number"},
    {"55P03", FL_BROKER_BUSY, "another transaction holds its lock"},
    {"57014", FL_BROKER_BUSY, "check statement_timeout"},
    {"53300", FL_BROKER_LOST, "raise max_connections, or use fewer services"},
    {"53", FL_BROKER_BUSY, "free some space or memory of the server"},
    {"", FL_BROKER_LOST, "check the server and its address"},
};

static fl_broker_rc failed(fl_pg *p, const char *doing, const char *text)
{
    const fl_broker_host *host = p->base.host;
    size_t i = 0;
    while (strncmp(p->sqlstate, failures[i].code, strlen(failures[i].code)) != 0)
        i++;
    return host->explain(host, failures[i].rc, "cannot %s: %.*s; %s", doing,
                         (int)strcspn(text, "\n"), text, failures[i].remedy);
}

fl_broker_rc fl_pg_short(const fl_pg *p)
{
    const fl_broker_host *host = p->base.host;
    return host->explain(host, FL_BROKER_BUSY, "no memory for messages; wait for some to be done");
}

/* Keeps the SQLSTATE of a message of verbosity PQERRORS_VERBOSE, "FATAL:  28P01: ..." */
static void find_sqlstate(fl_pg *p, const char *text)
{
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    p->sqlstate[0] = '\0';
    for (const char *at = text; (at = strstr(at, ":  ")); at += 3)
        if (strspn(at + 3, characters) == 5 && at[8] == ':') {
            memcpy(p->sqlstate, at + 3, 5);
            p->sqlstate[5] = '\0';
            return;
        }
}

/* ---- Waiting ---- */

static int64_t deadline_of(const fl_pg *p)
{
    return filch_in(p->config.call_timeout);
}

/* false: the time is over. */
static bool wait_for(PGconn *db, short events, int64_t until)
{
    struct pollfd fd = {.fd = PQsocket(db), .events = events};
    for (;;) {
        int64_t left = until - filch_now();
        left = left < 0 ? 0 : left;
        struct timespec span = {left / FILCH_SECOND, left % FILCH_SECOND};
        int ready = ppoll(&fd, 1, &span, NULL);
        if (ready > 0 || (ready < 0 && filch_now() < until))
            return true; /* after a signal libpq finds nothing, and asks again */
        if (filch_now() >= until)
            return false;
    }
}

static fl_broker_rc too_late(fl_pg *p, const char *doing)
{
    const fl_broker_host *host = p->base.host;
    return host->explain(host, FL_BROKER_LOST,
                         "cannot %s: no answer of the server within %" PRId64
                         " ms; it is tried again",
                         doing, p->config.call_timeout / FILCH_MILLISECOND);
}

/* Until a result can be had without waiting. false: no answer. A broken connection has one. */
static bool is_answered(PGconn *db, int64_t until)
{
    int unsent = PQflush(db);
    while (unsent > 0 || PQisBusy(db)) {
        if (!wait_for(db, unsent > 0 ? POLLIN | POLLOUT : POLLIN, until))
            return false;
        if (!PQconsumeInput(db))
            return true;
        unsent = PQflush(db);
    }
    return true;
}

/* Keeps a result that is a success; explains another one. */
static fl_broker_rc judge(fl_pg *p, PGconn *db, const char *doing, PGresult **out)
{
    ExecStatusType status = PQresultStatus(*out);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return FL_BROKER_OK;
    const char *code = *out ? PQresultErrorField(*out, PG_DIAG_SQLSTATE) : NULL;
    const char *text = *out ? PQresultErrorField(*out, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    snprintf(p->sqlstate, sizeof p->sqlstate, "%s", code ? code : "");
    fl_broker_rc rc = failed(p, doing, text ? text : PQerrorMessage(db));
    PQclear(*out);
    *out = NULL;
    return PQstatus(db) == CONNECTION_BAD ? FL_BROKER_LOST : rc;
}

fl_broker_rc fl_pg_finish(fl_pg *p, PGconn *db, int sent, const char *doing, PGresult **out)
{
    int64_t until = deadline_of(p);
    PGresult *next;
    *out = NULL;
    p->sqlstate[0] = '\0';
    while (sent) {
        if (!is_answered(db, until)) {
            PQclear(*out);
            *out = NULL;
            return too_late(p, doing);
        }
        next = PQgetResult(db);
        if (!next)
            break;
        PQclear(*out);
        *out = next;
    }
    return judge(p, db, doing, out);
}

#ifdef LIBPQ_HAS_PIPELINING
fl_broker_rc fl_pg_finish_pipeline(fl_pg *p, int sent, const char *doing, PGresult **out,
                                   unsigned count)
{
    int64_t until = deadline_of(p);
    PGresult *fault = NULL, *next;
    bool is_over = !sent;
    p->sqlstate[0] = '\0';
    for (unsigned at = 0; !is_over && PQstatus(p->db) == CONNECTION_OK;) {
        if (!is_answered(p->db, until)) {
            PQclear(fault);
            return too_late(p, doing);
        }
        next = PQgetResult(p->db);
        ExecStatusType status = PQresultStatus(next);
        if (!next) { /* the end of a statement */
            is_over = at++ > count;
            continue;
        }
        is_over = status == PGRES_PIPELINE_SYNC;
        PGresult **to = status == PGRES_TUPLES_OK && at < count ? &out[at] : &fault;
        if (*to || is_over || status == PGRES_PIPELINE_ABORTED)
            PQclear(next);
        else
            *to = next;
    }
    bool is_good = PQexitPipelineMode(p->db) && sent && !fault;
    if (is_good)
        return FL_BROKER_OK;
    return judge(p, p->db, doing, &fault);
}
#endif

char *fl_pg_expand(const fl_pg *p, const char *sql)
{
    size_t size = strlen(sql) + 1, name = strlen(p->target.schema), used = 0;
    for (const char *at = sql; *at; at++)
        size += *at == '@' || *at == '~' ? name + 2 : 0;
    char *text = malloc(size);
    for (; text && *sql; sql++)
        if (*sql == '@')
            used += (size_t)snprintf(text + used, size - used, "\"%s\"", p->target.schema);
        else if (*sql == '~')
            used += (size_t)snprintf(text + used, size - used, "%s", p->target.schema);
        else
            text[used++] = *sql;
    if (text)
        text[used] = '\0';
    return text;
}

fl_broker_rc fl_pg_execute(fl_pg *p, PGconn *db, const char *sql, const char *doing, PGresult **out)
{
    PGresult *result;
    char *text = fl_pg_expand(p, sql);
    if (!text)
        return fl_pg_short(p);
    fl_broker_rc rc = fl_pg_finish(p, db, PQsendQuery(db, text), doing, &result);
    free(text);
    if (out)
        *out = result;
    else
        PQclear(result);
    return rc;
}

/* ---- Connecting ---- */

enum { CONNECTION_OPTIONS = 64 };

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg, (void)notice;
}

static PGconn *start(const fl_pg *p)
{
    const struct {
        const char *keyword, *value;
    } ours[] = {{"fallback_application_name", p->config.client},
                {"client_encoding", "UTF8"},
                {"sslmode", p->target.sslmode},
                {"keepalives_idle", "10"}, /* s; a silent network is found within 20 s */
                {"keepalives_interval", "5"},
                {"keepalives_count", "2"},
                {"tcp_user_timeout", "20000"}};
    const char *keywords[CONNECTION_OPTIONS + 1], *values[CONNECTION_OPTIONS + 1];
    unsigned count = 0;
    for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
        if (ours[i].value) {
            keywords[count] = ours[i].keyword;
            values[count++] = ours[i].value;
        }
    for (const PQconninfoOption *at = p->target.options; at->keyword; at++)
        if (at->val && count < CONNECTION_OPTIONS) { /* the last of a name holds */
            keywords[count] = at->keyword;
            values[count++] = at->val;
        }
    keywords[count] = values[count] = NULL;
    PGconn *db = PQconnectStartParams(keywords, values, 0);
    if (db) {
        PQsetErrorVerbosity(db, PQERRORS_VERBOSE); /* with the SQLSTATE, for find_sqlstate */
        PQsetNoticeReceiver(db, ignore_notice, NULL);
    }
    return db;
}

static const char *value_of(const PQconninfoOption *options, const char *name)
{
    for (const PQconninfoOption *at = options; at && at->keyword; at++)
        if (strcmp(at->keyword, name) == 0)
            return at->val;
    return NULL;
}

/* Does libpq verify certificates, and is the server's refused? Sets `why`. */
static bool is_distrusted(const PGconn *db, fl_certificate *c)
{
    static const char request[] = {0, 0, 0, 8, 4, (char)210, 22, 47}; /* SSLRequest */
    char at_home[512];
    PQconninfoOption *options = PQconninfo((PGconn *)(uintptr_t)db);
    const char *mode = value_of(options, "sslmode"), *ca = value_of(options, "sslrootcert");
    const char *home = secure_getenv("HOME"), *address = PQhostaddr(db);
    snprintf(at_home, sizeof at_home, "%s/.postgresql/root.crt", home ? home : "");
    *c = (fl_certificate){.host = PQhost(db),
                          .port = PQport(db),
                          .address = address && *address ? address : NULL,
                          .authorities = ca && *ca ? ca : at_home,
                          .setting = "sslrootcert=FILE",
                          .has_any_name = mode && strcmp(mode, "verify-full") != 0,
                          .request = request,
                          .request_size = sizeof request,
                          .consent = 'S'};
    if (ca && strcmp(ca, "system") == 0)
        c->authorities = NULL;
    bool is_refused = mode && strncmp(mode, "verify-", 7) == 0 && fl_certificate_is_refused(c);
    PQconninfoFree(options);
    return is_refused;
}

/* How far it came tells TLS faults, which have no SQLSTATE, from servers that are away. */
static fl_broker_rc not_connected(fl_pg *p, const PGconn *db, ConnStatusType reached)
{
    static const char doing[] = "connect to PostgreSQL";
    const fl_broker_host *host = p->base.host;
    const char *text = PQerrorMessage(db);
    int length = (int)strcspn(text, "\n");
    fl_certificate certificate;
    find_sqlstate(p, text);
    bool is_of_tls = !p->sqlstate[0] && reached == CONNECTION_SSL_STARTUP;
    if (is_of_tls && is_distrusted(db, &certificate))
        return host->explain(host, FL_BROKER_REFUSED, "cannot %s: %s", doing, certificate.why);
    if (is_of_tls)
        return host->explain(host, FL_BROKER_REFUSED,
                             "cannot %s: %.*s; check sslmode, sslrootcert and the certificate",
                             doing, length, text);
    if (!p->sqlstate[0] && PQconnectionNeedsPassword(db))
        return host->explain(host, FL_BROKER_REFUSED,
                             "cannot %s: %.*s; give one in the URL, PGPASSWORD or ~/.pgpass", doing,
                             length, text);
    return failed(p, doing, text);
}

fl_broker_rc fl_pg_connect(fl_pg *p, PGconn **out)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    ConnStatusType reached = CONNECTION_STARTED;
    int64_t until = deadline_of(p);
    PGconn *db = *out = start(p);
    if (!db)
        return fl_pg_short(p);
    if (PQstatus(db) == CONNECTION_BAD)
        return not_connected(p, db, reached);
    while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
        if (!wait_for(db, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
            return too_late(p, "connect to PostgreSQL");
        reached = PQstatus(db);
        state = PQconnectPoll(db);
    }
    if (state != PGRES_POLLING_OK)
        return not_connected(p, db, reached);
    PQsetnonblocking(db, 1); /* cannot fail: nothing is to be sent */
    return FL_BROKER_OK;
}

/* ---- Exchanges ---- */

/* Acknowledgements and the next lease in one pipeline, which is one transaction: one round trip, and
 * one flush to disk. The messages of both are different rows, so the failure of one undoes both, and
 * the service tries again. */

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

enum { ARRAY_HEAD = 20 }; /* dimensions, has NULLs, type, length, first index: 4 bytes each */

/* ---- Arguments ---- */

static void add(fl_pg_args *args, const char *value, size_t length)
{
    args->value[args->count] = value;
    args->length[args->count++] = (int)length;
}

void fl_pg_add_text(fl_pg_args *args, const char *text)
{
    add(args, text, text ? strlen(text) : 0);
}

void fl_pg_add_number(fl_pg_args *args, int64_t number)
{
    uint64_t *at = &args->number[args->count];
    *at = htobe64((uint64_t)number);
    add(args, (const char *)at, sizeof *at);
}

static void put32(char *to, uint32_t value)
{
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
}

void fl_pg_add_array(fl_pg_args *args, fl_pg_array *array)
{
    const uint32_t head[] = {1, 1, array->type, array->count, 1};
    for (unsigned i = 0; i < sizeof head / sizeof *head && !array->failed; i++)
        put32(array->data + i * sizeof *head, head[i]);
    add(args, array->data, array->size);
}

/* ---- Arrays ---- */

static char *extend(fl_pg_array *array, size_t size)
{
    size_t used = array->size ? array->size : ARRAY_HEAD;
    if (array->failed)
        return NULL;
    if (used + size > array->room) {
        size_t room = 2 * (used + size);
        char *data = realloc(array->data, room);
        if (!data) {
            array->failed = true;
            return NULL;
        }
        array->data = data;
        array->room = room;
    }
    array->size = used + size;
    array->count++;
    return array->data + used;
}

char *fl_pg_array_room(fl_pg_array *array, size_t size)
{
    char *at = extend(array, sizeof(uint32_t) + size);
    if (!at)
        return NULL;
    put32(at, (uint32_t)size);
    return at + sizeof(uint32_t);
}

void fl_pg_array_bytes(fl_pg_array *array, const void *bytes, size_t size)
{
    char *at = bytes ? fl_pg_array_room(array, size) : extend(array, sizeof(uint32_t));
    if (at && !bytes)
        put32(at, UINT32_MAX);
    else if (at && size)
        memcpy(at, bytes, size);
}

void fl_pg_array_text(fl_pg_array *array, const char *text)
{
    fl_pg_array_bytes(array, text, text ? strlen(text) : 0);
}

void fl_pg_array_number(fl_pg_array *array, int64_t number)
{
    uint64_t value = htobe64((uint64_t)number);
    fl_pg_array_bytes(array, &value, sizeof value);
}

void fl_pg_array_headers(fl_pg_array *array, const filch_header *more, size_t more_count,
                         const filch_header *old, size_t old_count)
{
    size_t size = fl_headers_pack(NULL, more, more_count, old, old_count);
    char *at = size ? fl_pg_array_room(array, size) : NULL;
    if (at)
        fl_headers_pack(at, more, more_count, old, old_count);
    else if (!size)
        fl_pg_array_bytes(array, NULL, 0);
}

void fl_pg_arrays_free(fl_pg_array *arrays, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free(arrays[i].data);
}

/* ---- Values ---- */

int64_t fl_pg_int(const PGresult *rows, int row, int column)
{
    uint64_t value = 0;
    if (PQgetlength(rows, row, column) == (int)sizeof value)
        memcpy(&value, PQgetvalue(rows, row, column), sizeof value);
    return (int64_t)be64toh(value);
}

int64_t fl_pg_us(int64_t ns)
{
    return ns <= 0 ? 0 : (ns - 1) / FILCH_MICROSECOND + 1;
}

int64_t fl_pg_ns(int64_t us)
{
    int64_t most = INT64_MAX / FILCH_MICROSECOND;
    us = us > most ? most : us < -most ? -most : us;
    return us * FILCH_MICROSECOND;
}
