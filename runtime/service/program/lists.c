/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The key `handlers`: [{"type": "image", "command": ["convert", "-"], "timeout": "30s"}, ...]. The
 * name of a kind of ready-made handlers is a member, whose value are its words. */
#include <runtime/service/program/keys.h>
#include <runtime/service/program/sources.h>
#include <runtime/service/url.h>

#include <errno.h>
#include <stddef.h>

static const char *given(const fl_configuration *out)
{
    return out->texts[fl_key_of(FL_KEY_OF_SERVICE, "handlers", 8) - fl_keys];
}

#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/broker.h>
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/modules.h>
#include <runtime/service/program/arena.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/json.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <string.h>

enum { HANDLERS_MOST = 10000, WORDS_MOST = 1000, CALLED_BYTES = 128 };

static const fl_handler_kind *kind_of(const char *name)
{
    for (unsigned i = 0; fl_handler_kinds[i]; i++)
        if (strcmp(fl_handler_kinds[i]->name, name) == 0)
            return fl_handler_kinds[i];
    return NULL;
}

static int unknown(const char *called, const char *name)
{
    const char *names[FL_KEYS_MOST + 64] = {NULL};
    char nearest[160];
    unsigned count = 0;
    for (; fl_handler_kinds[count] && count < 63; count++)
        names[count] = fl_handler_kinds[count]->name;
    fl_key_names(FL_KEY_OF_HANDLER, names + count);
    fl_nearest(name, names, nearest, sizeof nearest);
    return filch_error_set(-EINVAL, "%.40s: unknown key or kind '%s' (%s)", called,
                           fl_show(name).text, nearest);
}

/* A text, an array of texts, or true for none. */
static int take_words(fl_configured_handler *handler, const json_t *value, const char *called,
                      fl_keep *keep)
{
    size_t count = json_is_array(value) ? json_array_size(value) : json_is_string(value);
    if (!(json_is_array(value) || json_is_string(value) || json_is_true(value)) ||
        count > WORDS_MOST)
        return filch_error_set(-EINVAL,
                               "%.80s is not a string, an array of at most %d strings, or true",
                               called, WORDS_MOST);
    if (!count != !*handler->kind->words)
        return filch_error_set(-EINVAL, "%.80s: wrong words (allowed: %s)", called,
                               *handler->kind->words ? handler->kind->words : "true");
    const char **words = fl_keep_bytes(keep, (count + 1) * sizeof *words);
    for (size_t i = 0; words && i < count; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_string(one))
            return filch_error_set(-EINVAL, "%.80s: word %zu is not a string", called, i);
        words[i] = fl_keep_text(keep, json_string_value(one), json_string_length(one));
        if (!words[i])
            return -ENOMEM;
    }
    handler->spec.words = words;
    return words ? 0 : -ENOMEM;
}

static int take_kind(fl_configured_handler *handler, const fl_handler_kind *kind,
                     const json_t *value, const char *called, fl_keep *keep)
{
    if (handler->kind)
        return filch_error_set(-EINVAL, "%.80s: it also has the kind %s; keep one", called,
                               handler->kind->name);
    handler->kind = kind;
    return take_words(handler, value, called, keep);
}

/* The first member that its kind, or a handler of the program, does not use; NULL: none. */
static const char *unused(const fl_configured_handler *handler, json_t *object)
{
    const char *const *settings = handler->kind ? handler->kind->settings : NULL, *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const fl_key *key = fl_key_of(FL_KEY_OF_HANDLER, name, strlen(name));
        bool uses = !key || key->offset < offsetof(fl_configured_handler, spec);
        for (unsigned i = 0; settings && settings[i] && !uses; i++)
            uses = strcmp(settings[i], name) == 0;
        if (!uses)
            return name;
    }
    return NULL;
}

static int take_handler(fl_configured_handler *handler, json_t *object, size_t i, fl_keep *keep)
{
    char place[CALLED_BYTES / 2], called[CALLED_BYTES];
    const char *type = json_string_value(json_object_get(object, "type")), *name;
    json_t *value;
    if (!type || !*type)
        return filch_error_set(-EINVAL, "handlers[%zu] is not an object with a type (a string)", i);
    snprintf(place, sizeof place, "handlers[%zu] %.24s", i, fl_show(type).text);
    json_object_foreach(object, name, value)
    {
        const fl_key *key = fl_key_of(FL_KEY_OF_HANDLER, name, strlen(name));
        const fl_handler_kind *kind = key ? NULL : kind_of(name);
        if (!key && !kind)
            return unknown(place, name);
        snprintf(called, sizeof called, "%s: %s", place, name);
        int rc = key ? fl_json_take(key, value, called, handler, keep)
                     : take_kind(handler, kind, value, called, keep);
        if (rc)
            return rc;
    }
    name = unused(handler, object);
    if (name)
        return filch_error_set(-EINVAL, "%s: %s is not used by %s; remove it", place, name,
                               handler->kind ? handler->kind->name : "a handler of the program");
    if (!fl_retry_cap(&handler->retry, json_object_get(object, "retry-max")))
        return filch_error_set(-EINVAL, "%s: retry-max is shorter than retry-delay", place);
    return 0;
}

static int take_list(fl_configuration *out, const json_t *list)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > HANDLERS_MOST)
        return filch_error_set(-EINVAL, "handlers is not an array of at most %d objects",
                               HANDLERS_MOST);
    out->handlers = fl_keep_bytes(&out->keep, (count + 1) * sizeof *out->handlers);
    if (!out->handlers)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        out->handlers[i].retry = out->retry;
        out->handlers[i].spec.passed = out->passed;
        out->handlers[i].spec.environment = out->environment;
        int rc = take_handler(&out->handlers[i], json_array_get(list, i), i, &out->keep);
        if (rc)
            return rc;
        out->handler_count++;
    }
    return 0;
}

/* Is there a broker for the results? */
static int check_results(const fl_configuration *configuration)
{
    const fl_broker_kind *kind = fl_broker_of(configuration->broker);
    for (size_t i = 0; kind && !kind->caps.records && i < configuration->handler_count; i++)
        if (configuration->handlers[i].spec.result)
            return filch_error_set(-EINVAL,
                                   "handlers[%zu] %.24s: result: the broker %s keeps no results "
                                   "(allowed: false)",
                                   i, fl_show(configuration->handlers[i].type).text, kind->name);
    return 0;
}

int fl_handlers_read(fl_configuration *out)
{
    const char *text = given(out);
    if (!text)
        return 0;
    json_t *list = fl_json_read(text, strlen(text), "handlers");
    int rc = list ? take_list(out, list) : -EINVAL;
    rc = rc ? rc : check_results(out);
    json_decref(list);
    return rc;
}
#else
int fl_handlers_read(fl_configuration *out)
{
    return !given(out)
               ? 0
               : filch_error_set(-EINVAL, "this build reads no handlers; build it where jansson is "
                                          "installed (Debian: libjansson-dev)");
}
#endif

/* ---- Periodic jobs ---- */

/* The key `periodic`: [{"name": "report", "cron": "30 2 * * *", "type": "report"}, ...]. */

static const char *given_jobs(const fl_configuration *out)
{
    return out->texts[fl_key_of(FL_KEY_OF_SERVICE, "periodic", 8) - fl_keys];
}

#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/program/json.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <string.h>

static int take_entry(filch_periodic *periodic, json_t *object, size_t i, fl_keep *keep)
{
    char called[CALLED_BYTES], nearest[160];
    const char *name, *names[FL_KEYS_MOST] = {NULL};
    json_t *value;
    if (!json_is_object(object))
        return filch_error_set(-EINVAL, "periodic[%zu] is not an object", i);
    json_object_foreach(object, name, value)
    {
        const fl_key *key = fl_key_of(FL_KEY_OF_PERIODIC, name, strlen(name));
        snprintf(called, sizeof called, "periodic[%zu]: %.64s", i, fl_show(name).text);
        if (!key) {
            fl_key_names(FL_KEY_OF_PERIODIC, names);
            fl_nearest(name, names, nearest, sizeof nearest);
            return filch_error_set(-EINVAL, "periodic[%zu]: unknown key '%s' (%s)", i,
                                   fl_show(name).text, nearest);
        }
        int rc = fl_json_take(key, value, called, periodic, keep);
        if (rc)
            return rc;
    }
    if (periodic->body)
        periodic->body_size = strlen(periodic->body);
    return 0;
}

static int take_jobs(fl_configuration *out, const json_t *list)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > FILCH_PERIODICS)
        return filch_error_set(-EINVAL, "periodic is not an array of at most %d objects",
                               FILCH_PERIODICS);
    out->periodics = fl_keep_bytes(&out->keep, (count + 1) * sizeof *out->periodics);
    if (!out->periodics)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int rc = take_entry(&out->periodics[i], json_array_get(list, i), i, &out->keep);
        if (rc)
            return rc;
        out->periodic_count++;
    }
    return 0;
}

int fl_periodics_read(fl_configuration *out)
{
    const char *text = given_jobs(out);
    if (!text)
        return 0;
    json_t *list = fl_json_read(text, strlen(text), "periodic");
    int rc = list ? take_jobs(out, list) : -EINVAL;
    json_decref(list);
    return rc;
}
#else
int fl_periodics_read(fl_configuration *out)
{
    return !given_jobs(out)
               ? 0
               : filch_error_set(-EINVAL, "this build reads no periodic jobs; build it where "
                                          "jansson is installed (Debian: libjansson-dev)");
}
#endif
