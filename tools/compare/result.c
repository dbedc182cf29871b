/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "result.h"

#include <errno.h>
#include <stdio.h>

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <tools/shared/statistics.h>

/* Seconds, and ratios of them, beyond these are no measurements. */
#define LEAST 1e-12
#define MOST 1e12
enum { MOST_WORKERS = 1 << 20, MOST_TEXT = 4096 };

typedef struct reader {
    result *out;
    result_figures figures;
    size_t room; /* of out->rows */
    char where[96];
    char *error;
    size_t size;
} reader;

/* Notes the first thing that is wrong, and what to do. Returns false. */
__attribute__((format(printf, 2, 3))) static bool wrong(reader *r, const char *format, ...)
{
    if (*r->error)
        return false;
    va_list list;
    va_start(list, format);
    int used = snprintf(r->error, r->size, "%s: ", r->out->path);
    if (used >= 0 && (size_t)used < r->size)
        vsnprintf(r->error + used, r->size - (size_t)used, format, list);
    va_end(list);
    return false;
}

static bool damaged(reader *r, const char *name, const char *what)
{
    return wrong(r, "%s: %s %s; the file is damaged, measure again", r->where, name, what);
}

/* A member that has to be a text, or, where `missing` is one, may be null. */
static const char *text_of(reader *r, const json_t *o, const char *name, const char *missing)
{
    const json_t *member = json_object_get(o, name);
    const char *text = json_string_value(member);
    if (!text && missing && (!member || json_is_null(member)))
        return missing;
    if (!text || strlen(text) > MOST_TEXT)
        damaged(r, name, "is not text");
    return text;
}

static json_t *array_of(reader *r, const json_t *o, const char *name)
{
    json_t *member = json_object_get(o, name);
    if (!json_is_array(member))
        damaged(r, name, "is not a list");
    return member;
}

static bool read_samples(reader *r, result_row *row, const json_t *samples)
{
    size_t count = json_array_size(samples);
    if (count > STATISTICS_MOST)
        return wrong(r, "%s has %zu samples (valid: up to %d); measure with a smaller --repeat",
                     r->where, count, STATISTICS_MOST);
    row->values = calloc(count + 1, sizeof *row->values);
    if (!row->values)
        return wrong(r, "no memory; compare smaller files");
    for (; row->count < count; row->count++) {
        const json_t *value = json_object_get(json_array_get(samples, row->count), r->figures.by);
        row->values[row->count] = json_number_value(value);
        if (!(row->values[row->count] >= LEAST && row->values[row->count] <= MOST))
            return damaged(r, r->figures.by, "of a sample is not a time");
    }
    return true;
}

static result_row *next_row(reader *r)
{
    result *out = r->out;
    if (out->row_count == r->room) {
        size_t room = r->room ? 2 * r->room : 64; /* up to RESULT_MOST_ROWS, a power of two */
        result_row *rows =
            room <= RESULT_MOST_ROWS ? realloc(out->rows, room * sizeof *rows) : NULL;
        if (!rows) {
            wrong(r, "more rows than there is room for; compare smaller files");
            return NULL;
        }
        out->rows = rows;
        r->room = room;
    }
    return &out->rows[out->row_count];
}

/* Whether such noise changes such figures. Processor time does not pass while others run; a
 * slower clock slows serial code as well. */
static bool is_spoilt(result_figures figures, const json_t *noise)
{
    size_t i, clocks = 0;
    json_t *kind;
    json_array_foreach(noise, i, kind)
    {
        const char *name = json_string_value(kind);
        clocks += name && (strcmp(name, "clock") == 0 || strcmp(name, "hot") == 0);
    }
    const size_t others = json_array_size(noise) - clocks;
    const bool by_cpu = strcmp(figures.by, "seconds") != 0;
    return !figures.disturbed &&
           (i == 0 || (clocks > 0 && !figures.relative) || (others > 0 && !by_cpu));
}

static bool read_column(reader *r, const result_row *block, const json_t *column)
{
    result_row *row = next_row(r);
    if (!row)
        return false;
    *row = *block;
    r->out->row_count++;
    double workers = json_number_value(json_object_get(column, "workers"));
    row->column = text_of(r, column, "column", NULL);
    row->queue = text_of(r, column, "queue", "");
    row->policy = text_of(r, column, "policy", "");
    row->error = text_of(r, column, "error", "");
    if (!(workers >= 1 && workers <= MOST_WORKERS))
        damaged(r, "workers", "is not a number of workers");
    if (*r->error)
        return false;
    row->workers = (unsigned)workers;
    row->serial = !*row->queue;
    const json_t *summary = json_object_get(column, "summary");
    row->disturbed = json_is_true(json_object_get(summary, "disturbed"));
    row->spoilt = row->disturbed && is_spoilt(r->figures, json_object_get(summary, "noise"));
    for (const result_row *other = r->out->rows; other < row; other++)
        if (result_same_row(other, row))
            return damaged(r, row->column, "stands there twice");
    const json_t *samples = array_of(r, column, "samples");
    if (!samples || !read_samples(r, row, samples))
        return false;
    if (row->count == 0 && !*row->error)
        row->error = "no samples";
    return true;
}

/* Divides by the serial times of the same rounds; the serial row goes. */
static bool relate(reader *r, size_t from)
{
    result *out = r->out;
    size_t kept = from, serial = from;
    while (serial < out->row_count && !out->rows[serial].serial)
        serial++;
    if (serial == out->row_count || *out->rows[serial].error)
        return wrong(r, "%s has no serial times; compare without --relative", r->where);
    result_row by = out->rows[serial];
    for (size_t i = from; i < out->row_count; i++) {
        result_row *row = &out->rows[i];
        if (i == serial)
            continue;
        row->count = row->count < by.count ? row->count : by.count;
        for (size_t k = 0; k < row->count; k++)
            row->values[k] /= by.values[k];
        out->rows[kept++] = *row;
    }
    out->row_count = kept;
    free(by.values);
    return true;
}

static bool read_block(reader *r, const json_t *entry, size_t number)
{
    size_t from = r->out->row_count, i;
    json_t *column;
    snprintf(r->where, sizeof r->where, "results/%zu", number);
    result_row block = {.block = number,
                        .kernel = text_of(r, entry, "kernel", NULL),
                        .label = text_of(r, entry, "label", NULL),
                        .size = text_of(r, entry, "size", NULL),
                        .answer = text_of(r, entry, "answer", NULL)};
    json_t *columns = array_of(r, entry, "columns");
    json_array_foreach(columns, i, column)
    {
        snprintf(r->where, sizeof r->where, "results/%zu/columns/%zu", number, i);
        if (*r->error || !read_column(r, &block, column))
            return false;
    }
    return !*r->error && (!r->figures.relative || relate(r, from));
}

static bool expect_version(reader *r)
{
    const json_t *version = json_object_get(r->out->whole, "schema");
    long long found = json_integer_value(version);
    if (!json_is_integer(version) || !json_is_array(json_object_get(r->out->whole, "results")))
        return wrong(r, "this is not a result of filch bench; filch bench --json writes one");
    if (found != RESULT_VERSION)
        return wrong(r, "the format has version %lld, this command reads %d; %s", found,
                     RESULT_VERSION,
                     found < RESULT_VERSION ? "measure again" : "compare with a newer filch");
    return true;
}

static void read_facts(reader *r)
{
    result *out = r->out;
    const json_t *build = json_object_get(out->whole, "build");
    const json_t *machine = json_object_get(out->whole, "machine");
    const struct {
        const char **to;
        const json_t *from;
        const char *name;
    } facts[] = {
        {&out->ended, out->whole, "ended"}, {&out->version, build, "version"},
        {&out->commit, build, "commit"},    {&out->compiler, build, "compiler"},
        {&out->flags, build, "flags"},      {&out->cpu, machine, "cpu"},
        {&out->kernel, machine, "kernel"},  {&out->environment, machine, "environment"},
    };
    snprintf(r->where, sizeof r->where, "build and machine");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        *facts[i].to = text_of(r, facts[i].from, facts[i].name, "unknown");
    out->usable_cpus = json_number_value(json_object_get(machine, "usable_cpus"));
}

int result_parse(result *out, const char *path, const char *text, size_t length,
                 result_figures figures, char *error, size_t size)
{
    json_error_t why;
    reader r = {.out = out, .figures = figures, .error = error, .size = size};
    *error = '\0';
    *out = (result){.path = path};
    out->whole = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (length == 0)
        wrong(&r, "the file is empty; was the measurement interrupted? measure again");
    else if (!out->whole)
        wrong(&r, "line %d: %s; a whole file is written by filch bench --json", why.line, why.text);
    else if (expect_version(&r)) {
        const json_t *results = json_object_get(out->whole, "results");
        read_facts(&r);
        for (size_t i = 0; i < json_array_size(results) && !*error; i++)
            read_block(&r, json_array_get(results, i), i);
    }
    if (!*error)
        return 0;
    result_free(out);
    return -EINVAL;
}

void result_free(result *r)
{
    for (size_t i = 0; i < r->row_count; i++)
        free(r->rows[i].values);
    free(r->rows);
    json_decref(r->whole);
    *r = (result){.path = r->path};
}

#else

int result_parse(result *out, const char *path, const char *text, size_t length,
                 result_figures figures, char *error, size_t size)
{
    (void)text, (void)length, (void)figures;
    *out = (result){.path = path};
    snprintf(error, size,
             "this filch was built without jansson, so it reads no JSON; build it "
             "where libjansson-dev is installed");
    return -ENOSYS;
}

void result_free(result *r)
{
    (void)r;
}

#endif
