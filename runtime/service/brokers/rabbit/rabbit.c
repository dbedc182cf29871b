/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `amqp://` and `amqps://`: RabbitMQ, by librabbitmq. Quorum queues by default: they keep
 * confirmed messages and acknowledgements when the server is killed, and count deliveries. Classic
 * queues (queue=classic, or one that is there) forget acknowledgements then, and count nothing. */
#include <runtime/service/brokers/rabbit/rabbit.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/rabbit/message.h>
#include <runtime/service/copy.h>
#include <runtime/service/modules.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SUFFIX_ROOM = 32, PREFETCH_MOST = 65535 };

/* Early deliveries that the server did not take. */
static const int64_t TRY_AGAIN = 100 * FILCH_MILLISECOND;

/* ---- Life ---- */

static void close_rabbit(fl_broker *broker)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_rabbit_disconnect(&r->copies);
    fl_rabbit_disconnect(&r->main);
    fl_rabbit_drop_deliveries(r);
    for (unsigned i = 0; i < r->config.queue_count; i++) {
        free(r->queues[i].tags);
        free(r->queues[i].marks);
        free(r->queues[i].ready);
    }
    free(r->early);
    fl_url_end(&r->url.url);
    free(r);
}

/* Memory for the deliveries of a consumer; false: there is none. */
static bool make_room(fl_rabbit *r)
{
    bool made = true;
    unsigned prefetch = r->config.prefetch;
    r->room = prefetch < PREFETCH_MOST ? prefetch : PREFETCH_MOST;
    for (unsigned i = 0; i < r->config.queue_count && made; i++) {
        fl_rabbit_queue *q = &r->queues[i];
        q->tags = calloc(r->room, sizeof *q->tags);
        q->marks = calloc(r->room, sizeof *q->marks);
        q->ready = calloc(r->room, sizeof(fl_delivery *));
        made = q->tags && q->marks && q->ready;
    }
    r->early = calloc((size_t)r->room * r->config.queue_count, sizeof(fl_delivery *));
    return made && r->early;
}

/* The connection with its parts, still closed. NULL: no memory. */
static fl_rabbit *create(const fl_broker_config *config, const fl_rabbit_url *url)
{
    fl_rabbit *r = calloc(1, sizeof *r + config->queue_count * sizeof *r->queues);
    if (!r)
        return NULL;
    r->base = (fl_broker){&fl_broker_rabbit, config->host};
    r->config = *config;
    r->url = *url;
    for (unsigned i = 0; i < config->queue_count; i++)
        r->queues[i].classic = url->classic;
    bool made = getrandom(&r->epoch, sizeof r->epoch, 0) == (ssize_t)sizeof r->epoch;
    if (made && config->role == FL_BROKER_CONSUMES)
        made = make_room(r);
    if (made)
        return r;
    r->url.url.text = NULL; /* the caller's */
    close_rabbit(&r->base);
    return NULL;
}

static void warn_of_classic(const fl_rabbit *r)
{
    const fl_broker_host *host = r->base.host;
    char text[512];
    for (unsigned i = 0; i < r->config.queue_count && r->config.role == FL_BROKER_CONSUMES; i++) {
        if (!r->queues[i].classic)
            continue;
        snprintf(text, sizeof text,
                 "queue '%s' of RabbitMQ is classic: when the server is killed it forgets "
                 "acknowledgements, so finished jobs run again; and it counts no deliveries, so "
                 "poison is not found. Quorum queues, the default, do both",
                 r->config.queues[i]);
        host->log(host, FILCH_LOG_WARN, text);
    }
}

static fl_broker_rc check_names(const fl_broker_config *config)
{
    for (unsigned i = 0; i < config->queue_count; i++)
        if (strlen(config->queues[i]) > FL_RABBIT_NAME_MOST - SUFFIX_ROOM)
            return config->host->explain(config->host, FL_BROKER_FATAL,
                                         "queue name '%.32s...' is too long for RabbitMQ (%d "
                                         "bytes at most)",
                                         config->queues[i], FL_RABBIT_NAME_MOST - SUFFIX_ROOM);
    return FL_BROKER_OK;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_rabbit_url url;
    fl_broker_rc rc = fl_rabbit_parse(config->host, config->url, &url);
    rc = rc ? rc : check_names(config);
    fl_url_end(&url.url);
    return rc;
}

static fl_broker_rc open_rabbit(fl_broker **out, const fl_broker_config *config)
{
    fl_rabbit_url url;
    fl_broker_rc rc = fl_rabbit_parse(config->host, config->url, &url);
    rc = rc ? rc : check_names(config);
    fl_rabbit *r = rc ? NULL : create(config, &url);
    if (!r) {
        fl_url_end(&url.url);
        return rc ? rc
                  : config->host->explain(config->host, FL_BROKER_LOST,
                                          "no memory for a connection; free some");
    }
    rc = fl_rabbit_connect(r, &r->main);
    if (!rc)
        rc = fl_rabbit_declare_all(r);
    if (!rc && config->role == FL_BROKER_CONSUMES)
        rc = fl_rabbit_consume(r);
    if (rc) {
        close_rabbit(&r->base);
        return rc;
    }
    warn_of_classic(r);
    *out = &r->base;
    return FL_BROKER_OK;
}

static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = broker->kind->caps;
    const fl_rabbit *r = fl_rabbit_of(broker);
    for (unsigned i = 0; i < r->config.queue_count; i++)
        caps->deliveries &= !r->queues[i].classic;
}

/* ---- Waiting ---- */

static bool has_ready(const fl_rabbit *r)
{
    for (unsigned i = 0; i < r->config.queue_count; i++)
        if (r->queues[i].ready_count)
            return true;
    return false;
}

static void lower(int64_t *until, int64_t at)
{
    if (at < *until)
        *until = at;
}

/* Without `wants`, messages may wait in the socket, and only heartbeats are due. */
static unsigned watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    const fl_broker_host *host = broker->host;
    lower(until, r->main.beat_at);
    if (r->copies.state)
        lower(until, r->copies.beat_at);
    if (r->early_count)
        lower(until, host->now(host) + TRY_AGAIN);
    if (wants && has_ready(r))
        *until = 0;
    if (!room || (!wants && r->config.role == FL_BROKER_CONSUMES))
        return 0;
    fds[0] = (struct pollfd){.fd = amqp_get_sockfd(r->main.state), .events = POLLIN};
    return 1;
}

/* The wire of copies is opened again when it is needed. */
static void turn_copies(fl_rabbit *r)
{
    if (r->copies.state && fl_rabbit_drain(r, &r->copies))
        fl_rabbit_disconnect(&r->copies);
}

static fl_broker_rc turn(fl_broker *broker)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    turn_copies(r);
    fl_broker_rc rc = fl_rabbit_drain(r, &r->main);
    r->drained = true;
    return rc ? rc : fl_rabbit_send_early(r);
}

const fl_broker_kind fl_broker_rabbit = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "rabbitmq",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_rabbit_url_kind,
    .tested = "RabbitMQ 3.10",
    .caps = {.durable = true,
             .delay = true,
             .deliveries = true,
             .counts = true,
             .lease_most = FILCH_FOREVER},
    .open = open_rabbit,
    .close = close_rabbit,
    .caps_of = caps_of,
    .watch = watch,
    .turn = turn,
    .receive = fl_rabbit_receive,
    .cease = fl_rabbit_cease,
    .settle = fl_copy_settle,
    .release = free,
    .publish = fl_rabbit_publish,
    .count = fl_rabbit_count,
    .check = check,
    .transport = &fl_rabbit_transport,
};

/* ---- Queues ---- */

static const char dead_suffix[] = ".dlq";

/* ---- The ladder ---- */

static const int64_t rungs[FL_RABBIT_RUNGS] = {10,    50,    250,    1000,    4000,
                                               16000, 64000, 256000, 1024000, 4096000}; /* ms */

/* One that is longer by up to a sixteenth saves a row of short ones. */
fl_rabbit_target fl_rabbit_rung(const char *queue, int64_t delay)
{
    fl_rabbit_target target = {queue, FL_RABBIT_RUNG, 0};
    while (target.rung + 1 < FL_RABBIT_RUNGS &&
           rungs[target.rung + 1] * FILCH_MILLISECOND <= delay + delay / 16)
        target.rung++;
    return target;
}

bool fl_rabbit_name(char name[FL_RABBIT_NAME_BYTES], const fl_rabbit_target *target)
{
    char suffix[32] = "";
    if (target->place == FL_RABBIT_DEAD)
        strcpy(suffix, dead_suffix);
    else if (target->place == FL_RABBIT_RUNG)
        snprintf(suffix, sizeof suffix, ".delay.%dms", (int)rungs[target->rung]);
    return snprintf(name, FL_RABBIT_NAME_BYTES, "%s%s", target->queue, suffix) <=
           FL_RABBIT_NAME_MOST;
}

/* ---- Arguments ---- */

enum { ARGUMENTS = 6 };

static void add_text(amqp_table_t *table, const char *name, const char *value)
{
    table->entries[table->num_entries++] =
        (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                             .value = {.kind = AMQP_FIELD_KIND_UTF8,
                                       .value.bytes = amqp_cstring_bytes(value)}};
}

static void add_number(amqp_table_t *table, const char *name, int64_t value)
{
    table->entries[table->num_entries++] =
        (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                             .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = value}};
}

bool fl_rabbit_is_for_dead_letters(const fl_rabbit_target *target)
{
    size_t length = strlen(target->queue), end = strlen(dead_suffix);
    return target->place == FL_RABBIT_DEAD ||
           (target->place == FL_RABBIT_WORK && length > end &&
            strcmp(target->queue + length - end, dead_suffix) == 0);
}

/* A quorum queue hands its dead letters on at least once, if its overflow is reject-publish.
 * to: where they go; memory for the table. */
static void fill(const fl_rabbit *r, const fl_rabbit_target *target, amqp_table_t *table,
                 char to[FL_RABBIT_NAME_BYTES])
{
    fl_rabbit_target next = {target->queue, FL_RABBIT_DEAD, 0};
    bool passes_on = !fl_rabbit_is_for_dead_letters(target);
    if (target->place == FL_RABBIT_RUNG)
        next.place = FL_RABBIT_WORK;
    add_text(table, "x-queue-type", r->url.classic ? "classic" : "quorum");
    add_text(table, "x-overflow", "reject-publish");
    if (target->place == FL_RABBIT_RUNG)
        add_number(table, "x-message-ttl", rungs[target->rung]);
    else if (passes_on && !r->url.classic)
        add_number(table, "x-delivery-limit", r->url.delivery_limit);
    if (!passes_on)
        return;
    fl_rabbit_name(to, &next);
    add_text(table, "x-dead-letter-exchange", "");
    add_text(table, "x-dead-letter-routing-key", to);
    if (!r->url.classic)
        add_text(table, "x-dead-letter-strategy", "at-least-once");
}

/* ---- Declarations ---- */

static fl_broker_rc request(fl_rabbit *r, fl_rabbit_wire *wire, const char *name, bool passive,
                            amqp_table_t table, int *code, unsigned *ready)
{
    const amqp_queue_declare_ok_t *ok =
        amqp_queue_declare(wire->state, FL_RABBIT_REQUESTS, amqp_cstring_bytes(name), passive, 1, 0,
                           0, table);
    if (ready)
        *ready = ok ? ok->message_count : 0;
    fl_broker_rc rc = fl_rabbit_answer(r, wire, "declare a queue of", FL_RABBIT_REQUESTS, code);
    amqp_maybe_release_buffers_on_channel(wire->state, FL_RABBIT_REQUESTS);
    return rc;
}

static fl_broker_rc refused(const fl_rabbit *r, const char *name, const char *why)
{
    const fl_broker_host *host = r->base.host;
    return host->explain(host, FL_BROKER_REFUSED, "cannot use queue '%s' of RabbitMQ: %s", name,
                         why);
}

/* NULL: it is not of the configuration. */
static fl_rabbit_queue *queue_of(fl_rabbit *r, const char *name)
{
    for (unsigned i = 0; i < r->config.queue_count; i++)
        if (strcmp(r->config.queues[i], name) == 0)
            return &r->queues[i];
    return NULL;
}

/* An existing queue is used as it is; its type decides what it promises. The server names the first
 * argument that differs, so it is asked for the type alone as well. Where another argument still hides
 * the type, it is taken for that of the URL. */
static fl_broker_rc find_type(fl_rabbit *r, fl_rabbit_wire *wire, const char *name)
{
    int code = AMQP_PRECONDITION_FAILED;
    amqp_table_entry_t entry;
    amqp_table_t table = {0, &entry};
    fl_broker_rc rc = FL_BROKER_OK;
    const fl_broker_host *host = r->base.host;
    fl_rabbit_queue *queue = queue_of(r, name);
    add_text(&table, "x-queue-type", r->url.classic ? "classic" : "quorum");
    if (!wire->type_differs)
        rc = request(r, wire, name, false, table, &code, NULL);
    if (rc || code != AMQP_PRECONDITION_FAILED)
        return rc;
    if (wire->is_stream)
        return host->explain(host, FL_BROKER_FATAL,
                             "cannot use queue '%s' of RabbitMQ: it is a stream, which keeps "
                             "messages that are done (valid: quorum and classic queues); name "
                             "another queue",
                             name);
    if (queue && wire->type_differs)
        queue->classic = !wire->is_quorum;
    return rc;
}

/* *code: why it could not be declared, 0 if it could. */
static fl_broker_rc create_queue(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target,
                                 const char *name, int *code)
{
    char to[FL_RABBIT_NAME_BYTES];
    amqp_table_entry_t entries[ARGUMENTS];
    amqp_table_t table = {0, entries};
    fill(r, target, &table, to);
    fl_broker_rc rc = request(r, wire, name, false, table, code, NULL);
    if (!rc && *code == AMQP_PRECONDITION_FAILED && target->place == FL_RABBIT_WORK)
        rc = find_type(r, wire, name);
    return rc;
}

fl_broker_rc fl_rabbit_declare(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target)
{
    int failed = 0, code = 0;
    char name[FL_RABBIT_NAME_BYTES];
    fl_rabbit_name(name, target);
    fl_broker_rc rc = FL_BROKER_OK;
    if (r->url.creates)
        rc = create_queue(r, wire, target, name, &failed);
    if (rc || (r->url.creates && !failed))
        return rc;
    rc = request(r, wire, name, true, amqp_empty_table, &code, NULL); /* is it there? */
    if (rc || !code)
        return rc;
    if (failed == AMQP_ACCESS_REFUSED)
        return refused(r, name,
                       "it is missing, and the user may not create it; give it the permission to "
                       "configure, or create the queue");
    return refused(r, name,
                   code == AMQP_NOT_FOUND
                       ? "it is missing; create it, or use a URL without create=no"
                       : "another connection uses it exclusively, or the user may not see it");
}

fl_broker_rc fl_rabbit_prepare(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target)
{
    unsigned bit = 1u << target->rung;
    fl_rabbit_queue *queue = queue_of(r, target->queue);
    if (target->place != FL_RABBIT_RUNG || !queue || (queue->rungs & bit))
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_rabbit_declare(r, wire, target);
    queue->rungs |= rc ? 0 : bit;
    return rc;
}

fl_broker_rc fl_rabbit_declare_all(fl_rabbit *r)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < r->config.queue_count && !rc; i++) {
        fl_rabbit_target queue = {r->config.queues[i], FL_RABBIT_WORK, 0}, dead = queue;
        dead.place = FL_RABBIT_DEAD;
        if (!fl_rabbit_is_for_dead_letters(&queue))
            rc = fl_rabbit_declare(r, &r->main, &dead);
        if (!rc)
            rc = fl_rabbit_declare(r, &r->main, &queue);
    }
    return rc;
}

/* ---- Counting ---- */

/* The server logs an error for each question about a queue that is missing. So all rungs are asked for
 * at the first count and each hour; between them, those that are known. */
static const int64_t LOOK = 3600 * FILCH_SECOND;

void fl_rabbit_see_rung(fl_rabbit *r, unsigned queue, const amqp_table_t *headers)
{
    char name[FL_RABBIT_NAME_BYTES];
    const amqp_table_entry_t *deaths = fl_rabbit_find(headers, "x-death"), *from = NULL;
    if (deaths && deaths->value.kind == AMQP_FIELD_KIND_ARRAY &&
        deaths->value.value.array.num_entries &&
        deaths->value.value.array.entries->kind == AMQP_FIELD_KIND_TABLE)
        from = fl_rabbit_find(&deaths->value.value.array.entries->value.table, "queue");
    for (unsigned i = 0; i < FL_RABBIT_RUNGS && from && fl_rabbit_is_text(&from->value); i++) {
        const fl_rabbit_target rung = {r->config.queues[queue], FL_RABBIT_RUNG, i};
        amqp_bytes_t text = from->value.value.bytes;
        fl_rabbit_name(name, &rung);
        if (strlen(name) == text.len && memcmp(name, text.bytes, text.len) == 0)
            r->queues[queue].rungs |= 1u << i;
    }
}

/* A queue that is missing has none. */
static fl_broker_rc count_one(fl_rabbit *r, fl_rabbit_target target, uint64_t *out,
                              bool *is_missing)
{
    int code;
    unsigned ready;
    char name[FL_RABBIT_NAME_BYTES];
    fl_rabbit_name(name, &target);
    fl_broker_rc rc = request(r, &r->main, name, true, amqp_empty_table, &code, &ready);
    *out += ready;
    *is_missing = code;
    return rc;
}

fl_broker_rc fl_rabbit_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    bool is_missing;
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_rabbit_queue *q = &r->queues[queue];
    const char *name = r->config.queues[queue];
    int64_t now = broker->host->now(broker->host);
    bool looks = now >= q->look_at;
    *out = (fl_broker_count){.leased = FL_BROKER_UNKNOWN, .oldest = FL_BROKER_UNKNOWN};
    fl_broker_rc rc =
        count_one(r, (fl_rabbit_target){name, FL_RABBIT_WORK, 0}, &out->ready, &is_missing);
    if (!rc)
        rc = count_one(r, (fl_rabbit_target){name, FL_RABBIT_DEAD, 0}, &out->dead, &is_missing);
    for (unsigned i = 0; i < FL_RABBIT_RUNGS && !rc; i++) {
        unsigned bit = 1u << i;
        if (!looks && !(q->rungs & bit))
            continue;
        rc = count_one(r, (fl_rabbit_target){name, FL_RABBIT_RUNG, i}, &out->delayed, &is_missing);
        q->rungs = is_missing ? q->rungs & ~bit : q->rungs | bit;
    }
    if (looks && !rc)
        q->look_at = now + LOOK;
    return rc;
}
