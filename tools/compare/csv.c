/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One line per row, or per pair, RFC 4180. */
#include "fields.h"

#include <errno.h>
#include <tools/shared/csv.h>

static void write_row(const result_row *row, FILE *out)
{
    for (const text_field *f = row_texts; f->name; f++) {
        csv_text(field_text(row, f), out);
        fputc(',', out);
    }
    fprintf(out, "%u", row->workers);
}

static void write_head(const char *before, const number_field *numbers, const char *after,
                       FILE *out)
{
    for (const text_field *f = row_texts; f->name; f++)
        fprintf(out, "%s,", f->name);
    fprintf(out, "workers%s", before);
    for (; numbers->name; numbers++)
        fprintf(out, ",%s", numbers->name);
    fprintf(out, "%s\r\n", after);
}

/* Empty where nothing was measured. */
static void write_numbers(const void *of, const number_field *numbers, bool measured, FILE *out)
{
    for (; numbers->name; numbers++) {
        fputc(',', out);
        if (measured)
            fprintf(out, "%.9g", field_number(of, numbers));
    }
}

static void write_change(const compare_change *c, FILE *out)
{
    write_row(c->after ? c->after : c->before, out);
    write_numbers(c, change_numbers, c->p > 0, out);
    fprintf(out, ",%zu,%zu,%s,%d\r\n", c->before ? c->before->count : 0,
            c->after ? c->after->count : 0, compare_verdict_names[c->verdict],
            (c->before && c->before->disturbed) || (c->after && c->after->disturbed));
}

static void write_pair(const compare_pair *pair, FILE *out)
{
    write_row(pair->first, out);
    fputc(',', out);
    csv_text(pair->other->column, out);
    fprintf(out, ",%u", pair->other->workers);
    write_numbers(pair, pair_numbers, true, out);
    fprintf(out, ",%d\r\n", pair->first->disturbed || pair->other->disturbed);
}

int compare_write_csv(const compare_report *r, FILE *out)
{
    if (r->options->path_count == 2)
        write_head("", change_numbers, ",old_samples,new_samples,verdict,disturbed", out);
    else
        write_head(",other,other_workers", pair_numbers, ",disturbed", out);
    for (size_t i = 0; i < r->change_count; i++)
        write_change(&r->changes[i], out);
    for (size_t i = 0; i < r->pair_count; i++)
        write_pair(&r->pairs[i], out);
    return ferror(out) ? -errno : 0;
}
