/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit.h>

#include <runtime/service/broker.h>

#include <filch/timer.h>

#include <stdio.h>
#include <string.h>

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

/* An existing queue has other arguments, as it likes, but it must not be of the other type, whose
 * promises differ. The server names the first argument that differs, so it is asked for the type
 * alone as well. */
static fl_broker_rc check_type(fl_rabbit *r, fl_rabbit_wire *wire, const char *name)
{
    int code = AMQP_PRECONDITION_FAILED;
    amqp_table_entry_t entry;
    amqp_table_t table = {0, &entry};
    fl_broker_rc rc = FL_BROKER_OK;
    add_text(&table, "x-queue-type", r->url.classic ? "classic" : "quorum");
    if (!wire->type_differs)
        rc = request(r, wire, name, false, table, &code, NULL);
    if (rc || code != AMQP_PRECONDITION_FAILED || !wire->type_differs)
        return rc;
    return refused(r, name,
                   r->url.classic ? "it is no classic queue; remove queue=classic from the URL"
                                  : "it is no quorum queue; add queue=classic to the URL, which "
                                    "promises less, or use another name");
}

/* *code: why it could not be declared, 0 if it could. */
static fl_broker_rc create(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target,
                           const char *name, int *code)
{
    char to[FL_RABBIT_NAME_BYTES];
    amqp_table_entry_t entries[ARGUMENTS];
    amqp_table_t table = {0, entries};
    fill(r, target, &table, to);
    fl_broker_rc rc = request(r, wire, name, false, table, code, NULL);
    if (!rc && *code == AMQP_PRECONDITION_FAILED && target->place == FL_RABBIT_WORK)
        rc = check_type(r, wire, name);
    return rc;
}

fl_broker_rc fl_rabbit_declare(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target)
{
    int failed = 0, code = 0;
    char name[FL_RABBIT_NAME_BYTES];
    fl_rabbit_name(name, target);
    fl_broker_rc rc = FL_BROKER_OK;
    if (r->url.create)
        rc = create(r, wire, target, name, &failed);
    if (rc || (r->url.create && !failed))
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
                       : "another connection has it to itself, or the user may not see it");
}

fl_broker_rc fl_rabbit_prepare(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_target *target)
{
    unsigned bit = 1u << target->rung, at = 0;
    while (at < r->config.queue_count && strcmp(r->config.queues[at], target->queue) != 0)
        at++;
    if (target->place != FL_RABBIT_RUNG || at == r->config.queue_count ||
        (r->queues[at].rungs & bit))
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_rabbit_declare(r, wire, target);
    r->queues[at].rungs |= rc ? 0 : bit;
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

static fl_broker_rc count_one(fl_rabbit *r, fl_rabbit_target target, uint64_t *out)
{
    int code;
    unsigned ready;
    char name[FL_RABBIT_NAME_BYTES];
    fl_rabbit_name(name, &target);
    fl_broker_rc rc = request(r, &r->main, name, true, amqp_empty_table, &code, &ready);
    *out = ready; /* a queue that is missing has none */
    return rc;
}

fl_broker_rc fl_rabbit_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    uint64_t in_rung;
    const char *name = r->config.queues[queue];
    *out = (fl_broker_count){.leased = FL_BROKER_UNKNOWN, .oldest = FL_BROKER_UNKNOWN};
    fl_broker_rc rc = count_one(r, (fl_rabbit_target){name, FL_RABBIT_WORK, 0}, &out->ready);
    if (!rc)
        rc = count_one(r, (fl_rabbit_target){name, FL_RABBIT_DEAD, 0}, &out->dead);
    for (unsigned i = 0; i < FL_RABBIT_RUNGS && !rc; i++) {
        rc = count_one(r, (fl_rabbit_target){name, FL_RABBIT_RUNG, i}, &in_rung);
        out->delayed += in_rung;
    }
    return rc;
}
