/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Whether a JSON document keeps to a schema: the words type, enum, required, properties,
 * additionalProperties, items, minItems, minimum and maximum of JSON Schema. A word it does not know
 * is an error, so that no rule of the schema is passed over in silence. usage: check_schema SCHEMA
 * DOCUMENT; exit status 1 with the places on stderr when it does not. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int faults;

static void fault(const char *where, const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s %s\n", *where ? where : "/", what, detail);
    faults++;
}

static bool has_type(const json_t *value, const char *name)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return strcmp(name, "object") == 0;
    case JSON_ARRAY:
        return strcmp(name, "array") == 0;
    case JSON_STRING:
        return strcmp(name, "string") == 0;
    case JSON_INTEGER:
        return strcmp(name, "integer") == 0 || strcmp(name, "number") == 0;
    case JSON_REAL:
        return strcmp(name, "number") == 0;
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(name, "boolean") == 0;
    default:
        return strcmp(name, "null") == 0;
    }
}

static void check_type(const json_t *rule, const json_t *value, const char *where)
{
    bool right = json_is_string(rule) && has_type(value, json_string_value(rule));
    for (size_t i = 0; i < json_array_size(rule); i++)
        right |= has_type(value, json_string_value(json_array_get(rule, i)));
    if (!right)
        fault(where, "has another type than",
              json_is_string(rule) ? json_string_value(rule) : "those allowed");
}

static void check_enum(const json_t *rule, const json_t *value, const char *where)
{
    bool found = false;
    for (size_t i = 0; i < json_array_size(rule); i++)
        found |= json_equal(json_array_get(rule, i), value);
    if (!found)
        fault(where, "is none of", "enum");
}

static void check(const json_t *schema, const json_t *value, const char *where);

static void check_members(const json_t *schema, const json_t *value, const char *where)
{
    const char *name;
    json_t *member;
    char below[512];
    const json_t *known = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    json_object_foreach((json_t *)value, name, member)
    {
        const json_t *named = json_object_get(known, name), *rule = named ? named : others;
        snprintf(below, sizeof below, "%s/%s", where, name);
        if (json_is_object(rule))
            check(rule, member, below);
        else if (json_is_false(rule))
            fault(below, "is unknown", "");
    }
    const json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(required); i++)
        if (!json_object_get(value, json_string_value(json_array_get(required, i))))
            fault(where, "lacks", json_string_value(json_array_get(required, i)));
}

static void check_items(const json_t *schema, const json_t *value, const char *where)
{
    char below[512];
    const json_t *rule = json_object_get(schema, "items"),
                 *least = json_object_get(schema, "minItems");
    if (least && (json_int_t)json_array_size(value) < json_integer_value(least))
        fault(where, "has too few", "items");
    for (size_t i = 0; rule && i < json_array_size(value); i++) {
        snprintf(below, sizeof below, "%s/%zu", where, i);
        check(rule, json_array_get(value, i), below);
    }
}

static void check_words(const json_t *schema, const char *where)
{
    static const char known[] =
        " $schema title description type enum required properties additionalProperties items "
        "minItems minimum maximum ";
    const char *word;
    json_t *rule;
    char framed[64];
    json_object_foreach((json_t *)schema, word, rule)
    {
        snprintf(framed, sizeof framed, " %s ", word);
        if (!strstr(known, framed))
            fault(where, "schema word this checker does not know:", word);
    }
}

static void check(const json_t *schema, const json_t *value, const char *where)
{
    const json_t *rule;
    check_words(schema, where);
    if ((rule = json_object_get(schema, "type")))
        check_type(rule, value, where);
    if ((rule = json_object_get(schema, "enum")))
        check_enum(rule, value, where);
    if ((rule = json_object_get(schema, "minimum")) &&
        json_number_value(value) < json_number_value(rule))
        fault(where, "is below its", "minimum");
    if ((rule = json_object_get(schema, "maximum")) &&
        json_number_value(value) > json_number_value(rule))
        fault(where, "is above its", "maximum");
    if (json_is_object(value))
        check_members(schema, value, where);
    if (json_is_array(value))
        check_items(schema, value, where);
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *documents[2];
    if (argc != 3)
        return 2;
    for (int i = 0; i < 2; i++) {
        documents[i] = json_load_file(argv[1 + i], 0, &error);
        if (!documents[i]) {
            fprintf(stderr, "%s: line %d: %s\n", argv[1 + i], error.line, error.text);
            return 1;
        }
    }
    check(documents[0], documents[1], "");
    json_decref(documents[0]);
    json_decref(documents[1]);
    return faults > 0;
}
