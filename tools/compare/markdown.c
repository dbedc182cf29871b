/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Markdown: the findings as a list, the rows or the pairs as a table. */
#include "compare.h"
#include "text.h"

#include <errno.h>
#include <tools/shared/markdown.h>

enum { WIDTH = 32 };

static void write_name(const result_row *row, FILE *out)
{
    fputs("| ", out);
    markdown_text(row->label, out);
    fputs(" | ", out);
    markdown_text(row->column, out);
    fprintf(out, row->serial ? " | - | " : " | %u | ", row->workers);
}

static void write_change(const compare_change *c, FILE *out)
{
    char change[WIDTH], low[WIDTH], high[WIDTH];
    write_name(c->after ? c->after : c->before, out);
    if (c->p > 0)
        fprintf(out, "%.4g | %.4g | %s | %s..%s | %.2g", c->old.median, c->now.median,
                percent_text(c->quotient.median, change, WIDTH),
                percent_text(c->quotient.low, low, WIDTH),
                percent_text(c->quotient.high, high, WIDTH), c->p);
    else
        fputs(" | | | |", out);
    fprintf(out, " | %s |\n", compare_verdict_names[c->verdict]);
}

static void write_pair(const compare_report *r, const compare_pair *p, FILE *out)
{
    const pair_figures *f = &p->figures;
    write_name(p->first, out);
    markdown_text(p->other->column, out);
    fprintf(out, " | %.3gx | %.3g..%.3g | %.2g | %s%s |\n", f->factor.median, f->factor.low,
            f->factor.high, f->p, pair_verdict_names[pair_judge(f, r->cutoff)],
            p->first->disturbed || p->other->disturbed ? " \\*" : "");
}

static void write_found(const void *report, FILE *out)
{
    write_finding(report, out);
}

static void write_two(const compare_report *r, FILE *out)
{
    markdown_list(write_found, r, out);
    fprintf(
        out,
        "\n| kernel | column | workers | old %s | new %s | change | 95 %% interval | p | verdict "
        "|\n|---|---|---:|---:|---:|---:|---:|---:|---|\n",
        r->options->figures.by, r->options->figures.by);
    for (size_t i = 0; i < r->change_count; i++)
        write_change(&r->changes[i], out);
}

int compare_write_markdown(const compare_report *r, FILE *out)
{
    if (r->options->path_count == 2) {
        write_two(r, out);
        return ferror(out) ? -errno : 0;
    }
    fputs("| kernel | column | workers | other | factor | 95 % interval | p | verdict "
          "|\n|---|---|---:|---|---:|---:|---:|---|\n",
          out);
    for (size_t i = 0; i < r->pair_count; i++)
        write_pair(r, &r->pairs[i], out);
    return ferror(out) ? -errno : 0;
}
