/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/program/json.h>

#include <runtime/service/program/values.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *fl_json_read(const char *text, size_t size, const char *called)
{
    json_error_t error;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!value) /* jansson's words may quote the text, and so a secret */
        filch_error_set(-EINVAL, "%.80s, line %d, column %d: not JSON, or a name twice",
                        fl_show(called).text, error.line, error.column);
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
static const char *queues_of(const json_t *object, const char *called, fl_keep *keep)
{
    char *text = NULL;
    const char *name, *separator = "";
    json_t *weight;
    size_t size;
    bool whole = true;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return keep_and_free(NULL, keep);
    json_object_foreach((json_t *)object, name, weight)
    {
        whole &= json_is_integer(weight) && !strpbrk(name, "=,");
        fprintf(file, "%s%s=%" JSON_INTEGER_FORMAT, separator, name, json_integer_value(weight));
        separator = ",";
    }
    if (fclose(file)) {
        free(text);
        text = NULL;
    }
    if (whole)
        return keep_and_free(text, keep);
    free(text);
    filch_error_set(-EINVAL, "%.80s: a weight is no whole number (1..1000)", called);
    return NULL;
}

const char *fl_json_text(const fl_key *key, const json_t *value, const char *called, fl_keep *keep)
{
    char allowed[160];
    bool is_list = json_is_array(value) && key->type == FL_KEY_LIST;
    if (json_is_object(value) && key->type == FL_KEY_QUEUES)
        return queues_of(value, called, keep);
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
