/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * All figures, for programs: CSV, and JSON, of which docs/compare-schema.json says what stands where. */
#include "compare.h"

#include <errno.h>
#include <tools/shared/facts.h>
#include <tools/shared/sheet.h>

#define COLUMNS_OF_ROW "kernel:0s,label:0s,size:0s,column:0s,policy:0s,workers:0n,"
#define CELLS_OF_ROW(row)                                                                          \
    CELL(row->kernel), CELL(row->label), CELL(row->size), CELL(row->column), CELL(row->policy),    \
        CELL(row->workers)

static const char change_columns[] =
    COLUMNS_OF_ROW "old:0f,old_low:0f,old_high:0f,new:0f,new_low:0f,new_high:0f,quotient:0f,low:0f,"
                   "high:0f,p:0f,old_samples:0n,new_samples:0n,verdict:0w,disturbed:0b";
static const char pair_columns[] =
    COLUMNS_OF_ROW "other:0s,other_workers:0n,factor:0f,low:0f,high:0f,p:0f,disturbed:0b";

static void write_change(const sheet *s, const compare_change *c)
{
    static const result_row none = {.count = 0};
    const result_row *before = c->before ? c->before : &none, *after = c->after ? c->after : &none;
    const result_row *row = c->after ? c->after : c->before;
#define MEASURED(figure) CELL(c->p > 0 ? c->figure : NAN)
    SHEET_ROW(s, CELLS_OF_ROW(row), MEASURED(old.median), MEASURED(old.low), MEASURED(old.high),
              MEASURED(now.median), MEASURED(now.low), MEASURED(now.high),
              MEASURED(quotient.median), MEASURED(quotient.low), MEASURED(quotient.high),
              MEASURED(p), CELL(before->count), CELL(after->count),
              CELL(compare_verdict_names[c->verdict]), CELL(before->disturbed || after->disturbed));
}

static void write_pair(const sheet *s, const compare_pair *pair)
{
    const pair_figures *f = &pair->figures;
    SHEET_ROW(s, CELLS_OF_ROW(pair->first), CELL(pair->other->column), CELL(pair->other->workers),
              CELL(f->factor.median), CELL(f->factor.low), CELL(f->factor.high), CELL(f->p),
              CELL(pair->first->disturbed || pair->other->disturbed));
}

static void write_rows(const compare_report *r, const sheet *changes, const sheet *pairs)
{
    for (size_t i = 0; i < r->change_count; i++)
        write_change(changes, &r->changes[i]);
    for (size_t i = 0; i < r->pair_count; i++)
        write_pair(pairs, &r->pairs[i]);
}

int compare_write_csv(const compare_report *r, FILE *out)
{
    sheet changes, pairs;
    sheet_begin(&changes, SHEET_CSV, change_columns, out);
    sheet_begin(&pairs, SHEET_CSV, pair_columns, out);
    sheet_head(r->options->path_count == 2 ? &changes : &pairs);
    write_rows(r, &changes, &pairs);
    return ferror(out) ? -errno : 0;
}

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

static json_t *file_object(const result *file)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}", "path",
                     facts_text(file->path), "ended", facts_text(file->ended), "version",
                     facts_text(file->version), "commit", facts_text(file->commit), "compiler",
                     facts_text(file->compiler), "flags", facts_text(file->flags), "cpu",
                     facts_text(file->cpu), "kernel", facts_text(file->kernel), "usable_cpus",
                     file->usable_cpus);
}

int compare_write_json(const compare_report *r, FILE *out)
{
    const compare_options *o = r->options;
    json_t *files = json_array();
    sheet changes, pairs;
    sheet_begin(&changes, SHEET_JSON, change_columns, NULL);
    sheet_begin(&pairs, SHEET_JSON, pair_columns, NULL);
    changes.rows = json_array();
    pairs.rows = json_array();
    for (size_t i = 0; i < o->path_count; i++)
        json_array_append_new(files, file_object(&r->results[i]));
    write_rows(r, &changes, &pairs);
    json_t *whole =
        json_pack("{s:i, s:s, s:b, s:f, s:i, s:o, s:o, s:o}", "schema", 1, "by", o->figures.by,
                  "relative", o->figures.relative, "threshold", o->threshold, "status",
                  compare_status(r), "files", files, "changes", changes.rows, "pairs", pairs.rows);
    return facts_write(whole, out);
}

#else

int compare_write_json(const compare_report *r, FILE *out)
{
    (void)r, (void)out;
    return -ENOSYS;
}

#endif
