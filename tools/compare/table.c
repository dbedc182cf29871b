/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * For people: findings, then the rows or the pairs, as text or as Markdown. */
#include "compare.h"
#include "text.h"

#include <errno.h>
#include <tools/shared/pair.h>
#include <tools/shared/sheet.h>

enum { WIDTH = 32, COLUMNS = 9, OLD = 3 };

static const result_row *row_of(const compare_change *c)
{
    return c->after ? c->after : c->before;
}

static const char *workers_text(const result_row *row, char text[WIDTH])
{
    snprintf(text, WIDTH, row->serial ? "-" : "%u", row->workers);
    return text;
}

static bool in_other_block(const result_row *row, const result_row *last)
{
    return !last || strcmp(row->label, last->label) != 0 || strcmp(row->size, last->size) != 0;
}

static void write_label(const result_row *row, const result_row *last, FILE *out)
{
    if (!in_other_block(row, last))
        return;
    fputc('\n', out);
    write_plain(row->label, out);
    fputc('\n', out);
}

/* ---- Two files ---- */

static void write_change(const sheet *s, const compare_change *c)
{
    const result_row *row = row_of(c);
    const bool is_known = c->p > 0, is_text = s->format == SHEET_TEXT;
    char workers[WIDTH], change[WIDTH], low[WIDTH], high[WIDTH], both[2 * WIDTH + 8], p[WIDTH];
    snprintf(both, sizeof both, is_text ? "%10s .. %-9s" : "%s .. %s",
             percent_text(c->quotient.low, low, WIDTH),
             percent_text(c->quotient.high, high, WIDTH));
    const sheet_cell cells[COLUMNS] = {
        CELL(row->label),
        CELL(row->column),
        CELL(workers_text(row, workers)),
        {.number = is_known ? c->old.median : NAN, .mark = is_known && c->before->disturbed},
        {.number = is_known ? c->now.median : NAN, .mark = is_known && c->after->disturbed},
        CELL(is_known ? percent_text(c->quotient.median, change, WIDTH) : ""),
        CELL(is_known ? both : ""),
        CELL(is_known ? p_text(c->p, p, WIDTH) : ""),
        {.text = is_text && c->verdict == COMPARE_SAME ? "" : compare_verdict_names[c->verdict],
         .tone = c->verdict == COMPARE_SLOWER || c->verdict == COMPARE_FAILED ? SHEET_BAD
                 : c->verdict == COMPARE_FASTER                               ? SHEET_GOOD
                                                                              : SHEET_USUAL}};
    sheet_row(s, cells, COLUMNS);
}

/* In text, a kernel is a line of its own. */
static void write_changes(const compare_report *r, sheet_format format, FILE *out)
{
    const bool is_text = format == SHEET_TEXT;
    sheet s;
    sheet_begin(
        &s, format,
        "kernel:-1s,column:-20s,workers:7w,old:9t,new:10t,change:10w,95 % interval:23w,p:8w,"
        "verdict:-1w",
        out);
    s.first = is_text;
    s.indent = 2;
    if (r->options->figures.relative)
        s.columns[OLD].kind = s.columns[OLD + 1].kind = 'f';
    for (size_t i = 0; i < r->change_count; i++)
        sheet_fit(&s, (sheet_cell[]){CELL(""), CELL(row_of(&r->changes[i])->column)}, 2);
    fputc('\n', out);
    sheet_head(&s);
    for (size_t i = 0; i < r->change_count; i++) {
        const compare_change *c = &r->changes[i];
        if (is_text)
            write_label(row_of(c), i ? row_of(c - 1) : NULL, out);
        write_change(&s, c);
    }
}

static bool is_disturbed(const compare_report *r)
{
    for (size_t i = 0; i < r->change_count; i++)
        if ((r->changes[i].before && r->changes[i].before->disturbed) ||
            (r->changes[i].after && r->changes[i].after->disturbed))
            return true;
    return false;
}

static void write_file(const char *title, const result *file, FILE *out)
{
    fprintf(out, "%s: ", title);
    const char *texts[] = {file->path,  ", filch ", file->version,  ", commit ", file->commit, ", ",
                           file->ended, ", ",       file->compiler, " ",         file->flags};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        write_plain(texts[i], out);
    fputc('\n', out);
}

static void write_found(const void *report, FILE *out)
{
    write_finding(report, out);
}

static void write_files(const void *report, FILE *out)
{
    const compare_report *r = report;
    write_file("old", &r->results[0], out);
    write_file("new", &r->results[1], out);
    write_notes(r, out);
}

static void write_two(const compare_report *r, sheet_format format, FILE *out)
{
    const compare_options *o = r->options;
    char together[48] = "";
    sheet_lines(format, write_found, r, out);
    fputc('\n', out);
    sheet_lines(format, write_files, r, out);
    write_changes(r, format, out);
    if (r->compared > 1)
        snprintf(together, sizeof together, ", for %zu rows at once", r->compared);
    fprintf(
        out,
        "\n%s%s: medians. The interval is the change's, by the percentile bootstrap%s;\np, of the "
        "rank-sum test, for each alone. A row counts if its interval excludes 0 and the change "
        "exceeds %g %%.\n",
        o->figures.by, o->figures.relative ? " over those of serial code" : "", together,
        100 * o->threshold);
    if (is_disturbed(r))
        fputs("*: disturbed; measure again on a quiet machine.\n", out);
}

/* ---- One file ---- */

/* "chase-lev (2)" */
static const char *pair_name(const result_row *row, char *text, size_t size)
{
    char column[PLAIN_MOST];
    plain_text(row->column, column, sizeof column);
    snprintf(text, size, row->serial ? "%s" : "%s (%u)", column, row->workers);
    return text;
}

static void write_pair(const compare_report *r, const compare_pair *pair, FILE *out)
{
    char first[PLAIN_MOST + WIDTH], other[PLAIN_MOST + WIDTH];
    fputs("  ", out);
    pair_write(pair_name(pair->first, first, sizeof first),
               pair_name(pair->other, other, sizeof other), &pair->figures, r->cutoff, out);
    fputs(pair->first->disturbed || pair->other->disturbed ? " *\n" : "\n", out);
}

static void write_sentences(const compare_report *r, FILE *out)
{
    const result_row *last = NULL;
    write_file("columns of", &r->results[0], out);
    for (size_t i = 0; i < r->pair_count; i++) {
        write_label(r->pairs[i].first, last, out);
        write_pair(r, &r->pairs[i], out);
        last = r->pairs[i].first;
    }
    if (!r->pair_count)
        fputs("nothing to compare: no two columns with the same number of workers\n", out);
    fprintf(out,
            "\n%s; workers in brackets. Medians of ratios, round by round; p by the signed-rank "
            "test.\nA verdict takes %d rounds or more, and a p of at most %.2g. *: disturbed; "
            "measure again on a quiet machine.\n",
            r->options->figures.by, PAIR_ROUNDS, r->cutoff);
}

static void write_table(const compare_report *r, FILE *out)
{
    sheet s;
    sheet_begin(&s, SHEET_MARKDOWN,
                "kernel:-1s,column:-1s,workers:1w,other:-1s,factor:1w,95 % interval:1w,p:1f,"
                "verdict:-1w",
                out);
    sheet_head(&s);
    for (size_t i = 0; i < r->pair_count; i++) {
        const compare_pair *p = &r->pairs[i];
        const pair_figures *f = &p->figures;
        char workers[WIDTH], factor[WIDTH], interval[WIDTH];
        snprintf(factor, sizeof factor, "%.3gx", f->factor.median);
        snprintf(interval, sizeof interval, "%.3g..%.3g", f->factor.low, f->factor.high);
        SHEET_ROW(&s, CELL(p->first->label), CELL(p->first->column),
                  CELL(workers_text(p->first, workers)), CELL(p->other->column), CELL(factor),
                  CELL(interval), CELL(f->p),
                  {.text = pair_verdict_names[pair_judge(f, r->cutoff)],
                   .mark = p->first->disturbed || p->other->disturbed});
    }
}

/* ---- The whole ---- */

int compare_write(const compare_report *r, sheet_format format, FILE *out)
{
    if (format == SHEET_CSV || format == SHEET_JSON)
        return (format == SHEET_CSV ? compare_write_csv : compare_write_json)(r, out);
    if (r->options->path_count == 2)
        write_two(r, format, out);
    else
        (format == SHEET_TEXT ? write_sentences : write_table)(r, out);
    return ferror(out) ? -errno : 0;
}
