/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Several results of one machine and build as one result document: the entries of all files, each row once. */
#include "compare.h"

#include <errno.h>

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <tools/report/report.h>
#include <tools/shared/facts.h>
#include <tools/shared/output.h>

/* Only figures of one machine and one build stand in one result. */
static bool belong_together(const result *a, const result *b, char *error, size_t size)
{
    const struct {
        const char *name, *one, *other;
    } facts[] = {
        {"processor", a->cpu, b->cpu},          {"environment", a->environment, b->environment},
        {"version", a->version, b->version},    {"commit", a->commit, b->commit},
        {"compiler", a->compiler, b->compiler}, {"compiler's flags", a->flags, b->flags},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (strcmp(facts[i].one, facts[i].other) != 0) {
            snprintf(error, size,
                     "cannot merge %s and %s: the %s differs: '%s', '%s' (valid: results of one "
                     "machine and build)",
                     a->path, b->path, facts[i].name, facts[i].one, facts[i].other);
            return false;
        }
    return true;
}

static bool agree(const json_t *a, const json_t *b, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_object_get(a, names[i]), *other = json_object_get(b, names[i]);
        if (one != other && !json_equal(one, other))
            return false;
    }
    return true;
}

/* The element of a list that agrees with `like` in these members, or NULL. */
static json_t *find(const json_t *list, const json_t *like, const char *const *names, size_t count)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        if (agree(one, like, names, count))
            return one;
    }
    return NULL;
}

#define FIND(list, like, names) find(list, like, names, sizeof(names) / sizeof *(names))

static void add_new(const json_t *to, const json_t *from, const char *member,
                    const char *const *names, size_t count)
{
    size_t i;
    json_t *one, *all = json_object_get(to, member);
    json_array_foreach(json_object_get(from, member), i, one)
    {
        if (!find(all, one, names, count))
            json_array_append(all, one);
    }
}

#define ADD_NEW(to, from, member, names)                                                           \
    add_new(to, from, member, names, sizeof(names) / sizeof *(names))

static void add_results(json_t *to, const json_t *from)
{
    static const char *const entry[] = {"label", "size", "grain", "answer"};
    static const char *const column[] = {"column", "queue", "policy", "idle",
                                         "take",   "wait",  "workers"};
    static const char *const pair[] = {"first", "other", "workers"};
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(from, "results"), i, one)
    {
        json_t *same = FIND(json_object_get(to, "results"), one, entry);
        if (!same) {
            json_array_append(json_object_get(to, "results"), one);
            continue;
        }
        ADD_NEW(same, one, "columns", column);
        ADD_NEW(same, one, "pairs", pair);
    }
}

/* Those that are not there yet, such as the reasons of disturbances. */
static void add_sentences(json_t *to, const json_t *from)
{
    size_t i, k;
    json_t *one, *there;
    json_array_foreach(from, i, one)
    {
        bool known = false;
        json_array_foreach(to, k, there) known = known || json_equal(there, one);
        if (!known)
            json_array_append(to, one);
    }
}

static void add(json_t *to, const json_t *from)
{
    static const char *const metg[] = {"kernel", "column", "workers"}, *const ceiling[] = {
                                                                           "copies"};
    double seconds = json_number_value(json_object_get(to, "seconds")) +
                     json_number_value(json_object_get(from, "seconds"));
    json_object_set_new(to, "seconds", json_real(seconds));
    if (json_is_true(json_object_get(from, "interrupted")))
        json_object_set_new(to, "interrupted", json_true());
    ADD_NEW(to, from, "ceilings", ceiling);
    add_sentences(json_object_get(to, "verdict"), json_object_get(from, "verdict"));
    ADD_NEW(to, from, "metg", metg);
    add_results(to, from);
}

static json_t *merged(const compare_report *r, char *error, size_t size)
{
    for (size_t i = 1; i < r->options->path_count; i++)
        if (!belong_together(&r->results[0], &r->results[i], error, size))
            return NULL;
    json_t *whole = json_deep_copy(r->results[0].whole);
    for (size_t i = 1; whole && i < r->options->path_count; i++)
        add(whole, r->results[i].whole);
    if (!whole)
        snprintf(error, size, "no memory for the merged result; merge fewer files");
    return whole;
}

/* ---- Writing ---- */

static void write_columns(const sheet *s, const json_t *entry)
{
    size_t i;
    json_t *column;
    json_array_foreach(json_object_get(entry, "columns"), i, column)
    {
        const json_t *summary = json_object_get(column, "summary");
        const json_t *time = json_object_get(summary, "seconds");
        const json_t *gain = json_object_get(summary, "speed_up");
        SHEET_ROW(s, CELL(json_string_value(json_object_get(entry, "label"))),
                  CELL(json_string_value(json_object_get(column, "column"))),
                  CELL((double)json_integer_value(json_object_get(column, "workers"))),
                  CELL(time ? json_number_value(time) : NAN),
                  CELL(json_number_value(gain) > 0 ? json_number_value(gain) : NAN));
    }
}

/* Of the page, for readers without scripts. */
static void write_rows(const void *whole, FILE *out)
{
    sheet s;
    size_t i;
    json_t *entry;
    sheet_begin(&s, SHEET_HTML, "kernel:0s,column:0s,workers:0n,time:0t,speed-up:0f", out);
    sheet_head(&s);
    json_array_foreach(json_object_get(whole, "results"), i, entry)
    {
        write_columns(&s, entry);
    }
    sheet_foot(&s);
}

static int write_page(const json_t *whole, FILE *out)
{
    char *text = json_dumps(whole, JSON_COMPACT);
    int rc = text ? report_write(text, write_rows, whole, out) : -ENOMEM;
    free(text);
    return rc;
}

static int write_json(const json_t *whole, FILE *out)
{
    return facts_write(json_deep_copy(whole), out);
}

int compare_merge(const compare_report *r)
{
    char error[4608];
    const compare_options *o = r->options;
    json_t *whole = merged(r, error, sizeof error);
    int rc = whole ? 0 : -ENODATA;
    if (!whole)
        fprintf(stderr, "filch compare: %s\n", error);
    else if (o->merge)
        rc = output_write(out, "filch compare", "--output", o->output, write_json(whole, out));
    if (!rc && o->report)
        rc = output_write(out, "filch compare", "--report", o->report, write_page(whole, out));
    json_decref(whole);
    return rc ? 2 : 0;
}

#else

int compare_merge(const compare_report *r)
{
    (void)r; /* without jansson no result was read */
    return 2;
}

#endif
