/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/program/json.h>

#include <runtime/service/program/values.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jansson's words may end with a part of the text, and so with one of a secret. */
static void cut_quotation(char *words)
{
    static const char *const before[] = {" near '", " '\\"};
    for (unsigned i = 0; i < sizeof before / sizeof *before; i++) {
        char *at = strstr(words, before[i]);
        if (at)
            *at = '\0';
    }
}

json_t *fl_json_read(const char *text, size_t size, const char *called)
{
    json_error_t error;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        cut_quotation(error.text);
        filch_error_set(-EINVAL, "%.80s, line %d, column %d: not JSON: %s", fl_show(called).text,
                        error.line, error.column, error.text);
    }
    return value;
}

static const char *keep_and_free(char *text, fl_keep *keep)
{
    const char *copy = text ? fl_keep_text(keep, text, strlen(text)) : NULL;
    if (!text)
        filch_error_set(-ENOMEM, "no memory for the configuration; free some");
    free(text);
    return copy;
}

/* {"a": 2, "b": 1} is "a=2,b=1". */
static bool put_weights(FILE *file, const json_t *object)
{
    const char *name, *separator = "";
    json_t *weight;
    json_object_foreach((json_t *)(uintptr_t)object, name, weight)
    {
        if (!json_is_integer(weight) || strpbrk(name, "=,"))
            return false;
        fprintf(file, "%s%s=%" JSON_INTEGER_FORMAT, separator, name, json_integer_value(weight));
        separator = ",";
    }
    return true;
}

/* ["a", "b"] is "a,b". */
static bool put_names(FILE *file, const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(one);
        if (!name || !*name || strlen(name) != json_string_length(one) || strpbrk(name, "=,"))
            return false;
        fprintf(file, "%s%s", i ? "," : "", name);
    }
    return true;
}

static const char *names_of(const fl_key *key, const json_t *value, const char *called,
                            fl_keep *keep)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return keep_and_free(NULL, keep);
    bool whole = json_is_array(value) ? put_names(file, value) : put_weights(file, value);
    if (fclose(file)) {
        free(text);
        text = NULL;
    }
    if (whole)
        return keep_and_free(text, keep);
    free(text);
    char allowed[160];
    fl_key_allowed(key, allowed, sizeof allowed);
    if (key->type == FL_KEY_NAMES)
        filch_error_set(-EINVAL, "%.80s: a name is not allowed (%s)", called, allowed);
    else
        filch_error_set(-EINVAL,
                        "%.80s: a name or weight is not allowed ([\"NAME\", ...], or {\"NAME\": "
                        "1..1000, ...})",
                        called);
    return NULL;
}

const char *fl_json_text(const fl_key *key, const json_t *value, const char *called, fl_keep *keep)
{
    char allowed[160];
    bool is_list = json_is_array(value) && key->type == FL_KEY_LIST;
    if ((json_is_object(value) && key->type == FL_KEY_QUEUES) ||
        (json_is_array(value) && (key->type == FL_KEY_QUEUES || key->type == FL_KEY_NAMES)))
        return names_of(key, value, called, keep);
    if (json_is_null(value))
        return "";
    if (json_is_string(value) && key->type != FL_KEY_LIST)
        return fl_keep_text(keep, json_string_value(value), json_string_length(value));
    if (is_list || json_is_number(value) || json_is_boolean(value))
        return keep_and_free(json_dumps(value,
                                        JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15)),
                             keep);
    fl_key_allowed(key, allowed, sizeof allowed);
    filch_error_set(-EINVAL, "%.80s: this JSON type is not allowed (%s)", called, allowed);
    return NULL;
}

int fl_json_take(const fl_key *key, const json_t *value, const char *called, void *base,
                 fl_keep *keep)
{
    char allowed[160];
    const char *text = fl_json_text(key, value, called, keep);
    int rc = !text ? -EINVAL : *text ? fl_value_read(key, text, base, keep) : 0;
    if (rc != -EINVAL || !text)
        return rc;
    fl_key_allowed(key, allowed, sizeof allowed);
    return filch_error_set(-EINVAL, "%.80s: '%s' is not allowed (%s)", called, fl_show(text).text,
                           allowed);
}
#endif
