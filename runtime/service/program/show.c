/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/show.h>

#include <runtime/service/handlers/handlers.h>
#include <runtime/service/periodic/cron.h>
#include <runtime/service/periodic/periodic.h>
#include <runtime/service/periodic/time_zone.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/main.h>
#include <runtime/service/program/values.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_BYTES = 4600, SLOTS_SHOWN = 3 };

static const char *default_of(const fl_key *key)
{
    const char *own = fl_key_own_default(key);
    return own ? own : key->standard ? key->standard : key->otherwise;
}

static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = '?';
}

void fl_show_configuration(FILE *out, const fl_configuration *configuration)
{
    static char value[LINE_BYTES];
    for (const fl_key *key = fl_keys; key->name; key++) {
        const char *text = configuration->texts[key - fl_keys];
        if (key->scope != FL_KEY_OF_SERVICE || key->type == FL_KEY_LIST)
            continue;
        fl_mask(key, text ? text : default_of(key), value, sizeof value);
        make_printable(value);
        fprintf(out, "%-20s %s (%s)\n", key->name, text ? value : default_of(key),
                fl_source_names[configuration->sources[key - fl_keys]]);
    }
}

void fl_show_periodics(FILE *out, const fl_configuration *configuration)
{
    fl_cron cron;
    fl_zone zone;
    char when[32];
    for (unsigned i = 0; i < configuration->periodic_count; i++) {
        const filch_periodic *one = &configuration->periodics[i];
        if (fl_cron_parse(&cron, one->cron) || fl_zone_open(&zone, one->zone))
            continue;
        fprintf(out, "periodic %-12s next", one->name);
        int64_t slot = time(NULL);
        for (unsigned k = 0; k < SLOTS_SHOWN; k++) {
            slot = fl_cron_next(&cron, &zone, slot);
            if (slot == FL_CRON_NEVER)
                break;
            fl_slot_text(slot, when, sizeof when);
            fprintf(out, " %s", when);
        }
        fputc('\n', out);
        fl_zone_close(&zone);
    }
}

/* ---- Markdown ---- */

static void row(FILE *out, const fl_key *key)
{
    char allowed[160];
    fl_key_allowed(key, allowed, sizeof allowed);
    fprintf(out, "| `%s` | %s | %s |", key->name, allowed, default_of(key));
    if (key->scope == FL_KEY_OF_SERVICE)
        fprintf(out, " %s%s%s | %s | %s |", key->alias ? "`" : "", key->alias ? key->alias : "",
                key->alias ? "`" : "", key->secrecy ? "yes" : "", key->reloadable ? "yes" : "");
    fprintf(out, " %s |\n", key->help);
}

static void table(FILE *out, fl_key_scope scope, const char *head)
{
    fputs(head, out);
    for (const fl_key *key = fl_keys; key->name; key++)
        if (key->scope == scope)
            row(out, key);
}

void fl_show_markdown(FILE *out)
{
    table(out, FL_KEY_OF_SERVICE,
          "| key | values | default | also read from | `-file` | SIGHUP | meaning |\n"
          "|---|---|---|---|---|---|---|\n");
    table(out, FL_KEY_OF_HANDLER,
          "\n| member of a handler | values | default | meaning |\n|---|---|---|---|\n");
    table(out, FL_KEY_OF_PERIODIC,
          "\n| member of a periodic job | values | default | meaning |\n|---|---|---|---|\n");
}

/* ---- Help ---- */

static void line(FILE *out, const fl_key *key)
{
    char allowed[160];
    fl_key_allowed(key, allowed, sizeof allowed);
    bool is_option = key->scope == FL_KEY_OF_SERVICE;
    fprintf(out, "  %s%-*s %s\n%25s%s; default: %s%s%s%s\n", is_option ? "--" : "",
            is_option ? 20 : 22, key->name, key->help, "", allowed, default_of(key),
            key->alias ? "; also " : "", key->alias ? key->alias : "",
            key->reloadable ? "; SIGHUP reloads it" : "");
}

static void lines(FILE *out, fl_key_scope scope)
{
    for (const fl_key *key = fl_keys; key->name; key++)
        if (key->scope == scope)
            line(out, key);
}

void fl_show_help(FILE *out, const char *program)
{
    fprintf(out, "Usage: %s [OPTION...]\n\nServes jobs from a broker until SIGTERM or SIGINT.\n\n",
            program);
    for (const fl_action *one = fl_actions; one->name; one++)
        fprintf(out, "  --%s%s%-*s %s\n", one->name,
                one->argument && *one->argument != '[' ? " " : "",
                (int)(20 - strlen(one->name) - (one->argument && *one->argument != '[')),
                one->argument ? one->argument : "", one->help);
    fputs("\nKeys. Each is an option (--width 20, --strict), a variable (FILCH_SERVICE_WIDTH=20), "
          "and a\nmember of the file ({\"width\": 20}); options win over variables, and these over "
          "the file.\nAn empty variable counts as unset. Secrets can be in a file: --broker-file, "
          "FILCH_SERVICE_BROKER_FILE.\n\n",
          out);
    lines(out, FL_KEY_OF_SERVICE);
    fputs("\nMembers of each entry of handlers, [{\"type\": \"image\", \"KIND\": WORDS, ...}]:\n\n",
          out);
    lines(out, FL_KEY_OF_HANDLER);
    fputs("\nMembers of each entry of periodic, [{\"name\": \"report\", \"cron\": \"30 2 * * *\", "
          "...}]:"
          "\n\n",
          out);
    lines(out, FL_KEY_OF_PERIODIC);
    fputs("\nKinds of handlers, with their words:\n\n", out);
    for (unsigned i = 0; fl_handler_kinds[i]; i++)
        fprintf(out, "  %-22s %s\n", fl_handler_kinds[i]->name,
                *fl_handler_kinds[i]->words ? fl_handler_kinds[i]->words : "true (no words)");
    fputs("\nExit status: 0 when it was stopped and nothing was cancelled; 1 when handlers were "
          "cancelled,\nor memory, files or threads were missing; 2 for a wrong option or "
          "configuration; 69 when\nthe broker was away, with --exit-on-disconnect or --once.\n",
          out);
}

int fl_help_run(const char *program, const char *argument)
{
    if (argument && strcmp(argument, "markdown") != 0) {
        fprintf(stderr, "%s: --help '%s' is not allowed (markdown, or nothing)\n", program,
                fl_show(argument).text);
        return 2;
    }
    if (argument)
        fl_show_markdown(stdout);
    else
        fl_show_help(stdout, program);
    return 0;
}

/* ---- Handlers ---- */

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

/* ---- Secrets ---- */

/* Values without their secrets, for every output. A URL loses all that may be a password.
 * That is from the first colon of the user part to the last @, since a password may hold either;
 * and the values of parameters that sound like a secret. */

#define MASK "***"

static const char *const secret_words[] = {"pass", "pwd", "secret", "token", "key", "sig", NULL};

static bool sounds_secret(const char *name, size_t length)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", length < 60 ? (int)length : 60, name);
    for (unsigned i = 0; secret_words[i]; i++)
        if (strcasestr(copy, secret_words[i]))
            return true;
    return length >= 60;
}

/* Behind the user part; the URL if there is no @. The slashes may lack: it is not parsed yet. */
static const char *print_user(FILE *out, const char *url)
{
    const char *at = strrchr(url, '@'), *scheme = strchr(url, ':');
    if (!at)
        return url;
    const char *user = scheme && scheme < at ? scheme + 1 : url;
    user += strspn(user, "/");
    if (user > at)
        return url;
    const char *colon =
        memchr(user, ':', (size_t)(at - user)); /* none: a token, as NATS has them */
    fprintf(out, "%.*s" MASK, (int)((colon ? colon + 1 : user) - url), url);
    return at;
}

static void print_url(FILE *out, const char *url)
{
    const char *rest = print_user(out, url);
    while (*rest) {
        size_t length = strcspn(rest, "?&;");
        const char *equal = memchr(rest, '=', length);
        if (equal && sounds_secret(rest, (size_t)(equal - rest)))
            fprintf(out, "%.*s" MASK, (int)(equal + 1 - rest), rest);
        else
            fwrite(rest, 1, length, out);
        rest += length;
        if (*rest)
            fputc(*rest++, out);
    }
}

void fl_mask(const fl_key *key, const char *text, char *out, size_t size)
{
    *out = '\0';
    if (key->secrecy != FL_KEY_URL) {
        snprintf(out, size, "%s", key->secrecy == FL_KEY_SECRET && *text ? MASK : text);
        return;
    }
    FILE *file = fmemopen(out, size, "w");
    if (!file)
        return;
    print_url(file, text);
    fclose(file);
    out[size - 1] = '\0';
}

fl_shown fl_show(const char *text)
{
    fl_shown shown;
    int length = snprintf(shown.text, sizeof shown.text - 3, "%s", text);
    if (length >= (int)sizeof shown.text - 3)
        strcpy(shown.text + sizeof shown.text - 4, "...");
    for (char *at = shown.text; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return shown;
}

fl_shown fl_show_value(const fl_key *key, const char *text)
{
    char masked[256];
    fl_mask(key, text, masked, sizeof masked);
    return fl_show(masked);
}
