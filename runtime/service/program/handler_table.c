/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/handler_table.h>

#include <filch/timer.h>
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/program/values.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fl_handler_breaker_is_on(const fl_configured_breaker *configured)
{
    return configured->is_told ? configured->is_on : configured->has_values;
}

static void changed(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    const fl_handler_breaker *one = arg;
    const filch_log *log = *one->log;
    (void)breaker;
    if (log)
        FILCH_LOG(log, change->to == FILCH_BREAKER_OPEN ? FILCH_LOG_WARN : FILCH_LOG_INFO,
                  "circuit breaker changed", filch_log_text("type", one->type),
                  filch_log_text("from", filch_breaker_state_name(change->from)),
                  filch_log_text("to", filch_breaker_state_name(change->to)),
                  filch_log_text("reason", change->why));
}

int fl_handler_breaker_init(fl_handler_breaker *out, const fl_configured_breaker *configured,
                            const char *type, const filch_log *const *log)
{
    unsigned requests = configured->requests ? configured->requests : 3;
    unsigned half_open = configured->half_open ? configured->half_open : 3;
    int64_t open = configured->open ? configured->open : 60 * FILCH_SECOND;
    *out = (fl_handler_breaker){.type = type, .log = log};
    const filch_breaker_config config = {.name = type,
                                         .window_time = configured->interval ? configured->interval
                                                                             : 10 * FILCH_SECOND,
                                         .failure_percent =
                                             configured->percent ? configured->percent : 60,
                                         .min_calls = requests,
                                         .open_time = open,
                                         .open_most = open,
                                         .probes = half_open,
                                         .successes = half_open,
                                         .changed = changed,
                                         .arg = out};
    return filch_breaker_create(&out->breaker, &config);
}

void fl_handler_breaker_end(fl_handler_breaker *one)
{
    filch_breaker_destroy(one->breaker);
}

/* ---- The table ---- */

enum { WHY_BYTES = 256 };

static size_t count_kinds(void)
{
    size_t count = 0;
    while (fl_handler_kinds[count])
        count++;
    return count;
}

static filch_handler *find(const fl_handler_table *table, const char *type)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->handlers[i].type && strcmp(table->handlers[i].type, type) == 0)
            return &table->handlers[i];
    return NULL;
}

/* The limits that the configuration gives. */
static int limit(fl_handler_table *table, filch_handler *handler,
                 const fl_configured_handler *configured)
{
    if (fl_handler_breaker_is_on(&configured->breaker)) {
        fl_handler_breaker *one = &table->breakers[table->breaker_count];
        int rc = fl_handler_breaker_init(one, &configured->breaker, configured->type, &table->log);
        if (rc)
            return rc;
        table->breaker_count++;
        handler->breaker = one->breaker;
    }
    if (configured->width)
        handler->width = configured->width;
    if (configured->rate.rate)
        handler->rate = configured->rate;
    if (configured->timeout)
        handler->timeout = configured->timeout;
    if (configured->has_retry)
        handler->retry = &configured->retry;
    if (configured->has_thread)
        handler->thread = configured->thread;
    return 0;
}

static int make(fl_handler_table *table, const fl_handler_kind *kind, filch_handler handler,
                const fl_handler_spec *spec)
{
    int rc = kind->make(&handler, spec);
    if (rc)
        return rc;
    table->handlers[table->count] = handler;
    table->kinds[table->count++] = kind;
    return 0;
}

static int lacks_kind(const char *type)
{
    char valid[160] = "", remedy[64] = "\"command\": [\"PROGRAM\"]";
    for (unsigned i = 0; fl_handler_kinds[i]; i++) {
        size_t used = strlen(valid);
        const fl_handler_kind *kind = fl_handler_kinds[i];
        snprintf(valid + used, sizeof valid - used, "%s%s", i ? ", " : "", kind->name);
        if (!*kind->words && strcmp(kind->name, type) == 0)
            snprintf(remedy, sizeof remedy, "\"%s\": true", type);
    }
    return filch_error_set(-EINVAL, "it has no kind; add one, such as %s (valid: %s)", remedy,
                           valid);
}

static int add(fl_handler_table *table, const fl_configured_handler *configured)
{
    filch_handler *own = find(table, configured->type), handler = {.type = configured->type};
    if (!configured->kind && own)
        return limit(table, own, configured);
    if (own)
        return filch_error_set(-EINVAL, "two handlers have this type; remove one");
    if (!configured->kind)
        return lacks_kind(configured->type);
    int rc = limit(table, &handler, configured);
    return rc ? rc : make(table, configured->kind, handler, &configured->spec);
}

/* Sets the error again, with the entry's place before it. */
static int place_error(const fl_configured_handler *configured, size_t i, int rc)
{
    char why[WHY_BYTES];
    snprintf(why, sizeof why, "%s", filch_error());
    return filch_error_set(rc, "handlers[%zu] %.24s: %s", i, fl_show(configured->type).text, why);
}

/* A program without any handler serves the kinds that need no words, under their names. */
static int add_plain(fl_handler_table *table)
{
    static const fl_handler_spec none;
    for (unsigned i = 0; fl_handler_kinds[i]; i++) {
        const fl_handler_kind *kind = fl_handler_kinds[i];
        int rc = *kind->words ? 0 : make(table, kind, (filch_handler){.type = kind->name}, &none);
        if (rc)
            return rc;
    }
    return 0;
}

int fl_handler_table_init(fl_handler_table *table, const fl_configuration *configuration,
                          const filch_handler *given, size_t count)
{
    if (count && !given)
        return filch_error_set(-EINVAL, "handlers is NULL; pass the table, or a count of 0");
    size_t room = count + configuration->handler_count + count_kinds();
    *table = (fl_handler_table){.handlers = calloc(room, sizeof *table->handlers),
                                .kinds = calloc(room, sizeof *table->kinds),
                                .breakers = calloc(room, sizeof *table->breakers)};
    if (!table->handlers || !table->kinds || !table->breakers)
        return filch_error_set(-ENOMEM, "no memory for %zu handlers; use fewer", room);
    if (count)
        memcpy(table->handlers, given, count * sizeof *given);
    table->count = count;
    if (!count && !configuration->handlers)
        return add_plain(table);
    if (!count && !configuration->handler_count)
        return filch_error_set(-EINVAL, "handlers is empty; list one, or leave the key out for the "
                                        "types of trials");
    for (size_t i = 0; i < configuration->handler_count; i++) {
        int rc = add(table, &configuration->handlers[i]);
        if (rc)
            return place_error(&configuration->handlers[i], i, rc);
    }
    return 0;
}

void fl_handler_table_end(fl_handler_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->kinds[i] && table->kinds[i]->unmake)
            table->kinds[i]->unmake(&table->handlers[i]);
    free(table->handlers);
    free(table->kinds);
    for (size_t i = 0; i < table->breaker_count; i++)
        fl_handler_breaker_end(&table->breakers[i]);
    free(table->breakers);
    *table = (fl_handler_table){0};
}
