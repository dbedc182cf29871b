/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/show.h>

#include <runtime/service/handlers/handlers.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <inttypes.h>
#include <string.h>

/* The entry of the configuration; NULL: it has none. */
static const fl_configured_handler *entry_of(const fl_configuration *configuration,
                                             const char *type)
{
    for (size_t i = 0; i < configuration->handler_count; i++)
        if (strcmp(configuration->handlers[i].type, type) == 0)
            return &configuration->handlers[i];
    return NULL;
}

static void put_words(FILE *out, const char *const *words)
{
    const fl_key *url = fl_key_of(FL_KEY_OF_SERVICE, "broker", 6); /* as it is masked */
    size_t rest = 0;
    if (!words || !*words)
        return;
    while (words[rest + 1])
        rest++;
    fprintf(out, " '%s'", fl_show_value(url, *words).text);
    if (rest)
        fprintf(out, " and %zu word%s", rest, rest > 1 ? "s" : "");
}

static void put_limits(FILE *out, const filch_handler *handler)
{
    if (handler->width)
        fprintf(out, ", width %u", handler->width);
    if (handler->rate.rate)
        fprintf(out, ", rate %u in %g s with a burst of %u", handler->rate.rate,
                (double)handler->rate.period / FILCH_SECOND, handler->rate.burst);
    if (handler->timeout && handler->timeout != FILCH_FOREVER)
        fprintf(out, ", timeout %g s", (double)handler->timeout / FILCH_SECOND);
    if (handler->breaker)
        fputs(", breaker", out);
}

void fl_show_handlers(FILE *out, const fl_handler_table *table,
                      const fl_configuration *configuration)
{
    for (size_t i = 0; i < table->count; i++) {
        const filch_handler *handler = &table->handlers[i];
        const fl_configured_handler *entry = entry_of(configuration, handler->type);
        fprintf(out, "handler %-12s %s", fl_show(handler->type).text,
                table->kinds[i] ? table->kinds[i]->name : "built in");
        put_words(out, entry && table->kinds[i] ? entry->spec.words : NULL);
        put_limits(out, handler);
        fputc('\n', out);
    }
}
